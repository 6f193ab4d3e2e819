"""The fast tier looks when something is worth it, takes turns, keeps to its share, and never looks in private."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from devices.media import Frame
from pipelines.clock import VirtualLoop
from pipelines.moving import STILL, Motion
from pipelines.narration.options import NarrationOptions
from pipelines.spots import PERSON, TEXT, Box, Sought, Spot, Spots
from pipelines.spotting import Spotting, SpottingOptions
from pipelines.trouble import Patience
from pipelines.types import Caption, Event, Health, Recovered, Trouble
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeReader, FakeSpotter, frame
from tests.playing import playing
from tests.stage import Stage
from tests.virtual import run

SOMEBODY = Spot(PERSON, Box(0.1, 0.1, 0.3, 0.9), 0.9)
MOVES = Motion(0.2, "left", 0.0)


@dataclass
class Looking:
    """One camera that is looked at by a model that takes its time, and what came of it."""

    sought: Sought = "objects"
    takes: float = 0.0
    options: SpottingOptions = field(default_factory=SpottingOptions)
    find: Callable[[Frame], Any] | None = None
    shows: Callable[[float], bool] = lambda at: True
    looked: list[float] = field(default_factory=list)
    """Seconds since the beginning at which the pictures were taken."""
    told: list[Spots] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def found(self, picture: Frame) -> Any:
        self.looked.append(round(picture.captured_at - self.began, 2))
        return self.find(picture) if self.find else [SOMEBODY]

    async def watches(self, motion: Callable[[float], Motion], seconds: float, keyframes: Sequence[float] = ()) -> None:
        """A camera of 20 pictures a second."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.began, worker = loop.time(), Worker("spotter")
        loop.takes[worker._thread] = self.takes
        patience = Patience("spotter", self.events.append)
        self.spotting = Spotting(self.sought, self.found, worker, patience, self.told.append, self.options)
        running = asyncio.create_task(self.spotting.run(self.shows))
        for number in range(round(seconds * 20)):
            at = number / 20
            self.spotting.saw(frame(number % 200, self.began + at), motion(at), at in keyframes)
            await asyncio.sleep(0.05)
        self.spotting.close()
        await running
        self.lasted = loop.time() - self.began


def still(at: float) -> Motion:
    return STILL


def moving(at: float) -> Motion:
    return MOVES


# When it looks


def test_while_all_is_still_it_looks_now_and_then() -> None:
    looking = Looking()
    run(looking.watches(still, 4.0))
    assert looking.looked == [0.0, 1.0, 2.0, 3.0]


def test_objects_that_move_are_looked_for_often_and_text_that_moves_seldom() -> None:
    objects, text = Looking(), Looking("text")
    for looking in (objects, text):
        run(looking.watches(moving, 3.0))
    assert len(objects.looked) == 15
    assert text.looked == [0.0, 1.5]


def test_it_looks_as_soon_as_all_comes_to_rest() -> None:
    looking = Looking("text")
    run(looking.watches(lambda at: MOVES if at < 0.6 else STILL, 1.5))
    assert looking.looked == [0.0, 0.6]


def test_what_is_gone_is_known_soon_as_it_looks_often_for_a_moment_after_something_moved() -> None:
    looking = Looking()
    run(looking.watches(lambda at: MOVES if 1.0 <= at < 1.2 else STILL, 4.0))
    assert looking.looked == [0.0, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 3.0]


def test_it_looks_at_every_keyframe() -> None:
    looking = Looking("text")
    run(looking.watches(still, 1.0, keyframes=(0.0, 0.35)))
    assert looking.looked == [0.0, 0.35]


def test_who_aims_the_camera_is_not_kept_waiting() -> None:
    looking = Looking("text", takes=0.1)

    def motion(at: float) -> Motion:
        if at == 1.0:
            looking.spotting.hurry(looking.began + 2.0)
        return MOVES

    run(looking.watches(motion, 4.0))
    assert [at for at in looking.looked if at < 1.0] == [0.0]
    assert len([at for at in looking.looked if 1.0 <= at < 2.0]) == 5  # every 0.2 s: a model of 0.1 s is half busy


def test_a_slow_model_is_not_busy_more_than_its_share() -> None:
    looking = Looking(takes=0.5)
    run(looking.watches(moving, 6.0))
    assert all(later - earlier >= 1.0 - 1e-6 for earlier, later in pairwise(looking.looked[1:]))
    assert len(looking.looked) >= 6


def test_the_newest_frame_wins_and_what_it_took_is_told() -> None:
    looking = Looking(takes=0.3, options=SpottingOptions(moving=0.05, share=1.0))
    run(looking.watches(moving, 1.0))
    assert looking.looked[:3] == [0.0, 0.3, 0.6]
    assert [spots.took for spots in looking.told[:2]] == [pytest.approx(0.3), pytest.approx(0.3)]
    assert looking.spotting.frames.dropped > 0
    assert looking.spotting.counters("desk") == {
        "desk objects looks": len(looking.looked),
        "desk objects looks dropped": looking.spotting.frames.dropped,
    }


def test_the_last_picture_of_a_file_is_looked_at_as_well() -> None:
    looking = Looking(takes=0.4)
    run(looking.watches(still, 0.5, keyframes=(0.45,)))
    assert looking.looked == [0.0, 0.45]
    assert looking.lasted > 0.8


# What may not be seen


