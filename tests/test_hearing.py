"""How listening and transcribing behave: who is interrupted, what comes of an utterance, what when parts fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.backends import BackendError
from pipelines.drafts import Drafts, Ears
from pipelines.endings import EndingOptions
from pipelines.hearing import Listening, listen, never, transcribe
from pipelines.trouble import Patience
from pipelines.types import (
    Event,
    Heard,
    Perception,
    Recovered,
    SpeechPaused,
    SpeechStarted,
    Transcript,
    Trouble,
    Utterance,
)
from pipelines.worker import Worker
from tests.test_endpointer import chunks, endpointer, sound


async def test_listening_interrupts_at_once_and_closes_the_line_when_sound_ends() -> None:
    sounds, perceptions, utterances = lines()
    for chunk in chunks(sound([(False, 0.5), (True, 1), (False, 1), (True, 1)])):
        await sounds.put(chunk)
    sounds.close()
    await listen(sounds, listening(Moody()), perceptions, utterances)
    told = [SpeechStarted, SpeechPaused, SpeechStarted, SpeechPaused]
    assert [type(item) for item in await everything(perceptions)] == told
    assert utterances.closed
    assert len(utterances) == 2
    assert not perceptions.closed


async def test_who_cannot_hear_while_speaking_hears_only_what_comes_after() -> None:
    sounds, perceptions, utterances = lines()
    for chunk in chunks(sound([(True, 2), (False, 1), (True, 1)])):
        await sounds.put(chunk)
    sounds.close()
    deafened = listening(Moody(), deaf=lambda chunk: chunk.started_at < 101.0)
    await listen(sounds, deafened, perceptions, utterances)
    starts = [item.at for item in await everything(perceptions) if isinstance(item, SpeechStarted)]
    assert starts == [pytest.approx(100.95, abs=0.1), pytest.approx(103, abs=0.1)]


class Moody:
    """A transcriber that answers with what it was told to, or fails."""

    def __init__(self, *answers: str | BackendError) -> None:
        self.answers = list(answers)

    def transcribe(self, samples: Samples) -> Heard:
        answer = self.answers.pop(0)
        if isinstance(answer, BackendError):
            raise answer
        return Heard(answer, 0.9, "en")


async def test_an_utterance_becomes_words_and_tells_how_long_that_took() -> None:
    _, perceptions, utterances = lines()
    now = asyncio.get_running_loop().time()
    await utterances.put(Utterance(sound([(True, 1)]), SPEECH_RATE, now - 2, now - 0.5, now, now - 1.8))
    utterances.close()
    await transcribe(utterances, listening(Moody("what time is it")).drafts, perceptions, Patience("words", print))
    (said,) = await everything(perceptions)
    assert said == Transcript(
        "what time is it", now - 0.5, 0.5, "voice", 0.9, "en", started_at=now - 1.8, endpoint_at=now
    )
    assert not perceptions.closed


async def test_a_transcriber_that_fails_is_told_of_once_and_tried_with_the_next_utterance() -> None:
    _, perceptions, utterances = lines()
    events: list[Event] = []
    for _ in range(3):
        await utterances.put(Utterance(sound([(True, 1)]), SPEECH_RATE, 0.0, 1.0, 1.5, 0.0))
    utterances.close()
    moody = Moody(BackendError("no memory left"), BackendError("no memory left"), "")
    await transcribe(utterances, listening(moody).drafts, perceptions, Patience("transcriber", events.append))
    assert [item.text for item in await everything(perceptions) if isinstance(item, Transcript)] == ["", "", ""]
    assert [type(event) for event in events] == [Trouble, Recovered]


def listening(transcriber: Moody, deaf: Callable[[AudioChunk], bool] = never) -> Listening:
    ears = Ears(endpointer(), Worker("ears"))
    return Listening(ears, Drafts(transcriber, Worker("words"), ears, EndingOptions()), deaf)


def lines() -> tuple[Lossless[AudioChunk], Lossless[Perception], Lossless[Utterance]]:
    return Lossless(500), Lossless(50), Lossless(50)


async def everything(line: Lossless[Perception]) -> list[Perception]:
    return [await line.get() for _ in range(len(line))]
