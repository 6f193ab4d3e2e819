"""What is left out when the captioner is too slow or hangs, what is said of it, and how all is taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from devices.lines import Lossless
from devices.media import Frame
from pipelines.backends import BackendError, Look
from pipelines.gate import GateOptions, KeyframeGate
from pipelines.ladder import FEWER, FULL, LIGHT, SMALLER, Ladder, LadderOptions
from pipelines.live import live
from pipelines.relief import DOWN, UP, Relief, motion_and_text, smaller
from pipelines.types import Caption, Event, Health, Notice, Perception, Recovered, Seen, Trouble
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeGlimpse, frame
from tests.stage import Stage
from tests.virtual import VirtualLoop

OPTIONS = LadderOptions(slow=10, quick=8, down=3, up=4, retry=60)


def steps(ladder: Ladder, *took: float) -> list[int]:
    """The step after each caption."""
    found = []
    for seconds in took:
        ladder.captioned(seconds)
        found.append(ladder.step)
    return found


def until_full(ladder: Ladder) -> int:
    """How many quick captions it takes."""
    return next(number for number in range(1, 1000) if steps(ladder, 7) == [FULL])


def test_one_slow_caption_changes_nothing_and_several_in_a_row_one_step() -> None:
    ladder = Ladder(OPTIONS)
    assert steps(ladder, 11, 11, 3, 11, 11, 9, 11, 11) == [FULL] * 8
    assert steps(ladder, 11, 11, 11, 11) == [FEWER, FEWER, FEWER, SMALLER]
    assert steps(ladder, 11, 11, 11, 11, 11, 11) == [SMALLER, SMALLER, LIGHT, LIGHT, LIGHT, LIGHT]


def test_steps_are_undone_one_by_one_and_never_by_captions_that_are_barely_quick() -> None:
    ladder = Ladder(OPTIONS)
    steps(ladder, *[11] * 6)
    assert steps(ladder, *[9] * 20) == [SMALLER] * 20
    assert steps(ladder, *[7] * 8) == [SMALLER] * 3 + [FEWER] * 4 + [FULL]


def test_what_was_undone_too_soon_is_undone_later_the_next_time() -> None:
    ladder, waits = Ladder(OPTIONS), []
    for _ in range(7):
        steps(ladder, 11, 11, 11)
        waits.append(until_full(ladder))
    assert waits[:3] == [4, 8, 16]
    assert max(waits) <= 64


def test_a_long_good_time_makes_up_for_it() -> None:
    ladder = Ladder(OPTIONS)
    steps(ladder, 11, 11, 11, *[7] * 4, 11, 11, 11, *[7] * 8)
    steps(ladder, *[7] * 8)
    steps(ladder, 11, 11, 11)
    assert steps(ladder, *[7] * 4)[-1] == FULL


def test_a_hanging_model_falls_to_the_last_step_at_once_and_climbs_from_there() -> None:
    ladder = Ladder(OPTIONS)
    assert ladder.hung()
    assert not ladder.hung()
    assert ladder.step == LIGHT
    assert not ladder.tried(11)
    assert ladder.tried(9)
    assert ladder.step == SMALLER


def test_quick_cannot_be_slower_than_slow() -> None:
    with pytest.raises(ValidationError, match="quick = 20 is more than slow = 10"):
        LadderOptions(slow=10, quick=20)


@dataclass
class Vlm:
    """Takes as long as it is told for each caption, in pieces; keeps the sizes of the pictures it was given."""

    takes: Callable[[int], float]
    """From the number of the caption to its seconds."""
    sizes: list[int] = field(default_factory=list)

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.sizes.append(frame.pixels.shape[1])
        seconds, shade = self.takes(len(self.sizes)), int(frame.pixels[0, 0, 0])
        loop.spend(seconds / 2)
        yield ""
        loop.spend(seconds / 2)
        yield f"shade {shade}"

    def look(self, request: Look) -> Iterator[str]:
        return self.describe(request.frame)


def moving(seconds: int) -> FakeCamera:
    """Something else every second."""
    return FakeCamera([number % 250 for number in range(seconds)], every=1.0)


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.part == "captioner"]


async def test_each_step_is_said_once_and_undone_when_it_has_passed() -> None:
    stage = Stage(cameras=[moving(900)], captioner=Vlm(lambda number: 12.0 if number <= 9 else 2.0), ladder=OPTIONS)
    await stage.run()
    down, up = DOWN["en"], UP["en"]
    told = [down[FEWER], down[SMALLER], down[LIGHT], up[SMALLER], up[FEWER], up[FULL]]
    assert notices(stage.events) == told
    assert stage.told(Trouble) == []
    texts = [caption.text for caption in stage.told(Caption)]
    assert "something moved" in texts
    assert texts[-1].startswith("shade")
    assert stage.told(Health)[-1].counters["ladder step"] == FULL
    assert stage.told(Health)[-1].counters["ladder steps taken"] == 3


async def test_a_captioner_that_hangs_is_said_once_its_late_caption_is_dropped_and_others_step_in() -> None:
    stage = Stage(cameras=[moving(1500)], captioner=Vlm(lambda number: 1000.0 if number == 3 else 1.0))
    stage.ladder, stage.hung = OPTIONS, 60
    await stage.run()
    assert [(one.part, one.why) for one in stage.told(Trouble)] == [
        ("captioner of desk", "it has not answered for 60 s")
    ]
    assert [one.part for one in stage.told(Recovered)] == ["captioner of desk"]
    down, up = DOWN["en"], UP["en"]
    assert notices(stage.events) == [down[LIGHT], up[SMALLER], up[FEWER], up[FULL]]
    hangs, well = stage.told(Trouble)[0].at, stage.told(Recovered)[0].at
    assert well - hangs > 800
    meanwhile = {one.text for one in stage.told(Caption) if hangs < one.captured_at < well - 10}
    assert meanwhile == {"something moved"}


async def test_a_slow_answer_makes_no_caption_slow() -> None:
    """While a question is answered captions rest; the model cannot help that."""
    stage = Stage(cameras=[moving(200)], captioner=Vlm(lambda number: 2.0), ladder=OPTIONS)
    session = stage.session()
    assert session.sight is not None

    async def answer() -> None:
        assert session.sight is not None
        for _ in range(9):
            with session.sight.precedence.first():
                await asyncio.sleep(20)
            await asyncio.sleep(0.1)

    await asyncio.gather(live(session, stage.events.append), answer())
    assert notices(stage.events) == []


@dataclass
class Quick:
    """A captioner that makes no pieces: three seconds for each caption."""

    def caption(self, frame: Frame) -> Seen:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.spend(3.0)
        return Seen("a desk")


async def test_a_captioner_of_many_cameras_is_no_slower_for_it() -> None:
    shades = [number % 250 for number in range(200)]
    cameras = [FakeCamera(shades, name=f"camera {number}", every=1.0) for number in range(6)]
    stage = Stage(cameras=cameras, captioner=Quick(), ladder=OPTIONS)
    await stage.run()
    assert max(caption.took for caption in stage.told(Caption)) > OPTIONS.slow, "each waits for those of the others"
    assert notices(stage.events) == []


async def test_a_captioner_that_fails_is_tried_less_and_less_often() -> None:
    tries: list[float] = []

    async def model(frame: Frame) -> tuple[Seen, float]:
        tries.append(asyncio.get_running_loop().time())
        if len(tries) > 1:
            raise BackendError("out of memory")
        return Seen("a cat"), 11.0

    relief = Relief(OPTIONS.model_copy(update={"down": 1}), lambda event: None, light=FakeGlimpse)
    relief.ladder.captioned(11)
    relief.ladder.captioned(11)
    await relief.caption(frame(), model, Worker("captioner"))
    running = asyncio.create_task(relief.run(Lossless[Perception](1, "perceptions")))
    await asyncio.sleep(1000)
    running.cancel()
    assert [later - before for before, later in pairwise(tries)] == [60, 120, 240, 480]


async def test_pictures_are_made_smaller_on_the_second_step() -> None:
    told: list[Event] = []
    relief, sizes = Relief(OPTIONS.model_copy(update={"side": 64, "down": 1}), told.append, "zh"), []

    async def model(frame: Frame) -> tuple[Seen, float]:
        sizes.append(frame.pixels.shape[:2])
        return Seen("a cat"), 11.0

    large = Frame(np.zeros((90, 160, 3), np.uint8), 0.0, "desk")
    for _ in range(3):
        await relief.caption(large, model, Worker("captioner"))
    assert sizes == [(90, 160), (90, 160), (36, 64)]
    assert notices(told) == [DOWN["zh"][FEWER], DOWN["zh"][SMALLER], DOWN["zh"][LIGHT]]
    assert relief.stands_in


def test_a_picture_that_is_small_already_stays_as_it_is() -> None:
    small = frame(3)
    assert smaller(small, 64) is small


def test_keyframes_become_fewer_on_the_first_step() -> None:
    random, pause = np.random.default_rng(0), 0.0
    gate = KeyframeGate(GateOptions(settle=0), lambda: pause)
    pictures = [random.integers(0, 255, (72, 128, 3), np.uint8) for _ in range(40)]

    def taken(start: float) -> int:
        return sum(gate.wants(Frame(picture, start + number, "desk")) for number, picture in enumerate(pictures))

    often = taken(0.0)
    pause = 10.0
    assert often > 20
    assert taken(100.0) <= 5


async def test_relief_is_for_its_steps_only() -> None:
    relief = Relief(OPTIONS, lambda event: None)
    assert relief.least() == 0
    for _ in range(3):
        relief.ladder.captioned(11)
    assert relief.least() == OPTIONS.every
    relief.ladder.hung()
    assert relief.least() == 0


def test_the_captioner_that_steps_in_tells_motion_without_weights() -> None:
    pytest.importorskip("cv2")
    captioner = motion_and_text()
    before = np.full((180, 320, 3), 120, np.uint8)
    after = before.copy()
    after[60:120, 10:70] = (250, 20, 20)
    captioner.caption(Frame(before, 0.0, "desk"))
    assert "something moved on the left" in captioner.caption(Frame(after, 1.0, "desk")).text
