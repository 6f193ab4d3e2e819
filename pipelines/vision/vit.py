"""A vision transformer whose blocks normalise first: the SigLIP towers, with the names of transformers' checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class VitShape:
    """The size of a tower. The defaults are SigLIP so400m at 384 pixels with patches of 14."""

    width: int = 1152
    hidden: int = 4304
    layers: int = 27
    heads: int = 16
    image: int = 384
    """Pixels of each side; of 384, patches of 14 cover 378."""
    patch: int = 14
    epsilon: float = 1e-6
    final_norm: bool = True
    """False: what the last block gives, before the closing normalisation."""
    gelu: Literal["none", "tanh"] = "tanh"
    """The activation: approximated by tanh, as transformers has it, or GELU itself, as timm had it in early 2024."""

    @property
    def grid(self) -> int:
        """Patches along each side."""
        return self.image // self.patch


class Vit(nn.Module):
    """Pixels (n, 3, side, side) to features (n, patches, width), in raster order."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = _Embeddings(shape)
        self.encoder = _Encoder(shape)
        if shape.final_norm:
            self.post_layernorm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    @property
    def blocks(self) -> nn.ModuleList:
        return self.encoder.layers

    def begin(self, pixels: Tensor) -> Tensor:
        """Patches with their places."""
        embedded: Tensor = self.embeddings(pixels)
        return embedded

    def end(self, hidden: Tensor) -> Tensor:
        """What is done after the last block."""
        ended: Tensor = self.post_layernorm(hidden) if self.shape.final_norm else hidden
        return ended

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = self.begin(pixels)
        for block in self.blocks:
            hidden = block(hidden)
        return self.end(hidden)


class _Embeddings(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, shape.width, shape.patch, stride=shape.patch)
        self.position_embedding = nn.Embedding(shape.grid**2, shape.width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches: Tensor = self.patch_embedding(pixels)
        return patches.flatten(2).transpose(1, 2) + self.position_embedding.weight


class _Encoder(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Block(shape) for _ in range(shape.layers))


class _Block(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.self_attn = _Attention(shape.width, shape.heads)
        self.layer_norm2 = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.mlp = _Mlp(shape)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = hidden + self.self_attn(self.layer_norm1(hidden))
        out: Tensor = hidden + self.mlp(self.layer_norm2(hidden))
        return out


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.out_proj = nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        query, key, value = (
            project(hidden).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        attended = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return out


class _Mlp(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.gelu = shape.gelu
        self.fc1, self.fc2 = nn.Linear(shape.width, shape.hidden), nn.Linear(shape.hidden, shape.width)

    def forward(self, hidden: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(hidden), approximate=self.gelu))
        return out
