"""Timers: set, asked after and cancelled by word of mouth, and said when their time has come."""

from __future__ import annotations

import asyncio
import re

import pytest

from pipelines.durations import CHINESE, ENGLISH, seconds, spoken
from pipelines.timer_talk import done
from pipelines.timers import MOST, Refused, Timers
from pipelines.types import Reminder, Reply
from tests.fakes import FakeChat
from tests.stage import Stage
from tests.test_looking import typed

LENGTHS = {
    "five minutes": 300, "half an hour": 1800, "an hour and a half": 5400, "1 hour and 30 minutes": 5400,
    "90 seconds": 90, "two and a half minutes": 150, "twenty-five minutes": 1500, "a minute": 60, "10s": 10,
    "a quarter of an hour": 900, "1.5 hours": 5400, "one hour, twenty minutes and ten seconds": 4810,
    "五分钟": 300, "半小时": 1800, "一个半小时": 5400, "十秒": 10, "1小时30分": 5400, "两个小时": 7200, "一刻钟": 900,
    "二十五分钟": 1500, "半个小时": 1800, "一分半": 90, "一百二十秒": 120,
}  # fmt: skip

SET = {
    "Set a timer for five minutes.": (300, ""),
    "Could you set a five minute timer, please?": (300, ""),
    "set a pasta timer for ten minutes": (600, "pasta"),
    "Set a timer for the eggs for 3 minutes": (180, "the eggs"),
    "start a timer of 10 minutes called tea": (600, "tea"),
    "ten minute timer": (600, ""),
    "Remind me in ten minutes to call Anna.": (600, "call Anna"),
    "remind me to take out my cake in half an hour": (1800, "take out your cake"),
    "In an hour, remind me to stretch": (3600, "stretch"),
    "wake me up in 20 minutes": (1200, ""),
    "五分钟后提醒我关火。": (300, "关火"),
    "设一个十分钟的计时器": (600, ""),
    "提醒我半小时后给我妈打电话": (1800, "给你妈打电话"),
    "请计时三分钟": (180, ""),
    "帮我定一个十分钟的闹钟": (600, ""),
}

NOT_OF_TIMERS = [
    "cancel", "stop", "what is this", "tell me a joke about a timer", "how long is the Nile", "十分钟", "ten minutes",
    "how much longer is the film", "五分钟够吗", "did I set the table", "what is a timer made of", "remind us all",
]  # fmt: skip


@pytest.mark.parametrize(("text", "length"), LENGTHS.items())
def test_lengths_of_time_are_understood(text: str, length: float) -> None:
    assert re.fullmatch(ENGLISH if text.isascii() else CHINESE, text)
    assert seconds(text) == length


def test_lengths_of_time_are_said() -> None:
    assert [spoken(length, "en") for length in (1, 60, 90, 3600, 3661)] == [
        "1 second",
        "1 minute",
        "1 minute and 30 seconds",
        "1 hour",
        "1 hour, 1 minute and 1 second",
    ]
    assert [spoken(length, "zh") for length in (45, 5400)] == ["45秒", "1小时30分钟"]


@pytest.mark.parametrize(("text", "timer"), SET.items())
async def test_a_timer_is_set_by_its_wording(text: str, timer: tuple[float, str]) -> None:
    timers = Timers()
    assert done(text, timers) is not None
    (one,) = timers.running
    assert (one.seconds, one.label) == timer
    assert one.due == asyncio.get_running_loop().time() + one.seconds


@pytest.mark.parametrize("text", NOT_OF_TIMERS)
async def test_what_is_not_about_timers_is_left_alone(text: str) -> None:
    timers = Timers()
    timers.start(60, "tea", "en")
    assert done(text, timers) is None
    assert len(timers) == 1


