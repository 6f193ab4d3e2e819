"""How moondream2 sees: one square picture in 2024, overlapping crops stitched together again in 2025."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from pipelines.vision.connectors import connected
from pipelines.vision.engines import Steps, Values, VisionEngine, values
from pipelines.vision.pictures import normalised, square

Tiling = tuple[int, int]
"""Rows and columns of local crops."""


@dataclass(frozen=True, slots=True)
class Cropping:
    """How a picture is cut into squares that overlap. The defaults are moondream2's of 2025."""

    side: int = 378
    """Pixels of each side of a crop."""
    patch: int = 14
    margin: int = 4
    """Patches at each edge of a crop that belong to its neighbour, too."""
    most: int = 12
    """Local crops, at most."""

    def __post_init__(self) -> None:
        if self.window < self.patch or self.margin < 0 or self.most < 1:
            raise ValueError(f"crops of {self.grid} patches cannot have margins of {self.margin}")

    @property
    def grid(self) -> int:
        """Patches along each side of a crop."""
        return self.side // self.patch

    @property
    def window(self) -> int:
        """Pixels along each side of a crop that are its own."""
        return (self.grid - 2 * self.margin) * self.patch

    @property
    def overlap(self) -> int:
        """Pixels of both margins together."""
        return self.side - self.window

    def tiling(self, height: int, width: int) -> Tiling:
        """Into how many rows and columns a picture is cut; (1, 1) where it is not larger than one crop."""
        tall, wide = height - self.overlap, width - self.overlap
        if min(tall, wide) <= self.window:
            return 1, 1
        rows, columns = ceil(tall / self.window), ceil(wide / self.window)
        if rows * columns > self.most:
            scale = sqrt(self.most / (rows * columns))
            rows, columns = max(1, floor(rows * scale)), max(1, floor(columns * scale))
        else:
            rows = max(rows, floor(sqrt(self.most * tall / wide)))
            columns = max(columns, floor(sqrt(self.most * wide / tall)))
        return self._bounded(rows, columns)

    def crops(self, image: Image.Image, tiling: Tiling) -> Values:
        """The whole picture and its local crops, row by row: (1 + rows × columns, 3, side, side)."""
        rows, columns = tiling
        whole = image.resize((self.side, self.side), Image.Resampling.LANCZOS)
        size = (columns * self.window + self.overlap, rows * self.window + self.overlap)
        large = image.resize(size, Image.Resampling.LANCZOS)
        local = [
            large.crop((x * self.window, y * self.window, x * self.window + self.side, y * self.window + self.side))
            for y in range(rows)
            for x in range(columns)
        ]
        return np.stack([normalised(crop) for crop in (whole, *local)])

    def stitched(self, features: Values, tiling: Tiling) -> Values:
        """Features of local crops (crops, patches, width) as those of one picture: (patches high, patches wide, width).

        Where two crops overlap, each patch is taken from the crop in which it lies farther from the edge.
        """
        rows, columns = tiling
        squares = features.reshape(rows, columns, self.grid, self.grid, -1)
        lines = [
            np.concatenate([squares[y, x, self._own(y, rows), self._own(x, columns)] for x in range(columns)], axis=1)
            for y in range(rows)
        ]
        return np.concatenate(lines)

    def _bounded(self, rows: int, columns: int) -> Tiling:
        if rows * columns <= self.most:
            return rows, columns
        return (rows, self.most // rows) if columns > rows else (self.most // columns, columns)

    def _own(self, index: int, count: int) -> slice:
        """The patches of a crop that no neighbour gives."""
        return slice(0 if index == 0 else self.margin, self.grid if index == count - 1 else self.grid - self.margin)


@dataclass(frozen=True, slots=True)
class SquareSight:
    """The picture at 378 × 378, its proportions not kept: 729 rows (2024-04-02)."""

    vision: VisionEngine
    projection: nn.Module
    side: int = 378

    def __call__(self, image: Image.Image) -> Steps:
        features = yield from self.vision.features(normalised(square(image, self.side))[None])
        return values(connected(self.projection, torch.from_numpy(features))[0])


@dataclass(frozen=True, slots=True)
class CropSight:
    """The whole picture beside its crops, patch by patch, after the row that begins the text: 730 rows (2025)."""

    vision: VisionEngine
    projection: nn.Module
    cropping: Cropping
    begin: Values
    """The embedding (1, width) of the token that begins a text: it attends to the picture, and the picture to it."""
    full: bool
    """False: nothing but the whole picture is looked at, in one pass instead of up to thirteen."""

    def __call__(self, image: Image.Image) -> Steps:
        picture = image.convert("RGB")
        tiling = self.cropping.tiling(picture.height, picture.width) if self.full else (1, 1)
        crops = self.cropping.crops(picture, tiling)
        if tiling == (1, 1):
            crops = crops[:1]  # the one local crop is the whole picture again
        whole, local = yield from self._features(crops)
        rows = connected(self.projection, torch.cat([whole, self._pooled(local, tiling)], dim=-1)[None])[0]
        return np.concatenate([self.begin, values(rows)])

    def _features(self, crops: Values) -> Generator[None, None, tuple[torch.Tensor, Values]]:
        """Features of the whole picture (patches, width) and of the local crops; crop by crop, to pause in between."""
        seen = []
        for crop in crops:
            features = yield from self.vision.features(crop[None])
            seen.append(features[0])
        return torch.from_numpy(seen[0]), np.stack(seen[1:] or seen)

    def _pooled(self, local: Values, tiling: Tiling) -> torch.Tensor:
        """Features of the local crops, brought to the grid of the whole picture: (patches, width)."""
        stitched = torch.from_numpy(self.cropping.stitched(local, tiling)).permute(2, 0, 1)
        return adaptive_avg_pool2d(stitched, self.cropping.grid).flatten(1).T
