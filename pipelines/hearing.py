"""From sound to words: the two stages that listen and transcribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from devices.lines import Lossless
from devices.media import AudioChunk
from pipelines.backends import BackendError
from pipelines.drafts import Drafts, Ears
from pipelines.endpointer import Sound
from pipelines.heeding import Heed, Heeded
from pipelines.trouble import Patience
from pipelines.types import Draft, Heard, Perception, Transcript, Utterance, Word

_Work = Callable[[], Sequence[Sound]]


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
    heed: Heed | None = None
    """What finds out whether sound counts; None: all does."""

    async def heeded(self, chunk: AudioChunk) -> Heeded:
        """What of a chunk counts. Raises BackendError when the wake word's model fails."""
        heeded = Heeded(chunk) if self.heed is None else await self.heed.of(chunk)
        deaf = heeded.sound is not None and not heeded.urgent and self.deaf(heeded.sound)
        return replace(heeded, sound=None) if deaf else heeded


async def listen(
    chunks: Lossless[AudioChunk],
    listening: Listening,
    perceptions: Lossless[Perception],
    utterances: Lossless[Utterance],
) -> None:
    """Tell at once that someone began to talk, and hand over each utterance; close `utterances` when sound ends.

    Raises BackendError when the detector fails; calling it again listens anew.
    """
    ears, lock = listening.ears, asyncio.Lock()

    async def hear(work: _Work) -> None:
        for sound in await ears.worker.call(work):
            await _hand_over(sound, listening.drafts, perceptions, utterances)

    async def settle() -> None:
        async with lock:
            await hear(ears.endpointer.flush)

    await ears.worker.call(ears.endpointer.reset)
    settling = asyncio.ensure_future(listening.heed.when_off(chunks, settle)) if listening.heed else None
    try:
        async for chunk in chunks:
            async with lock:
                heeded = await listening.heeded(chunk)
                await _begin(heeded, ears, perceptions)
                # What was said before the assistant spoke, or the key was let go, is handed over, not lost.
                push = partial(ears.endpointer.push, unhurried=heeded.unhurried)
                await hear(partial(push, heeded.sound) if heeded.sound else ears.endpointer.flush)
    finally:
        if settling is not None:
            settling.cancel()
    await hear(ears.endpointer.flush)
    utterances.close()
    listening.drafts.close()


async def _begin(heeded: Heeded, ears: Ears, perceptions: Lossless[Perception]) -> None:
    """Tell that somebody called the assistant, and forget the word by which."""
    if heeded.called is not None:
        await perceptions.put(heeded.called)
    if heeded.anew:
        await ears.worker.call(ears.endpointer.reset)


async def _hand_over(
    sound: Sound, drafts: Drafts, perceptions: Lossless[Perception], utterances: Lossless[Utterance]
) -> None:
    match sound:
        case Draft():
            drafts.offer(sound)
        case Utterance():
            drafts.settle(sound)
            await utterances.put(sound)
        case _:
            await perceptions.put(sound)


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
