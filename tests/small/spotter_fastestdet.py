"""A detector of FastestDet's form: what is red is a person, what is blue a dining table, each a square of its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

NAMES = "person\ndiningtable\n\n\n"
CELLS = 22
SIDE = 352


def make(folder: Path) -> dict[str, Any]:
    write(folder / "small.onnx")
    (folder / "small.names").write_text(NAMES, encoding="utf-8")
    return {"weights": str(folder)}


def write(file: Path, classes: int = 2) -> None:
    """Colours, averaged over each cell, through one layer to objectness, box and names."""
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.zeros((5 + classes, 3, 1, 1), np.float32)
    weights[0] = 40  # blue, green, red: any of them is something
    weights[5, 2] = weights[6, 0] = 10
    bias = np.array([-20, 0, 0, -2, -2, *[0.0] * classes], np.float32)  # a box of about an eighth of the picture
    parts = {"layer": weights, "bias": bias, "sizes": np.array([1, 4, classes], np.int64)}
    nodes = [
        helper.make_node("AveragePool", ["picture"], ["cells"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Conv", ["cells", "layer", "bias"], ["all"]),
        helper.make_node("Split", ["all", "sizes"], ["thing", "box", "kind"], axis=1),
        helper.make_node("Sigmoid", ["thing"], ["likely"]),
        helper.make_node("Softmax", ["kind"], ["kinds"], axis=1),
        helper.make_node("Concat", ["likely", "box", "kinds"], ["found"], axis=1),
    ]
    given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    made = helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, 5 + classes, CELLS, CELLS])
    held = [numpy_helper.from_array(value, name) for name, value in parts.items()]
    graph = helper.make_graph(nodes, "small", [given], [made], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    save(model, str(file))
