"""Where the picture changed since the last keyframe, and whether it was the camera that moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from devices.media import Pixels
from pipelines.captioners.people import place
from pipelines.gate import GateOptions
from pipelines.thumbnails import HEIGHT, WIDTH, Thumbnail, changed_cells, thumbnail

Motion = Literal["none", "left", "centre", "right", "camera"]
Grey = NDArray[np.float32]

CONTRAST, AREA = GateOptions().contrast, GateOptions().area
SCENE = 0.5
"""Share of the picture that changes when it shows something else altogether."""
PAN_STEP = 1.5
"""Pixels of the small grey picture by which a pan shifts it at least."""
PAN_SHARP = 0.25
"""Least peak of the phase correlation, 0 to 1, at which a shift is believed."""
PAN_GAIN = 0.5
"""Share of the difference that is left at most once the shift of a pan is taken out."""
PAN_SIZE = (160, 90)


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What is kept of a keyframe to compare the next one with."""

    cells: Thumbnail
    grey: Grey
    """90×160, 0 to 255."""


def glance(pixels: Pixels) -> Glance:
    """What to keep of an H×W×3 RGB picture."""
    import cv2

    small = cv2.resize(pixels, PAN_SIZE, interpolation=cv2.INTER_AREA)
    return Glance(thumbnail(pixels), cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32))


def motion(before: Glance, after: Glance) -> Motion:
    """Where most of the change lies; `camera` when the whole picture moved or was exchanged."""
    changed = changed_cells(before.cells, after.cells, CONTRAST)
    share = float(changed.mean())
    if share < AREA:
        return "none"
    if share >= SCENE or panned(before.grey, after.grey):
        return "camera"
    columns = changed.reshape(HEIGHT, WIDTH).sum(axis=0)
    return place(float(np.average((np.arange(WIDTH) + 0.5) / WIDTH, weights=columns)))


def panned(before: Grey, after: Grey) -> bool:
    """Whether the one is the other, shifted: then the background moved, and with it everything."""
    import cv2

    window = cv2.createHanningWindow(PAN_SIZE, cv2.CV_32F)
    # Given the window itself, OpenCV multiplies it into the pictures that it was handed.
    (right, down), peak = cv2.phaseCorrelate(before * window, after * window)
    x, y = round(right), round(down)
    if peak < PAN_SHARP or np.hypot(right, down) < PAN_STEP or max(abs(x), abs(y)) >= min(PAN_SIZE) // 2:
        return False
    aligned = _difference(_shifted(before, -x, -y), _shifted(after, x, y))
    return aligned < PAN_GAIN * _difference(before, after)


def _shifted(grey: Grey, x: int, y: int) -> Grey:
    """What is left of a picture when its first x columns and y rows (or, below zero, its last) are cut off."""
    height, width = grey.shape
    return grey[max(0, y) : height + min(0, y), max(0, x) : width + min(0, x)]


def _difference(one: Grey, other: Grey) -> float:
    """0 for pictures that are alike but for their exposure, 1 for those that have nothing in common."""
    one, other = one - one.mean(), other - other.mean()
    energy = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return 1 - float((one * other).sum()) / energy if energy > 0 else 1.0
