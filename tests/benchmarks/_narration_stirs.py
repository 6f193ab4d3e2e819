"""Where a film moves, told from its pictures alone, to judge who says so without a name for what does."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from tests.narrating import EDGES, TOLERANCE, Script

COLUMNS, ROWS = 48, 27
"""Of the small picture in which it is looked for: noise is lost in it."""
GREYS = 12.0
"""Grey levels by which a cell must become another."""
CELLS = 2
"""So many of them are more than an accident."""
STEP = 0.25
"""Seconds between two pictures."""


def stirred(script: Script, place: int | None, since: float, until: float) -> bool:
    """Whether what is to be seen there (0, 1 or 2: left, ahead, right; None: anywhere) became another in that time."""
    times = np.arange(max(0.0, since), min(until, script.seconds - 0.1) + 1e-6, STEP)
    pictures = [_small(script, round(float(at), 2))[:, _columns(place)] for at in times]
    return any(int((abs(one - pictures[0]) > GREYS).sum()) >= CELLS for one in pictures[1:])


def _columns(place: int | None) -> slice:
    if place is None:
        return slice(None)
    left, right = (0.0, *EDGES)[place] - TOLERANCE, (*EDGES, 1.0)[place] + TOLERANCE
    return slice(max(0, round(left * COLUMNS)), round(right * COLUMNS))


@lru_cache(maxsize=1024)
def _small(script: Script, at: float) -> Any:
    grey = cv2.cvtColor(script.frame(at), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA).astype(np.float32)
