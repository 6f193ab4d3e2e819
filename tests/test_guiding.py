"""Somebody who aims the camera in a session: hears where to move it, hears it beep, and then what is written there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pipelines.narration.options import NarrationOptions
from pipelines.narration.textwords import WORDS
from pipelines.spots import TEXT, Box, Spot
from pipelines.types import Reply
from tests.fakes import FakeCamera, FakeReader
from tests.playing import playing
from tests.stage import Stage
from tests.virtual import run

ASIDE, RIGHT, NOTHING = 100, 130, 160
SIGN: dict[int, Sequence[Spot]] = {
    ASIDE: [Spot(TEXT, Box(0.05, 0.4, 0.25, 0.5), 0.95, "EXIT")],
    RIGHT: [Spot(TEXT, Box(0.4, 0.4, 0.6, 0.5), 0.95, "EXIT")],
    NOTHING: [],
}


def shown(*scenes: tuple[int, float], **parts: Any) -> Stage:
    """A camera that shows each of these for so many seconds, and a model that reads in a tenth of one."""
    shades = [shade for shade, seconds in scenes for _ in range(round(seconds * 10))]
    sections: dict[str, Any] = {"narration": NarrationOptions(introduction=False)}
    return Stage(cameras=[FakeCamera(shades)], sections=sections, takes={"reader": 0.1}, **parts)


async def guided(
    stage: Stage, wish: str = "help me aim the camera", *, seconds: float = 10.0, again: float = 0
) -> float:
    """Somebody wants it two seconds after the beginning; when that was."""
    async with playing(stage, 2.0) as played:
        asked_at = asyncio.get_running_loop().time()
        await played.hears(wish)
        if again:
            await asyncio.sleep(again)
            await played.hears("stop aiming")
        await asyncio.sleep(seconds)
    return asked_at


def said_since(stage: Stage, at: float) -> list[str]:
    """Of what was said unasked, and of guidance, what is no caption."""
    return [reply.text for reply in stage.told(Reply) if reply.ended_at > at and "hade" not in reply.text]


def test_who_aims_is_told_where_to_move_and_then_what_is_written_there() -> None:
    reader = FakeReader(SIGN)
    stage = shown((NOTHING, 4.0), (ASIDE, 6.0), (RIGHT, 6.0), reader=reader)
    began = run(guided(stage, seconds=16.0))
    assert said_since(stage, began) == [
        "Nothing yet. Move slowly.",
        "Move the camera left.",
        "Hold still.",
        "It says: EXIT.",
    ]


def test_what_the_guide_has_read_is_not_told_once_more() -> None:
    stage = shown((ASIDE, 4.0), (RIGHT, 20.0), reader=FakeReader(SIGN))
    began = run(guided(stage, seconds=20.0))
    assert sum("EXIT" in said for said in said_since(stage, began)) == 1


def test_while_it_guides_it_looks_more_often_and_not_longer_than_that() -> None:
    reader = FakeReader(SIGN)
    run(guided(shown((ASIDE, 60.0), reader=reader), seconds=50.0))
    start = reader.looked[0][1]
    seconds = [round(at - start) for _, at in reader.looked]
    assert sum(5 <= second < 25 for second in seconds) >= 60
    assert sum(38 <= second < 50 for second in seconds) <= 14


def test_whoever_wants_no_more_of_it_says_so() -> None:
    stage = shown((ASIDE, 30.0), reader=FakeReader(SIGN))
    began = run(guided(stage, again=4.0))
    assert said_since(stage, began) == ["Move the camera left.", "I no longer guide you."]


def test_without_a_reader_it_says_what_is_lacking() -> None:
    stage = shown((ASIDE, 10.0))
    began = run(guided(stage))
    assert said_since(stage, began) == [WORDS["en"].no_reader]


def test_nothing_is_told_of_a_camera_that_is_switched_off_meanwhile() -> None:
    stage = shown((ASIDE, 30.0), reader=FakeReader(SIGN))

    async def story() -> float:
        async with playing(stage, 2.0) as played:
            await played.hears("help me aim the camera")
            await asyncio.sleep(4.0)
            played.controls.switches.mute(camera=False)
            off = asyncio.get_running_loop().time()
            await asyncio.sleep(5.0)
            played.controls.switches.mute(camera=True)
            await asyncio.sleep(5.0)
        return off

    off = run(story())
    assert not [said for said in said_since(stage, off) if said.startswith(("Move", "Hold", "I stop"))]


def test_a_warning_is_told_also_while_somebody_is_guided_elsewhere() -> None:
    signs = SIGN | {ASIDE: [*SIGN[ASIDE], Spot(TEXT, Box(0.4, 0.6, 0.9, 0.7), 0.95, "DANGER")]}
    stage = shown((NOTHING, 4.0), (ASIDE, 10.0), reader=FakeReader(signs))
    run(guided(stage))
    assert [reply.text for reply in stage.told(Reply) if reply.priority == "hazard"] == ["It says: DANGER."]