def test_what_may_not_be_looked_at_is_not_and_is_not_told() -> None:
    looking = Looking(takes=0.2, options=SpottingOptions(moving=0.05, share=1.0))
    looking.shows = lambda at: not 0.3 <= asyncio.get_running_loop().time() - looking.began < 0.7

    run(looking.watches(moving, 1.5))
    assert not [at for at in looking.looked if 0.3 <= at < 0.65]
    assert not [spots for spots in looking.told if 0.3 <= spots.captured_at + spots.took - looking.began < 0.7]
    assert looking.told[-1].captured_at - looking.began > 0.7


def test_what_waits_is_forgotten_when_cameras_are_switched_off() -> None:
    async def story() -> None:
        spotting = Spotting("text", lambda picture: [], Worker("reader"), Patience("reader", print), print)
        spotting.saw(frame(1, 0.0), MOVES, True)
        spotting.cover()
        assert len(spotting.frames) == 0
        spotting.saw(frame(2, 0.1), STILL, False)  # nothing is known any more: this is the first one
        assert [picture.captured_at async for picture in _left(spotting)] == [0.1]

    run(story())


async def _left(spotting: Spotting) -> AsyncIterator[Frame]:
    spotting.close()
    async for picture in spotting.frames:
        yield picture


# What goes wrong


def fails(until: int) -> Callable[[Frame], list[Spot]]:
    def find(picture: Frame) -> list[Spot]:
        if int(picture.pixels[0, 0, 0]) < until:
            raise RuntimeError("no such layer")
        return [SOMEBODY]

    return find


def test_a_failure_is_told_once_then_it_is_tried_again_and_told_to_be_well() -> None:
    looking = Looking(find=fails(60))
    run(looking.watches(moving, 9.0))
    assert [type(event) for event in looking.events] == [Trouble, Recovered]
    assert looking.events[0].why == "RuntimeError: no such layer"  # type: ignore[union-attr]
    assert looking.looked[:3] == [0.0, pytest.approx(1.0, abs=0.1), pytest.approx(3.0, abs=0.2)]
    assert looking.told
    assert looking.spotting.counters("desk")["desk objects looks failed"] == 2


@pytest.mark.parametrize("given", [None, 3, ["a cat"], [("person", 1)]])
def test_a_backend_that_gives_no_spots_is_a_trouble_and_no_crash(given: object) -> None:
    looking = Looking(find=lambda picture: given)
    run(looking.watches(moving, 0.5))
    (trouble,) = looking.events
    assert isinstance(trouble, Trouble)
    assert "is wanted" in trouble.why
    assert not looking.told


def test_it_ends_with_the_camera_also_while_it_rests() -> None:
    looking = Looking(find=fails(256), options=SpottingOptions(still=0.5))
    run(looking.watches(still, 8.0))  # it rests 1, 2, 4 and then 8 seconds
    assert looking.lasted == pytest.approx(8.0, abs=0.1)


# In a session


def staged(**parts: Any) -> Stage:
    return Stage(sections={"narration": NarrationOptions()}, **parts)


def test_cameras_that_share_a_model_get_their_turns_alike() -> None:
    shades = [n % 2 for n in range(60)]
    spotter = FakeSpotter()
    stage = staged(cameras=[FakeCamera(shades, name) for name in ("a", "b", "c")], spotter=spotter)
    stage.takes = {"spotter": 0.2}
    run(stage.run())
    looks = {name: sum(camera == name for camera, _ in spotter.looked) for name in "abc"}
    assert max(looks.values()) - min(looks.values()) <= 1
    assert min(looks.values()) >= 5


def test_a_reader_that_takes_its_time_keeps_no_caption_waiting() -> None:
    def captions(reader: FakeReader | None) -> list[tuple[str, float]]:
        stage = staged(cameras=[FakeCamera([n // 10 for n in range(60)])], reader=reader)
        stage.takes = {"reader": 2.0}
        run(stage.run())
        return [(caption.text, round(caption.took, 3)) for caption in stage.told(Caption)]

    assert captions(FakeReader()) == captions(None)


def test_both_models_look_and_their_looks_are_counted() -> None:
    spotter, reader = FakeSpotter({1: [SOMEBODY]}), FakeReader({1: [Spot(TEXT, SOMEBODY.box, 0.9, "EXIT")]})
    stage = staged(cameras=[FakeCamera([1] * 30)], spotter=spotter, reader=reader)
    run(stage.run())
    counters = stage.told(Health)[-1].counters
    assert counters["desk objects looks"] == len(spotter.looked) >= 3
    assert counters["desk text looks"] == len(reader.looked) >= 3


def test_a_model_that_fails_takes_no_other_part_along() -> None:
    stage = staged(cameras=[FakeCamera([1, 1, 2, 2, 3, 3])], spotter=FakeSpotter(fails_at=(1, 2, 3)))
    run(stage.run())
    assert [event.part for event in stage.told(Trouble)] == ["spotter"]
    assert [caption.text for caption in stage.told(Caption)][-1] == "shade 3"


def test_nothing_is_looked_at_while_cameras_are_off() -> None:
    spotter = FakeSpotter()

    async def story() -> tuple[float, float]:
        stage = staged(cameras=[FakeCamera([n % 7 for n in range(100)])], spotter=spotter)
        async with playing(stage, 2.0) as played:
            played.controls.switches.mute(camera=False)
            off = asyncio.get_running_loop().time()
            await asyncio.sleep(3.0)
            played.controls.switches.mute(camera=True)
            on = asyncio.get_running_loop().time()
            await asyncio.sleep(2.0)
        return off, on

    off, on = run(story())
    taken = [at for _, at in spotter.looked]
    assert not [at for at in taken if off < at < on]
    assert [at for at in taken if at < off]
    assert [at for at in taken if at > on]
