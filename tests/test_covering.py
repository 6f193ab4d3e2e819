"""Cameras switched off: what they showed before goes to no model, memory, album or feed after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devices.lines import Lossless
from devices.media import Frame
from pipelines.breaking import Breakable
from pipelines.budget import BudgetOptions
from pipelines.ladder import LadderOptions
from pipelines.moving import STILL
from pipelines.relief import Relief
from pipelines.remarks import Priority, Remark
from pipelines.types import (
    Attention,
    CameraEvent,
    Caption,
    Event,
    Looked,
    Perception,
    Reply,
    Seen,
    TurnTrace,
    Unsaid,
    as_json,
)
from pipelines.watching import WatchOptions
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeGlimpse, frame
from tests.lookers import ScriptedLooker
from tests.playing import Played, playing
from tests.stage import Stage


def since(stage: Stage, kind: type[Event]) -> list[Event]:
    """What was told from the moment on when the cameras were switched off."""
    (off,) = [number for number, event in enumerate(stage.events) if event == covered(stage)]
    return [event for event in stage.events[off + 1 :] if isinstance(event, kind)]


def covered(stage: Stage) -> Attention:
    (event,) = [one for one in stage.told(Attention) if not one.camera]
    return event


async def test_what_is_being_put_into_words_is_neither_told_nor_remembered_nor_kept() -> None:
    looker = ScriptedLooker(captioning=8.0)
    stage = Stage(cameras=[FakeCamera([10] * 200)], captioner=looker)
    async with playing(stage) as played:
        assert looker.begun == [10]
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(20)
        assert looker.closed == 1, "nor is the model left at it"
        assert stage.told(Caption) == []
        assert not stage.kept
        assert stage.conversation.memory.record() == ()
        played.controls.switches.mute(camera=True)
        await asyncio.sleep(10)
    (caption,) = stage.told(Caption)
    assert caption.captured_at == covered(stage).at + 20, "the same is shown, and looked at anew"


async def test_what_waits_for_the_budget_is_shown_to_no_model() -> None:
    looker = ScriptedLooker()
    camera = FakeCamera([*[10] * 20, *[20] * 20, *[30] * 20], every=0.1)
    stage = Stage(cameras=[camera], captioner=looker, sections={"budget": BudgetOptions(calls_per_minute=1)})
    async with playing(stage, after=3.0) as played:
        assert looker.begun == [10]
        played.controls.switches.mute(camera=False)
        played.controls.switches.mute(camera=True)
        await asyncio.sleep(120)
    assert looker.begun == [10, 30]
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10", "shade 30"]
    assert [caption.text for _, caption in stage.kept] == ["shade 10", "shade 30"]


async def test_what_waits_for_another_cameras_turn_is_shown_to_no_model() -> None:
    looker = ScriptedLooker(captioning=4.0)
    cameras = [FakeCamera([10] * 10, "desk"), FakeCamera([20] * 10, "door")]
    stage = Stage(cameras=cameras, captioner=looker)
    async with playing(stage) as played:
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(30)
    assert looker.begun == [10]
    assert stage.told(Caption) == []


async def test_a_caption_that_nobody_took_yet_is_not_remembered() -> None:
    stage = Stage(cameras=[FakeCamera([])])
    async with playing(stage) as played:
        await played.session.perceptions.put(Caption("A man.", "desk", 1.0, 0.1, 1))
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(1)
    assert stage.told(Caption) == []
    assert stage.conversation.memory.record() == ()


async def test_nothing_comes_of_a_look_that_is_under_way() -> None:
    looker = ScriptedLooker(seconds=4.0)
    stage = Stage(cameras=[FakeCamera([10] * 200)], captioner=looker)
    async with playing(stage) as played:
        await played.hears("What is this?")
        await asyncio.sleep(0.5)
        assert len(looker.looked) == 1
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(20)
        assert since(stage, Looked) == []
        played.controls.switches.mute(camera=True)


async def test_a_captioner_that_was_relieved_is_not_tried_with_a_picture_from_before() -> None:
    seen: list[Frame] = []

    async def model(picture: Frame) -> tuple[Seen, float]:
        seen.append(picture)
        await asyncio.sleep(11)
        return Seen("a cat"), 11.0

    relief = Relief(LadderOptions(slow=10, quick=8, down=1, retry=60), lambda event: None, light=FakeGlimpse)
    for _ in range(3):
        await relief.caption(frame(1), model, Worker("captioner"))
    assert relief.stands_in
    running = asyncio.create_task(relief.run(Lossless[Perception](1, "perceptions")))
    relief.forget()
    await asyncio.sleep(300)
    assert len(seen) == 3
    await relief.caption(frame(2), model, Worker("captioner"))
    await asyncio.sleep(61)
    relief.forget()  # in the midst of a trial
    await asyncio.sleep(1000)
    assert len(seen) == 4
    running.cancel()


async def test_who_hears_that_something_is_over_knows_that_the_cameras_are_off() -> None:
    stage = Stage(cameras=[FakeCamera([100] * 20 + [200] * 40)], watching=WatchOptions(), takes={"captioner": 5.0})
    async with playing(stage, after=3.0) as played:
        played.controls.switches.mute(camera=False)
        (ended,) = since(stage, CameraEvent)
        assert isinstance(ended, CameraEvent)
        assert ended.change == "end"
        await asyncio.sleep(1)
        played.controls.switches.mute(camera=True)


async def test_a_camera_that_is_lost_is_not_back_because_it_is_switched_off() -> None:
    camera = FakeCamera([100] * 20 + [None] * 10 + [100] * 100, live=True)
    stage = Stage(cameras=[camera], watching=WatchOptions())
    running = asyncio.create_task(stage.run())
    await asyncio.sleep(3)
    stage.switches.mute(camera=False)
    await asyncio.sleep(3)
    assert [(event.change, event.kind) for event in stage.told(CameraEvent)] == [("new", "camera_lost")]
    stage.switches.mute(camera=True)
    await running
    assert [event.change for event in stage.told(CameraEvent)] == ["new", "end"]


async def test_work_that_had_just_ended_when_it_was_broken_off_gives_nothing() -> None:
    work, ended = Breakable(), asyncio.Event()

    async def picture() -> str:
        await ended.wait()
        asyncio.get_running_loop().call_soon(work.break_off)
        return "a face"

    running = asyncio.create_task(work.run(picture()))
    await asyncio.sleep(0.1)
    ended.set()
    assert await running is None


LONG = "A person on your left, and one more behind the chair beside the door."


def offers(played: Played, text: str, priority: Priority = Priority.CAPTION, **more: Any) -> None:
    told = Remark(text, priority, asyncio.get_running_loop().time(), **({"camera": "desk"} | more))
    played.controls.conversation.agenda.offer(told)


@pytest.mark.parametrize("on_again", [False, True])
async def test_of_what_was_seen_nothing_that_waits_is_said_not_even_a_hazard_nor_what_was_asked_for(
    on_again: bool,
) -> None:
    stage = Stage(cameras=[FakeCamera([10] * 100, "desk")])
    async with playing(stage) as played:
        offers(played, "Dinner is ready, come to the table now.", Priority.HAZARD, camera="")
        await asyncio.sleep(0.1)
        offers(played, "Car approaching, ahead!", Priority.HAZARD)
        offers(played, "It says: EXIT.", Priority.ANSWER, asked=True)
        offers(played, "A person is there.", Priority.ANSWER, asked=True, lasting=True)
        offers(played, "There are two people.", Priority.ANSWER, asked=True, camera="", source="camera")
        offers(played, "A cup.", Priority.CHANGE)
        offers(played, "It is five o'clock.", Priority.ANSWER, asked=True, camera="")
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(0 if on_again else 20)
        played.controls.switches.mute(camera=True)
        await asyncio.sleep(20)
    assert stage.said() == ["Dinner is ready, come to the table now.", "It is five o'clock."]
    unsaid = stage.told(Unsaid)
    assert len(unsaid) == 5
    assert {(one.text, one.why) for one in unsaid} == {("", "cameras off")}


@pytest.mark.parametrize("priority", [Priority.CAPTION, Priority.ANSWER, Priority.HAZARD])
async def test_what_is_being_said_of_what_was_seen_ends_at_once_and_no_word_of_it_is_told(priority: Priority) -> None:
    stage = Stage(cameras=[FakeCamera([10] * 100, "desk")])
    async with playing(stage) as played:
        offers(played, LONG, priority)
        await asyncio.sleep(0.7)
        assert played.controls.conversation.busy or priority is Priority.HAZARD
        at, told = asyncio.get_running_loop().time(), len(stage.events)
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(10)
        (trace,) = stage.told(TurnTrace)
        assert trace.cut
        assert trace.ended_at == pytest.approx(at, abs=0.05)
        assert 0 < trace.words < 8
        assert stage.told(Reply) == []
        assert "person" not in str([as_json(event) for event in stage.events[told:]])
        again = played.controls.conversation.spoken.at(at)
        assert again is not None
        assert LONG.startswith(again.text), "what was heard stays with who heard it, and no more of it"
        assert len(again.text) < len(LONG)
        played.controls.switches.mute(camera=True)


async def test_what_was_cut_before_is_not_heard_whole_in_private() -> None:
    stage = Stage(cameras=[FakeCamera([10] * 100, "desk")])
    async with playing(stage) as played:
        offers(played, LONG)
        await asyncio.sleep(1.5)
        offers(played, "Dinner.", Priority.ANSWER, camera="")
        await asyncio.sleep(5)
        (cut, _) = stage.told(Reply)
        assert cut.cut
        log = played.controls.conversation.spoken
        before = log.before()
        assert before is not None
        assert before.text == LONG, "whoever wants it again hears it whole"
        played.controls.switches.mute(camera=False)
        before = log.before()
        assert before is not None
        assert before.text == cut.text
        played.controls.switches.mute(camera=True)


async def test_what_was_not_said_before_its_first_word_is_told_without_words() -> None:
    stage = Stage(cameras=[FakeCamera([10] * 100, "desk")], takes={"voice": 1.0})
    async with playing(stage) as played:
        offers(played, LONG)
        await asyncio.sleep(0.5)
        played.controls.switches.mute(camera=False)
        await asyncio.sleep(5)
        played.controls.switches.mute(camera=True)
    (unsaid,) = stage.told(Unsaid)
    assert (unsaid.text, unsaid.why) == ("", "cameras off")
    assert stage.told(TurnTrace) == []


async def test_of_a_camera_that_is_switched_off_nothing_is_said_whoever_still_tells_of_it() -> None:
    stage = Stage(cameras=[FakeCamera([10] * 100, "desk")])
    async with playing(stage) as played:
        played.controls.switches.mute(camera=False)
        for priority in (Priority.CAPTION, Priority.ANSWER, Priority.HAZARD):
            offers(played, LONG, priority, asked=True)
        await asyncio.sleep(5)
        played.controls.switches.mute(camera=True)
    assert stage.said() == []
    assert {(one.text, one.why) for one in stage.told(Unsaid)} == {("", "cameras off")}


async def test_the_first_picture_after_it_is_compared_with_none_before_it() -> None:
    eye = Stage(cameras=[FakeCamera([10], "desk")]).session().eyes[0]
    assert eye.gate.wants(frame(10, 1.0))
    eye.cover()
    assert eye.gate.wants(frame(20, 30.0))
    assert eye.gate.motion == STILL
