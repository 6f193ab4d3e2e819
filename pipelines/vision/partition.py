"""How Ovis1.6 cuts a picture into parts of about the tower's size, and makes each part square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image

from pipelines.vision.engines import Values
from pipelines.vision.pictures import normalised

Grid = tuple[int, int]
"""Rows and columns."""
Box = tuple[int, int, int, int]
"""Left, upper, right, lower, in pixels."""

COVERED = 0.9
"""A grid is good when so much of the picture keeps its resolution."""

ATOM, INDICATORS = -300, (-301, -302, -303, -304, -305)
"""Placeholders among the tokens: a part of a picture; its begin, the end of its overview, between columns, between
rows, its end."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A picture, cut: its parts as pixels (parts, 3, side, side), and what stands for it among the tokens."""

    pixels: Values
    placeholders: tuple[int, ...]


def cut(image: Image.Image, side: int, most: int) -> Parts:
    """The picture in the smallest grid of at most `most` parts that keeps its resolution, an overview first."""
    grid = best_grid(image.size, side, most)
    parts = [image.crop(box) for box in boxes(image.size, grid)]
    if len(parts) > 1:
        parts.insert(0, image)
    return Parts(np.stack([padded(part, side) for part in parts]), placeholders(grid))


def placeholders(grid: Grid) -> tuple[int, ...]:
    """What stands for a picture of this grid among the tokens."""
    begin, overview_end, column, row, end = INDICATORS
    rows, columns = grid
    cells: list[int] = []
    if rows * columns > 1:
        for number in range(rows):
            cells += [ATOM, *[column, ATOM] * (columns - 1), *([row] if number < rows - 1 else [])]
    return (begin, ATOM, overview_end, *cells, end)


def best_grid(size: tuple[int, int], side: int, most: int) -> Grid:
    """The smallest grid that covers the picture well; where none does, the one that covers it best."""
    counts = range(1, most + 1)
    grids = [(rows, columns) for rows, columns in product(counts, counts) if rows * columns <= most]
    covers = {grid: _covered(size, grid, side) for grid in grids}
    good = [grid for grid in grids if covers[grid] > COVERED]
    if good:
        return min(good, key=lambda grid: (grid[0] * grid[1], -covers[grid]))
    return min(grids, key=lambda grid: (-covers[grid], grid[0] * grid[1]))


def boxes(size: tuple[int, int], grid: Grid) -> list[Box]:
    """The cells, row by row; the last of each row and column takes what division leaves over."""
    (width, height), (rows, columns) = size, grid
    across, down = _edges(width, columns), _edges(height, rows)
    return [
        (across[column], down[row], across[column + 1], down[row + 1])
        for row, column in product(range(rows), range(columns))
    ]


def padded(image: Image.Image, side: int) -> Values:
    """The part with its longer side made `side` pixels, in the middle of a square of zeros: (3, side, side)."""
    width, height = image.size
    longer = max(width, height)
    size = (max(1, int(side * width / longer)), max(1, int(side * height / longer)))
    pixels = normalised(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    whole = np.zeros((3, side, side), np.float32)
    whole[:, top : top + size[1], left : left + size[0]] = pixels
    return whole


def _edges(length: int, count: int) -> Sequence[int]:
    return [number * (length // count) for number in range(count)] + [length]


def _covered(size: tuple[int, int], grid: Grid, side: int) -> float:
    """The share of the picture's area that is left when each cell is made to fit the tower."""
    total = sum(_kept(right - left, lower - upper, side) for left, upper, right, lower in boxes(size, grid))
    return total / (size[0] * size[1])


def _kept(width: int, height: int, side: int) -> float:
    longer, shorter = max(width, height), min(width, height)
    return side * shorter * side / longer if longer > side else longer * shorter
