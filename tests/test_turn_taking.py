"""Conversations at human pace on a virtual clock: who is interrupted, who goes on, and what belongs together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pipelines.live import live
from pipelines.questions import MOST_TYPED
from pipelines.thinking import MOST_REMEMBERED
from pipelines.types import Caption, Notice, Reminder, Reply, SpeechStarted, Transcript, TurnTrace
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone, FakeTranscriber
from tests.stage import COUNT, HELLO, SILENCE, Stage

BOOK = {
    0.1: "hello",
    0.2: "how many are there",
    0.3: "",
    0.4: "yeah",
    0.5: "stop",
    0.6: "I want to know and",
    0.7: "what is on the left",
    0.8: "mm-hm",
}
COUGH, YEAH, STOP, BEGUN, LEFT, NOD = ((0.3, 0.3), (0.35, 0.4), (0.35, 0.5), (1.0, 0.6), (1.0, 0.7), (0.4, 0.8))
NOISE = (0.1, 0.3)
ANSWERS = {
    "hello": "Hello there.",
    "how many are there": "I see two of them. One is on the left.",
    "what is on the left": "A cup.",
    "I want to know and what is on the left": "You want to know about a cup.",
    "I want to know and": "What do you want to know?",
    "how many are there what is on the left": "Two, and a cup.",
}


def stage(*script: tuple[float, float], **parts: Any) -> Stage:
    transcriber = FakeTranscriber(BOOK)
    return Stage(
        microphone=FakeMicrophone(list(script)), transcriber=transcriber, chat=FakeChat(dict(ANSWERS)), **parts
    )


@pytest.mark.parametrize("sound", [COUGH, YEAH, NOD, NOISE])
async def test_a_cough_or_a_nod_makes_the_assistant_pause_and_go_on_where_it_was(sound: tuple[float, float]) -> None:
    play = stage(COUNT, (1.1, 0.0), sound, *[SILENCE] * 6)
    await play.run()
    (reply,) = play.told(Reply)
    assert (reply.text, reply.cut) == (ANSWERS["how many are there"], False)
    assert play.speaker is not None
    silent, again = play.speaker.plays[0][1], play.speaker.plays[1][0]
    began = play.told(SpeechStarted)[1].at
    assert silent - began <= 0.13, "it fell silent within a tenth of a second, and a window"
    assert again - (began + sound[0]) <= 0.3, "and went on soon after"


@pytest.mark.parametrize("sound", [COUGH, YEAH, NOD])
async def test_after_a_false_alarm_no_word_is_lost_and_none_said_twice(sound: tuple[float, float]) -> None:
    for tenths in range(2, 30):
        play = stage(COUNT, (0.3 + tenths / 10, 0.0), sound, *[SILENCE] * 6)
        await play.run()
        assert play.said() == [ANSWERS["how many are there"]]
        assert play.speaker is not None
        spoken = sum(ended - began for began, ended in play.speaker.plays)
        # What is said again is no more than the beginning of one word.
        longest_word = 0.1 * len("there. ")
        assert -0.05 <= spoken - 0.1 * len("I see two of them.One is on the left.") <= longest_word


async def test_stop_ends_the_answer_and_is_not_answered() -> None:
    play = stage(COUNT, (1.1, 0.0), STOP, *[SILENCE] * 4)
    await play.run()
    (reply,) = play.told(Reply)
    assert reply.cut
    assert reply.text.startswith("I see")


@pytest.mark.parametrize("takes", [0.05, 0.3, 0.6])
async def test_a_short_stop_is_heeded_however_long_its_word_takes_to_be_understood(takes: float) -> None:
    play = stage(COUNT, (1.8, 0.0), STOP, *[SILENCE] * 4)
    play.takes = {"transcriber": takes}
    await play.run()
    (reply,) = play.told(Reply)
    assert reply.cut
    assert play.speaker is not None
    began = play.told(SpeechStarted)[1].at
    assert [start for start, _ in play.speaker.plays if start > began] == [], "it did not go on meanwhile"


async def test_words_end_the_answer_before_they_are_over() -> None:
    play = stage(COUNT, (1.1, 0.0), (3.0, 0.7), *[SILENCE] * 4)
    await play.run()
    first, second = play.told(Reply)
    began = play.told(SpeechStarted)[1].at
    assert (first.cut, second.text) == (True, "A cup.")
    assert first.ended_at - began == pytest.approx(0.9, abs=0.05), "sustained speech is meant"


async def test_a_turn_that_seems_unfinished_is_answered_with_what_follows() -> None:
    play = stage(BEGUN, (1.9, 0.0), LEFT, *[SILENCE] * 4)
    await play.run()
    assert [reply.asked for reply in play.told(Reply)] == ["I want to know and what is on the left"]
    assert [said.finished for said in play.told(Transcript)] == [False, True]


async def test_a_turn_that_stays_unfinished_is_answered_after_a_while() -> None:
    play = stage(BEGUN, *[SILENCE] * 8)
    await play.run()
    (reply,) = play.told(Reply)
    assert reply.asked == "I want to know and"
    assert 3.0 < reply.answered_at - reply.asked_at < 4.0


async def test_what_is_said_while_the_assistant_thinks_is_part_of_the_question() -> None:
    play = stage(COUNT, (0.6, 0.0), LEFT, *[SILENCE] * 20)
    play.takes = {"chat": 1.0}
    await play.run()
    first, second = play.told(Reply)
    assert (first.text, first.cut) == ("", True)
    assert (second.asked, second.text) == ("how many are there what is on the left", "Two, and a cup.")
    assert [exchange.asked for exchange in play.conversation.history] == [second.asked]


async def test_a_cough_while_the_assistant_thinks_costs_no_time() -> None:
    async def answered(*between: tuple[float, float]) -> float:
        play = stage(COUNT, *between, *[SILENCE] * 20)
        play.takes = {"chat": 1.0}
        await play.run()
        (reply,) = play.told(Reply)
        return reply.answered_at - reply.asked_at

    assert await answered((0.6, 0.0), COUGH) == pytest.approx(await answered(), abs=0.01)


async def test_nothing_is_said_into_the_speech_of_who_goes_on_talking() -> None:
    play = stage(COUNT, (0.45, 0.0), (3.0, 0.7), *[SILENCE] * 20)
    play.takes = {"chat": 0.3}
    await play.run()
    talked = [event.at for event in play.told(SpeechStarted)][-1]
    assert play.speaker is not None
    assert all(not talked + 0.13 < began < talked + 3.0 for began, _ in play.speaker.plays)


async def test_a_typed_question_is_no_nod_and_amends_nothing() -> None:
    async def keyboard() -> AsyncIterator[str]:
        yield "hello"
        await asyncio.sleep(0.2)
        yield "what is on the left"

    play = Stage(asks=keyboard, chat=FakeChat(dict(ANSWERS)))
    await play.run()
    assert [(reply.asked, reply.cut) for reply in play.told(Reply)] == [("hello", True), ("what is on the left", False)]


def typing(*lines: str) -> Stage:
    """All of them typed, or pasted, at once."""

    async def keyboard() -> AsyncIterator[str]:
        for line in lines:
            yield line

    return Stage(asks=keyboard, chat=FakeChat(dict(ANSWERS)))


async def test_lines_that_are_pasted_are_answered_one_after_the_other() -> None:
    questions = ["hello", "how many are there", "what is on the left"]
    play = typing(*questions)
    await play.run()
    assert [(one.asked, one.text, one.cut) for one in play.told(Reply)] == [(q, ANSWERS[q], False) for q in questions]


async def test_a_typed_stop_is_for_all_that_waits() -> None:
    play = typing("hello", "how many are there", "stop", "what is on the left")
    await play.run()
    assert [one.text for one in play.told(Reply) if one.text] == ["A cup."]


async def test_who_pastes_a_book_is_told_what_is_left_out() -> None:
    play = typing(*["hello"] * (MOST_TYPED + 2), "what is on the left")
    await play.run()
    assert len(play.told(Reply)) == MOST_TYPED + 1
    assert [one.text for one in play.told(Notice)] == [
        'too many questions at once: "hello" is left out',
        'too many questions at once: "what is on the left" is left out',
    ]


async def test_later_prompts_hold_the_beginning_of_a_long_answer() -> None:
    chat = FakeChat({"hello": "So many words. " * 1000})
    await Stage(asks=typing("hello", "how many are there").asks, chat=chat, speaker=None).run()
    (told,) = chat.prompts[-1].history
    assert (told.asked, len(told.heard)) == ("hello", MOST_REMEMBERED)


async def test_every_turn_tells_when_each_of_its_steps_happened() -> None:
    play = stage(SILENCE, HELLO, *[SILENCE] * 3, cameras=[FakeCamera([10] * 40)])
    await play.run()
    (trace,) = play.told(TurnTrace)
    (said,) = play.told(Transcript)
    steps = [trace.started_at, trace.said_at, trace.endpoint_at, trace.transcript_at, trace.first_token_at]
    steps += [trace.first_sentence_at, trace.synthesized_at, trace.first_audio_at, trace.ended_at]
    assert None not in steps
    assert steps == sorted(steps)  # type: ignore[type-var]
    assert trace.started_at == said.started_at == pytest.approx(1001, abs=0.05)
    assert trace.endpoint_at == said.endpoint_at
    assert (trace.asked, trace.camera, trace.cut, trace.last_word) == ("hello", "desk", False, "")
    assert trace.photon_at == play.told(Caption)[0].captured_at
    assert trace.evidence_age is not None
    assert trace.evidence_age < 0.5, "the gate looked again and found the picture unchanged"


async def test_the_trace_of_an_interrupted_turn_names_the_word() -> None:
    play = stage(COUNT, (1.1, 0.0), STOP, *[SILENCE] * 4)
    await play.run()
    (reply,), (trace,) = play.told(Reply), play.told(TurnTrace)
    assert trace.cut
    assert reply.text.endswith(trace.last_word)
    assert trace.last_word


async def test_a_reminder_waits_until_nobody_talks() -> None:
    play = stage(SILENCE, HELLO, *[SILENCE] * 6)
    session = play.session()

    async def ring() -> None:
        await asyncio.sleep(1.2)  # in the middle of "hello"
        await session.perceptions.put(Reminder("The tea is ready.", asyncio.get_running_loop().time()))

    await asyncio.gather(live(session, play.events.append), ring())
    assert play.said() == ["Hello there.", "The tea is ready."]
    first, second = play.told(Reply)
    assert second.answered_at >= first.ended_at


async def test_held_again_before_it_could_go_on_it_keeps_silent() -> None:
    play = stage(COUNT, *[SILENCE] * 6)
    session = play.session()
    mouth = session.conversation.mouth

    async def cough_twice() -> None:
        await asyncio.sleep(1.5)
        mouth.hold()
        await asyncio.sleep(0.2)
        mouth.resume()
        mouth.hold()
        await asyncio.sleep(1.0)
        mouth.resume()

    await asyncio.gather(live(session, play.events.append), cough_twice())
    assert play.speaker is not None
    held_until = 1002.7
    assert [start for start, _ in play.speaker.plays if 1001.6 < start < held_until] == []
    assert play.said() == [ANSWERS["how many are there"]]


async def test_reminders_are_said_although_captions_keep_coming_and_none_is_lost_at_the_end() -> None:
    play = stage(*[SILENCE] * 8, cameras=[FakeCamera(list(range(80)))])
    session = play.session()

    async def ring() -> None:
        now = asyncio.get_running_loop().time
        await asyncio.sleep(2.0)
        for text in ("The tea is ready.", "The eggs are done."):
            await session.perceptions.put(Reminder(text, now()))
        await asyncio.sleep(5.9)
        for number in range(3):
            await session.perceptions.put(Reminder(f"Number {number}.", now()))

    await asyncio.gather(live(session, play.events.append), ring())
    assert play.said() == ["The tea is ready.", "The eggs are done.", "Number 0.", "Number 1.", "Number 2."]
    first, second, *_ = play.told(Reply)
    assert first.answered_at - first.asked_at < 0.1
    assert second.answered_at - first.ended_at < 0.1


async def test_a_detector_that_fails_in_a_pause_ends_nothing() -> None:
    play = stage(HELLO, *[SILENCE] * 12)
    session = play.session()
    assert session.hearing is not None
    ears = session.hearing.listening.ears

    def judge(*given: object) -> None:
        raise RuntimeError("it is no more")

    ears.endpointer.judge = judge  # type: ignore[method-assign]
    await live(session, play.events.append)
    assert play.said() == ["Hello there."]