async def test_timers_are_told_and_cancelled() -> None:
    timers = Timers()
    assert done("cancel the timer", timers) == "No timer is running."
    assert done("set a timer", timers) == 'In how long? For example: "in ten minutes".'
    done("set a timer for ten minutes called tea", timers)
    done("set a timer for an hour", timers)
    await asyncio.sleep(60)
    assert done("how much time is left?", timers) == "Tea, 10 minutes: 9 minutes left. 1 hour: 59 minutes left."
    assert done("cancel the egg timer", timers) == 'No timer is called "egg".'
    assert done("cancel the tea timer", timers) == "Cancelled: tea, 10 minutes."
    assert done("Cancel all timers.", timers) == "Cancelled: 1 hour."
    assert done("还有多久", timers) == "没有计时器在运行。"


@pytest.mark.parametrize(
    ("label", "gone"),
    [
        ("a", ["a cake"]),
        ("tea", ["tea"]),
        ("EGG", ["the eggs"]),
        ("the", ["the eggs"]),
        ("5 minute", ["tea"]),
        ("关火", ["关火"]),
        ("eg", []),
        ("?", []),
        (" ", ["tea", "a cake", "the eggs", "call your teacher", "关火"]),
    ],
)
async def test_those_are_cancelled_whose_label_has_the_words_as_whole_ones(label: str, gone: list[str]) -> None:
    timers = Timers()
    for minutes, name in ((5, "tea"), (15, "a cake"), (25, "the eggs"), (45, "call your teacher")):
        timers.start(60 * minutes, name, "en")
    timers.start(3600, "关火", "zh")
    assert [timer.label for timer in timers.cancel(label)] == gone
    assert len(timers) == 5 - len(gone)


async def test_a_timer_is_cancelled_in_the_words_in_which_it_was_set() -> None:
    timers = Timers()
    done("remind me to call my mum in ten minutes", timers)
    assert done("cancel the reminder to call my mum", timers) == "Cancelled: call your mum, 10 minutes."


async def test_timers_are_bounded() -> None:
    timers = Timers()
    assert done("set a timer for 30 hours", timers) == "A timer runs for 1 second to 24 hours."
    for _ in range(MOST):
        timers.start(60, "", "en")
    with pytest.raises(Refused, match="20 timers run already"):
        timers.start(60, "", "en")
    assert "20个" in str(done("设一个十分钟的计时器", timers))


async def test_a_reminder_is_said_when_its_time_has_come() -> None:
    stage = Stage(
        asks=typed((1.0, "remind me in two minutes to call my mum"), (300.0, "hello")), asks_hold=True, speaker=None
    )
    await stage.run()
    assert stage.said() == ["Okay, in 2 minutes: call your mum.", "It is time: call your mum.", "Hello there."]
    (reminder,) = stage.told(Reminder)
    confirmed = stage.told(Reply)[0]
    assert reminder.at == pytest.approx(confirmed.asked_at + 120)


async def test_a_reminder_waits_until_the_answer_was_heard() -> None:
    chat = FakeChat(
        {"tell me a story": "Once there was a king. " + "He had a very long name and a very long day. " * 3}
    )
    asks = typed((1.0, "set a timer for five seconds"), (4.0, "tell me a story"), (60.0, "tell me a story"))
    stage = Stage(asks=asks, asks_hold=True, chat=chat)
    await stage.run()
    replies = stage.told(Reply)
    assert [reply.text.split(".")[0] for reply in replies[:3]] == [
        "Okay, 5 seconds from now",
        "Once there was a king",
        "Your timer of 5 seconds is over",
    ]
    assert not replies[1].cut
    assert replies[2].answered_at >= replies[1].ended_at


async def test_two_that_are_due_together_are_both_said() -> None:
    asks = typed((1.0, "set a timer for 10 seconds"), (0.0, "set a timer for 10 seconds called tea"), (60.0, "hello"))
    stage = Stage(asks=asks, asks_hold=True, speaker=None)
    await stage.run()
    assert {"Your timer of 10 seconds is over.", "It is time: tea."} <= set(stage.said())
