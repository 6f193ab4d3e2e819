"""The perceiver resampler: a fixed number of learned queries looks at all patches, and each becomes one row."""

from __future__ import annotations

from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-6
HEAD = 128
"""Width of one head."""


class Resampler(nn.Module):
    """Features (n, patches, `features`) to rows (n, queries, `width`), as both OmniLMMs have it.

    Queries and patches know where they are; the patches' places are the queries', drawn out to the finer grid.
    """

    def __init__(self, queries: int, features: int, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(queries, width))
        self.pos_embed = nn.Parameter(torch.zeros(queries, width))
        self.kv_proj = nn.Linear(features, width, bias=False)
        self.attn = nn.MultiheadAttention(width, max(1, width // HEAD), batch_first=True)
        self.ln_q, self.ln_kv, self.ln_post = (nn.LayerNorm(width, eps=EPSILON) for _ in range(3))
        self.proj = nn.Parameter(torch.zeros(width, width))

    def forward(self, features: Tensor) -> Tensor:
        patches = self.ln_kv(self.kv_proj(features))
        queries = (self.ln_q(self.query) + self.pos_embed).expand(len(features), -1, -1)
        keys = patches + drawn_out(self.pos_embed, isqrt(patches.shape[1]))
        seen, _ = self.attn(queries, keys, patches, need_weights=False)
        rows: Tensor = self.ln_post(seen) @ self.proj
        return rows


def drawn_out(places: Tensor, side: int, antialias: bool = False) -> Tensor:
    """Places of a square grid (side² × width) on a grid of another side; bicubic, computed in float32."""
    before = isqrt(len(places))
    if before == side:
        return places
    grid = places.float().T.reshape(1, -1, before, before)
    drawn = functional.interpolate(grid, size=(side, side), mode="bicubic", antialias=antialias)
    return drawn[0].flatten(1).T.to(places.dtype)


def waves(width: int, side: int) -> Tensor:
    """Places of a square grid in sine and cosine (side² × width): half of the width tells the column, half the row."""
    rates = 10000.0 ** -(torch.arange(width // 4) / (width // 4))
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    angles = [along.flatten()[:, None] * rates for along in (column, row)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], 1)
