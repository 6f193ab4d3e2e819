"""Camera events as stories: what opens one, how captions upgrade it in place, and when it is over."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, pairwise, repeat
from pathlib import Path

import numpy as np
import pytest

from assistant.recordings.reading import read
from assistant.replay import differences, replayed
from devices.lines import Latest
from devices.media import DeviceError, Frame, Pixels
from pipelines.eventwords import WORDS
from pipelines.gate import GateOptions, KeyframeGate
from pipelines.moving import STILL, Motion
from pipelines.news import CameraEvent
from pipelines.types import Caption, Event, Facts
from pipelines.watchers import MissedCamera
from pipelines.watching import Watch, WatchOptions, event_ids
from tests.fakes import FakeCamera
from tests.recorded import FakeParts, config, record
from tests.rooms import elsewhere, exposed, noisy, room, walk, with_walker
from tests.stage import Stage

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Porch:
    """A camera with its gate and its watch, and all that was told of it."""

    fps: float = 10.0
    options: WatchOptions = field(default_factory=WatchOptions)
    name: str = "porch"
    language: str = "en"
    events: list[CameraEvent] = field(default_factory=list)
    keyframes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = KeyframeGate(GateOptions(calm=3.0))
        self.watch = Watch(
            self.name, event_ids(self.name, SINCE), self.options, self._emit, "zh" if self.language == "zh" else "en"
        )
        self._random = np.random.default_rng(3)

    def _emit(self, event: Event) -> None:
        assert isinstance(event, CameraEvent)
        self.events.append(event)

    async def show(self, pictures: Iterable[Pixels], noise: bool = True) -> None:
        for picture in pictures:
            shot = noisy(picture, self._random) if noise else picture
            frame = Frame(shot, now(), self.name)
            wanted = self.gate.wants(frame)
            self.watch.saw(frame, self.gate.motion, wanted)
            self.keyframes += [frame.captured_at] * wanted
            await asyncio.sleep(1 / self.fps)

    async def still(self, picture: Pixels, seconds: float) -> None:
        await self.show(repeat(picture, round(seconds * self.fps)))

    def caption(self, text: str, facts: Facts | None = None, keyframe: int = -1, title: str = "") -> None:
        """The words to a keyframe, the newest if none is named."""
        at, number = self.keyframes[keyframe], keyframe % len(self.keyframes) + 1
        self.watch.captioned(
            Caption(text, self.name, at, now() - at, number, facts, title=title, source="vlm", confidence=0.8)
        )

    def told(self) -> list[tuple[str, str]]:
        return [(event.change, event.kind) for event in self.events]


EMPTY, ONE = Facts(people=0), Facts(people=1, places=("left",))


@pytest.mark.parametrize("fps", [5.0, 10.0, 30.0])
async def test_an_event_is_told_within_300_ms_of_its_first_picture(fps: float) -> None:
    porch = Porch(fps)
    await porch.still(room(), 2)
    porch.caption("An empty room.", EMPTY)
    began, times = now(), list[float]()
    for picture in walk(room(), 2, fps):
        await porch.show([picture])
        times += [now() - 1 / fps] * (len(porch.events) - len(times))
    (event,) = porch.events
    assert (event.seq, event.change, event.kind, event.source) == (0, "new", "motion", "motion")
    assert (event.title, event.caption) == ("Motion on the left", "Something moves on the left.")
    assert event.began_at - began <= 0.2 + 1e-6, "the figure's edge has come into the picture"
    assert times[0] - event.began_at <= 0.3
    assert times[0] - event.began_at == pytest.approx(1 / fps), "one picture confirms it"


async def test_a_walk_through_is_one_event_upgraded_in_place_and_ended() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("No person found.", EMPTY)
    for picture in walk(room(), 6, porch.fps):
        before = len(porch.keyframes)
        await porch.show([picture])
        if len(porch.keyframes) > before:
            porch.caption("At least 1 person.", ONE)
    gone_at = now()
    await porch.still(room(), 1)
    porch.caption("No person found.", EMPTY)
    await porch.still(room(), 4)
    assert porch.told() == [
        ("new", "motion"), ("update", "person_appeared"), ("update", "person_appeared"), ("end", "person_appeared"),
    ]  # fmt: skip
    assert {event.id for event in porch.events} == {"porch-20260102T030405678Z-1"}
    assert [event.seq for event in porch.events] == [0, 1, 2, 3]
    came, left, ended = porch.events[1:]
    assert (came.title, came.people, came.source, came.confidence) == ("Someone came", 1, "vlm", 0.8)
    assert (left.people, ended.people) == (0, 0)
    assert ended.ended_at is not None
    assert gone_at - 0.6 <= ended.ended_at <= gone_at, "the last moving picture, not the moment of the end"
    assert ended.captured_at - ended.ended_at == pytest.approx(3.0, abs=0.2)


async def test_who_was_there_and_went_has_left() -> None:
    porch = Porch()
    await porch.still(with_walker(room(), 0.5), 2)
    porch.caption("A man stands on the porch.")
    await porch.show(with_walker(room(), 0.5 + n / 20) for n in range(12))
    await porch.still(room(), 1)
    porch.caption("The porch is empty.")
    assert porch.events[-1].kind == "person_left"
    assert porch.events[-1].title == "Someone left"


async def test_new_text_is_read_out_and_text_from_before_is_not_new() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("It reads: “OPEN”.", Facts(people=0, text=("OPEN",)))
    await porch.still(room(thing=True), 1)
    porch.caption("It reads: “OPEN / MILK”.", Facts(people=0, text=("OPEN", "MILK")))
    assert (porch.events[-1].kind, porch.events[-1].title) == ("text_read", "New text: “MILK”")
    await porch.still(room(thing=True), 5)
    await porch.still(room(), 1)
    porch.caption("It reads: “OPEN”.", Facts(people=0, text=("OPEN",)))
    assert porch.events[-1].kind == "scene_changed"


async def test_a_thing_that_stays_has_changed_the_scene_though_nobody_says_so() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    await porch.still(room(thing=True), 1)
    porch.watch.unchanged(Frame(room(), now(), "porch"))
    await porch.still(room(thing=True), 3)
    assert porch.told() == [("new", "motion"), ("end", "scene_changed")]
    assert porch.events[-1].caption == "Something moved in the centre; it looks different now."


async def test_the_same_in_other_words_is_no_update() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("An empty room.")
    await porch.show(walk(room(), 1, porch.fps))
    for words in ("A man walks through the room.", "A man is walking through the room.", "A man walks in the room."):
        porch.caption(words)
    assert porch.told() == [("new", "motion"), ("update", "person_appeared")]
    porch.caption("A man and a dog walk through the room.")
    assert len(porch.events) == 3


def flicker() -> Iterator[Pixels]:
    yield from (exposed(room(), 1 + 0.08 * (-1) ** n) for n in range(60))


def steps_of_exposure() -> Iterator[Pixels]:
    for gain, offset in ((1.0, 0), (0.7, 0), (1.3, 0), (1.0, 25), (0.8, 20)):
        yield from repeat(exposed(room(), gain, offset), 20)


def shake() -> Iterator[Pixels]:
    yield from (np.roll(room(), (-1) ** n, axis=1) for n in range(60))


def one_odd_picture() -> Iterator[Pixels]:
    yield from [*repeat(room(), 30), elsewhere(), *repeat(room(), 30), np.full_like(room(), 255), *repeat(room(), 30)]


def sun() -> Iterator[Pixels]:
    """A patch of it on the wall becomes brighter for a minute, and wanders a little."""
    for n in range(600):
        lit = room().astype(np.int16)
        lit[20:110, 120 + n // 60 : 200 + n // 60] += round(n / 12)
        yield np.clip(lit, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("pictures", [flicker, steps_of_exposure, shake, one_odd_picture, sun])
async def test_noise_light_shake_and_a_bad_picture_are_no_event(pictures: Callable[[], Iterator[Pixels]]) -> None:
    porch = Porch()
    await porch.still(room(), 2)
    await porch.show(pictures())
    assert porch.events == []


async def test_a_camera_that_finds_its_exposure_at_the_start_is_no_event() -> None:
    porch = Porch()
    await porch.show(exposed(room(), 0.1 + 0.15 * n) for n in range(6))
    await porch.still(room(), 5)
    assert porch.events == []


async def test_a_cut_is_an_event_and_one_amidst_motion_is_another() -> None:
    porch = Porch(fps=5, options=WatchOptions(late=0))
    await porch.still(room(), 2)
    cut_at = now()
    await porch.still(elsewhere(), 1)
    assert [event.began_at for event in porch.events] == [cut_at]
    await porch.still(room(), 5)
    assert porch.told().count(("new", "motion")) == 2
    assert porch.told()[-1][0] == "end"


async def test_what_goes_on_and_on_is_one_event_after_the_other() -> None:
    porch = Porch(options=WatchOptions(longest=10, late=0))
    await porch.still(room(), 2)
    await porch.show(with_walker(room(), 0.5 + 0.4 * np.sin(n / 8)) for n in range(250))
    await porch.still(room(), 4)
    new = [event for event in porch.events if event.change == "new"]
    ended = {event.id: event.ended_at for event in porch.events if event.change == "end"}
    assert len(new) == len(ended) == 3
    for event, following in pairwise(new):
        ended_at = ended[event.id]
        assert ended_at is not None
        assert 9.5 <= ended_at - event.began_at <= 10.5
        assert 0 < following.began_at - ended_at <= 0.5
    open_at_once = list[int]()
    for event in porch.events:
        step = {"new": 1, "update": 0, "end": -1}[event.change]
        open_at_once.append((open_at_once[-1] if open_at_once else 0) + step)
    assert open_at_once.index(0) == len(open_at_once) - 1, "something moves all the time"


async def test_the_end_waits_for_the_last_words_but_not_for_ever() -> None:
    porch = Porch(options=WatchOptions(late=8))
    await porch.still(room(), 2)
    porch.caption("An empty room.")
    await porch.show(walk(room(), 2, porch.fps))
    await porch.still(room(), 6)
    assert porch.told() == [("new", "motion"), ("update", "motion")], "its keyframe has no words yet"
    new, calm = porch.events
    assert new.ended_at is None
    assert calm.ended_at == pytest.approx(now() - 6, abs=0.3), "it is still all the same"
    porch.caption("A man went by.")
    assert porch.told()[2:] == [("update", "person_appeared"), ("end", "person_appeared")]
    assert {event.ended_at for event in porch.events[1:]} == {calm.ended_at}
    await porch.show(walk(room(), 2, porch.fps))
    await porch.still(room(), 3 + 8 + 1)
    assert porch.told()[4:] == [("new", "motion"), ("update", "motion"), ("end", "motion")]
    porch.caption("A man went by.")
    assert len(porch.events) == 7, "too late: it is a caption, and no more"


async def test_words_that_come_after_something_else_began_are_those_of_the_earlier_event() -> None:
    porch = Porch(options=WatchOptions(late=30))
    await porch.still(room(), 2)
    porch.caption("An empty room.")
    await porch.show(walk(room(), 2, porch.fps))
    await porch.still(room(), 4)
    first = len(porch.keyframes) - 1
    await porch.show(walk(room(), 1, porch.fps))
    porch.caption("A man went by.", keyframe=first)
    one, other = (event.id for event in porch.events if event.change == "new")
    assert [(event.id, event.change) for event in porch.events] == [
        (one, "new"), (one, "update"), (other, "new"), (one, "update"), (one, "end"),
    ]  # fmt: skip


async def test_where_no_words_are_to_come_the_end_waits_for_none() -> None:
    porch = Porch(options=WatchOptions(late=0))
    await porch.still(room(), 2)
    await porch.show(walk(room(), 2, porch.fps))
    await porch.still(room(), 3.5)
    assert porch.told() == [("new", "motion"), ("end", "motion")]
    assert porch.events[-1].caption == "Something moved on the left, for 2 s."


async def test_covering_the_camera_ends_what_goes_on_and_uncovering_it_begins_nothing() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("An empty room.")
    await porch.show(islice(walk(room(), 4, porch.fps), 20))
    porch.caption("Anna walks in.", Facts(people=1, labels=("person",)), title="Anna")
    porch.watch.cover()
    assert [event.change for event in porch.events] == ["new", "update", "end"]
    ended = porch.events[-1]
    assert (ended.title, ended.caption) == ("Motion on the left", "Something moved on the left, for 2 s.")
    assert (ended.source, ended.labels, ended.people, ended.difference, ended.keyframe) == (
        "motion",
        (),
        None,
        "",
        None,
    )
    await asyncio.sleep(60)
    await porch.still(elsewhere(), 5)
    assert len(porch.events) == 3
    await porch.show(walk(elsewhere(), 2, porch.fps))
    assert porch.told()[3:] == [("new", "motion")]
    assert porch.events[3].id != porch.events[0].id


async def test_that_nobody_is_there_is_no_title_for_what_moves() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("No person found.", EMPTY, title="Nobody")
    await porch.show(walk(room(), 2, porch.fps))
    porch.caption("No person found. Something moved on the left.", EMPTY, title="Nobody")
    await porch.still(room(), 5)
    assert {(event.kind, event.title) for event in porch.events} == {("motion", "Motion on the left")}
    await porch.show(islice(walk(room(), 4, porch.fps), 30))
    porch.caption("A car passes.", title="A red car")
    assert [event.title for event in porch.events if event.change == "update"][-1] == "A red car"


async def test_a_doubt_that_is_gone_leaves_the_title_too() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    porch.caption("No person found.", Facts(people=0), title="Nobody")
    await porch.show(islice(walk(room(), 4, porch.fps), 20))
    porch.caption("Possibly a person.", Facts(people=0, maybe_people=True), title="Possibly a person")
    assert porch.events[-1].title == "Possibly a person"
    await porch.show(islice(walk(room(), 4, porch.fps), 20))
    porch.caption("No person found. Mostly grey.", Facts(people=0), title="Nobody")
    assert porch.events[-1].title == "Motion on the left"


async def test_the_things_that_a_captioner_names_are_told() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    await porch.show(walk(room(), 2, porch.fps))
    at = porch.keyframes[-1]
    seen = Caption("A man walks a dog.", porch.name, at, 0.1, 2, title="A walk", labels=("man", "dog"))
    porch.watch.captioned(seen)
    assert porch.events[-1].labels == ("man", "dog")
    told = len(porch.events)
    porch.watch.captioned(dataclasses.replace(seen, labels=("dog", "man", "leash")))
    assert len(porch.events) == told, "the same in other words"


async def test_what_is_the_matter_with_the_camera_is_told_beside_what_moves() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    await porch.show(islice(walk(room(), 2, porch.fps), 10))
    at = now()
    for _ in range(2):
        porch.watch.began("camera_covered", at)
    porch.watch.over("camera_dark", at + 1)
    porch.watch.over("camera_covered", at + 2)
    assert porch.told()[1:] == [("new", "camera_covered"), ("end", "camera_covered")]
    covered, well = porch.events[1:]
    assert (covered.caption, covered.source) == (WORDS["en"].sentences["camera_covered"], "camera")
    assert (well.id, well.seq, well.ended_at) == (covered.id, 1, at + 2)


async def test_a_camera_that_is_lost_is_told_once_and_when_it_is_back() -> None:
    porch = Porch()
    await porch.still(room(), 2)
    await porch.show(islice(walk(room(), 2, porch.fps), 10))
    camera = MissedCamera(FakeCamera([None, None]), porch.watch)
    lost_at = now()
    for _ in range(2):
        with pytest.raises(DeviceError):
            await camera.run(Latest[Frame](1))
        await asyncio.sleep(5)
    back_at = now()
    await porch.still(elsewhere(), 4)
    assert porch.told() == [("new", "motion"), ("end", "motion"), ("new", "camera_lost"), ("end", "camera_lost")]
    assert (porch.events[2].began_at, porch.events[3].ended_at) == (lost_at, back_at)


async def test_no_two_events_have_one_id() -> None:
    later = SINCE.replace(second=6)
    posts = [("Front door", SINCE), ("front-door", SINCE), ("大门", SINCE), ("front-door", later)]
    ids = [one for post in posts for one in islice(event_ids(*post), 3)]
    assert len(set(ids)) == len(ids)
    assert ids[3] == "front-door-20260102T030405678Z-1"


async def test_it_speaks_chinese() -> None:
    porch = Porch(language="zh")
    await porch.still(room(), 2)
    porch.caption("屋里没人。", EMPTY)
    await porch.show(walk(room(), 2, porch.fps))
    porch.caption("有一个人。", ONE)
    assert [event.title for event in porch.events] == ["左侧有动静", "有人来了"]


async def test_two_cameras_have_their_own_events() -> None:
    porch, yard = Porch(name="porch"), Porch(name="yard")
    await asyncio.gather(porch.still(room(), 2), yard.still(room(), 2))
    await asyncio.gather(porch.show(walk(room(), 2, 10)), yard.still(room(), 2))
    assert [event.camera for event in porch.events] == ["porch"]
    assert yard.events == []


async def test_a_session_tells_events_of_the_camera_where_something_happens() -> None:
    desk, yard = FakeCamera([100] * 20 + [200] * 40), FakeCamera([100] * 60, name="yard")
    stage = Stage(cameras=[desk, yard], watching=WatchOptions(), takes={"captioner": 0.5})
    await stage.run()
    told = stage.told(CameraEvent)
    assert [(event.camera, event.change, event.caption) for event in told] == [
        ("desk", "new", "Something moves all over the picture."),
        ("desk", "update", "Something moves all over the picture."),
        ("desk", "update", "shade 200"),
        ("desk", "end", "shade 200"),
    ]
    assert [event.source for event in told] == ["motion", "motion", "fake", "fake"]
    assert [event.ended_at is None for event in told] == [True, False, False, False]
    assert told[2].took == pytest.approx(0.5, abs=0.01)


async def test_where_nobody_wants_events_there_are_none() -> None:
    stage = Stage(cameras=[FakeCamera([100] * 20 + [200] * 40)])
    await stage.run()
    assert stage.told(Caption)
    assert not stage.told(CameraEvent)


async def test_what_still_goes_on_when_the_session_ends_is_ended() -> None:
    stage = Stage(cameras=[FakeCamera([100] * 20 + [200])], watching=WatchOptions())
    await stage.run()
    assert [event.change for event in stage.told(CameraEvent)][-1] == "end"
    lost = Stage(cameras=[FakeCamera([100] * 20 + [None])], watching=WatchOptions())
    await lost.run()
    assert [(event.change, event.kind) for event in lost.told(CameraEvent)] == [
        ("new", "camera_lost"),
        ("end", "camera_lost"),
    ]


async def test_switching_the_cameras_off_ends_what_goes_on_at_once() -> None:
    stage = Stage(cameras=[FakeCamera([100] * 20 + [200] * 40)], watching=WatchOptions(), takes={"captioner": 5.0})
    running, began = asyncio.create_task(stage.run()), now()
    await asyncio.sleep(3)
    assert [event.change for event in stage.told(CameraEvent)] == ["new", "update"]
    stage.switches.mute(camera=False)
    assert [event.change for event in stage.told(CameraEvent)] == ["new", "update", "end"]
    await asyncio.sleep(20)
    assert now() - began == pytest.approx(23)
    assert len(stage.told(CameraEvent)) == 3
    running.cancel()


async def test_a_session_tells_that_a_camera_was_lost_and_is_back() -> None:
    stage = Stage(cameras=[FakeCamera([100] * 20 + [None] + [100] * 50, live=True)], watching=WatchOptions())
    await stage.run()
    assert [(event.change, event.kind) for event in stage.told(CameraEvent)] == [
        ("new", "camera_lost"),
        ("end", "camera_lost"),
    ]
    lost, back = stage.told(CameraEvent)
    assert back.ended_at is not None
    assert back.ended_at - lost.began_at == pytest.approx(1.0), "the first wait of its patience"


def test_a_recorded_session_tells_the_same_events_again(tmp_path: Path) -> None:
    parts = FakeParts(camera=FakeCamera([60] * 40 + [200] * 60))
    told = record(tmp_path / "kept", parts, chosen=config(events={}))
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    assert [event.change for event in told if isinstance(event, CameraEvent)] == ["new", "update", "end"]
    assert differences(recording, outcome, tolerance=0.001) == []
    ids = [{event.id for event in events if isinstance(event, CameraEvent)} for events in (told, outcome.events)]
    assert len(ids[0]) == len(ids[1]) == 1


def test_motion_is_told_with_its_place_and_for_as_long_as_it_goes_on() -> None:
    gate, told = KeyframeGate(), list[Motion]()
    pictures = [*repeat(room(), 10), *walk(room(), 2, 10), *repeat(room(), 40)]
    for number, picture in enumerate(pictures):
        gate.wants(Frame(picture, number / 10, "porch"))
        told.append(gate.motion)
    moved = [motion for motion in told if motion.share]
    assert list(dict.fromkeys(motion.where for motion in moved)) == ["left", "centre", "right"]
    assert len({motion.since for motion in moved}) == 1
    assert all(0.006 <= motion.share < 0.4 for motion in moved)
    assert told[:10] == [STILL] * 10
    assert told[-1] == STILL
    assert told[-15].since is not None
    assert told[-15].differs == 0, "it looks as it did before"
