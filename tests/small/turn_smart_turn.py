"""A network of smart-turn's form: the louder the end of the sound is beside the rest, the less it has ended."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def make(folder: Path) -> dict[str, Any]:
    file = folder / "smart-turn.onnx"
    save(file)
    return {"weights": str(file)}


def save(file: Path, columns: int = 800) -> None:
    """sigmoid(-8 × the mean of the last half second), under the names and shapes that smart-turn v3 has."""
    onnx = pytest.importorskip("onnx", reason="the extra `neural` is not installed")
    helper, real = onnx.helper, onnx.TensorProto.FLOAT
    given = helper.make_tensor_value_info("input_features", real, ["batch", 80, columns])
    told = helper.make_tensor_value_info("logits", real, ["batch", 1])
    last = np.zeros((1, 80, columns), np.float32)
    last[:, :, -50:] = -8 / (80 * 50)
    nodes = [
        helper.make_node("Mul", ["input_features", "last"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "both"], ["summed"], keepdims=0),
        helper.make_node("Unsqueeze", ["summed", "second"], ["column"]),
        helper.make_node("Sigmoid", ["column"], ["logits"]),
    ]
    kept = [
        onnx.numpy_helper.from_array(last, "last"),
        onnx.numpy_helper.from_array(np.array([1, 2]), "both"),
        onnx.numpy_helper.from_array(np.array([1]), "second"),
    ]
    graph = helper.make_graph(nodes, "turn", [given], [told], kept)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
