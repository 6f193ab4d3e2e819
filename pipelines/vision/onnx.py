"""Towers in ONNX Runtime: weights and activations of the linear layers in 8 bits, with no pictures to calibrate on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from pipelines.backends import BackendError, first_line
from pipelines.vision.compiled import Run
from pipelines.vision.engines import Values

OPSET = 20
"""The first with GELU as one operator."""
ATTENTION = "aten::scaled_dot_product_attention"


class OnnxRuntime:
    """Compiles pieces of a tower for ONNX Runtime, and loads them."""

    name, suffix = "onnx", ".onnx"

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def make(self, piece: nn.Module, examples: Sequence[Tensor], file: Path) -> None:
        """Weights become 8 bits now, activations when they are seen."""
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.quant_utils import add_pre_process_metadata

        export(piece, examples[0], file)
        model = onnx.load(file)
        add_pre_process_metadata(model)  # torch's exporter has done what the quantiser would ask for
        quantize_dynamic(
            model, file, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )  # fmt: skip

    def open(self, file: Path) -> Run:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.enable_cpu_mem_arena = False  # else every piece keeps the memory of its largest pass
        options.log_severity_level = 3
        damaged = (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf)
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except (*damaged, errors.NoSuchFile, errors.RuntimeException) as error:
            raise BackendError(f"{file} cannot be loaded: {first_line(error)}") from error

        def run(given: Values) -> Values:
            made: Values = session.run(None, {"given": given})[0]
            return made

        return run


def export(piece: nn.Module, example: Tensor, file: Path) -> None:
    """The piece as an ONNX graph in float32, its attention as ONNX Runtime's one fused operator."""
    with _Heads() as seen, torch.no_grad():
        piece(example)
    exporter: Any = torch.onnx  # its types leave out the symbols
    exporter.register_custom_op_symbolic(ATTENTION, _attention(seen.heads), OPSET)
    names = {"input_names": ["given"], "output_names": ["made"]}
    try:
        with warnings.catch_warnings(action="ignore"):
            exporter.export(piece, (example,), str(file), dynamo=False, opset_version=OPSET, **names)
    finally:
        exporter.unregister_custom_op_symbolic(ATTENTION, OPSET)


class _Heads(TorchFunctionMode):
    """Watches how many heads attention has: the exporter's graph no longer knows it."""

    heads = 1

    def __torch_function__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        if function is functional.scaled_dot_product_attention:
            self.heads = given[0].shape[1]
        return function(*given, **(named or {}))


def _attention(heads: int) -> Any:
    """The symbol of attention without a mask: (n, heads, positions, width) thrice to the same shape."""

    def symbol(graph: Any, query: Any, key: Any, value: Any, *rest: Any) -> Any:
        flat = [_shaped(graph, graph.op("Transpose", one, perm_i=[0, 2, 1, 3]), -1) for one in (query, key, value)]
        fused = graph.op("com.microsoft::MultiHeadAttention", *flat, num_heads_i=heads).setType(query.type())
        return graph.op("Transpose", _shaped(graph, fused, heads, -1), perm_i=[0, 2, 1, 3])

    return symbol


def _shaped(graph: Any, value: Any, *last: int) -> Any:
    """Its first two dimensions as they are, then these."""
    return graph.op("Reshape", value, graph.op("Constant", value_t=torch.tensor([0, 0, *last])))
