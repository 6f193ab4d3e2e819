"""From sound to words: the two stages that listen and transcribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from devices.lines import Lossless
from devices.media import AudioChunk
from pipelines.backends import BackendError
from pipelines.drafts import Drafts, Ears
from pipelines.endpointer import Sound
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


async def listen(
    chunks: Lossless[AudioChunk],
    listening: Listening,
    perceptions: Lossless[Perception],
    utterances: Lossless[Utterance],
) -> None:
    """Tell at once that someone began to talk, and hand over each utterance; close `utterances` when sound ends.

    Raises BackendError when the detector fails; calling it again listens anew.
    """
    ears = listening.ears
    await ears.worker.call(ears.endpointer.reset)
    async for chunk in chunks:
        # What was said before the assistant spoke is handed over, not lost.
        work: _Work = partial(ears.endpointer.push, chunk) if not listening.deaf(chunk) else ears.endpointer.flush
        for sound in await ears.worker.call(work):
            await _hand_over(sound, listening.drafts, perceptions, utterances)
    for sound in await ears.worker.call(ears.endpointer.flush):
        await _hand_over(sound, listening.drafts, perceptions, utterances)
    utterances.close()
    listening.drafts.close()


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
