"""Watches over a camera itself: its picture stands still bit for bit, is dark, or is covered."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.media import Frame, Options
from pipelines.news import Kind

COLUMNS, ROWS = 240, 135
"""So many pixels of a picture are looked at: each of them noisy, all of them together like no other picture's."""
CELLS = (16, 9)
"""A picture without its noise: so many cells, each the average of some two hundred pixels."""
EDGE = 3.5
"""Grey levels by which a cell is not as those on both sides of it let expect; light that falls off evenly is less."""
LEAST = 0.08
"""Share of such cells in a picture that has any detail to lose."""
GRAIN = (80, 45)
"""The same for what is as small as letters: so many cells of a few pixels each."""
STROKE, ABOVE_NOISE = 16.0, 6.0
"""Grey levels by which such a cell stands out, at the least; and how many times as much as half of all cells do."""
PRINT = 0.003
"""Share of such cells from which on there is something to read, and no cover: a word or two."""
MARGIN = 7
"""Rows of such cells at the top and at the bottom that count not: many a camera writes the time there."""
FLAT = 1.0
"""Grey levels between the cells of a picture that is too plain to tell whether it stands still."""
LEARNING, MEMORY = 5.0, 60.0
"""Seconds after which it is known how much there is to be seen, and in which that follows what is seen: the evening
takes longer, a hand before the lens does not."""
PAUSE = 60.0
"""Seconds without a picture after which all begins anew."""
ENDS = 1.0
"""Seconds for which it must be well again."""


class GuardOptions(Options):
    """When something is the matter with a camera. Times are in seconds."""

    frozen: float = Field(default=30.0, ge=1, le=3600)
    """A live camera hangs that has sent the very same picture for so long, without any noise."""
    dark: float = Field(default=12.0, ge=0, le=255)
    """A picture is dark that is hardly anywhere brighter than this, in grey levels out of 255."""
    covered: float = Field(default=0.25, gt=0, lt=0.5)
    """A camera is covered that shows no more than this share of the detail that it showed before."""
    after: float = Field(default=3.0, ge=0.5, le=600)
    """So long it is dark or covered before it is told."""


class Told(Protocol):
    """Who is told."""

    def began(self, kind: Kind, at: float, /) -> None:
        """Something is the matter since then, seconds on the loop's clock."""

    def over(self, kind: Kind, at: float, /) -> None:
        """It is well since then."""


class Guard(Protocol):
    """Watches over one camera."""

    def look(self, frame: Frame) -> None:
        """Tell what is the matter with the camera, and what is not any more."""

    def forget(self) -> None:
        """The camera was away, or switched off: nothing is the matter, and what it usually shows is not known."""


@dataclass(slots=True)
class Lasting:
    """Something that counts when it has held for `after` seconds, until it has not held for `ENDS`."""

    kind: Kind
    after: float
    on: bool = False
    changed_at: float = 0.0
    """Since when it counts, or does not any more."""
    doubted_at: float | None = None
    """Since when it looks as if that were to change."""

    def take(self, holds: bool | None, at: float) -> bool:
        """Whether it counts from now on, or does not any more. None: nobody can tell, so nothing changes."""
        if holds is None or holds is self.on:
            self.doubted_at = None
            return False
        if self.doubted_at is None:
            self.doubted_at = at
        if at - self.doubted_at < (ENDS if self.on else self.after):
            return False
        self.on, self.changed_at, self.doubted_at = holds, self.doubted_at, None
        return True


@dataclass(frozen=True, slots=True)
class Glance:
    """What there is to be seen of a picture."""

    print: int
    """Of pictures that are the same bit for bit, the same."""
    brightest: float
    """In grey levels, of all but the few brightest cells."""
    contrast: float
    """Grey levels between the darkest and the brightest cell."""
    detail: float
    """Share of the cells that are not as their neighbours let expect, 0 to 1."""
    strokes: NDArray[np.bool_]
    """Where small cells stand out from those beside them: edges, and the strokes of letters."""


