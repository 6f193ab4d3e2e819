"""Whoever waits for an answer is told that it takes a while; whoever listens, that captions take long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipelines.ladder import LadderOptions
from pipelines.narration.announcing import Announcer
from pipelines.narration.options import NarrationOptions
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.talking import ConversationOptions
from pipelines.types import Event, Notice, Reply, Unsaid
from tests.fakes import FakeCamera
from tests.lookers import ScriptedLooker
from tests.playing import Played, Thinker, playing
from tests.stage import Stage

ANSWER = "I see two. One is on the left."


class Offered(list[Remark]):
    def offer(self, remark: Remark) -> bool:
        self.append(remark)
        return True


def stage(seconds: float, patience: float = 3.0, **more: Any) -> Stage:
    """A chat that takes so long for each word."""
    return Stage(
        chat=Thinker({"hello": ANSWER}, seconds=seconds), sections={"speech": SpeechOptions(patience=patience)}, **more
    )


def said(play: Stage) -> list[tuple[str, str]]:
    return [(reply.priority, reply.text) for reply in play.told(Reply)]


def now() -> float:
    return asyncio.get_running_loop().time()


def offer(played: Played, text: str, priority: Priority) -> None:
    played.controls.conversation.agenda.offer(Remark(text, priority, now()))


@pytest.mark.parametrize(("language", "words"), [("en", "Just a moment."), ("zh", "请稍等。")])
async def test_after_some_seconds_without_a_sound_it_is_said_and_the_answer_comes_whole(
    language: Any, words: str
) -> None:
    play = stage(1.2, options=ConversationOptions(language=language))
    async with playing(play) as played:
        asked = now()
        await played.hears("hello")
        await asyncio.sleep(30)
    working, answer = play.told(Reply)
    assert (working.text, working.priority, working.cut) == (words, "working", False)
    assert working.answered_at - asked == pytest.approx(3.0, abs=0.1)
    assert (answer.text, answer.cut, answer.asked) == (ANSWER, False, "hello")
    assert play.conversation.history[-1].heard == ANSWER
    last = play.conversation.spoken.at(answer.ended_at)
    assert last is not None
    assert last.text == ANSWER
    assert len(play.conversation.spoken) == 1, "nobody wants that repeated"


@pytest.mark.parametrize(("seconds", "patience"), [(0.5, 3.0), (1.2, 0.0)])
async def test_it_is_not_said_where_the_answer_is_quick_or_nobody_wants_to_know(
    seconds: float, patience: float
) -> None:
    play = stage(seconds, patience)
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(30)
    assert said(play) == [("answer", ANSWER)]


async def test_while_it_lasts_it_is_said_again_and_less_and_less_often() -> None:
    play = stage(9.0)
    async with playing(play) as played:
        asked = now()
        await played.hears("hello")
        await asyncio.sleep(120)
    *working, answer = play.told(Reply)
    assert {reply.text for reply in working} == {"Just a moment."}
    assert [round(reply.answered_at - asked, 1) for reply in working] == [3.0, 9.0, 21.0]
    assert answer.text == ANSWER


async def test_a_hazard_ends_it_and_what_is_seen_waits_for_the_answer() -> None:
    play = stage(1.5)
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(2.9)
        offer(played, "A cup.", Priority.CAPTION)
        await asyncio.sleep(0.4)
        offer(played, "A car!", Priority.HAZARD)
        await asyncio.sleep(30)
    assert [priority for priority, _ in said(play)] == ["working", "hazard", "answer"]
    working, hazard, answer = play.told(Reply)
    assert working.cut
    assert (hazard.text, answer.text, answer.cut) == ("A car!", ANSWER, False)


async def test_whoever_says_stop_meanwhile_is_obeyed() -> None:
    play = stage(1.5)
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(3.3)
        await played.hears("stop")
        at = now()
        await asyncio.sleep(30)
    assert all(reply.ended_at <= at + 0.1 for reply in play.told(Reply))
    assert "answer" not in [priority for priority, text in said(play) if text]


async def test_that_captions_take_long_is_said_where_it_is_narrated() -> None:
    cameras = [FakeCamera([10 * (number // 40) for number in range(1000)], "desk")]
    for narrated in (True, False):
        sections = {"narration": NarrationOptions()} if narrated else {}
        play = Stage(
            cameras=cameras,
            captioner=ScriptedLooker(captioning=4.0),
            ladder=LadderOptions(slow=2.0, quick=1.0, down=2),
            sections=sections,
        )
        cameras = [FakeCamera([10 * (number // 40) for number in range(1000)], "desk")]
        await play.run()
        assert any(priority == "working" for priority, _ in said(play)) is narrated
        wanted = [one.text for one in play.told(Unsaid) if one.priority == "working" and one.why != "outranked"]
        assert wanted == []


async def test_how_work_goes_on_is_told_once_and_lost_where_anything_else_is_to_be_said() -> None:
    told, offered = list[Event](), Offered()
    announcer = Announcer(told.append)
    emit, notice = announcer.working(told.append), Notice("Captions take long.", now(), "captioner")
    emit(notice)
    announcer.attach(offered)
    emit(notice)
    announcer.emit(notice)
    assert told == [notice] * 3
    (remark,) = offered
    assert (remark.text, remark.priority, remark.asked) == ("Captions take long.", Priority.WORKING, False)
