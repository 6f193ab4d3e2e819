"""From sound to words: the two stages that listen and transcribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from devices.lines import Lossless
from devices.media import AudioChunk
from pipelines.backends import BackendError
from pipelines.drafts import Drafts, Ears
from pipelines.endpointer import SpeechEvent
from pipelines.listening_gate import Admitted, ListeningGate
from pipelines.trouble import Patience
from pipelines.types import Draft, Heard, Perception, Transcript, Utterance, Word

_Work = Callable[[], Sequence[SpeechEvent]]


def never(chunk: AudioChunk) -> bool:
    """For a microphone that always hears."""
    return False


@dataclass(frozen=True, slots=True)
class Listening:
    """What listening needs, and whether sound counts at the moment."""

    ears: Ears
    drafts: Drafts
    deaf: Callable[[AudioChunk], bool] = never
    """True for sound from while the assistant itself spoke into the room: it could hear nothing but itself."""
    gate: ListeningGate | None = None
    """What finds out whether sound counts; None: all does."""

    async def admitted(self, chunk: AudioChunk) -> Admitted:
        """What of a chunk counts. Raises BackendError when the wake word's model fails."""
        admitted = Admitted(chunk) if self.gate is None else await self.gate.admitted(chunk)
        deaf = admitted.sound is not None and not admitted.urgent and self.deaf(admitted.sound)
        return replace(admitted, sound=None) if deaf else admitted


async def listen(
    chunks: Lossless[AudioChunk],
    listening: Listening,
    perceptions: Lossless[Perception],
    utterances: Lossless[Utterance],
) -> None:
    """Tell at once that someone began to talk, and hand over each utterance; close `utterances` when sound ends.

    Raises BackendError when the detector fails; calling it again listens anew.
    """
    await _Listener(listening, perceptions, utterances).run(chunks)
    utterances.close()
    listening.drafts.close()


class _Listener:
    """Takes sound chunk by chunk, and hands over what the endpointer finds in it."""

    def __init__(self, parts: Listening, perceptions: Lossless[Perception], utterances: Lossless[Utterance]) -> None:
        self._parts, self._ears = parts, parts.ears
        self._perceptions, self._utterances = perceptions, utterances
        self._lock = asyncio.Lock()  # held from a finding to its being handed over

    async def run(self, chunks: Lossless[AudioChunk]) -> None:
        """Until sound ends. Raises BackendError."""
        await self._ears.worker.call(self._ears.endpointer.reset)
        flushing = asyncio.create_task(self._flush_when_muted(chunks))
        try:
            async for chunk in chunks:
                await self._take(await self._parts.admitted(chunk))
            await self._find(self._ears.endpointer.flush)
        finally:
            flushing.cancel()
            await asyncio.gather(flushing, return_exceptions=True)

    async def _take(self, admitted: Admitted) -> None:
        if admitted.called is not None:
            await self._perceptions.put(admitted.called)
        if admitted.anew:
            await self._ears.worker.call(self._ears.endpointer.reset)
        # What was said before the assistant spoke, or the key was let go, is handed over, not lost.
        push = partial(self._ears.endpointer.push, unhurried=admitted.unhurried)
        await self._find(partial(push, admitted.sound) if admitted.sound else self._ears.endpointer.flush)

    async def _find(self, work: _Work) -> None:
        async with self._lock:
            for sound in await self._ears.worker.call(work):
                await self._hand_over(sound)

    async def _hand_over(self, sound: SpeechEvent) -> None:
        match sound:
            case Draft():
                self._parts.drafts.offer(sound)
            case Utterance():
                self._parts.drafts.settle(sound)
                await self._utterances.put(sound)
            case _:
                await self._perceptions.put(sound)

    async def _flush_when_muted(self, chunks: Lossless[AudioChunk]) -> None:
        if self._parts.gate is not None:
            await self._parts.gate.flush_when_muted(chunks, self._flush)

    async def _flush(self) -> None:
        with suppress(BackendError):  # the next chunk meets it as well
            await self._find(self._ears.endpointer.flush)


async def transcribe(
    utterances: Lossless[Utterance], drafts: Drafts, perceptions: Lossless[Perception], patience: Patience
) -> None:
    """Put each utterance into words until the line ends; one that fails is told of, and counts as not understood."""
    async for utterance in utterances:
        try:
            heard = await drafts.words_of(utterance)
        except BackendError as error:
            patience.failed(str(error))
            heard = Heard("")
        else:
            patience.worked()
        await perceptions.put(_transcript(utterance, heard))


def _transcript(utterance: Utterance, heard: Heard) -> Transcript:
    start = utterance.started_at
    return Transcript(
        heard.text,
        utterance.ended_at,
        asyncio.get_running_loop().time() - utterance.ended_at,
        confidence=heard.confidence,
        language=heard.language,
        started_at=utterance.speech_at,
        endpoint_at=utterance.endpoint_at,
        finished=utterance.finished,
        words=tuple(Word(word.text, start + word.start, start + word.end) for word in heard.words),
    )
