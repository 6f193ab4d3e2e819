"""What moves before a camera, told per frame: something that goes on, not noise, one bad picture, or daylight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.types import Place

Where = Place | Literal["camera"]
"""Where most of a change lies; `camera`: nearly everywhere."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What a frame tells of motion."""

    share: float = 0.0
    """Share of the picture that moved, 0 to 1; 0: nothing did, or too little."""
    where: Where | None = None
    since: float | None = None
    """Seconds on the loop's clock of the first picture of what goes on; None: all has been still for some time."""
    differs: float = 0.0
    """Share of the picture that is not as it was before all that, 0 to 1; only while nothing moves."""


STILL = Motion()
