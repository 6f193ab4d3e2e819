"""Which engine runs a vision tower."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any, Literal

from pipelines import weights
from pipelines.backends import BackendError
from pipelines.vision.engines import TorchVision, Tower, VisionEngine

Wanted = Literal["auto", "torch", "int8", "onnx", "openvino"]
LARGE = 50_000_000
"""Parameters from which on a tower is worth compiling."""
NEEDS = {"onnx": ("onnx", "onnxruntime"), "openvino": ("openvino", "nncf")}
EXTRA = {"onnx": "neural", "openvino": "openvino"}


def vision_engine(tower: Tower, wanted: Wanted, threads: int, cache: Path | None = None) -> VisionEngine:
    """What runs this tower.

    `torch`: as it is. `int8`: in torch, its linear layers in 8 bits. `onnx`, `openvino`: compiled to 8 bits at the
    first load, which takes a minute for 400 M parameters, then loaded from `cache` (default: beside the weights).
    `auto`: torch on a GPU and for a small tower, else ONNX Runtime where it is installed and is like the tower.
    The tower is not needed afterwards by the compiled ones. Raises BackendError.
    """
    if wanted == "auto":
        try:
            return vision_engine(tower, _best(tower), threads, cache)
        except BackendError:  # a full disk, or weights that 8 bits do not suit: it still sees
            return TorchVision(tower, threads)
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


def _best(tower: Tower) -> Wanted:
    first = next(tower.parameters())
    large = sum(parameter.numel() for parameter in tower.parameters()) >= LARGE
    there = all(importlib.util.find_spec(name) for name in NEEDS["onnx"])
    return "onnx" if first.device.type == "cpu" and large and there else "torch"


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
    with warnings.catch_warnings(action="ignore"):  # torch means to replace it, by what is slower on a processor
        for at, block in enumerate(tower.blocks):
            tower.blocks[at] = quantised(block.float(), {nn.Linear}, torch.qint8, inplace=True)
    return tower.float()
