"""Vision towers as timm saves them: their names turned into ours, their places drawn out to the size of the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import Tensor

from pipelines.vision.eva02 import EvaShape
from pipelines.vision.resampler import drawn_out
from pipelines.vision.vit import VitShape

Tensors = dict[str, Tensor]

HEADS = 16
"""Of both towers; no file says it."""

_VIT = {"patch_embed.proj": "embeddings.patch_embedding", "norm": "post_layernorm"}
_VIT_BLOCK = {"norm1": "layer_norm1", "norm2": "layer_norm2", "attn.proj": "self_attn.out_proj"}


def eva_shape(tensors: Tensors, image: int) -> EvaShape:
    """The size of an EVA02 without its last block. Raises KeyError where it is none."""
    width, _, _, patch = tensors["patch_embed.proj.weight"].shape
    hidden = tensors["blocks.0.mlp.fc1.weight"].shape[0]
    layers = min(EvaShape().layers, _depth(tensors))
    return EvaShape(width=width, hidden=hidden, layers=layers, heads=HEADS, image=image, patch=patch)


def vit_shape(tensors: Tensors, image: int, drop_last: bool) -> VitShape:
    """The size of a SigLIP; `drop_last`: it was trained without its last block, which may still be in the file.

    Raises KeyError where it is none.
    """
    width, _, _, patch = tensors["patch_embed.proj.weight"].shape
    hidden = tensors["blocks.0.mlp.fc1.weight"].shape[0]
    layers = min(VitShape().layers - drop_last, _depth(tensors))
    return VitShape(width=width, hidden=hidden, layers=layers, heads=HEADS, image=image, patch=patch, gelu="none")


def as_eva(tensors: Tensors, grid: int) -> Iterator[tuple[str, Tensor]]:
    """An EVA02 for pictures of `grid` patches a side."""
    for name, tensor in tensors.items():
        if name == "pos_embed":
            tensor = torch.cat([tensor[0, :1], drawn_out(tensor[0, 1:], grid, antialias=True)])[None]
        yield name, tensor


def as_vit(tensors: Tensors, grid: int) -> Iterator[tuple[str, Tensor]]:
    """A SigLIP for pictures of `grid` patches a side."""
    for name, tensor in tensors.items():
        if name == "pos_embed":
            yield "embeddings.position_embedding.weight", drawn_out(tensor[0], grid, antialias=True)
        elif fused := re.fullmatch(r"blocks\.(\d+)\.attn\.qkv\.(\w+)", name):
            for letter, part in zip("qkv", tensor.chunk(3), strict=True):
                yield f"encoder.layers.{fused[1]}.self_attn.{letter}_proj.{fused[2]}", part
        else:
            yield _vit_name(name), tensor


def _vit_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if block := re.fullmatch(r"blocks\.(\d+)\.(.+)", stem):
        return f"encoder.layers.{block[1]}.{_VIT_BLOCK.get(block[2], block[2])}.{kind}"
    return f"{_VIT.get(stem, stem)}.{kind}"


def _depth(tensors: Tensors) -> int:
    """How many blocks there are."""
    return sum(name.endswith(".norm1.weight") for name in tensors)
