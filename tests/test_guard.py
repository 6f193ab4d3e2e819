"""What is the matter with a camera itself: told when it lasts, and when it is over; and never of a plain, dim room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

from devices.media import Frame, Pixels
from pipelines.eventwords import WORDS
from pipelines.gate import KeyframeGate
from pipelines.guard import CameraGuard, GuardOptions
from pipelines.news import CameraEvent, Kind
from pipelines.seeing import Eye, gate
from pipelines.trouble import Patience
from pipelines.types import Event
from pipelines.watching import Watch, WatchOptions, event_ids
from tests.fakes import FakeCamera

RATE = 5.0
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(0, 1, 400_000).astype(np.float32)


@dataclass
class Diary:
    """What a guard told, in the order in which it did."""

    told: list[tuple[str, Kind, float]] = field(default_factory=list)

    def began(self, kind: Kind, at: float) -> None:
        self.told.append(("began", kind, at))

    def over(self, kind: Kind, at: float) -> None:
        self.told.append(("over", kind, at))


def noisy(picture: Pixels, noise: float = 3.0) -> Pixels:
    """The picture as a sensor takes it: never twice the same."""
    begin = RANDOM.integers(NOISE.size - picture.size)
    return np.clip(picture + noise * NOISE[begin : begin + picture.size].reshape(picture.shape), 0, 255).astype(
        np.uint8
    )


def plain(level: int) -> Pixels:
    return np.full((180, 320, 3), level, np.uint8)


def room() -> Pixels:
    """Furniture before a wall."""
    picture, random = plain(140), np.random.default_rng(7)
    for _ in range(30):
        corner, size = random.integers(0, (280, 150)), random.integers(20, (80, 60))
        shade = tuple(int(level) for level in random.integers(30, 220, 3))
        cv2.rectangle(picture, corner.tolist(), (corner + size).tolist(), shade, -1)
    return picture


def page(*lines: str, size: float = 0.9, light: float = 1.0) -> Pixels:
    """A sheet of print that fills the picture."""
    picture = plain(235)
    for number, line in enumerate(lines):
        cv2.putText(picture, line, (24, 60 + 40 * number), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 2)
    return (picture * light).astype(np.uint8)


def hand(level: int = 90) -> Pixels:
    """Before the lens: nothing but light that comes through at one side."""
    light = np.linspace(0.5, 1.5, 320, dtype=np.float32) * level
    return np.repeat(np.repeat(light[None, :, None], 180, 0), 3, 2).astype(np.uint8)


def watched(*scenes: tuple[float, Iterable[Pixels]], live: bool = True, options: GuardOptions | None = None) -> Diary:
    """Scenes of so many seconds, one after another, before a guard."""
    diary, at = Diary(), 0.0
    guard = CameraGuard(options or GuardOptions(), diary, live)
    for seconds, pictures in scenes:
        for _, picture in zip(range(round(seconds * RATE)), pictures, strict=False):
            guard.look(Frame(picture, at, "door"))
            at += 1 / RATE
    return diary


def shot(picture: Pixels, noise: float = 3.0) -> Iterable[Pixels]:
    return (noisy(one, noise) for one in repeat(picture))


def about(*told: tuple[str, Kind, float]) -> list[tuple[str, Kind, object]]:
    return [(what, kind, pytest.approx(at, abs=0.25)) for what, kind, at in told]


def test_a_camera_that_sends_the_same_picture_over_and_over_hangs() -> None:
    diary = watched((10, shot(room())), (45, repeat(noisy(room()))), (5, shot(room())))
    assert diary.told == about(("began", "camera_frozen", 10), ("over", "camera_frozen", 55))


def test_one_new_picture_now_and_then_is_not_the_end_of_it() -> None:
    hanging = [noisy(room())] * 100
    diary = watched((40, repeat(hanging[0])), (0.2, shot(room())), (20, hanging))
    assert [what for what, *_ in diary.told] == ["began"]


def test_what_is_no_device_may_stand_still_for_ever() -> None:
    assert watched((600, repeat(room())), live=False).told == []


def test_pictures_too_plain_to_tell_are_no_hanging_camera() -> None:
    assert watched((90, repeat(plain(255)))).told == []


def test_a_still_scene_with_a_sensors_noise_is_in_order() -> None:
    for noise in (0.5, 3.0, 12.0):
        assert watched((90, shot(room(), noise))).told == [], noise


def test_when_the_light_goes_out_it_is_dark_until_it_goes_on() -> None:
    diary = watched((10, shot(room())), (30, shot(plain(2))), (10, shot(room())))
    assert diary.told == about(("began", "camera_dark", 10), ("over", "camera_dark", 40))


def test_a_camera_that_is_dark_from_the_beginning_is_told_too() -> None:
    assert watched((10, shot(plain(0)))).told == about(("began", "camera_dark", 0))


def test_a_moment_of_darkness_is_none() -> None:
    flicker = [(1.0, shot(room())), (2.0, shot(plain(0)))] * 10
    assert watched((10, shot(room())), *flicker).told == []


def test_darkness_that_flickers_at_its_limit_is_told_once() -> None:
    limit = [(0.6, shot(plain(11), 1.0)), (0.6, shot(plain(14), 1.0))] * 20
    diary = watched((5, shot(plain(5))), *limit)
    assert [what for what, *_ in diary.told] == ["began"]


def test_a_dim_room_is_not_dark_and_not_covered() -> None:
    dim = (room() * 0.15).astype(np.uint8)
    assert watched((30, shot(dim, 4.0))).told == []
    assert watched((30, shot(room())), (60, shot(dim, 4.0)), (30, shot(room()))).told == []


def test_a_lamp_in_the_night_is_not_darkness() -> None:
    night = plain(3)
    cv2.circle(night, (200, 60), 40, (220, 210, 180), -1)
    assert watched((30, shot(night))).told == []


def test_a_hand_before_the_lens_covers_it_until_it_is_taken_away() -> None:
    diary = watched((20, shot(room())), (20, shot(hand(), 8.0)), (10, shot(room())))
    assert diary.told == about(("began", "camera_covered", 20), ("over", "camera_covered", 40))


def test_a_torch_into_the_lens_is_no_better() -> None:
    diary = watched((20, shot(room())), (20, repeat(plain(255))), (10, shot(room())))
    assert diary.told == about(("began", "camera_covered", 20), ("over", "camera_covered", 40))


@pytest.mark.parametrize("light", [1.0, 0.4])
def test_a_page_held_before_the_lens_is_there_to_be_read_and_covers_nothing(light: float) -> None:
    for size in (0.4, 0.9):
        sheet = page("Open 9 to 18", "Ring twice", size=size, light=light)
        assert watched((20, shot(room())), (120, shot(sheet)), (20, shot(room()))).told == [], size


def test_a_blank_sheet_before_the_lens_and_a_noisy_dim_hand_cover_it() -> None:
    for cover in (shot(page()), shot(hand(40), 20.0)):
        diary = watched((20, shot(room())), (20, cover), (10, shot(room())))
        assert diary.told == about(("began", "camera_covered", 20), ("over", "camera_covered", 40))


def test_the_time_that_a_camera_writes_into_its_picture_is_no_page() -> None:
    def stamped(picture: Pixels, noise: float = 3.0) -> Iterable[Pixels]:
        for one in shot(picture, noise):
            cv2.putText(one, "2026-01-02 10:20 DOOR", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
            yield one

    diary = watched((20, stamped(room())), (20, stamped(hand(), 8.0)), (10, stamped(room())))
    assert diary.told == about(("began", "camera_covered", 20), ("over", "camera_covered", 40))


def test_a_white_wall_that_was_always_there_is_in_order() -> None:
    assert watched((120, shot(plain(225)))).told == []
    assert watched((60, shot(plain(225))), (60, shot(plain(180)))).told == []


def test_fog_that_comes_in_minutes_covers_nothing() -> None:
    fog = (noisy((room() * (1 - share) + 200 * share).astype(np.uint8)) for share in np.linspace(0, 0.9, 1500))
    assert watched((20, shot(room())), (300, fog)).told == []


def test_a_mask_over_half_of_the_picture_hides_neither_darkness_nor_a_hand() -> None:
    def masked(picture: Pixels, noise: float = 3.0) -> Iterable[Pixels]:
        for one in shot(picture, noise):
            one[:, :160] = 0
            yield one

    diary = watched((20, masked(room())), (10, masked(hand(), 8.0)), (10, masked(room())), (10, masked(plain(2))))
    assert [kind for what, kind, _ in diary.told if what == "began"] == ["camera_covered", "camera_dark"]


def test_a_camera_that_comes_back_after_a_while_is_looked_at_anew() -> None:
    diary = Diary()
    guard = CameraGuard(GuardOptions(), diary, live=True)
    for at in (*np.arange(0, 10, 0.2), *np.arange(200, 202, 0.2)):
        guard.look(Frame(plain(0), float(at), "door"))
    assert diary.told == about(("began", "camera_dark", 0), ("over", "camera_dark", 9.8))


def test_what_is_switched_off_is_forgotten() -> None:
    diary = Diary()
    guard = CameraGuard(GuardOptions(), diary, live=True)
    for at in np.arange(0, 10, 0.2):
        guard.look(Frame(plain(0), float(at), "door"))
    guard.forget()
    guard.forget()
    assert [what for what, *_ in diary.told] == ["began", "over"]


def test_every_kind_has_its_words_in_both_languages() -> None:
    matters = {kind for kind in get_args(Kind) if kind.startswith("camera_")}
    assert WORDS["en"].sentences.keys() == WORDS["zh"].sentences.keys() == matters
    assert WORDS["en"].titles.keys() == WORDS["zh"].titles.keys() == set(get_args(Kind))


def test_real_clips_and_photos_are_in_order(media: Path) -> None:
    for path in sorted((media / "images").glob("*.*g")):
        picture = cv2.imread(str(path))
        assert picture is not None
        small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
        assert watched((8, shot(np.asarray(small, np.uint8)))).told == [], path.name
        covered = watched((8, shot(np.asarray(small, np.uint8))), (5, shot(hand(), 6.0)))
        assert [kind for _, kind, _ in covered.told] == ["camera_covered"], path.name


async def test_a_session_tells_of_it_beside_what_moves() -> None:
    told: list[Event] = []
    camera = FakeCamera([0] * 100, every=0.2)
    watch = Watch("desk", event_ids("desk", datetime(2026, 1, 2, tzinfo=UTC)), WatchOptions(), told.append)
    guard = CameraGuard(GuardOptions(), watch, camera.live)
    eye = Eye(camera, KeyframeGate(), Patience("camera desk", told.append), Patience("captioner", told.append))
    eye = replace(eye, watch=watch, guard=guard)
    async with asyncio.TaskGroup() as group:
        group.create_task(camera.run(eye.frames)).add_done_callback(lambda _: eye.frames.close())
        group.create_task(gate(eye, lambda captured_at: True))
    watch.close()
    dark = [event for event in told if isinstance(event, CameraEvent)]
    assert [(event.kind, event.change, event.source) for event in dark] == [
        ("camera_dark", "new", "camera"),
        ("camera_dark", "end", "camera"),
    ]
    assert dark[0].caption == WORDS["en"].sentences["camera_dark"]


def test_it_costs_far_less_than_a_millisecond_a_frame() -> None:
    picture = cv2.resize(room(), (1280, 720))
    guard, taken = CameraGuard(GuardOptions(), Diary(), live=True), []
    for number in range(40):
        began = time.perf_counter()
        guard.look(Frame(np.asarray(picture, np.uint8), number / RATE, "door"))
        taken.append(time.perf_counter() - began)
    assert sorted(taken)[20] < 0.5e-3
