"""Pulls boxes of text in from the picture's edge where only their margin ends there: readers draw them wide."""

from __future__ import annotations

from typing import Any

import numpy as np

from devices.media import Pixels
from pipelines.spots import Box

CLOSE = 0.12
"""Share of a box's height: letters so near to the left or right edge may go on outside; a page's margin is wider."""
TOUCHES = 0.04
"""The same of the upper and the lower edge, where letters that are cut touch it."""
EDGE = 2
"""Pixels from the edge at which boxes end that are drawn to it."""
CENTRE = 0.25
"""Share of a box's height at its top and bottom in which there are seldom letters."""
INK = 0.5
"""Share of the strongest contrast from which on it is a letter."""
FAINT = 12.0
"""Grey levels of contrast below which nothing is to be seen of letters."""


def pulled_in(box: Box, pixels: Pixels) -> Box:
    """The box, ending at the picture's edges only where its letters, in an H×W×3 RGB picture, seem to."""
    high, wide = pixels.shape[:2]
    left, top, right, bottom = (
        round(side * size)
        for side, size in zip((box.left, box.top, box.right, box.bottom), (wide, high) * 2, strict=True)
    )
    if min(left, top, wide - right, high - bottom) > EDGE or right - left < 3 or bottom - top < 3:
        return box
    ink = _ink(pixels[top:bottom, left:right])
    if ink is None:
        return box
    middle = round(CENTRE * len(ink))
    columns, rows = ink[middle : len(ink) - middle].any(axis=0), ink.any(axis=1)
    wanted, touching = CLOSE * len(ink), TOUCHES * len(ink)
    return Box(
        _in(left, _gap(columns), wanted) / wide if left <= EDGE else box.left,
        _in(top, _gap(rows), touching) / high if top <= EDGE else box.top,
        1 - _in(wide - right, _gap(columns[::-1]), wanted) / wide if wide - right <= EDGE else box.right,
        1 - _in(high - bottom, _gap(rows[::-1]), touching) / high if high - bottom <= EDGE else box.bottom,
    )


def _ink(cut: Pixels) -> Any:
    """Where letters are: what is not as most of it. None where there is no contrast."""
    grey = cut.astype(np.float32).mean(axis=2)
    contrast = np.abs(grey - np.median(grey))
    strongest = float(np.quantile(contrast, 0.98))
    return contrast > INK * strongest if strongest >= FAINT else None


def _gap(lines: Any) -> int:
    """Rows or columns before the first with letters."""
    return int(np.argmax(lines)) if lines.any() else 0


def _in(outside: int, gap: int, wanted: float) -> float:
    """Pixels from the edge to the box: none where the letters are nearer to the edge than they are wanted."""
    return float(outside + gap) if outside + gap > max(wanted, EDGE) else 0.0
