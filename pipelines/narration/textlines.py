"""One line of text before a camera, known again from look to look although it moves and is read differently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from pipelines.captionwords import among
from pipelines.narration.aiming import beyond
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

    def again(self, spot: Spot, at: float) -> None:
        """It was read once more."""
        self.seen_at, self.missed, whole = at, 0, not beyond(spot.box)
        if numbers(spot.text) != numbers(self.spot.text) and not self._is_piece(spot):
            self.spot, self.whole, self.reads, self.since = spot, whole, 1, at
            self.changes, self.tries = self.changes + 1, 0
            return
        self.reads += 1
        self.changes *= self.reads < STEADY
        if not self.whole or (whole and spot.score >= self.spot.score):
            self.spot, self.whole = spot, whole
        else:
            self.spot = replace(spot, text=self.spot.text, score=self.spot.score)

    def is_read(self, spot: Spot) -> bool:
        """Whether that may be the same line: alike but for its numbers, or a part of it where a part is not there."""
        if spot.label != self.spot.label:
            return False
        counts = _letters(spot.text) == _letters(self.spot.text) and spot.box.overlap(self.spot.box) > SAME_PLACE
        return counts or self._is_piece(spot) or among(spot.text, [self.spot.text])

    def _is_piece(self, spot: Spot) -> bool:
        """Whether one is a part of the other, and the rest of it was outside of the picture."""
        one, other = bare(spot.text), bare(self.spot.text)
        return (bool(beyond(spot.box)) and one in other) or (not self.whole and other in one)


def alike(one: str, other: str) -> bool:
    """Whether two readings are of the same line: nearly the same letters, and the same numbers."""
    return among(one, [other]) and numbers(one) == numbers(other)


def numbers(text: str) -> list[str]:
    """Words with digits in them that are not taken for letters: `12:30`, `A12`, but not `EX1T`."""
    return [word for word in _NUMBERS.findall(text) if 2 * sum(map(str.isdigit, word)) >= len(word)]


def _letters(text: str) -> str:
    return "".join(sign for sign in bare(text) if not sign.isdigit())


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
