"""What lies under a mask is seen by nobody: not on the line, not in what is looked at, kept or sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.config import ConfigError, parse
from devices.camera import CameraOptions, open_camera
from devices.masks import burnt, hidden
from devices.media import Frame, Pixels
from pipelines.album import jpeg
from pipelines.types import Caption, Seen
from tests.cameras import KINDS, plugged, running, write_clip
from tests.fakes import FakeCaptioner
from tests.stage import Stage

WINDOW = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))
ROOF = ((0.6, 0.9), (0.8, 0.2), (0.95, 0.9))
MASKS = (WINDOW, ROOF)


def under(masks: Any, pixels: Pixels) -> Any:
    """All values of the pixels whose middle lies under a mask."""
    height, width = pixels.shape[:2]
    side = max(height, width) * 3
    covered = hidden(masks, side)
    down = ((np.arange(height) + 0.5) * side / height).astype(int)
    across = ((np.arange(width) + 0.5) * side / width).astype(int)
    return pixels[covered[np.ix_(down, across)]]


@pytest.mark.real_time
@pytest.mark.parametrize("kind", KINDS)
async def test_every_camera_shows_nothing_under_its_masks(
    kind: str, tmp_path: Path, plug_in: Callable[..., None]
) -> None:
    with plugged(kind, tmp_path, plug_in, masks=MASKS) as camera:
        async with running(camera) as frames:
            taken = [await frames.get(), await frames.get(), await frames.get()]
    for frame in taken:
        assert frame.pixels.shape == (120, 160, 3)
        assert len(under(MASKS, frame.pixels)) > 120 * 160 // 4
        assert not under(MASKS, frame.pixels).any()
    assert any(frame.pixels.any() for frame in taken), "the rest is still to be seen"


@pytest.mark.real_time
async def test_what_making_a_picture_smaller_mixes_across_the_edge_is_black_too(tmp_path: Path) -> None:
    secret = np.zeros((480, 640, 3), np.uint8)
    secret[..., 1] = 200
    secret[:240, :320] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "a.png"), secret)
    for side in (64, 97, 160, 333, 640):
        options = CameraOptions(source=str(tmp_path / "a.png"), max_side=side, masks=(WINDOW,))
        async with running(open_camera(options)) as frames:
            pixels = (await frames.get()).pixels
        assert not pixels[..., 0].any(), f"red shows at {side}"
        assert pixels[..., 1].max() == 200


@pytest.mark.real_time
async def test_a_fast_film_still_loses_nothing_behind_a_mask(tmp_path: Path) -> None:
    options = CameraOptions(source=str(write_clip(tmp_path / "clip.mp4")), fast=True, fps=None, masks=(ROOF,))
    seen = 0
    async with running(open_camera(options)) as frames:
        async for frame in frames:
            await asyncio.sleep(0.005)
            seen += not under((ROOF,), frame.pixels).any()
    assert seen == 30


@dataclass
class Witness(FakeCaptioner):
    """Keeps what it was shown."""

    shown: list[Frame] = field(default_factory=list)

    def caption(self, frame: Frame) -> Seen:
        self.shown.append(frame)
        return Seen(f"picture {len(self.shown)}")


async def test_neither_the_captioner_nor_a_kept_picture_sees_it(tmp_path: Path) -> None:
    picture = np.full((720, 1280, 3), 255, np.uint8)
    picture[:360, :640] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    witness, camera = Witness(), open_camera(CameraOptions(source=str(tmp_path), masks=(WINDOW,)))
    stage = Stage(cameras=[camera], captioner=witness)  # type: ignore[list-item]
    await stage.run()
    assert len(stage.told(Caption)) > 0
    for frame in witness.shown:
        assert not under((WINDOW,), frame.pixels).any()
        kept = cv2.imdecode(np.frombuffer(jpeg(frame), np.uint8), cv2.IMREAD_COLOR)
        assert kept is not None
        assert kept.shape == (540, 960, 3)
        assert np.ptp(kept.astype(int), axis=2).max() < 12, "no red was left for JPEG to smear"
        assert kept[:256, :464].max() < 12


def test_a_picture_is_blackened_where_it_is_and_one_that_may_not_be_is_copied() -> None:
    mine = np.full((48, 64, 3), 9, np.uint8)
    assert burnt(mine, MASKS) is mine
    theirs = np.full((48, 64, 3), 9, np.uint8)
    theirs.setflags(write=False)
    assert burnt(theirs, MASKS) is not theirs
    assert theirs.min() == 9


def test_where_masks_overlap_the_picture_stays_black() -> None:
    twice = (WINDOW, ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
    assert not under(twice, burnt(np.full((90, 160, 3), 255, np.uint8), twice)).any()


Share = st.floats(0, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(Share, Share), min_size=3, max_size=6), st.integers(16, 200), st.integers(16, 200))
def test_whatever_is_accepted_covers_what_it_says(points: list[tuple[float, float]], width: int, height: int) -> None:
    try:
        masks = CameraOptions(masks=(tuple(points),)).masks
    except ValidationError:
        return
    assert not under(masks, burnt(np.full((height, width, 3), 255, np.uint8), masks)).any()


@pytest.mark.parametrize(
    ("masks", "why"),
    [
        ([[0, 0], [1, 0], [1, 1]], "mask 1 is no polygon of points [x, y]"),
        ("all", "mask 1 is no polygon of points [x, y]"),
        ([[[0, 0, 0], [1, 0], [1, 1]]], "mask 1 is no polygon of points [x, y]"),
        ([WINDOW, [[0, 0], [1, 0]]], "mask 2 has 2 points: a polygon needs three or more"),
        ([[[0, 0], [1, 0], [1.2, 1]]], "less than or equal to 1, not 1.2"),
        ([[[0, 0], [float("nan"), 0], [1, 1]]], "not nan"),
        ([[[0, 0], [1, 0], [0.5, 0]]], "mask 1 has no area"),
        ([[[0, 0], [1, 1], [1, 0], [0, 1]]], "mask 1 crosses itself"),
        ([[*ROOF, *ROOF]], "mask 1 crosses itself"),
        ([[[0, 0], [1, 0], [1, 1], [0, 1]]], "the masks hide the whole picture"),
        ([[[0, 0], [0.6, 0], [0.6, 1], [0, 1]], [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]], "hide the whole picture"),
    ],
)
def test_a_mask_that_cannot_be_meant_is_refused_in_one_line(masks: Any, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse({"camera": [{"source": "film.mp4", "masks": masks}]}, "home.toml")
    assert len(refused.value.lines) == 1
    assert refused.value.lines[0].startswith("home.toml: camera.0.masks")
    assert why in refused.value.lines[0]


def test_an_outline_that_ends_where_it_began_is_the_same_mask() -> None:
    closed = (*ROOF, ROOF[0])
    assert np.array_equal(hidden(CameraOptions(masks=(closed,)).masks), hidden((ROOF,)))


def test_without_masks_a_picture_is_left_as_it_is() -> None:
    theirs = np.full((48, 64, 3), 9, np.uint8)
    theirs.setflags(write=False)
    assert burnt(theirs, ()) is theirs
