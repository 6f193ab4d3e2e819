"""EVA02-E, OmniLMM-12B's vision tower: a transformer that normalises what each layer adds, with timm's names."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class EvaShape:
    """The size of a tower. The defaults are `eva02_enormous_patch14_clip_224` at 448 pixels without its last block."""

    width: int = 1792
    hidden: int = 15360
    layers: int = 63
    heads: int = 16
    image: int = 448
    """Pixels of each side."""
    patch: int = 14
    epsilon: float = 1e-6

    @property
    def grid(self) -> int:
        """Patches along each side."""
        return self.image // self.patch


class Eva02(nn.Module):
    """Pixels (n, 3, side, side) to features (n, patches, width), in raster order."""

    def __init__(self, shape: EvaShape) -> None:
        super().__init__()
        self.shape = shape
        self.patch_embed = _Patches(shape)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + shape.grid**2, shape.width))
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def begin(self, pixels: Tensor) -> Tensor:
        """The class token and the patches, with their places."""
        patches = self.patch_embed(pixels)
        return torch.cat([self.cls_token.expand(len(patches), -1, -1), patches], 1) + self.pos_embed

    def end(self, hidden: Tensor) -> Tensor:
        """Normalised, without the class token."""
        ended: Tensor = self.norm(hidden)
        return ended[:, 1:]


class _Patches(nn.Module):
    def __init__(self, shape: EvaShape) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, shape.width, shape.patch, stride=shape.patch)

    def forward(self, pixels: Tensor) -> Tensor:
        patches: Tensor = self.proj(pixels)
        return patches.flatten(2).transpose(1, 2)


class _Block(nn.Module):
    def __init__(self, shape: EvaShape) -> None:
        super().__init__()
        self.attn = _Attention(shape.width, shape.heads)
        self.norm1 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.mlp = _Mlp(shape.width, shape.hidden)
        self.norm2 = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = hidden + self.norm1(self.attn(hidden))
        out: Tensor = hidden + self.norm2(self.mlp(hidden))
        return out


class _Attention(nn.Module):
    """One projection makes queries, keys and values; the keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        together = self.qkv(hidden) + bias
        query, key, value = together.reshape(*hidden.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return out


class _Mlp(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, hidden: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(hidden)))
        return out
