"""Networks in Piper's form that hum: how long they do is known beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest


def hum(path: Path) -> None:
    """For as long as its letters times all three of its scales, in thousands of samples."""
    helper, types = _onnx()
    nodes = [
        helper.make_node("ReduceProd", ["scales"], ["product"], keepdims=1),
        helper.make_node("Cast", ["input_lengths"], ["letters"], to=types.FLOAT),
        helper.make_node("Mul", ["letters", "product"], ["units"]),
        helper.make_node("Mul", ["units", "thousand"], ["length"]),
    ]
    _save(path, nodes, [helper.make_tensor("thousand", types.FLOAT, [1], [1000.0])])


def hum_by_letter(path: Path) -> None:
    """For a frame of 256 samples and more for each letter, as its number says."""
    helper, types = _onnx()
    constants = [
        helper.make_tensor("thousand", types.FLOAT, [1], [1000.0]),
        helper.make_tensor("twenty", types.FLOAT, [1], [20.0]),
        helper.make_tensor("hop", types.FLOAT, [1], [256.0]),
        helper.make_tensor("axis", types.INT64, [1], [1]),
    ]
    nodes = [
        helper.make_node("Cast", ["input"], ["numbers"], to=types.FLOAT),
        helper.make_node("Div", ["numbers", "twenty"], ["widths"]),
        helper.make_node("Ceil", ["widths"], ["whole"]),
        helper.make_node("ReduceSum", ["whole", "axis"], ["frames"], keepdims=0),
        helper.make_node("Mul", ["frames", "hop"], ["length"]),
    ]
    _save(path, nodes, constants)


def _save(path: Path, nodes: Sequence[Any], constants: Sequence[Any]) -> None:
    """With `length` of these nodes as the samples of its sound."""
    helper, types = _onnx()
    import onnx

    inputs = [
        helper.make_tensor_value_info("input", types.INT64, [1, "letters"]),
        helper.make_tensor_value_info("input_lengths", types.INT64, [1]),
        helper.make_tensor_value_info("scales", types.FLOAT, [3]),
    ]
    ends = [
        helper.make_node("Cast", ["length"], ["samples"], to=types.INT64),
        helper.make_node("Concat", ["ones", "samples"], ["shape"], axis=0),
        helper.make_node("Expand", ["thousand", "shape"], ["output"]),
    ]
    output = helper.make_tensor_value_info("output", types.FLOAT, [1, 1, "samples"])
    ones = helper.make_tensor("ones", types.INT64, [2], [1, 1])
    graph = helper.make_graph([*nodes, *ends], "hum", inputs, [output], [ones, *constants])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def _onnx() -> tuple[Any, Any]:
    """What makes networks, and their types; without it the test is skipped."""
    onnx = pytest.importorskip("onnx", reason="the extra `neural` is not installed")
    return onnx.helper, onnx.TensorProto
