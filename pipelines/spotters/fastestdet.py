"""FastestDet: 80 kinds of things in a few milliseconds, from an ONNX file of one megabyte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from devices.media import Frame
from pipelines.backends import BackendError, BackendOptions
from pipelines.captioners.ssd import Detection, suppress
from pipelines.spots import Box, Spot

SIDE = 352
"""Pixels of its square input."""


class FastestDet(BackendOptions):
    """Weights are the user's own: `FastestDet.onnx`, and the names of its things, a line each."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "onnxruntime")
    extra: ClassVar[str] = "embedded"

    model: str
    """The ONNX file."""
    names: str
    """A text file with the name of each class, a line each."""
    score: float = Field(default=0.4, ge=0, le=1)
    """What is less sure, 0 to 1, is not told at all."""

    def load(self) -> FastestDetector:
        return FastestDetector(self)


class FastestDetector:
    """The loaded detector."""

    def __init__(self, options: FastestDet) -> None:
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1
        self._score = options.score
        try:
            self.labels = tuple(Path(options.names).read_text(encoding="utf-8").split("\n"))
            self._session = onnxruntime.InferenceSession(options.model, settings)
        except Exception as error:  # onnxruntime raises its own
            raise BackendError(f"{options.model} cannot be read: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def spot(self, frame: Frame) -> Sequence[Spot]:
        """Everything that it finds in an H×W×3 RGB picture."""
        import cv2

        small = cv2.resize(frame.pixels, (SIDE, SIDE))[:, :, ::-1].astype(np.float32) / np.float32(255)
        output = self._session.run(None, {self._input: small.transpose(2, 0, 1)[None]})[0][0]
        return decoded(output, self.labels, self._score)


def decoded(output: Any, labels: Sequence[str], least: float) -> list[Spot]:
    """From its output, (5 + classes)×rows×columns: objectness, x, y, width, height, and the classes of each cell."""
    rows, columns = output.shape[1:]
    best = output[5:].argmax(axis=0)
    scores = output[0] ** 0.6 * output[5:].max(axis=0) ** 0.4
    found: dict[str, list[Detection]] = {}
    for row, column in np.argwhere(scores > least):
        x, y = (column + np.tanh(output[1, row, column])) / columns, (row + np.tanh(output[2, row, column])) / rows
        width, height = 1 / (1 + np.exp(-output[3:5, row, column]))
        box = Detection(x - width / 2, y - height / 2, x + width / 2, y + height / 2, float(scores[row, column]))
        found.setdefault(labels[best[row, column]], []).append(box)
    kept = [(label, box) for label, boxes in found.items() for box in suppress(boxes, 0.45)]
    return [
        Spot(label, Box(*map(_share, (one.left, one.top, one.right, one.bottom))), one.score) for label, one in kept
    ]


def _share(value: float) -> float:
    return float(min(1.0, max(0.0, value)))
