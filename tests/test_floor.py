"""Who has the floor, and what words are meant as; and that a person's talk always ends, whatever the parts do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.floor import LOST, Floor, FloorOptions, meaning
from pipelines.manners import is_backchannel, is_hush, is_nod, joined
from pipelines.types import SpeechPaused, SpeechStarted

CONFIRM, DOUBT = FloorOptions().confirm, FloorOptions().doubt


def test_speech_that_lasts_is_meant() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    assert (floor.free, floor.deadline, floor.due()) == (False, 10 + CONFIRM, "confirm")


def test_speech_that_was_short_is_passed_over_soon_after() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    floor.paused(SpeechPaused(10.3, 0.3))
    assert (floor.deadline, floor.due()) == (10.3 + DOUBT, "release")


def test_two_short_bursts_count_together() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    floor.paused(SpeechPaused(10.4, 0.4))
    floor.started(SpeechStarted(10.6))
    assert floor.deadline == pytest.approx(10.6 + CONFIRM - 0.4)


def test_what_is_meant_is_waited_for_even_in_a_pause() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    floor.confirm()
    floor.paused(SpeechPaused(12, 2))
    assert (floor.deadline, floor.due()) == (12 + LOST, "release")


def test_words_of_before_do_not_take_the_floor_from_who_talks_now() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    floor.understood(said_at=9.5)
    assert not floor.free
    floor.understood(said_at=11)
    assert floor.free


steps = st.lists(st.sampled_from(["start", "pause", "confirm", "words", "due"]), max_size=30)


def test_words_are_waited_for_where_there_may_be_some() -> None:
    floor = Floor()
    floor.started(SpeechStarted(10))
    floor.paused(SpeechPaused(10.3, 0.3, words=True))
    assert (floor.deadline, floor.doubtful) == (10.3 + FloorOptions().understanding, True)


@given(steps)
def test_whoever_has_the_floor_loses_it_some_day(done: list[str]) -> None:
    floor, now = Floor(), 0.0
    for step in done:
        now += 0.1
        match step:
            case "start":
                floor.started(SpeechStarted(now))
            case "pause":
                floor.paused(SpeechPaused(now, 0.1))
            case "confirm":
                floor.confirm()
            case "words":
                floor.understood(now)
            case _ if not floor.free:
                floor.confirm() if floor.due() == "confirm" else floor.release()
        assert floor.free or floor.deadline is not None
        assert floor.deadline is None or floor.deadline <= now + LOST
        assert not (floor.free and floor.confirmed and floor.deadline), "nobody is waited for"


@pytest.mark.parametrize("text", ["mm-hm", "Uh-huh.", "嗯嗯", "mhm", "Hmm…", "ah", "哦"])
def test_nods(text: str) -> None:
    assert is_nod(text)
    assert is_backchannel(text)
    assert meaning(text, busy=False) == "backchannel"


@pytest.mark.parametrize(
    "text", ["Yes.", "yeah, okay", "I see.", "Right, right.", "对对", "好的。", "uh-huh, yeah", "oh I see"]
)
def test_agreement_is_a_backchannel_only_while_the_assistant_is_busy(text: str) -> None:
    assert is_backchannel(text)
    assert meaning(text, busy=True) == "backchannel"
    assert meaning(text, busy=False) == "words"


@pytest.mark.parametrize(
    "text",
    [
        "Stop!",
        "please stop",
        "Wait a minute",
        "be quiet",
        "别说了",
        "等一下。",
        "That's enough",
        "could you please stop talking",
    ],
)
def test_a_wish_for_silence(text: str) -> None:
    assert is_hush(text)
    assert meaning(text, busy=True) == meaning(text, busy=False) == "hush"


@pytest.mark.parametrize(
    "text", ["yes it is red", "stop the music at five", "what is that", "好的那现在呢", "no", "不是", "mom", "her"]
)
def test_all_else_is_words(text: str) -> None:
    assert meaning(text, busy=True) == "words"


def test_nothing_is_nothing() -> None:
    assert meaning("", busy=True) == meaning("", busy=False) == "nothing"


@pytest.mark.parametrize(
    ("first", "then", "whole"),
    [
        ("I want to know and…", "what is this", "I want to know and what is this"),
        ("我想知道", "这是什么", "我想知道这是什么"),
        ("tell me about", "这个", "tell me about这个"),
    ],
)
def test_two_parts_of_one_utterance(first: str, then: str, whole: str) -> None:
    assert joined(first, then) == whole
