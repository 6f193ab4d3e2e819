"""Ovis's connector: each patch is a chance over visual words, and the mean of their embeddings in a learnt table."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipelines.vision.partition import ATOM, INDICATORS


@dataclass(frozen=True, slots=True)
class OvisShape:
    """Sizes that stand in the checkpoint's configuration."""

    features: int
    """Width of the tower."""
    words: int
    """Visual words; the last five are the indicators."""
    width: int
    """Width of the language model."""
    stride: int = 1
    """Patches along each side of the square that becomes one row."""


class VisualTable(nn.Module):
    """Features (parts, patches, width) to rows (parts, rows, width of the words)."""

    def __init__(self, shape: OvisShape) -> None:
        super().__init__()
        self.shape = shape
        said = shape.words - len(INDICATORS)
        self.head = nn.Sequential(
            nn.Linear(shape.features * shape.stride**2, said, bias=False), nn.LayerNorm(said)
        )  # fmt: skip
        self.vte = nn.Embedding(shape.words, shape.width)

    def forward(self, features: Tensor) -> Tensor:
        chance = torch.softmax(self.head(merged(features, self.shape.stride)), dim=-1)
        rows: Tensor = functional.pad(chance, (0, len(INDICATORS))) @ self.vte.weight
        return rows

    def placed(self, rows: Tensor, placeholders: tuple[int, ...]) -> Tensor:
        """All parts of one picture with the indicators between them: (positions, width of the words)."""
        parts = iter(rows)
        marks = self.vte.weight[-len(INDICATORS) :]
        row_of = {indicator: marks[place] for place, indicator in enumerate(INDICATORS)}
        return torch.cat([next(parts) if one == ATOM else row_of[one][None] for one in placeholders])


def merged(features: Tensor, stride: int) -> Tensor:
    """Squares of `stride` × `stride` patches side by side; the picture is filled up with zeros where it ends."""
    if stride == 1:
        return features
    count, patches, width = features.shape
    side = int(patches**0.5)
    more = -side % stride
    grid = functional.pad(features.reshape(count, side, side, width), (0, 0, 0, more, 0, more))
    cells = (side + more) // stride
    squares = grid.reshape(count, cells, stride, cells, stride, width).transpose(2, 3)
    return squares.reshape(count, cells * cells, stride * stride * width)
