"""Words while someone still talks: in time, never after the whole sentence, and at nobody's expense."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.backends import BackendError
from pipelines.drafts import Drafts, Ears
from pipelines.endings import EndingOptions
from pipelines.endpointer import Endpointer, HearingOptions, SpeechEvent
from pipelines.hearing import Listening, listen, transcribe
from pipelines.trouble import Patience
from pipelines.types import (
    Draft,
    Event,
    Heard,
    PartialTranscript,
    Perception,
    Reply,
    SpeechPaused,
    SpeechStarted,
    Transcript,
    Utterance,
)
from pipelines.worker import Worker
from tests.fakes import FakeMicrophone, FakeTranscriber, LoudnessDetector
from tests.stage import SILENCE, Stage
from tests.virtual import VirtualLoop

WINDOW = 512 / SPEECH_RATE
ENDING = EndingOptions().usual


@dataclass
class Counting(FakeTranscriber):
    """Hears as many words as there are seconds of sound; fails for what is shorter than `fails_below`."""

    book: dict[float, str] = field(default_factory=dict)
    partials: bool = True
    fails_below: float = 0.0
    heard: list[float] = field(default_factory=list)

    def transcribe(self, samples: Samples) -> Heard:
        seconds = len(samples) / SPEECH_RATE
        self.heard.append(seconds)
        if seconds < self.fails_below:
            raise BackendError("too short for me")
        return Heard("one two three four five six".rsplit(" ", 6 - round(seconds))[0], 0.9, "en")


async def talk(
    seconds: float, transcriber: Counting, takes: float = 0.0, every: float = 0.7, at_once: bool = False
) -> list[Event]:
    """What is told while someone talks for so long, with a transcriber that takes its time."""
    worker, told = Worker("transcriber"), list[Event]()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.takes[worker._thread] = takes
    chunks, perceptions, utterances = Lossless[AudioChunk](64), Lossless[Perception](64), Lossless[Utterance](8)
    wanted = transcriber.partials and every > 0
    ears = Ears(Endpointer(HearingOptions(partials=every), LoudnessDetector(), drafts=wanted), Worker("ears"))
    drafts = Drafts(transcriber, worker, ears, EndingOptions())
    async with asyncio.TaskGroup() as group:
        group.create_task(listen(chunks, Listening(ears, drafts), perceptions, utterances))
        group.create_task(transcribe(utterances, drafts, perceptions, Patience("words", told.append)))
        group.create_task(_tell(perceptions, told))
        group.create_task(drafts.run(perceptions))
        if at_once:
            said = np.full(round(seconds * SPEECH_RATE), 0.1, np.float32)
            await chunks.put(AudioChunk(np.pad(said, SPEECH_RATE), SPEECH_RATE, loop.time()))
        else:
            await FakeMicrophone([(0.5, 0.0), (seconds, 0.1), (1.5, 0.0)]).run(chunks)
        chunks.close()
        await asyncio.sleep(10)
        perceptions.close()
    return told


async def _tell(perceptions: Lossless[Perception], told: list[Event]) -> None:
    async for perception in perceptions:
        told.append(perception)  # noqa: PERF401  as it comes: its place among the others counts


def partials_in(told: list[Event]) -> list[PartialTranscript]:
    return [event for event in told if isinstance(event, PartialTranscript)]


async def test_words_are_told_while_someone_talks_and_the_whole_sentence_after() -> None:
    told = await talk(3.0, Counting())
    said = [SpeechStarted, *[PartialTranscript] * 3, SpeechPaused, PartialTranscript, Transcript]
    assert [type(event) for event in told] == said
    whole = "one two three four"  # with the silence around it
    assert [one.text for one in partials_in(told)] == ["one", "one two", "one two three", whole]
    assert isinstance(told[-1], Transcript)
    assert told[-1].text == whole
    assert told[-1].took == pytest.approx(ENDING, abs=2 * WINDOW)


async def test_they_are_told_at_most_every_so_often() -> None:
    told = partials_in(await talk(5.0, Counting(), every=1.2))
    assert len(told) >= 3
    assert all(b.at - a.at >= 1.2 for a, b in pairwise(told[:-1]))  # the last one is that of the pause
    assert all(one.took == pytest.approx(0, abs=2 * WINDOW) for one in told[:-1])


async def test_the_same_words_are_told_once() -> None:
    told = partials_in(await talk(3.0, Counting(), every=0.1))
    assert [one.text for one in told] == ["one", "one two", "one two three", "one two three four"]


async def test_a_slow_transcriber_skips_and_delays_the_sentence_by_one_partial_at_most() -> None:
    for seconds in np.arange(2.0, 4.0, 0.17):
        transcriber = Counting()
        told = await talk(float(seconds), transcriber, takes=1.0)
        said = told[-1]
        assert isinstance(said, Transcript), "no partial comes after the whole"
        assert said.took <= ENDING + 2 * 1.0 + 2 * WINDOW
        assert 2 <= len(transcriber.heard) <= 1 + seconds


async def test_a_partial_that_comes_too_late_is_not_told() -> None:
    told = await talk(1.0, Counting(), takes=2.0)
    assert [type(event) for event in told] == [SpeechStarted, SpeechPaused, Transcript]


async def test_what_is_whole_already_is_not_heard_in_part() -> None:
    transcriber = Counting()
    told = await talk(3.0, transcriber, at_once=True)
    assert [type(event) for event in told] == [SpeechStarted, SpeechPaused, Transcript]
    assert len(transcriber.heard) == 1


async def test_what_fails_on_a_part_is_tried_on_the_whole_and_no_trouble() -> None:
    told = await talk(3.0, Counting(fails_below=3.6))
    assert [type(event) for event in told] == [SpeechStarted, SpeechPaused, PartialTranscript, Transcript]
    assert [one.text for one in partials_in(told)] == [""]


@pytest.mark.parametrize(("transcriber", "every"), [(Counting(partials=False), 0.7), (Counting(), 0.0)])
async def test_there_are_none_while_someone_talks_where_they_are_not_wanted(
    transcriber: Counting, every: float
) -> None:
    told = await talk(3.0, transcriber, every=every)
    assert [type(event) for event in told] == [SpeechStarted, SpeechPaused, PartialTranscript, Transcript]
    assert len(transcriber.heard) == 1


async def test_nothing_is_answered_before_the_sentence_is_whole() -> None:
    stage = Stage(microphone=FakeMicrophone([SILENCE, (3.0, 0.1), SILENCE]), transcriber=Counting())
    stage.chat.answers["one two three four"] = "So many."
    await stage.run()
    assert [reply.asked for reply in stage.told(Reply)] == ["one two three four"]
    assert len(stage.told(PartialTranscript)) == 4


def hear(ears: Endpointer, script: list[tuple[float, bool]]) -> list[SpeechEvent]:
    loud = np.concatenate([np.full(round(seconds * SPEECH_RATE), speech) for seconds, speech in script])
    samples = np.where(loud, 0.5, 0.0).astype(np.float32) + np.float32(2.0**-22) * np.arange(
        len(loud), dtype=np.float32
    )
    pieces = [AudioChunk(samples[at : at + 800], SPEECH_RATE, at / SPEECH_RATE) for at in range(0, len(samples), 800)]
    return [event for piece in pieces for event in ears.push(piece)] + list(ears.flush())


class Loudness(LoudnessDetector):
    def probability(self, window: Samples) -> float:
        return float(np.mean(window) > 0.3)


scripts = st.lists(st.tuples(st.floats(0.05, 3), st.booleans()), min_size=1, max_size=6)


@given(script=scripts, every=st.floats(0.1, 2))
@settings(deadline=None, max_examples=60)
def test_drafts_are_beginnings_of_utterances_and_take_no_sample_from_them(
    script: list[tuple[float, bool]], every: float
) -> None:
    options = HearingOptions(partials=every, longest=4)
    heard = hear(Endpointer(options, Loudness(), drafts=True), script)
    whole = [one for one in hear(Endpointer(options, Loudness()), script) if isinstance(one, Utterance)]
    utterances = [one for one in heard if isinstance(one, Utterance)]
    for one, other in zip(utterances, whole, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
    for draft in (one for one in heard if isinstance(one, Draft)):
        (utterance,) = (one for one in utterances if one.started_at == draft.started_at)
        shared = min(len(draft.samples), len(utterance.samples))  # a cut may end before the newest draft does
        np.testing.assert_array_equal(draft.samples[:shared], utterance.samples[:shared])
