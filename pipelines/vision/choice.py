"""Which engine runs a vision tower."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from pipelines import weights
from pipelines.backends import BackendError
from pipelines.language.loading import ALONE
from pipelines.vision.engines import TorchVision, Tower, VisionEngine

Wanted = Literal["auto", "torch", "int8", "onnx", "openvino"]
LARGE = 50_000_000
"""Parameters from which on a tower is worth compiling."""
HUGE = 1_000_000_000
"""Parameters from which on compiling takes many minutes, and nobody asked for it."""
QUICK = 2.0
"""Seconds for a picture in torch, up to which compiling is not worth its while."""
NEEDS = {"onnx": ("onnx", "onnxruntime"), "openvino": ("openvino", "nncf")}
EXTRA = {"onnx": "neural", "openvino": "openvino"}


def vision_engine(tower: Tower, wanted: Wanted, threads: int, cache: Path | None = None) -> VisionEngine:
    """What runs this tower.

    `torch`: as it is. `int8`: in torch, its linear layers in 8 bits. `onnx`, `openvino`: compiled to 8 bits at the
    first load, which takes a minute for 400 M parameters, then loaded from `cache` (default: beside the weights).
    `auto`: torch on a GPU, for a small or a huge tower, and where it is quick, which one block at work tells; else
    ONNX Runtime where it is installed and is like the tower.
    The tower is not needed afterwards by the compiled ones. Raises BackendError.
    """
    if wanted == "auto":
        try:
            return vision_engine(tower, _best(tower, threads), threads, cache)
        except BackendError as error:  # a full disk, or weights that 8 bits do not suit: it still sees
            return TorchVision(tower, threads, f"Pictures take longer than they could: {error}.")
    if wanted == "torch":
        return TorchVision(tower, threads)
    if next(tower.parameters()).device.type != "cpu":
        raise BackendError(f'vision = "{wanted}" runs on a processor: set vision = "torch", or device = "cpu"')
    if wanted == "int8":
        return TorchVision(_in_8_bits(tower), threads)
    if absent := [name for name in NEEDS[wanted] if importlib.util.find_spec(name) is None]:
        raise BackendError(
            f"vision = \"{wanted}\" needs {', '.join(absent)}: pip install 'omni-assistant[{EXTRA[wanted]}]'"
        )
    return _compiled(tower, wanted, threads, cache or weights.compiled())


def _best(tower: Tower, threads: int) -> Wanted:
    size = sum(parameter.numel() for parameter in tower.parameters())
    there = all(importlib.util.find_spec(name) for name in NEEDS["onnx"])
    if next(tower.parameters()).device.type != "cpu" or not LARGE <= size <= HUGE or not there:
        return "torch"
    return "torch" if seconds_in_torch(tower, threads) <= QUICK else "onnx"


def seconds_in_torch(tower: Tower, threads: int) -> float:
    """How long a picture takes in torch, as one block at its second pass tells: a processor with matrix units for half
    precision may be as quick as the compiled tower, one without ten times as slow."""
    import torch

    torch.set_num_threads(threads)
    weight = next(tower.parameters())
    with torch.inference_mode():
        hidden = tower.begin(torch.zeros((1, 3, tower.shape.image, tower.shape.image), dtype=weight.dtype))
        took = []
        for _ in range(2):
            begun = perf_counter()
            tower.blocks[0](hidden)
            took.append(perf_counter() - begun)
    return min(took) * len(tower.blocks)


def _compiled(tower: Tower, wanted: Literal["onnx", "openvino"], threads: int, cache: Path) -> VisionEngine:
    from pipelines.vision.compiled import compiled

    if wanted == "onnx":
        from pipelines.vision.onnx import OnnxRuntime

        return compiled(tower, OnnxRuntime(threads), cache)
    from pipelines.vision.openvino import OpenVino

    return compiled(tower, OpenVino(threads), cache)


def _in_8_bits(tower: Tower) -> Tower:
    """The same tower, its blocks changed one by one: no second copy of the weights is ever in memory."""
    import torch
    from torch import nn

    quantised: Any = torch.ao.quantization.quantize_dynamic
    with ALONE, warnings.catch_warnings(action="ignore"):  # torch means to replace it, by what is slower on a processor
        for at, block in enumerate(tower.blocks):
            tower.blocks[at] = quantised(block.float(), {nn.Linear}, torch.qint8, inplace=True)
    return tower.float()
