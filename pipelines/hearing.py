"""From sound to words: where speech begins and ends, and the two stages that listen and transcribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import NamedTuple

import numpy as np
from pydantic import Field

from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, Options, Samples
from pipelines.backends import BackendError, Detector, Transcriber, expect
from pipelines.partials import Partials
from pipelines.trouble import Patience
from pipelines.types import Draft, Heard, Perception, SpeechStarted, Transcript, Utterance
from pipelines.worker import Worker

SEARCHED = 3.0
"""Seconds at the end of an utterance that is too long in which its quietest place is looked for."""


class HearingOptions(Options):
    """What counts as speech, and when it is over. Times are in seconds."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    """How sure the detector must be that it hears speech."""
    hysteresis: float = Field(default=0.15, ge=0, lt=1)
    """How much less sure it may be once someone talks."""
    start: float = Field(default=0.12, gt=0, le=2)
    """Speech without a break that makes an utterance begin: a click is shorter."""
    silence: float = Field(default=0.5, gt=0, le=5)
    """Pause that ends an utterance."""
    pre_roll: float = Field(default=0.3, ge=0, le=2)
    """Sound kept from before speech was noticed, so that no first consonant is lost."""
    tail: float = Field(default=0.3, ge=0, le=2)
    """Sound kept from the final pause."""
    longest: float = Field(default=15.0, ge=2, le=60)
    """An utterance that goes on for longer is cut where it is quietest; the rest begins the next one."""
    partials: float = Field(default=0.7, ge=0, le=10)
    """Words are shown while someone still talks, at most once in so many seconds, where the transcriber is fast enough
    for that; 0: never."""


Sound = SpeechStarted | Draft | Utterance
"""What listening finds out."""


class _Window(NamedTuple):
    """As much sound as the detector judges at once, and its judgement."""

    samples: Samples
    started_at: float
    ended_at: float
    speech: float


class Endpointer:
    """Finds utterances in a stream of chunks of any length. Synchronous; its only clock is the chunks' own."""

    def __init__(self, options: HearingOptions, detector: Detector, drafts: bool = False) -> None:
        """With `drafts` it also hands over the sound of what is being said, every `partials` seconds."""
        self._options, self._detector = options, detector
        self._size = detector.window
        self._start = self._windows_in(options.start)
        self._silence = self._windows_in(options.silence)
        self._draft_every = self._windows_in(options.partials) if drafts else 0
        self._release = max(0.01, options.threshold - options.hysteresis)
        self._heard_until: float | None = None
        self._forget()

    def push(self, chunk: AudioChunk) -> list[Sound]:
        """What this chunk made clear. After a gap as long as a pause, speech is taken up anew."""
        events: list[Sound] = []
        if self._heard_until is not None and chunk.started_at - self._heard_until >= self._options.silence:
            events.extend(self.flush())
        self._heard_until = chunk.started_at + chunk.seconds
        for window in self._judged(chunk):
            events.extend(self._hear(window))
        return events

    def flush(self) -> list[Utterance]:
        """The utterance that the end of sound ends, if someone was talking; then forget all."""
        if len(self._rest) and self._heard_until is not None:
            self._held.append(self._window(self._rest, self._heard_until, 0.0))
        ended = self._split(len(self._held)) if self._speaking else []
        self.reset()
        return ended

    def reset(self) -> None:
        """Forget what was heard: the sound that follows is not a continuation."""
        self._detector.reset()
        self._forget()

    def _forget(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)
        self._heard_until = None
        self._held: list[_Window] = []
        self._speaking = False
        self._run = 0  # windows of speech, or once someone talks of pause, without a break
        self._undrafted = 0  # windows since the last draft

    def _judged(self, chunk: AudioChunk) -> Iterator[_Window]:
        """Whole windows out of what was left over and the chunk; each takes its time from its last sample."""
        taken = 0
        while taken < len(chunk.samples):
            piece = chunk.samples[taken : taken + self._size - len(self._rest)]
            self._rest = np.concatenate((self._rest, piece))
            taken += len(piece)
            if len(self._rest) == self._size:
                samples, self._rest = self._rest, self._rest[:0]
                ended_at = chunk.started_at + taken / chunk.rate
                yield self._window(samples, ended_at, self._detector.probability(samples))

    def _window(self, samples: Samples, ended_at: float, speech: float) -> _Window:
        return _Window(samples, ended_at - len(samples) / SPEECH_RATE, ended_at, speech)

    def _hear(self, window: _Window) -> Sequence[Sound]:
        self._held.append(window)
        return self._await_pause(window) if self._speaking else self._await_speech(window)

    def _await_speech(self, window: _Window) -> Sequence[SpeechStarted]:
        enough = self._options.threshold if not self._run else self._release
        self._run = self._run + 1 if window.speech >= enough else 0
        kept = self._windows_in(self._options.pre_roll) + self._run
        del self._held[: max(0, len(self._held) - kept)]
        if self._run < self._start:
            return []
        began = self._held[-self._run].started_at
        self._speaking, self._run, self._undrafted = True, 0, 0
        return [SpeechStarted(began)]

    def _await_pause(self, window: _Window) -> Sequence[Utterance | Draft]:
        self._run = 0 if window.speech >= self._release else self._run + 1
        if self._run >= self._silence:
            self._speaking = False
            return self._split(len(self._held) - max(0, self._run - self._windows_in(self._options.tail)))
        if len(self._held) >= self._windows_in(self._options.longest):
            return self._split(self._quietest())
        return self._drafted()

    def _drafted(self) -> Sequence[Draft]:
        """What was said so far, if it is time; not in a pause, which may be the last."""
        self._undrafted += 1
        if not self._draft_every or self._run or self._undrafted < self._draft_every:
            return []
        self._undrafted = 0
        samples = np.concatenate([window.samples for window in self._held])
        return [Draft(samples, self._held[0].started_at, self._held[-1].ended_at)]

    def _split(self, at: int) -> list[Utterance]:
        """End an utterance before window `at`; what follows is held for the next. Silence alone is none."""
        head, self._held = self._held[:at], self._held[at:]
        self._run = min(self._run, len(self._held)) if self._speaking else 0
        return [self._utterance(head)] if any(window.speech >= self._release for window in head) else []

    def _quietest(self) -> int:
        """Index after the quietest window of the last seconds."""
        recent = self._held[-self._windows_in(min(SEARCHED, self._options.longest / 2)) :]
        energy = [float(np.dot(window.samples, window.samples)) for window in recent]
        return len(self._held) - len(recent) + int(np.argmin(energy)) + 1

    def _utterance(self, windows: list[_Window]) -> Utterance:
        spoken = [window.ended_at for window in windows if window.speech >= self._release]
        samples = np.concatenate([window.samples for window in windows])
        return Utterance(samples, SPEECH_RATE, windows[0].started_at, spoken[-1] if spoken else windows[-1].ended_at)

    def _windows_in(self, seconds: float) -> int:
        return ceil(round(seconds * SPEECH_RATE / self._size, 6))


