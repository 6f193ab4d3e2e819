"""moondream2 computed plainly, on the fused tensors of a checkpoint as they are named: what ours is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Names:
    """What a revision calls the parts of its tower."""

    patches: str
    places: str
    blocks: str
    norms: tuple[str, str]
    norm: str
    projection: str
    heads: int


_VISUAL = "vision_encoder.encoder.model.visual."
OLD = Names(
    f"{_VISUAL}patch_embed.linear", f"{_VISUAL}pos_embed", f"{_VISUAL}blocks.", ("norm1", "norm2"), f"{_VISUAL}norm",
    "vision_encoder.projection.mlp", 1,
)  # fmt: skip
NEW = Names(
    "vision.patch_emb", "vision.pos_emb", "vision.blocks.", ("ln1", "ln2"), "vision.post_ln", "vision.proj_mlp", 3
)


def states(tensors: Mapping[str, Any], stem: str, fused: str, out: str, rows: Any, whole: int) -> Any:
    """Phi as its paper and releases describe it, on the fused tensors: the states after all blocks.

    `whole`: so many positions at the beginning attend to each other in both directions.
    """
    count, heads = len(rows), 4
    width = rows.shape[1] // heads
    allowed = torch.ones(count, count).tril().bool()
    allowed[:whole, :whole] = True
    turn = 10000.0 ** -(torch.arange(0, width // 2, 2) / (width // 2))
    angle = torch.arange(count)[:, None] * turn
    for layer in range(2):
        near = {name.removeprefix(f"{stem}{layer}."): one for name, one in tensors.items() if f"{stem}{layer}." in name}

        def linear(name: str, given: Any, near: Mapping[str, Any] = near) -> Any:
            return given @ near[f"{name}.weight"].T + near[f"{name}.bias"]

        normal = functional.layer_norm(rows, rows.shape[1:], near["ln.weight"], near["ln.bias"], 1e-5)
        query, key, value = (
            part.reshape(count, heads, width).transpose(0, 1) for part in linear(fused, normal).chunk(3, dim=-1)
        )
        scores = _turned(query, angle) @ _turned(key, angle).transpose(1, 2) / width**0.5
        attended = scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ value
        mlp = linear("mlp.fc2", functional.gelu(linear("mlp.fc1", normal), approximate="tanh"))
        rows = rows + linear(out, attended.transpose(0, 1).reshape(count, -1)) + mlp
    return rows


def _turned(heads: Any, angle: Any) -> Any:
    """Rotary positions on the first half of each head."""
    half = angle.shape[1]
    one, two, rest = heads[..., :half], heads[..., half : 2 * half], heads[..., 2 * half :]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([one * cos - two * sin, two * cos + one * sin, rest], dim=-1)


def scores(states: Any, norm: str, head: str, tensors: Mapping[str, Any]) -> Any:
    last = functional.layer_norm(states[-1], states.shape[1:], tensors[f"{norm}.weight"], tensors[f"{norm}.bias"], 1e-5)
    return last @ tensors[f"{head}.weight"].T + tensors[f"{head}.bias"]


def features(tensors: Mapping[str, Any], names: Names, crops: Any, gelu: str) -> Any:
    """The tower: crops (n, 3, side, side) to features (n, patches, width)."""
    count, side = len(crops), crops.shape[-1] // 14
    patches = crops.reshape(count, 3, side, 14, side, 14).permute(0, 2, 4, 1, 3, 5).reshape(count, side**2, 588)
    hidden = _linear(tensors, names.patches, patches) + tensors[names.places]
    epsilon = 1e-6 if gelu == "none" else 1e-5
    for layer in range(2):
        stem = f"{names.blocks}{layer}."
        normal = _norm(tensors, f"{stem}{names.norms[0]}", hidden, epsilon)
        query, key, value = (
            part.unflatten(-1, (names.heads, -1)).transpose(1, 2)
            for part in _linear(tensors, f"{stem}attn.qkv", normal).chunk(3, dim=-1)
        )
        chances = (query @ key.transpose(2, 3) / query.shape[-1] ** 0.5).softmax(-1)
        hidden = hidden + _linear(tensors, f"{stem}attn.proj", (chances @ value).transpose(1, 2).flatten(2))
        normal = _norm(tensors, f"{stem}{names.norms[1]}", hidden, epsilon)
        hidden = hidden + mlp(tensors, f"{stem}mlp", normal, gelu)
    return _norm(tensors, names.norm, hidden, epsilon)


def mlp(tensors: Mapping[str, Any], name: str, given: Any, gelu: str = "tanh") -> Any:
    """Two linear layers."""
    return _linear(tensors, f"{name}.fc2", functional.gelu(_linear(tensors, f"{name}.fc1", given), approximate=gelu))


def _linear(tensors: Mapping[str, Any], name: str, given: Any) -> Any:
    return given @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def _norm(tensors: Mapping[str, Any], name: str, given: Any, epsilon: float) -> Any:
    return functional.layer_norm(given, given.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"], epsilon)
