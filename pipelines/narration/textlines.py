"""One line of text before a camera, known again from look to look although it moves and is read differently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from math import inf

from pipelines.captionwords import ALIKE
from pipelines.narration.aiming import NEAR, beyond
from pipelines.readers.order import in_order
from pipelines.spots import Spot

SURE = 0.9
"""Score from which one look is enough."""
MOST_CHANGES = 3
"""Numbers in a line that change more often are a clock or a counter: they are not told any more."""
MOST_TRIES = 3
"""Times that a line is offered that nobody comes to hear."""
SAME_PLACE = 0.3
"""Overlap from which on a line with other numbers, and the same letters, is the same line."""
STEADY = 5
"""Looks for which a line must have been the same to count as one whose numbers seldom change."""
GONE = 2
"""Looks in a row that must miss a line for it to be gone."""
STAYS = 2
"""Looks in a row that must read the same piece of a line at the picture's edge: it is cut, and does not pass by."""
_NUMBERS = re.compile(r"[^\W_]*\d[^\W_]*")


@dataclass(slots=True)
class Line:
    """A line, and what the listener knows of it."""

    spot: Spot
    """As it was read best, where it was seen last."""
    since: float
    """Seconds on the loop's clock when it was first read as it is now."""
    seen_at: float
    whole: bool
    """All of it was in the picture when it was read so."""
    reads: int = 1
    """Looks that agree about it."""
    missed: int = 0
    """Looks in a row that did not find it."""
    changes: int = 0
    """How often its numbers became others."""
    told: Spot | None = None
    """As it was when it was last told."""
    offered: bool = False
    """It waits to be said, or is being said."""
    tries: int = 0
    waits_until: float = -inf
    """When it is offered again that was not heard."""
    guided_at: float | None = None
    """When the guide saw it last, who may have told of it or not; None: it is known what was told."""
    largest: float = 0.0
    """Share of the picture that it took up when most of it was there."""
    piece: str = ""
    """What of it was read at the picture's edge, where all of it is known."""
    stays: int = 0
    """Looks in a row that read just that."""

    def __post_init__(self) -> None:
        self.largest = max(self.largest, self.spot.box.area)

    @property
    def there(self) -> bool:
        return self.missed < GONE

    @property
    def sure(self) -> bool:
        """Whether it was read surely, or twice."""
        return self.there and (self.reads > 1 or self.spot.score >= SURE)

    def is_news(self, at: float) -> bool:
        """Whether it is there now and the listener does not know it; numbers that changed must hold, or are a clock."""
        holds = not self.missed and (self.reads > 1 or not self.changes)
        waits = self.offered or self.tries >= MOST_TRIES or self.changes > MOST_CHANGES or at < self.waits_until
        return self.sure and holds and not waits and not self.is_known

    @property
    def is_known(self) -> bool:
        """Whether what was told of it holds: a line that was only partly there is told anew when all of it is."""
        if self.told is None:
            return False
        if not self.whole:
            return True
        if beyond(self.told.box):
            return bare(self.told.text) == bare(self.spot.text)
        return alike(self.told.text, self.spot.text)

    @property
    def cut(self) -> bool:
        """Whether a part of what the listener knows as whole is outside of the picture now, and stays so."""
        return self.whole and self.stays >= STAYS and self.told is not None and not beyond(self.told.box)

    def again(self, spot: Spot, at: float) -> None:
        """It was read once more."""
        self.seen_at, self.missed, whole = at, 0, not beyond(spot.box)
        self.largest = max(self.largest, spot.box.area)
        self._keep_piece(spot)
        if numbers(spot.text) != numbers(self.spot.text) and not self._is_piece(spot):
            self.spot, self.whole, self.reads, self.since = spot, whole, 1, at
            self.changes, self.tries = self.changes + 1, 0
            return
        self.reads += 1
        self.changes *= self.reads < STEADY
        if not self.whole or (whole and not self.piece and spot.score >= self.spot.score):
            self.spot, self.whole = spot, whole
        else:
            self.spot = replace(spot, text=self.spot.text, score=self.spot.score)

    def _keep_piece(self, spot: Spot) -> None:
        """How long the same piece of it has stood at the edge."""
        text = (
            bare(spot.text) if self.whole and self._is_piece(spot) and bare(spot.text) != bare(self.spot.text) else ""
        )
        self.piece, self.stays = text, (self.stays + 1 if text == self.piece else 1) if text else 0

    def is_read(self, spot: Spot) -> bool:
        """Whether that may be the same line: alike but for its numbers, or a part of it where a part is not there."""
        if spot.label != self.spot.label:
            return False
        counts = _letters(spot.text) == _letters(self.spot.text) and spot.box.overlap(self.spot.box) > SAME_PLACE
        return counts or self._is_piece(spot) or nearly(spot.text, self.spot.text)

    def _is_piece(self, spot: Spot) -> bool:
        """Whether one is a part of the other, and the rest of it was outside of the picture."""
        one, other = bare(spot.text), bare(self.spot.text)
        return (bool(beyond(spot.box, NEAR)) and one in other) or (not self.whole and other in one)


def alike(one: str, other: str) -> bool:
    """Whether two readings are of the same line: nearly the same letters, and the same numbers."""
    return nearly(one, other) and numbers(one) == numbers(other)


@lru_cache(maxsize=4096)
def nearly(one: str, other: str) -> bool:
    """Whether they have nearly the same letters. Each line of a page is held against each: cheap tests go first."""
    one, other = bare(one), bare(other)
    if one == other:
        return True
    if 2 * min(len(one), len(other)) < ALIKE * (len(one) + len(other)):
        return False
    matcher = SequenceMatcher(None, one, other)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def numbers(text: str) -> list[str]:
    """Words with digits in them that are not taken for letters: `12:30`, `A12`, but not `EX1T`."""
    return [word for word in _NUMBERS.findall(text) if 2 * sum(map(str.isdigit, word)) >= len(word)]


def _letters(text: str) -> str:
    return "".join(sign for sign in bare(text) if not sign.isdigit())


@lru_cache(maxsize=1024)
def bare(text: str) -> str:
    """Its letters and digits."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def parted(spot: Spot, lines: Sequence[Line]) -> list[Line]:
    """Known lines that were read as one now: they lie in its box and together say the same; else none."""
    box = spot.box
    inside = [
        line for line in lines if box.left <= line.spot.box.x <= box.right and box.top <= line.spot.box.y <= box.bottom
    ]
    joined = " ".join(one.text for one in in_order(line.spot for line in inside))
    return inside if len(inside) > 1 and alike(spot.text, joined) else []


def is_part(spot: Spot, line: Line) -> bool:
    """Whether that is a piece of a known line, which was read as several now."""
    box, one = line.spot.box, bare(spot.text)
    within = box.left <= spot.box.x <= box.right and box.top <= spot.box.y <= box.bottom
    return within and bool(one) and one in bare(line.spot.text) and spot.label == line.spot.label