_Work = Callable[[], Sequence[Sound]]


def _never(chunk: AudioChunk) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Ears:
    """What listening needs: the endpointer, the thread it works in, and whether sound counts at the moment."""

    endpointer: Endpointer
    worker: Worker
    deaf: Callable[[AudioChunk], bool] = _never
    """True for sound from while the assistant itself spoke into the room: it could hear nothing but itself."""
    partials: Partials | None = None
    """What puts into words what is being said; None: nothing does."""


async def listen(
    chunks: Lossless[AudioChunk], ears: Ears, perceptions: Lossless[Perception], utterances: Lossless[Utterance]
) -> None:
    """Tell at once that someone began to talk, and hand over each utterance; close `utterances` when sound ends.

    Raises BackendError when the detector fails; calling it again listens anew.
    """
    await ears.worker.call(ears.endpointer.reset)
    async for chunk in chunks:
        # What was said before the assistant spoke is handed over, not lost.
        work: _Work = partial(ears.endpointer.push, chunk) if not ears.deaf(chunk) else ears.endpointer.flush
        for sound in await ears.worker.call(work):
            await _hand_over(sound, ears, perceptions, utterances)
    for utterance in await ears.worker.call(ears.endpointer.flush):
        await _hand_over(utterance, ears, perceptions, utterances)
    utterances.close()
    if ears.partials is not None:
        ears.partials.close()


async def _hand_over(
    sound: Sound, ears: Ears, perceptions: Lossless[Perception], utterances: Lossless[Utterance]
) -> None:
    match sound:
        case SpeechStarted():
            await perceptions.put(sound)
        case Draft() if ears.partials is not None:
            ears.partials.offer(sound)
        case Utterance():
            if ears.partials is not None:
                ears.partials.settle(sound)
            await utterances.put(sound)


async def transcribe(
    utterances: Lossless[Utterance],
    transcriber: Transcriber,
    worker: Worker,
    perceptions: Lossless[Perception],
    patience: Patience,
) -> None:
    """Put each utterance into words until the line ends; one that fails is told of, and counts as not understood."""
    async for utterance in utterances:
        try:
            heard = expect(await worker.call(transcriber.transcribe, utterance.samples), Heard)
        except BackendError as error:
            patience.failed(str(error))
            heard = Heard("")
        else:
            patience.worked()
        took = asyncio.get_running_loop().time() - utterance.ended_at
        transcript = Transcript(
            heard.text, utterance.ended_at, took, confidence=heard.confidence, language=heard.language
        )
        await perceptions.put(transcript)
