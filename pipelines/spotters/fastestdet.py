"""FastestDet: 80 kinds of things in a few milliseconds, from an ONNX file of one megabyte."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.media import Frame
from pipelines import weights
from pipelines.backends import BackendError, BackendOptions, first_line
from pipelines.spots import Box, Spot
from pipelines.spotters.names import names

Numbers = NDArray[np.float32]

SIDE = 352
"""Pixels of its square input, where the file does not say."""
OVERLAP = 0.4
"""Two boxes of one name that share more than this (intersection over union) are the same thing."""
MOST = 100
"""Cells that are looked at, the surest first: in noise every cell may be something."""


class FastestDet(BackendOptions):
    """Weights are the user's own: an ONNX file, and beside it the names of its things, a line each."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "onnxruntime")
    extra: ClassVar[str] = "embedded"

    weights: str
    """A folder with one .onnx and one .names file, or the .onnx file itself."""
    names: str = ""
    """The file with the names, where it is not the only .names file beside the weights."""
    score: float = Field(default=0.4, ge=0, le=1)
    """What is less sure, 0 to 1, is not told at all."""

    def load(self) -> FastestDetector:
        return FastestDetector(self)

    def finds(self) -> Collection[str] | None:
        """None where its files are not to be had: why, is told when it is loaded."""
        try:
            return tuple(filter(None, names(self.names_file(_one(_found(self.weights), "*.onnx")))))
        except BackendError:
            return None

    def names_file(self, weights: Path) -> Path:
        """Raises BackendError where none is beside the weights, and none is named."""
        return Path(self.names).expanduser() if self.names else _one(weights.parent, "*.names")


class FastestDetector:
    """The loaded detector."""

    def __init__(self, options: FastestDet) -> None:
        file = _one(_found(options.weights), "*.onnx")
        self._names = names(options.names_file(file))
        self._score, self._session = options.score, _opened(file)
        given = self._session.get_inputs()[0]
        self._input, self._side = given.name, _side(given.shape)
        self._try_out(file)
        self.labels: Collection[str] = tuple(dict.fromkeys(name for name in self._names if name))

    def spot(self, frame: Frame) -> Sequence[Spot]:
        """Everything that it finds in an H×W×3 RGB picture."""
        import cv2

        small = cv2.resize(frame.pixels, (self._side, self._side))[:, :, ::-1]  # it was trained on blue, green, red
        given = np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        return decoded(self._run(given)[0], self._names, self._score)

    def _run(self, given: Numbers) -> Any:
        return self._session.run(None, {self._input: given})[0]

    def _try_out(self, file: Path) -> None:
        """Once without a picture, as a file of another kind would fail at each."""
        try:
            made = self._run(np.zeros((1, 3, self._side, self._side), np.float32))
        except _failures() as error:
            raise BackendError(f"{file} is no FastestDet model: {first_line(error)}") from error
        if np.ndim(made) != 4 or made.shape[1] < 6:
            raise BackendError(f"{file} is no FastestDet model: it gives {np.shape(made)}, not (1, 5 + names, …, …)")
        if made.shape[1] != 5 + len(self._names):
            given, wanted = len(self._names), made.shape[1] - 5
            raise BackendError(f"{file} knows {wanted} things, but there are {given} names: give those it came with")


def decoded(output: Numbers, labels: Sequence[str], least: float) -> list[Spot]:
    """From its output, (5 + names)×rows×columns: objectness, x, y, width, height, and the names of each cell.

    The surest first. The same place may come under several names, which say how little sure it is; things that have
    no name are left out.
    """
    chances = output[5:].max(axis=0)
    scores = np.clip(output[0], 0, 1) ** 0.6 * np.clip(chances, 0, 1) ** 0.4
    row, column = np.nonzero(scores > least)
    order = np.argsort(-scores[row, column], kind="stable")[:MOST]
    row, column = row[order], column[order]
    boxes, kinds = _boxes(output, row, column), output[5:, row, column].argmax(axis=0)
    kept = [index for index in _distinct(boxes, kinds) if labels[kinds[index]]]
    return [
        Spot(labels[kinds[index]], Box(*boxes[index].tolist()), float(scores[row[index], column[index]]))
        for index in kept
    ]


def _boxes(output: Numbers, row: NDArray[np.intp], column: NDArray[np.intp]) -> Numbers:
    """N×4: left, top, right and bottom in shares of the picture."""
    rows, columns = output.shape[1:]
    x = (column + np.tanh(output[1, row, column])) / columns
    y = (row + np.tanh(output[2, row, column])) / rows
    width, height = 1 / (1 + np.exp(-np.clip(output[3:5, row, column], -80, 80)))
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    cut: Numbers = np.clip(np.nan_to_num(corners), 0, 1)
    return cut


def _distinct(boxes: Numbers, kinds: NDArray[np.intp]) -> list[int]:
    """Of boxes in the order of their scores, those that no surer box of the same kind covers."""
    low, high = np.maximum(boxes[:, None, :2], boxes[None, :, :2]), np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = np.maximum(areas[:, None] + areas[None] - shared, 1e-9)
    same = (shared / union > OVERLAP) & (kinds[:, None] == kinds[None])
    kept: list[int] = []
    for index in range(len(boxes)):
        if not same[index, kept].any():
            kept.append(index)
    return kept


def _found(name: str) -> Path:
    """Raises BackendError: there is no hub that these weights could be pulled from."""
    if not weights.is_path(name) and not weights.is_here(name):
        raise BackendError(
            f"there are no weights {name!r}: name the folder in which FastestDet.onnx and its .names file lie, "
            "as a path with a / in it"
        )
    return weights.find(name)


def _one(place: Path, pattern: str) -> Path:
    """The file of that kind: the place itself, or the only one in that folder. Raises BackendError."""
    if place.is_file():
        return place
    found = sorted(place.glob(pattern))
    if len(found) != 1:
        lacking = f"one {pattern.lstrip('*')} file is wanted in {place}, not {len(found)}"
        raise BackendError(f"{lacking}: {'name it as spotter.names' if pattern == '*.names' else 'name the file'}")
    return found[0]


def _opened(file: Path) -> Any:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = 1, 1
    settings.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(file), settings, providers=["CPUExecutionProvider"])
    except _failures() as error:
        raise BackendError(f"{file} cannot be loaded: {first_line(error)}") from error
    if len(session.get_inputs()) != 1:
        raise BackendError(f"{file} is no FastestDet model: it takes {len(session.get_inputs())} inputs, not a picture")
    return session


def _failures() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    damaged = (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf)
    return (*damaged, errors.NoSuchFile, errors.NotImplemented, errors.RuntimeException)


def _side(shape: Sequence[Any]) -> int:
    """Of its square input, batch×3×side×side; a side that is not fixed has a name, or none."""
    return shape[-1] if len(shape) == 4 and isinstance(shape[-1], int) else SIDE
