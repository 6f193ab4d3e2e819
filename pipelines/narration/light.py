"""How bright a camera's pictures are: whether the light went on or off, and whether hardly anything can be seen.

Pure, and cheap: it looks at some hundred pixels of each picture.
"""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from devices.media import Frame

COLUMNS, ROWS = 32, 18
TWICE = 2.0
"""How many times as bright, or as dark, it must be."""
LEVELS = 25.0
"""Grey levels by which it must be so as well."""
LASTS = 0.3
"""Seconds for which it must last."""
USUAL = 10.0
"""Seconds in which eyes, and this, get used to a light that changes slowly."""
ALIKE = 0.5
"""Correlation of two pictures of one scene in different light; those of two scenes have less."""
DARK = 25.0
"""Grey levels below which hardly anything can be seen."""
DETAIL = 0.3
"""Share of the usual contrast below which something covers the lens."""
BLIND = 6.0
"""Seconds after which hardly anything to be seen is how it looks there."""

Step = Literal["darker", "brighter", "elsewhere"]
"""`elsewhere`: it was dark, and now that it is not another scene is there than before."""


class Lightness(Protocol):
    """Judges how bright a camera's pictures are; wants to see every one, in the order in which they were taken."""

    @property
    def steps(self) -> bool:
        """Whether the light is another one than usual, though that is not told yet."""

    @property
    def blind(self) -> bool:
        """Whether hardly anything can be seen of what was to be seen before."""

    def look(self, frame: Frame) -> Step | None:
        """What the light did, once it has lasted."""

    def clear(self) -> None:
        """Another scene, or nothing was seen for some time."""


class Light:
    """Of one camera; is given every frame in the order in which they were taken."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Another scene, or nothing was seen for some time."""
        self._at: float | None = None
        self._level = self._contrast = 0.0
        self._scene: NDArray[np.float32] | None = None
        """The last picture in the usual light."""
        self._lit: NDArray[np.float32] | None = None
        """The last one in which something was to be seen."""
        self._step_at: float | None = None
        self._blind_at: float | None = None
        self.steps = False
        """Whether the light is another one than usual, though that is not told yet."""

    @property
    def blind(self) -> bool:
        """Whether hardly anything can be seen of what was to be seen before: so nobody knows what is gone."""
        return self._blind_at is not None or (self.steps and self._level < DARK)

    def look(self, frame: Frame) -> Step | None:
        """What the light did, once it has lasted."""
        at, picture = frame.captured_at, small(frame)
        level, contrast = float(picture.mean()), float(picture.std())
        if self._at is None or self._scene is None:
            self._at, self._level, self._contrast, self._scene = at, level, contrast, picture
            return None
        seconds, self._at = at - self._at, at
        self._see(contrast, level, at, seconds)
        step = self._stepped(level)
        self.steps = step is not None and (min(level, self._level) < DARK or alike(self._scene, picture))
        if not self.steps:
            self._level += min(1.0, seconds / USUAL) * (level - self._level)
            self._step_at, self._scene = None, picture if step is None else self._scene
            if step is not None:  # another scene, which has its own light
                self._level, self._scene = level, picture
            self._lit = picture if self._level >= DARK else self._lit
            return None
        self._step_at = at if self._step_at is None else self._step_at
        if at - self._step_at < LASTS:
            return None
        dark, lit = self._level < DARK, self._lit
        self._level, self._scene, self._step_at = level, picture, None
        return "elsewhere" if dark and lit is not None and not alike(lit, picture) else step

    def _stepped(self, level: float) -> Step | None:
        if abs(level - self._level) < LEVELS:
            return None
        if level * TWICE <= self._level:
            return "darker"
        return "brighter" if level >= self._level * TWICE else None

    def _see(self, contrast: float, level: float, at: float, seconds: float) -> None:
        hardly = level < DARK or contrast < DETAIL * self._contrast
        if hardly and (self._blind_at is None or at - self._blind_at < BLIND):
            self._blind_at = at if self._blind_at is None else self._blind_at
            return
        if hardly:
            self._contrast = contrast
        self._blind_at = at if level < DARK else None
        self._contrast += min(1.0, seconds / USUAL) * (contrast - self._contrast)


def small(frame: Frame) -> NDArray[np.float32]:
    """Some hundred pixels of it, in grey levels."""
    pixels = frame.pixels
    rows, columns = max(1, pixels.shape[0] // ROWS), max(1, pixels.shape[1] // COLUMNS)
    return pixels[rows // 2 :: rows, columns // 2 :: columns, 1].astype(np.float32)


def alike(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether both show one scene, whatever the light."""
    if before.shape != after.shape:
        return False
    apart, others = before - before.mean(), after - after.mean()
    both = float(np.sqrt((apart * apart).sum() * (others * others).sum()))
    return both > 0 and float((apart * others).sum()) / both >= ALIKE
