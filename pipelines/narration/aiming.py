"""Helps somebody who cannot see the picture to aim the camera: where to move it, and how good it is by now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median

from pipelines.narration.textwords import WORDS, Direction, whole
from pipelines.phrases import Language
from pipelines.readers.order import in_order
from pipelines.remarks import Priority, Remark
from pipelines.spots import CODE, TEXT, Box, Spot, Spots

EDGE = 0.003
"""Share of the picture: what ends so near to its edge goes on outside."""
NEAR = 0.02
"""The same of a piece of what is known: where it is only a piece, it may well be cut between two letters."""
ASIDE = 0.2
"""How far from the middle something may be, in shares of the picture."""
SMALL_LINE, SMALL_THING = 0.025, 0.15
"""Height below which a line of text, or a thing, is too small; in shares of the picture."""
PAUSE = 1.5
"""Seconds between two directions, at the least."""
SEARCHING = 6.0
"""Seconds between two remarks that there is nothing yet."""
LONGEST = 30.0
"""Seconds after which guidance ends by itself."""
HELD = 2
"""Looks in a row in which it must be right."""


@dataclass(frozen=True, slots=True)
class Aim:
    """How the camera is aimed at present."""

    direction: Direction
    good: float
    """0: nothing there; 1: all of it, in the middle and large."""


def aim(boxes: Sequence[Box], small: float = SMALL_LINE) -> Aim:
    """For all of these boxes together; each is too small below the height `small`.

    What is on the left of the picture, or goes on beyond its left edge, comes into the middle when the camera is
    moved to the left.
    """
    if not boxes:
        return Aim("search", 0.0)
    around, cut = _around(boxes), [*beyond(_around(boxes))]
    size = min(1.0, median(box.bottom - box.top for box in boxes) / (2 * small))
    centred = 1 - 2 * max(abs(around.x - 0.5), abs(around.y - 0.5))
    good = round(0.3 * centred + 0.3 * size + (0.4 if not cut else 0.1), 3)
    return Aim(_direction(around, cut, size), good)


def beyond(box: Box, edge: float = EDGE) -> tuple[Direction, ...]:
    """Where the camera must go for what ends at the picture's edge; empty: all of it is there."""
    left, right = box.left <= edge, box.right >= 1 - edge
    above, below = box.top <= edge, box.bottom >= 1 - edge
    if (left and right) or (above and below):
        return ("back",)
    sides: list[tuple[Direction, bool]] = [("left", left), ("right", right), ("up", above), ("down", below)]
    return tuple(side for side, ends in sides if ends)


class Aiming:
    """Guides, from when somebody wants it until what is sought was read, or is well in the picture."""

    def __init__(
        self, camera: str, language: Language = "en", beep: Callable[[float], None] = lambda good: None
    ) -> None:
        """`beep`: told at every look how good it is, 0 to 1."""
        self._camera, self._language, self._beep = camera, language, beep
        self._words = WORDS[language]
        self._began: float | None = None
        self._label = TEXT
        self._held: tuple[str, ...] = ()
        self._holds = 0
        self._last: Direction | None = None
        self._said_at = -inf

    @property
    def active(self) -> bool:
        return self._began is not None

    def begin(self, at: float, label: str = TEXT) -> None:
        """Somebody wants to aim at text, or at a thing of this name."""
        self._began, self._label = at, label
        self._held, self._holds, self._last, self._said_at = (), 0, None, -inf

    def end(self) -> None:
        """Somebody wants no more guidance, or cameras are switched off."""
        self._began = None

    def look(self, spots: Spots) -> list[Remark]:
        """What is to be said after one look."""
        text = self._label in (TEXT, CODE)
        if self._began is None or spots.sought != ("text" if text else "objects"):
            return []
        found = [spot for spot in spots.found if text or spot.label == self._label]
        now = aim([spot.box for spot in found], SMALL_LINE if text else SMALL_THING)
        self._beep(now.good)
        if self._reached(found, now):
            return [self._ends(whole(in_order(found), self._language) if text else self._words.found, spots)]
        if spots.captured_at - self._began >= LONGEST:
            return [self._ends(self._words.over, spots)]
        return self._guided(now.direction, spots)

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark: a direction that nobody heard is told again."""
        if not heard and remark.key == self._key:
            self._last = None

    @property
    def _key(self) -> str:
        return f"{self._camera} aim"

    def _reached(self, found: Sequence[Spot], now: Aim) -> bool:
        """Whether all of it was there, and read alike, in several looks."""
        read = tuple(sorted(spot.text for spot in found))
        held = now.direction == "hold" and (read == self._held or not self._holds)
        self._holds, self._held = (self._holds + 1 if held else int(now.direction == "hold")), read
        return self._holds >= HELD

    def _guided(self, direction: Direction, spots: Spots) -> list[Remark]:
        since = spots.captured_at - self._said_at
        again = direction == "search" and since >= SEARCHING
        if since < PAUSE or (direction == self._last and not again):
            return []
        self._last, self._said_at = direction, spots.captured_at
        return [self._remark(self._words.move[direction], spots, spots.captured_at + spots.took + PAUSE)]

    def _ends(self, text: str, spots: Spots) -> Remark:
        self._began = None
        return self._remark(text, spots)

    def _remark(self, text: str, spots: Spots, expires_at: float | None = None) -> Remark:
        """A direction is wrong a moment later; what was read stays true."""
        return Remark(
            text, Priority.ANSWER, spots.captured_at, key=self._key, expires_at=expires_at, asked=True,
            camera=self._camera, source="aim",
        )  # fmt: skip


def _direction(around: Box, cut: Sequence[Direction], size: float) -> Direction:
    """What matters most: first all of it, then the middle, then its size."""
    if cut:
        return cut[0]
    x, y = around.x - 0.5, around.y - 0.5
    if max(abs(x), abs(y)) > ASIDE:
        sideways: Direction = "left" if x < 0 else "right"
        return sideways if abs(x) >= abs(y) else "up" if y < 0 else "down"
    return "closer" if size < 0.5 else "hold"


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes), min(box.top for box in boxes),
        max(box.right for box in boxes), max(box.bottom for box in boxes),
    )  # fmt: skip
