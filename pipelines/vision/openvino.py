"""Towers in OpenVINO: 8-bit weights and activations, whose ranges are learnt from a few pictures."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from torch import Tensor, nn

from pipelines.backends import BackendError, first_line
from pipelines.vision.compiled import Run
from pipelines.vision.engines import Values

PRECISE = ["Convolution", "ScaledDotProductAttention"]
"""Operators that stay in float: they gain little, and attention in 8 bits loses most of what is lost at all."""


class OpenVino:
    """Compiles pieces of a tower for OpenVINO, and loads them."""

    name, suffix = "openvino", ".xml"

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def make(self, piece: nn.Module, examples: Sequence[Tensor], file: Path) -> None:
        """The examples calibrate the activations; outliers are smoothed into the weights."""
        import nncf
        import openvino

        nncf.set_log_level(logging.ERROR)
        with _quiet():
            model = openvino.convert_model(piece, example_input=examples[0])
            model.reshape(list(examples[0].shape))
            given = nncf.Dataset([example.numpy() for example in examples])
            small = nncf.quantize(
                model, given, model_type=nncf.ModelType.TRANSFORMER, preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(examples), ignored_scope=nncf.IgnoredScope(types=PRECISE, validate=False),
            )  # fmt: skip
        openvino.save_model(small, file, compress_to_fp16=False)

    def open(self, file: Path) -> Run:
        import openvino

        settings = {"INFERENCE_NUM_THREADS": self._threads, "PERFORMANCE_HINT": "LATENCY"}
        try:
            request = openvino.Core().compile_model(file, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise BackendError(f"{file} cannot be loaded: {first_line(error)}") from error

        def run(given: Values) -> Values:
            made: Values = request.infer({0: given})[0].copy()
            return made

        return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars of the quantiser, and without what torch says of its own old tracer."""
    silent = warnings.catch_warnings(action="ignore")
    with silent, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
