"""What a language model is given to read: words as tokens, pictures as embeddings, and how two of such begin alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from pipelines.vision.engines import Values

Unit = int | tuple[str, int]
"""One position: a token, or a row of a picture."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Words, as the model's own tokenizer cuts them."""

    ids: tuple[int, ...]

    @property
    def units(self) -> list[Unit]:
        return list(self.ids)

    def after(self, count: int) -> Tokens:
        """What is left when the first `count` positions are taken away."""
        return Tokens(self.ids[count:])

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, as the connector handed it over: it stands among the words like words."""

    key: str
    """Equal keys mean equal rows; a key is never used for another picture."""
    rows: Values
    """Positions × width of the language model."""
    whole: bool = False
    """True: each row attends to every other, so it is read in one pass and never in part."""
    start: int = 0
    """How many rows of it were read already."""

    @property
    def units(self) -> list[Unit]:
        return [(self.key, row) for row in range(self.start, self.start + len(self.rows))]

    def after(self, count: int) -> Picture:
        return replace(self, rows=self.rows[count:], start=self.start + count)

    def __len__(self) -> int:
        return len(self.rows)


Span = Tokens | Picture


def units(spans: Iterable[Span]) -> list[Unit]:
    """Every position in turn."""
    return [unit for span in spans for unit in span.units]


def alike(one: Sequence[Unit], other: Sequence[Unit]) -> int:
    """How many positions the two begin with in common."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in pairs)


def known(read: Sequence[Unit], spans: Sequence[Span]) -> int:
    """How many positions of a prompt need not be read again; the last one always is, and a whole picture never in part.

    `read`: what was read before.
    """
    same, at = min(alike(read, units(spans)), sum(map(len, spans)) - 1), 0
    for span in spans:
        if isinstance(span, Picture) and span.whole and at < same < at + len(span):
            return at
        at += len(span)
    return max(0, same)


def unread(spans: Sequence[Span], count: int) -> list[Span]:
    """The prompt without its first `count` positions."""
    left: list[Span] = []
    for span in spans:
        taken = min(count, len(span))
        count -= taken
        if taken < len(span):
            left.append(span.after(taken))
    return left
