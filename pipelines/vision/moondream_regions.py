"""Where things are: moondream2's heads that turn a state of the language model into a place, and a place into a row."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

SMALLEST = 2.0**-10
"""The least width or height that can be said, as a part of the picture's."""


@dataclass(frozen=True, slots=True)
class RegionShape:
    """The size of the heads. The defaults are those of moondream2 of 2025."""

    width: int = 2048
    hidden: int = 8192
    coordinate_features: int = 256
    size_features: int = 512
    bins: int = 1024


class Size(NamedTuple):
    """Bins of the width and of the height; they are logarithmic."""

    width: int
    height: int


class Regions(nn.Module):
    """Coordinates and sizes, each a bin; a row of them stands among the words as any other embedding does."""

    def __init__(self, shape: RegionShape) -> None:
        super().__init__()
        self.bins = shape.bins
        self.coord_features = nn.Parameter(torch.empty(1, shape.coordinate_features // 2))
        self.size_features = nn.Parameter(torch.empty(2, shape.size_features // 2))
        self.coord_encoder = nn.Linear(shape.coordinate_features, shape.width)
        self.size_encoder = nn.Linear(shape.size_features, shape.width)
        self.coord_decoder = _Decoder(shape.width, shape.hidden, shape.bins)
        self.size_decoder = _Decoder(shape.width, shape.hidden, 2 * shape.bins)

    def coordinate_bin(self, state: Tensor) -> int:
        """Which x or y a state (width) means."""
        return int(self.coord_decoder(state).argmax())

    def size_bins(self, state: Tensor) -> Size:
        """Which width and height a state (width) means."""
        width, height = self.size_decoder(state).view(2, -1).argmax(-1).tolist()
        return Size(width, height)

    def coordinate_row(self, at: int) -> Tensor:
        """The embedding (1, width) of an x or y."""
        row: Tensor = self.coord_encoder(_waves([self.coordinate(at)], self.coord_features))
        return row

    def size_row(self, size: Size) -> Tensor:
        """The embedding (1, width) of a width and height."""
        row: Tensor = self.size_encoder(_waves([self.extent(one) for one in size], self.size_features))
        return row

    def coordinate(self, at: int) -> float:
        """The x or y of a bin, as a part of the picture's width or height."""
        return at / self.bins

    def extent(self, at: int) -> float:
        """The width or height of a bin, as a part of the picture's: from `SMALLEST` to 1, evenly in its logarithm."""
        return float(SMALLEST ** (1 - at / (self.bins - 1)))


class _Decoder(nn.Module):
    def __init__(self, width: int, hidden: int, out: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, out)

    def forward(self, state: Tensor) -> Tensor:
        scores: Tensor = self.fc2(gelu(self.fc1(state), approximate="tanh"))
        return scores


def _waves(places: list[float], frequencies: Tensor) -> Tensor:
    """Numbers as cosines and sines of learned frequencies: (1, 2 × frequencies)."""
    angles = 2 * pi * torch.tensor([places], dtype=frequencies.dtype, device=frequencies.device) @ frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
