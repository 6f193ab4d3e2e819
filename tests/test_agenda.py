"""What waits to be said in a session: who hears of what came of it, by the clock on the wall and by what is set."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, time
from typing import Any

import pytest

from pipelines.agenda import Agenda, _within
from pipelines.dials import Dials, SettingsOptions
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.types import Event, Reply, SpeechStarted, Transcript, Unsaid
from tests.fakes import FakeChat
from tests.playing import playing
from tests.stage import Stage


def now() -> float:
    return asyncio.get_running_loop().time()


class Desk:
    """An agenda, what it told, and what came of each remark."""

    def __init__(self, hour: str = "12:00", **options: Any) -> None:
        self.hour, self.told = hour, list[Event]()
        self.dials = Dials(SettingsOptions(), self.told.append)
        self.agenda = Agenda(SpeechOptions(**options), self.dials, self.told.append, self._clock)
        self.settled: list[tuple[str, str]] = []
        self.woken = 0
        self.agenda.when_settled(lambda remark, heard: self.settled.append((remark.text, heard)))
        self.agenda.when_offered(self._wake)

    def _clock(self) -> datetime:
        return datetime.combine(datetime(2026, 3, 1), time.fromisoformat(self.hour))

    def _wake(self) -> None:
        self.woken += 1

    def offer(self, text: str, priority: Priority = Priority.CAPTION, **more: Any) -> bool:
        return self.agenda.offer(Remark(text, priority, now(), **more))

    def unsaid(self) -> list[tuple[str, str]]:
        return [(one.text, one.why) for one in self.told if isinstance(one, Unsaid)]


async def test_what_was_heard_is_told_and_what_was_not_is_told_with_its_reason() -> None:
    desk = Desk()
    desk.offer("A cup.", topic="objects", camera="desk")
    remark = desk.agenda.take(False, None)
    assert remark is not None
    desk.agenda.done(remark, "A cup.")
    desk.offer("A chair.", topic="objects", camera="desk")
    cut = desk.agenda.take(False, None)
    assert cut is not None
    desk.agenda.done(cut, "")
    desk.offer("A dog.")
    desk.agenda.close()
    assert not desk.offer("A bird.")
    assert desk.settled == [("A cup.", "A cup."), ("A chair.", ""), ("A dog.", ""), ("A bird.", "")]
    assert desk.unsaid() == [("A chair.", "cut"), ("A dog.", "the end"), ("A bird.", "the end")]
    assert desk.agenda.dropped == 3
    first = next(one for one in desk.told if isinstance(one, Unsaid))
    assert (first.priority, first.topic, first.camera, first.at) == ("caption", "objects", "desk", now())


@pytest.mark.parametrize(
    ("hours", "quiet"),
    [
        ("22:00-07:00", ["22:00", "23:59", "00:00", "06:59"]),
        ("13:00-15:00", ["13:00", "14:59"]),
    ],
)
async def test_quiet_hours_are_those_between_their_ends(hours: str, quiet: list[str]) -> None:
    tried = ["00:00", "06:59", "07:00", "12:00", "13:00", "14:59", "15:00", "21:59", "22:00", "23:59"]
    assert sorted(hour for hour in tried if not Desk(hour, quiet=hours).offer("A cup.")) == sorted(quiet)
    assert not any(Desk(hour).agenda.silent for hour in tried)
    begins, ends = (time.fromisoformat(one) for one in hours.split("-"))
    assert sum(_within(time(minute // 60, minute % 60), begins, ends) for minute in range(24 * 60)) % 60 == 0


async def test_what_waits_when_quiet_hours_begin_is_not_said() -> None:
    desk = Desk("21:59", quiet="22:00-07:00")
    desk.offer("Dinner.", Priority.ANSWER)
    desk.offer("A car.", Priority.HAZARD)
    desk.hour = "22:00"
    taken = desk.agenda.take(False, None)
    assert taken is not None
    assert (taken.text, desk.unsaid()) == ("A car.", [("Dinner.", "quiet hours")])


async def test_what_is_set_counts_at_once_and_whoever_speaks_is_woken() -> None:
    desk = Desk()
    desk.offer("A cup.", topic="objects")
    woken = desk.woken
    desk.dials.set(topics=("people", "text"))
    assert desk.woken == woken + 1
    assert desk.agenda.take(False, None) is None
    assert desk.unsaid() == [("A cup.", "switched off")]
    desk.dials.set(topics=("objects",), paused=True)
    assert desk.agenda.silent == "speech is paused"
    assert not desk.offer("A cup.", topic="objects")
    desk.dials.set(paused=False, level="off")
    assert not desk.offer("A cup.", topic="objects")
    assert desk.offer("Dinner.", Priority.ANSWER)


async def test_who_offers_again_what_was_dropped_is_no_circle() -> None:
    desk = Desk()
    again: list[bool] = []

    def settled(remark: Remark, heard: str) -> None:
        if not heard and len(again) < 3:
            again.append(desk.offer("A cup."))

    desk.agenda.when_settled(settled)
    desk.offer("A cup.")
    await asyncio.sleep(6)
    for _ in range(3):
        remark = desk.agenda.take(False, None)
        if remark is not None:
            desk.agenda.done(remark, "")
    assert again == [True, True, True]


SENTENCES = {Priority.HAZARD: "A car comes.", Priority.ANSWER: "Dinner is ready.", Priority.CAPTION: "A cup is there."}


@pytest.mark.parametrize("seed", range(100))
async def test_however_a_session_ends_it_ends_and_all_that_was_offered_is_accounted_for(seed: int) -> None:
    """Things happen at random up to its last moment, and beyond."""
    chance = random.Random(seed)
    stage = Stage(chat=FakeChat({"hello": "One two three. Four five."}), takes={"voice": chance.choice([0.0, 0.3])})
    stage.sections["speech"] = SpeechOptions(normal=10)
    offered: list[str] = []
    settled: list[str] = []

    async def happens(number: int) -> None:
        conversation, perceptions = played.controls.conversation, played.session.perceptions
        what = chance.choice(["remark"] * 6 + ["asked", "talks", "said", "stop", "pause", "go on", "quiet"])
        if what == "remark":
            priority = chance.choice([*Priority])
            text = f"{number} {SENTENCES.get(priority, 'Small.')}"
            key, cooldown = chance.choice(["", "door"]), chance.choice([0.0, 4.0])
            offered.append(text)
            conversation.agenda.offer(Remark(text, priority, now(), key=key, cooldown=cooldown))
        elif what == "asked":
            await played.hears("hello")
        elif what == "talks":
            await perceptions.put(SpeechStarted(now()))
        elif what == "said":
            await perceptions.put(Transcript(chance.choice(["", "hello", "stop"]), now()))
        elif what == "stop":
            await conversation.stop()
        else:
            played.controls.dials.set(paused=what == "pause", speaking=what != "quiet")

    async with playing(stage) as played:
        played.controls.conversation.agenda.when_settled(lambda remark, heard: settled.append(remark.text))
        for number in range(chance.randrange(60)):
            await happens(number)
            await asyncio.sleep(chance.choice([0, 0, 0.01, 0.3, 1.0, 5.0]))
    played.controls.conversation.agenda.offer(Remark("beyond", Priority.HAZARD, now()))
    assert sorted(settled) == sorted([*offered, "beyond"])
    heard = [one for one in stage.told(Reply) if one.text[:1].isdecimal()]
    unsaid = [one.text for one in stage.told(Unsaid)]
    assert len(heard) + len(unsaid) == len(offered) + 1
    assert all(text.startswith(one.text) for one in heard for text in offered if text.split()[0] == one.text.split()[0])


async def test_nothing_waits_for_what_was_told_a_moment_ago_to_be_told_again() -> None:
    desk = Desk()
    for text in ("The voice has trouble.", "The voice has trouble: again."):
        desk.offer(text, Priority.ANSWER, key="voice", cooldown=60.0, expires_at=now() + 15)
        assert desk.agenda.waits is (text == "The voice has trouble.")
        if (remark := desk.agenda.take(False, None)) is not None:
            desk.agenda.done(remark, remark.text)


async def test_a_session_ends_while_a_trouble_may_not_be_told_yet() -> None:
    stage = Stage()
    async with playing(stage) as played:
        for text in ("The voice has trouble.", "The voice has trouble: again."):
            told = Remark(text, Priority.ANSWER, now(), key="voice", cooldown=60.0, expires_at=now() + 15)
            played.controls.conversation.agenda.offer(told)
            await asyncio.sleep(3)
        began = now()
    assert now() - began < 1
    assert stage.said() == ["The voice has trouble."]
    assert [one.why for one in stage.told(Unsaid)] == ["the end"]


async def test_while_cameras_are_off_nothing_of_their_pictures_is_taken_and_no_word_of_it_is_told() -> None:
    told, sees = list[Event](), [True]
    dials = Dials(SettingsOptions(), told.append)
    agenda = Agenda(SpeechOptions(), dials, told.append, sees=lambda: sees[0])
    settled: list[str] = []

    def again(remark: Remark, heard: str) -> None:
        settled.append(remark.text)
        if len(settled) < 3:
            agenda.offer(remark)  # as those do who have something to tell until it is heard

    agenda.when_settled(again)
    agenda.offer(Remark("Something covers the lens.", Priority.ANSWER, now(), camera="desk", lasting=True))
    sees[0] = False
    agenda.forget_seen()
    assert settled == ["Something covers the lens."] * 3
    assert [(one.text, one.why, one.camera) for one in told if isinstance(one, Unsaid)] == [
        ("", "cameras off", "desk")
    ] * 3
    assert agenda.take(False, None) is None
