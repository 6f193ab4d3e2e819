"""Phi as its paper and its releases describe it, on the fused tensors of a checkpoint: what ours is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional


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