class CameraGuard:
    """Looks at every frame of one camera, in the order they were taken; knows no clock but theirs."""

    def __init__(self, options: GuardOptions, told: Told, live: bool) -> None:
        """`live`: in a file or a still, a picture that stays exactly as it is is no trouble."""
        self._options, self._told, self._live = options, told, live
        self._at: float | None = None
        self._begin()

    def look(self, frame: Frame) -> None:
        """Tell what is the matter with the camera, and what is not any more."""
        at, seen = frame.captured_at, glance(frame)
        if self._at is None or not 0 <= at - self._at <= PAUSE:
            self.forget()
        dark, covered = self._is_dark(seen), self._is_covered(seen)
        self._take(self._frozen, self._is_frozen(seen), at)
        self._take(self._dark, dark, at)
        self._take(self._covered, False if dark else covered, at)
        if not covered:
            self._learn(seen, 0.0 if self._at is None else at - self._at)
        self._at, self._print = at, seen.print

    def forget(self) -> None:
        """The camera was away, or switched off: nothing is the matter, and what it usually shows is not known."""
        for lasting in (self._frozen, self._dark, self._covered):
            if lasting.on and self._at is not None:
                self._told.over(lasting.kind, self._at)
        self._begin()

    def _begin(self) -> None:
        self._frozen = Lasting("camera_frozen", self._options.frozen)
        self._dark = Lasting("camera_dark", self._options.after)
        self._covered = Lasting("camera_covered", self._options.after)
        self._at, self._print = None, -1
        self._usual = self._known = 0.0
        self._always = np.zeros((GRAIN[1] - 2 * MARGIN, GRAIN[0] - 2), np.float32)

    def _is_frozen(self, seen: Glance) -> bool | None:
        return self._live and seen.print == self._print if seen.contrast > FLAT else None

    def _is_dark(self, seen: Glance) -> bool:
        return seen.brightest <= self._options.dark * (1.5 if self._dark.on else 1.0)

    def _is_covered(self, seen: Glance) -> bool:
        """Of what it usually shows hardly anything can be seen; a wall that was always there usually shows nothing.

        A sheet of print before the lens is none: it is held there to be read.
        """
        if self._known < LEARNING or self._usual < LEAST:
            return False
        return self._is_blank(seen, 2.0 if self._covered.on else 1.0) and not self._is_print(seen)

    def _is_blank(self, seen: Glance, times: float = 1.0) -> bool:
        return seen.detail <= self._usual * self._options.covered * times

    def _is_print(self, seen: Glance) -> bool:
        """What always stands there counts not: a mask has edges."""
        return float(np.mean(seen.strokes & (self._always < 0.5))) >= PRINT

    def _learn(self, seen: Glance, seconds: float) -> None:
        """At first the average of all that was seen, later of what was seen in the last minute or so."""
        self._known += seconds
        share = seconds / min(self._known, MEMORY) if self._known else 1.0
        if not self._is_blank(seen):  # else it is a page, which is not always there
            self._always += (seen.strokes - self._always) * np.float32(share)
        self._usual += (seen.detail - self._usual) * share

    def _take(self, lasting: Lasting, holds: bool | None, at: float) -> None:
        if lasting.take(holds, at):
            tell = self._told.began if lasting.on else self._told.over
            tell(lasting.kind, lasting.changed_at)


def glance(frame: Frame) -> Glance:
    """What there is to be seen, in a third of a millisecond."""
    import cv2

    pixels = frame.pixels
    rows, columns = max(1, pixels.shape[0] // ROWS), max(1, pixels.shape[1] // COLUMNS)
    sample = np.ascontiguousarray(pixels[::rows, ::columns, 1])
    cells = cv2.resize(sample.astype(np.float32), CELLS, interpolation=cv2.INTER_AREA)
    ordered = np.sort(cells, axis=None)
    return Glance(
        zlib.crc32(sample.data),
        float(ordered[int(0.95 * ordered.size)]),
        float(ordered[-1] - ordered[0]),
        float(np.mean(np.concatenate([_bends(cells).ravel(), _bends(cells.T).ravel()]) >= EDGE)),
        _strokes(cv2.resize(sample, GRAIN, interpolation=cv2.INTER_AREA).astype(np.float32)),
    )


def _strokes(cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Noise makes all cells differ a little, letters make some of them differ much."""
    bends = np.maximum(_bends(cells)[MARGIN:-MARGIN], _bends(cells.T).T[MARGIN - 1 : 1 - MARGIN, 1:-1])
    return bends >= max(STROKE, ABOVE_NOISE * float(np.median(bends)))


def _bends(cells: NDArray[Any]) -> NDArray[np.float32]:
    """How far each cell is from the middle of those left and right of it, in grey levels, times two."""
    return np.asarray(np.abs(cells[:, :-2] - 2 * cells[:, 1:-1] + cells[:, 2:]))
