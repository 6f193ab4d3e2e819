"""A camera's pictures made so small that two can be compared in a quarter of a millisecond, and what differs there."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from devices.media import Pixels

Thumbnail = NDArray[np.float32]
"""3×N: luma, Cr and Cb (the two around zero) of the N cells of a small picture, in grey levels.

N is 48·27; of a finer one twice, three times … as many each way."""

Luma = NDArray[np.float32]

WIDTH, HEIGHT = 48, 27
TAPS = 4
"""Pixels that a cell averages each way: enough that a sensor's noise stays far below `contrast`."""

MAX_GAIN, MAX_OFFSET = 2.5, 60.0
"""How far a camera's own exposure goes, as a factor and in grey levels; beyond this the light itself changed."""
FITS = 3
"""Rounds of fitting the exposure, each to what the round before found unchanged."""
FLATNESS = 30.0
"""Variance, in squared grey levels, below which a picture says little about its contrast."""
SATURATED = 250.0
ZERO = np.array([0, 0.5, 0.5], np.float32)
"""Where OpenCV puts the zero of luma, Cr and Cb in a picture of floats."""
PATCH = (5, 5)
"""Cells of a patch."""
AROUND = np.ones((3, 3), np.uint8)
SHADOW = 0.1
"""Share of its brightness that a soft shadow takes from a surface."""


def thumbnail(pixels: Pixels, fineness: int = 1) -> Thumbnail:
    """H×W×3 RGB as a small picture: every few pixels are looked at, and averaged per cell.

    `fineness`: how many times as many cells it has each way.
    """
    import cv2

    width, height = WIDTH * fineness, HEIGHT * fineness
    rows = max(1, pixels.shape[0] // (height * TAPS))
    columns = max(1, pixels.shape[1] // (width * TAPS))
    sparse = np.ascontiguousarray(pixels[::rows, ::columns])
    small = cv2.resize(sparse, (width, height), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(small.astype(np.float32), cv2.COLOR_RGB2YCrCb).reshape(-1, 3)
    return np.ascontiguousarray((colours - ZERO).T)


def coarser(picture: Thumbnail, times: int) -> Thumbnail:
    """The same with so many times fewer cells each way, each the average of those that it stands for."""
    rows = _rows(picture) // times
    return np.ascontiguousarray(picture.reshape(3, rows, times, -1, times).mean(axis=(2, 4)).reshape(3, -1))


def changed_share(before: Thumbnail, after: Thumbnail, contrast: float) -> float:
    """Share of the cells that changed by `contrast` grey levels or more, 0 to 1."""
    return float(np.mean(changed_cells(before, after, contrast)))


def changed_cells(before: Thumbnail, after: Thumbnail, contrast: float) -> NDArray[np.bool_]:
    """N: which cells changed by `contrast` grey levels or more.

    Exposure is taken out first; then shadows, by asking more where it is bright, and shake, by letting a cell
    be like any of its neighbours.
    """
    expected = _exposed(before, after, contrast)
    needed = np.maximum(contrast, SHADOW * expected[0])
    return np.asarray((_apart(expected, after) >= needed) | (_apart(after, expected) >= needed))


def patch_difference(before: Thumbnail, after: Thumbnail, contrast: float) -> float:
    """Grey levels by which the cells of that patch differ on average, exposure taken out, which differs most.

    What is written there, and a thing of a few cells, changes a patch by more than a camera's noise does; so does a
    camera that shakes.
    """
    import cv2

    apart = np.abs(_exposed(before, after, contrast) - after).max(axis=0)
    return float(cv2.blur(apart.reshape(_rows(after), -1), PATCH).max())


def _exposed(before: Thumbnail, after: Thumbnail, contrast: float) -> Thumbnail:
    """What `before` would look like with the exposure of `after`."""
    gain, offset = exposure(before[0], after[0], contrast)
    expected = gain * before
    expected[0] = np.clip(expected[0] + offset, 0, 255)
    blown = (before[0] >= SATURATED) & (after[0] > expected[0])  # how bright it had been, nobody knows
    expected[0][blown] = after[0][blown]
    return expected


def _rows(picture: Thumbnail) -> int:
    return HEIGHT * math.isqrt(picture.shape[1] // (WIDTH * HEIGHT))


def _apart(picture: Thumbnail, other: Thumbnail) -> NDArray[np.float32]:
    """How far each cell of `picture` lies outside of what `other` shows in the 3×3 cells around it."""
    import cv2

    planes = [plane.reshape(_rows(other), -1) for plane in other]
    highest = np.stack([cv2.dilate(plane, AROUND) for plane in planes]).reshape(3, -1)
    lowest = np.stack([cv2.erode(plane, AROUND) for plane in planes]).reshape(3, -1)
    return np.asarray(np.maximum(picture - highest, lowest - picture).max(axis=0))


def exposure(before: Luma, after: Luma, contrast: float) -> tuple[float, float]:
    """Gain and offset, in grey levels, that make `before` most like `after`, fitted to what did not change.

    Both stay within what a camera does by itself: a light that is switched off is a change.
    """
    gain, offset = 1.0, float(np.median(after - before))
    for _ in range(FITS):
        residual = np.abs(after - (gain * before + offset))
        kept = residual <= max(contrast, 1.5 * float(np.median(residual)))
        gain, offset = _fit_line(before[kept], after[kept])
    return gain, offset


def _fit_line(before: Luma, after: Luma) -> tuple[float, float]:
    """Least squares, drawn towards a gain of 1 where the picture is too flat to tell."""
    mean_before, mean_after = float(before.mean()), float(after.mean())
    centred = before - mean_before
    spread = float(centred @ centred) / before.size
    common = float(centred @ (after - mean_after)) / before.size
    gain = min(max((common + FLATNESS) / (spread + FLATNESS), 1 / MAX_GAIN), MAX_GAIN)
    return gain, min(max(mean_after - gain * mean_before, -MAX_OFFSET), MAX_OFFSET)
