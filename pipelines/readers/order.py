"""The order in which lines of text are read: from top to bottom, and from left to right where they stand level."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.spots import Box, Spot


def in_order(spots: Iterable[Spot]) -> tuple[Spot, ...]:
    """Lines that stand level one after the other, and then what is beneath them."""
    return tuple(spot for row in rows(spots) for spot in row)


def rows(spots: Iterable[Spot]) -> list[list[Spot]]:
    """Lines that stand level with the first of their row, from left to right; rows from top to bottom."""
    found: list[list[Spot]] = []
    for spot in sorted(spots, key=lambda one: one.box.top):
        beside = next((row for row in found if _level(row[0].box, spot.box)), None)
        if beside is None:
            found.append([spot])
        else:
            beside.append(spot)
    return [sorted(row, key=lambda one: one.box.left) for row in found]


def _level(one: Box, other: Box) -> bool:
    """Whether the middle of each lies between top and bottom of the other."""
    return one.top < other.y < one.bottom and other.top < one.y < other.bottom
