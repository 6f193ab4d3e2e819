"""What counts of all that the microphone hears: what follows the wake word, what is said while the key is held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.backends import WakeWord
from pipelines.switches import Switches
from pipelines.types import Called
from pipelines.worker import Worker

KEPT = 0.5
"""Seconds of sound that are kept, to go back to the end of a wake word."""
WORD = 1.5
"""Seconds from the start of speech to the end of the wake word within which nothing but the word was said."""
GAP = 0.1
"""Seconds without sound after which what follows is no continuation."""


@dataclass(frozen=True, slots=True, eq=False)
class Admitted:
    """What of a chunk counts. It carries samples, so it is no event."""

    sound: AudioChunk | None
    """None: nothing does."""
    called: Called | None = None
    """Somebody called the assistant."""
    urgent: bool = False
    """It counts also where the assistant was just heard itself, for it was told to listen."""
    anew: bool = False
    """What was heard just before this sound was the wake word only, and is to be forgotten."""
    unhurried: bool = False
    """No pause ends what is said: whoever holds the key lets it go when all is said."""


class ListeningGate:
    """Takes the chunks of a microphone in their order."""

    def __init__(self, switches: Switches, wake: WakeWord | None = None, worker: Worker | None = None) -> None:
        """The wake word is listened for in the thread of `worker`."""
        self._attention, self._switches = switches.attention, switches
        self._wake, self._worker = wake, worker
        self._told = self._attention.called_at
        self._recent: Samples = np.zeros(0, np.float32)
        self._heard_until: float | None = None

    async def admitted(self, chunk: AudioChunk) -> Admitted:
        """Raises BackendError when the wake word's model fails."""
        ended_at = chunk.started_at + chunk.seconds
        after = await self._after_word(chunk, ended_at)
        if after is None:
            counts, held = self._attention.counts(chunk.started_at, ended_at), self._attention.mode == "push"
            urgent = self._attention.urgent(chunk.started_at)
            return Admitted(chunk if counts else None, self._news(), urgent, unhurried=held)
        began = self._attention.talking_since
        self._switches.call(after.started_at)
        anew = began is None or after.started_at - began < WORD
        return Admitted(after if anew else chunk, self._news(), urgent=True, anew=anew)

    async def flush_when_muted(self, chunks: Lossless[AudioChunk], flush: Callable[[], Awaitable[None]]) -> None:
        """Call `flush` whenever the microphone was switched off and all from before was taken; until cancelled."""
        while True:
            await self._switches.until(lambda: not self._switches.hears())
            await chunks.drained()
            await flush()
            await self._switches.until(self._switches.hears)

    def _news(self) -> Called | None:
        at = self._attention.called_at
        if at == self._told:
            return None
        self._told = at
        return Called(at)

    async def _after_word(self, chunk: AudioChunk, ended_at: float) -> AudioChunk | None:
        """The sound after the wake word, if the word ended in this chunk or just before it."""
        if self._wake is None or self._worker is None or self._attention.mode != "wake":
            self._heard_until = None
            return None
        if self._heard_until is None or chunk.started_at - self._heard_until > GAP:
            await self._worker.call(self._wake.reset)
            self._recent = self._recent[:0]
        self._heard_until = ended_at
        self._recent = np.concatenate([self._recent, chunk.samples])[-round(KEPT * SPEECH_RATE) :]
        before = await self._worker.call(self._wake.heard, chunk.samples)
        if before is None:
            return None
        samples = self._recent[len(self._recent) - round(before * SPEECH_RATE) :]
        return AudioChunk(samples, chunk.rate, ended_at - len(samples) / chunk.rate)
