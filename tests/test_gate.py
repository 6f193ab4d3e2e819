"""The keyframe gate: what it lets through, what it ignores, and that it takes the time from the frames."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.media import Frame, Pixels
from pipelines.gate import GateOptions, KeyframeGate
from pipelines.moving import STILL
from pipelines.thumbnails import thumbnail
from tests import rooms

FPS = 10.0
RANDOM = np.random.default_rng(7)


@pytest.fixture(scope="module")
def room() -> Pixels:
    """A made-up room, 720p: a shaded wall, a floor and some furniture."""
    picture = np.empty((720, 1280, 3), np.uint8)
    picture[:] = np.linspace(90, 160, 1280, dtype=np.uint8)[None, :, None]
    picture[480:] = (110, 80, 60)
    picture[300:600, 150:400] = (60, 70, 120)
    picture[100:260, 900:1100] = (200, 200, 190)
    return picture


def with_box(picture: Pixels, left: int) -> Pixels:
    """The picture with something 100×220 put into it."""
    changed = picture.copy()
    changed[380:600, left : left + 100] = (170, 40, 50)
    return changed


def noisy(picture: Pixels) -> Pixels:
    return np.clip(picture + RANDOM.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)


def exposed(picture: Pixels, gain: float, offset: float = 0) -> Pixels:
    return np.clip(picture * gain + offset, 0, 255).astype(np.uint8)


def frames(pictures: Iterable[Pixels], start: float = 100.0) -> Iterator[Frame]:
    for number, picture in enumerate(pictures):
        yield Frame(picture, start + number / FPS, "test")


def taken(pictures: Iterable[Pixels], options: GateOptions | None = None) -> list[float]:
    """Seconds from the first frame at which a keyframe was taken."""
    gate = KeyframeGate(options)
    return [round(frame.captured_at - 100, 3) for frame in frames(pictures) if gate.wants(frame)]


def test_the_first_frame_is_a_keyframe_even_when_it_is_black(room: Pixels) -> None:
    assert taken([room]) == [0]
    assert taken([np.zeros_like(room)]) == [0]


def test_an_idle_scene_with_sensor_noise_is_captioned_once(room: Pixels) -> None:
    shots = [noisy(room) for _ in range(5)]
    assert taken(shots[n % 5] for n in range(600)) == [0]


@pytest.mark.parametrize(("gain", "offset"), [(0.7, 0), (1.3, 0), (1.0, 25), (0.8, 20), (1.2, -20)])
def test_a_step_of_the_exposure_is_no_change(room: Pixels, gain: float, offset: float) -> None:
    assert taken([room] * 10 + [exposed(room, gain, offset)] * 20) == [0]


def test_flicker_and_a_slow_drift_of_the_exposure_are_no_change(room: Pixels) -> None:
    assert taken(exposed(room, 1 + 0.08 * (-1) ** n) for n in range(30)) == [0]
    assert taken(noisy(exposed(room, 1 - 0.004 * n)) for n in range(60)) == [0]


def test_a_camera_that_shakes_by_a_few_pixels_is_no_change(room: Pixels) -> None:
    assert taken(np.roll(room, (-1) ** n * 4, axis=1) for n in range(30)) == [0]


def test_a_light_that_is_switched_off_is_a_change(room: Pixels) -> None:
    assert len(taken([room] * 10 + [exposed(room, 0.1)] * 20)) == 2


def test_another_colour_of_the_same_brightness_is_a_change() -> None:
    red, green = np.full((2, 720, 1280, 3), 90, np.uint8)
    red[..., 0], green[..., 1] = 150, 121
    assert len(taken([red] * 10 + [green] * 10)) == 2


@pytest.mark.parametrize(("before", "after"), [(None, 700), (700, None), (700, 900)])
def test_a_thing_that_comes_goes_or_moves_is_taken_once_it_holds_still(
    room: Pixels, before: int | None, after: int | None
) -> None:
    first, second = (room if left is None else with_box(room, left) for left in (before, after))
    assert taken([first] * 10 + [second] * 30) == [0, 1.2]


def test_what_came_and_went_before_the_picture_held_still_is_not_taken(room: Pixels) -> None:
    assert taken([room] * 10 + [with_box(room, 700)] + [room] * 20) == [0]


def test_motion_that_goes_on_is_shown_soon_and_then_seldom(room: Pixels) -> None:
    walk = [with_box(room, 100 + 18 * n) for n in range(50)]
    times = taken([room] * 10 + walk)
    assert times[1] <= 2.0
    assert np.diff(times[1:]).min() >= GateOptions().restless - 1e-6
    assert len(times) == 4


def test_another_scene_is_taken_at_once_even_in_the_middle_of_motion(room: Pixels) -> None:
    elsewhere = np.ascontiguousarray(room[::-1, ::-1])
    walk = [with_box(room, 100 + 18 * n) for n in range(20)]
    times = taken([room] * 10 + walk + [with_box(elsewhere, 100 + 18 * n) for n in range(20)])
    assert any(3.0 <= at <= 4.0 for at in times)


def test_a_gate_that_forgets_knows_nothing_of_the_pictures_before(room: Pixels) -> None:
    gate, elsewhere = KeyframeGate(), np.ascontiguousarray(room[::-1, ::-1])
    for frame in frames([room] * 20):
        gate.wants(frame)
    gate.forget()
    (first, *then) = list(frames([elsewhere] * 20, start=130.0))
    assert gate.wants(first)
    assert gate.motion == STILL
    assert not any(gate.wants(frame) for frame in then)
    assert gate.motion == STILL


def test_keyframes_keep_their_distance(room: Pixels) -> None:
    shots = [with_box(room, 100 + 250 * (n // 3 % 4)) for n in range(60)]
    times = taken(shots, GateOptions(minimum=1.0, settle=0.0))
    assert len(times) > 3
    assert np.diff(times).min() >= 1.0 - 1e-6


def test_where_keyframes_are_wanted_seldom_the_last_change_is_taken_as_soon_as_it_may_be() -> None:
    """Somebody walks by and is gone long before the next keyframe may be taken: that they are is not passed over."""
    gate, still = KeyframeGate(least=lambda: 10.0), rooms.room()
    pictures = [*[still] * 120, *rooms.walk(still, 3.0, FPS), *[still] * 140]
    times = [frame.captured_at - 100 for frame in frames(map(noisy, pictures)) if gate.wants(frame)]
    assert times == pytest.approx([0.0, 12.7, 22.7], abs=0.35)


def test_the_heartbeat_takes_a_picture_though_nothing_changed(room: Pixels) -> None:
    gate = KeyframeGate(GateOptions(heartbeat=60))
    assert [gate.wants(Frame(room, at, "test")) for at in (0.0, 59.0, 61.0, 100.0, 122.0)] == [
        True, False, True, False, True,
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90))
def test_any_size_of_picture_has_a_thumbnail(height: int, width: int) -> None:
    small = thumbnail(np.full((height, width, 3), 77, np.uint8))
    assert np.allclose(small[0], 77, atol=0.01)
    assert np.allclose(small[1:], 0, atol=0.01)


def test_the_picture_may_change_its_size(room: Pixels) -> None:
    assert taken([room] * 10 + [np.ascontiguousarray(room[::2, ::2])] * 10) == [0]


def test_a_720p_frame_costs_little(room: Pixels) -> None:
    gate, shots = KeyframeGate(), [noisy(room) for _ in range(3)]
    spent = []
    for frame in frames(shots[n % 3] for n in range(60)):
        started = time.thread_time()
        gate.wants(frame)
        spent.append(time.thread_time() - started)
    assert np.median(spent) < 0.005  # the bar is 1 ms, held by the benchmark; a busy machine is slower


def test_every_cut_of_a_real_film_is_taken_within_a_second(media: Path) -> None:
    import cv2

    film, gate, times = cv2.VideoCapture(str(media / "video" / "psd-testvideo.mp4")), KeyframeGate(), []
    fps = film.get(cv2.CAP_PROP_FPS)
    for number in range(int(film.get(cv2.CAP_PROP_FRAME_COUNT))):
        at = number / fps
        if film.grab() and number % 3 == 0 and gate.wants(Frame(film.retrieve()[1][..., ::-1], at, "film")):
            times.append(at)
    for cut in (30, 180, 394):
        assert any(cut / fps <= at <= cut / fps + 1 for at in times), cut
    assert len(times) <= 20
