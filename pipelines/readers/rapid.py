"""Reads text and codes with their places, by the models that the rapidocr package carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from devices.media import Frame
from pipelines.backends import BackendOptions
from pipelines.captioners.embedded import fitted
from pipelines.spots import TEXT, Box, Spot


class RapidOcr(BackendOptions):
    """Lines of text."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "onnxruntime", "rapidocr")
    extra: ClassVar[str] = "embedded"

    side: int = Field(default=608, ge=160, le=2000)
    """Pixels of the longer side in which text is looked for: more finds smaller text and takes longer."""
    score: float = Field(default=0.8, ge=0, le=1)
    """How sure a line must be, 0 to 1; below 0.8 it begins to invent."""

    def load(self) -> RapidReader:
        return RapidReader(self)


class RapidReader:
    """The loaded reader."""

    def __init__(self, options: RapidOcr) -> None:
        from pipelines.captioners.reading import TextReader

        self._text = TextReader(options.side, options.score)

    def read(self, frame: Frame) -> Sequence[Spot]:
        """Lines from top to bottom in an H×W×3 RGB picture."""
        pixels = fitted(frame.pixels)
        return [Spot(TEXT, Box(*line.box), line.score, line.text) for line in self._text.read(pixels)]
