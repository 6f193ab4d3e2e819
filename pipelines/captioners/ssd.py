"""A single-shot detector of one class: letterbox, anchors, decoding and suppression around a TFLite file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from devices.media import Pixels
from devices.quiet import quiet
from pipelines.backends import BackendError

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing found. Coordinates are shares of the picture's width and height, from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float
    score: float
    """How sure the model is, 0 to 1."""
    points: tuple[tuple[float, float], ...] = ()
    """What else the model marks of it; may lie outside of the picture."""

    @property
    def x(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """What a model was made with."""

    side: int
    """Pixels of its square input."""
    strides: tuple[int, ...]
    """Pixels between anchors, one entry for each anchor that a place has."""


class SingleShot:
    """A loaded detector."""

    def __init__(self, model: Path, layout: Layout) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            with quiet():  # the library greets on stderr from C++, and nothing else turns that off
                self._interpreter = Interpreter(str(model), num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BackendError(f"{model.name} cannot be read, pull it again: omni models pull people") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._boxes, self._scores = (output["index"] for output in self._interpreter.get_output_details())
        self._anchors, self._side = anchors(layout), layout.side

    def detect(self, pixels: Pixels, least: float, overlap: float = 0.3) -> list[Detection]:
        """Everything with a score of `least` or more in an H×W×3 RGB picture, the surest first."""
        self._interpreter.set_tensor(self._input, letterbox(pixels, self._side)[None])
        self._interpreter.invoke()
        boxes = self._interpreter.get_tensor(self._boxes)[0]
        logits = self._interpreter.get_tensor(self._scores)[0, :, 0]
        found = decode(boxes, logits, self._anchors, self._side, least)
        return suppress([unletterbox(box, pixels.shape[0], pixels.shape[1]) for box in found], overlap)


def anchors(layout: Layout) -> Numbers:
    """N×2: the centre of every anchor, as shares of the input's side.

    Neighbouring entries of the same stride share one grid: its places are listed once, their anchors together.
    """
    grids, done = [], 0
    while done < len(layout.strides):
        stride = layout.strides[done]
        repeats = next(
            (n for n, other in enumerate(layout.strides[done:]) if other != stride), len(layout.strides) - done
        )
        grids.append(np.repeat(_grid(-(-layout.side // stride)), repeats, axis=0))
        done += repeats
    return np.concatenate(grids).astype(np.float32)


def _grid(cells: int) -> Numbers:
    """Centres of cells×cells equal squares, row by row."""
    centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
    x, y = np.meshgrid(centres, centres)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def letterbox(pixels: Pixels, side: int) -> Numbers:
    """The picture as large as it fits in the middle of a black square, -1 to 1."""
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square.astype(np.float32) / np.float32(127.5) - np.float32(1)


def unletterbox(box: Detection, height: int, width: int) -> Detection:
    """A box in the square as a box in the H×W picture, cut at its edges."""
    longest = max(height, width)

    def outer(share: float, length: int) -> float:
        return (share - 0.5) * longest / length + 0.5

    points = tuple((outer(x, width), outer(y, height)) for x, y in box.points)
    left, top, right, bottom = (
        min(max(outer(share, length), 0.0), 1.0)
        for share, length in zip((box.left, box.top, box.right, box.bottom), (width, height) * 2, strict=True)
    )
    return Detection(left, top, right, bottom, box.score, points)


def decode(boxes: Numbers, logits: Numbers, centres: Numbers, side: int, least: float) -> list[Detection]:
    """Raw outputs (N×(4 or more): x, y, width, height in input pixels around the anchor, then x, y of points; N) as
    boxes in the square."""
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    found = []
    for index in np.flatnonzero(scores >= least):
        x, y = boxes[index, :2] / side + centres[index]
        width, height = boxes[index, 2:4] / side / 2
        left, top, right, bottom = float(x - width), float(y - height), float(x + width), float(y + height)
        points = boxes[index, 4:].reshape(-1, 2) / side + centres[index]
        marked = tuple((float(x), float(y)) for x, y in points)
        found.append(Detection(left, top, right, bottom, float(scores[index]), marked))
    return found


def suppress(found: Sequence[Detection], overlap: float) -> list[Detection]:
    """Of detections that overlap by more than `overlap` (intersection over union), only the surest."""
    kept: list[Detection] = []
    for box in sorted(found, key=lambda box: -box.score):
        if all(iou(box, other) <= overlap for other in kept):
            kept.append(box)
    return kept


def iou(one: Detection, other: Detection) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    union = area(one) + area(other) - width * height
    return width * height / union if union > 0 else 0.0


def area(box: Detection) -> float:
    return max(0.0, box.right - box.left) * max(0.0, box.bottom - box.top)
