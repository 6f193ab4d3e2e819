"""Whole sessions on a virtual clock: who is heard, answered and interrupted, and what a failure takes along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipelines.endings import EndingOptions
from pipelines.narration.options import NarrationOptions
from pipelines.phrases import ENGLISH
from pipelines.talking import ConversationOptions
from pipelines.types import Caption, Health, Reply, SpeechStarted, Transcript
from tests.fakes import (
    FakeCamera,
    FakeMicrophone,
)
from tests.stage import COUNT, HELLO, NOISE, SILENCE, Stage


async def test_a_question_is_heard_answered_and_spoken() -> None:
    stage = Stage(microphone=FakeMicrophone([SILENCE, HELLO, SILENCE]))
    await stage.run()
    (reply,) = stage.told(Reply)
    assert (reply.asked, reply.text, reply.cut) == ("hello", "Hello there.", False)
    assert reply.ended_at - reply.answered_at == pytest.approx(0.1 * len("Hello there."))
    assert reply.answered_at - reply.asked_at == pytest.approx(EndingOptions().shortest, abs=0.04)  # a complete request


async def test_what_was_seen_stands_in_the_prompt() -> None:
    stage = Stage(cameras=[FakeCamera([10, 10, 60, 60])], microphone=FakeMicrophone([SILENCE, COUNT, SILENCE]))
    await stage.run()
    (prompt,) = stage.chat.prompts
    assert [caption.text for caption in prompt.scene] == ["shade 10", "shade 60"]
    assert prompt.scene[-1].known_at > prompt.scene[-1].captured_at, "the gate looked again and found it unchanged"


async def test_every_camera_is_seen_under_its_own_name() -> None:
    stage = Stage(cameras=[FakeCamera([10, 20], name="desk"), FakeCamera([30, 40], name="door")])
    await stage.run()
    seen = [(caption.camera, caption.text) for caption in stage.told(Caption)]
    assert sorted(seen) == [("desk", "shade 10"), ("desk", "shade 20"), ("door", "shade 30"), ("door", "shade 40")]


async def test_talking_into_an_answer_cuts_it_and_only_what_was_heard_is_remembered() -> None:
    # "I see two." takes 1.0 s and is heard; the interruption comes in the middle of the second sentence.
    stage = Stage(microphone=FakeMicrophone([COUNT, (2.3, 0.0), HELLO, SILENCE]))
    await stage.run()
    heard = "I see two. One is on"
    assert [(reply.text, reply.cut) for reply in stage.told(Reply)] == [(heard, True), ("Hello there.", False)]
    assert [exchange.heard for exchange in stage.conversation.history] == [heard, "Hello there."]
    assert stage.chat.prompts[1].history[0].heard == heard


async def test_an_interruption_stops_the_sound_when_speech_starts_not_when_it_is_understood() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, (2.2, 0.0), HELLO, SILENCE]))
    await stage.run()
    interrupted = stage.told(SpeechStarted)[1]
    second_sentence_ended = stage.speaker.plays[1][1]  # type: ignore[union-attr]
    assert 0 < second_sentence_ended - interrupted.at < 0.25


async def test_in_half_duplex_the_assistant_does_not_hear_itself() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, (1.2, 0.0), HELLO, SILENCE, SILENCE]), deaf_while_speaking=True)
    await stage.run()
    assert [(reply.asked, reply.cut) for reply in stage.told(Reply)] == [("how many are there", False)]


async def test_speech_that_is_not_understood_is_answered_so() -> None:
    stage = Stage(microphone=FakeMicrophone([NOISE, SILENCE, SILENCE]))
    await stage.run()
    assert stage.said() == [ENGLISH.unclear]
    assert stage.conversation.history == []


async def test_speech_that_is_not_understood_can_be_passed_over() -> None:
    stage = Stage(microphone=FakeMicrophone([NOISE, SILENCE]), options=ConversationOptions(unclear=""))
    await stage.run()
    assert stage.told(Reply) == []
    assert [transcript.text for transcript in stage.told(Transcript)] == [""]


async def test_typed_questions_are_answered_too() -> None:
    async def keyboard() -> AsyncIterator[str]:
        yield "hello"

    stage = Stage(asks=keyboard)
    await stage.run()
    assert stage.said() == ["Hello there."]
    assert stage.told(Transcript)[0].source == "keyboard"


async def test_a_still_picture_does_not_hold_a_session_open_that_reads_a_file() -> None:
    forever = FakeCamera([10] * 100_000, endless=True)
    stage = Stage(cameras=[forever], microphone=FakeMicrophone([HELLO, SILENCE]))
    await asyncio.wait_for(stage.run(), 60)
    assert stage.said() == ["Hello there."]


async def test_nothing_is_narrated_into_someones_speech() -> None:
    talk = FakeMicrophone([SILENCE, (3.0, 0.1), SILENCE, SILENCE])
    camera = FakeCamera([60] * 25 + [80] * 40)
    stage = Stage(cameras=[camera], microphone=talk, sections={"narration": NarrationOptions()})
    await stage.run()
    assert stage.said() == ["Shade 60.", "Hello there.", "Shade 80."]
    (said,), (told,) = stage.told(Transcript), [reply for reply in stage.told(Reply) if reply.text == "Shade 80."]
    assert said.started_at is not None
    assert said.started_at < told.asked_at < said.said_at < told.answered_at


async def test_words_from_before_the_assistant_spoke_are_not_lost_when_it_goes_deaf() -> None:
    async def keyboard() -> AsyncIterator[str]:
        await asyncio.sleep(1.5)
        yield "how many are there"

    talk = FakeMicrophone([SILENCE, (1.0, 0.1), *[SILENCE] * 4])
    stage = Stage(microphone=talk, deaf_while_speaking=True, asks=keyboard)
    await stage.run()
    assert "hello" in [transcript.text for transcript in stage.told(Transcript)]


async def test_changes_are_narrated_where_the_configuration_says_so() -> None:
    stage = Stage(cameras=[FakeCamera([60] * 50 + [80] * 50)], sections={"narration": NarrationOptions()})
    await stage.run()
    assert stage.said() == ["Shade 60.", "Shade 80."]


async def test_history_is_cut_from_the_front_in_one_piece() -> None:
    async def keyboard() -> AsyncIterator[str]:
        for _ in range(5):
            yield "hello"
            await asyncio.sleep(10)

    stage = Stage(asks=keyboard, options=ConversationOptions(history=2))
    await stage.run()
    assert [len(prompt.history) for prompt in stage.chat.prompts] == [0, 1, 2, 3, 4]
    assert len(stage.conversation.history) == 2


async def test_pauses_that_there_was_no_time_to_put_into_words_are_counted() -> None:
    halting = [(0.5, 0.1), (0.3, 0.0)] * 6
    stage = Stage(microphone=FakeMicrophone([SILENCE, *halting, *[SILENCE] * 8]), takes={"transcriber": 1.5})
    await stage.run()
    assert stage.told(Health)[-1].counters["drafts dropped"] > 0
    quick = Stage(microphone=FakeMicrophone([SILENCE, *halting, *[SILENCE] * 8]))
    await quick.run()
    assert quick.told(Health)[-1].counters["drafts dropped"] == 0
