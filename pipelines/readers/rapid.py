"""Reads text and codes with their places, by the models that the rapidocr package carries, and OpenCV's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from devices.media import Frame
from pipelines.backends import BackendOptions
from pipelines.captioners.embedded import fitted
from pipelines.captioners.reading import Line
from pipelines.readers.extent import pulled_in
from pipelines.readers.order import in_order
from pipelines.spots import CODE, TEXT, Box, Spot


class RapidOcr(BackendOptions):
    """Lines of text, QR codes and the bar codes of goods."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "onnxruntime", "rapidocr")
    extra: ClassVar[str] = "embedded"

    side: int = Field(default=480, ge=160, le=2000)
    """Pixels of the longer side in which text is looked for: more finds smaller text and takes longer."""
    score: float = Field(default=0.8, ge=0, le=1)
    """How sure a line must be, 0 to 1; below 0.8 it begins to invent."""
    codes: bool = True
    """Read QR codes and bar codes."""

    def load(self) -> RapidReader:
        return RapidReader(self)


class RapidReader:
    """The loaded reader."""

    def __init__(self, options: RapidOcr) -> None:
        from pipelines.captioners.reading import CodeReader, TextReader

        self._text = TextReader(options.side, options.score)
        self._codes = CodeReader() if options.codes else None

    def read(self, frame: Frame) -> Sequence[Spot]:
        """Lines from top to bottom in an H×W×3 RGB picture, then codes."""
        pixels = fitted(frame.pixels)
        spots = (_spot(TEXT, line) for line in self._text.read(pixels))
        lines = in_order(replace(spot, box=pulled_in(spot.box, pixels)) for spot in spots)
        codes = in_order(_spot(CODE, line) for line in self._codes.find(pixels)) if self._codes else ()
        return [*lines, *codes]


def _spot(label: str, line: Line) -> Spot:
    return Spot(label, Box(*line.box), line.score, line.text)
