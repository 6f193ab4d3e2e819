"""Text and codes in the picture: only what was read surely, exactly as it stands there."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.media import Pixels
from pipelines import wording
from pipelines.backends import BackendError

SMALLEST = 16
"""Pixels: nothing can be read in a picture with a shorter side."""


LONGEST = 200
"""Characters that one line, or one code, may have; a code can hold thousands."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was read, and how surely, 0 to 1."""

    text: str
    score: float
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Left, top, right and bottom, in shares of the picture."""


class TextReader:
    """Lines of text by RapidOCR, with the models that its package carries; nothing is downloaded."""

    def __init__(self, side: int, score: float) -> None:
        """Lines are looked for in a picture of `side` pixels, and dropped below a `score` (0 to 1)."""
        import numpy as np
        import rapidocr

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        models = Path(rapidocr.__file__).parent / "models"
        self._score = score
        self._engine = rapidocr.RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.log_level": "critical",
                "Det.limit_type": "max",
                "Det.limit_side_len": side,
                "Det.model_path": _only(models, "*_det_*.onnx"),
                "Rec.model_path": _only(models, "*_rec_*.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            }
        )
        self._engine(np.zeros((48, 96, 3), np.uint8), use_det=False)  # it loads its models when first used
        self._engine(np.zeros((64, 64, 3), np.uint8), use_det=True)

    def read(self, pixels: Pixels) -> tuple[Line, ...]:
        """Lines from top to bottom in an H×W×3 RGB picture."""
        import cv2

        if min(pixels.shape[:2]) < SMALLEST:
            return ()
        found = self._engine(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        boxes = () if found.boxes is None else found.boxes / (pixels.shape[1], pixels.shape[0])
        lines = zip(found.txts or (), found.scores or (), boxes, strict=True)
        sure = ((line, float(score), box) for line, score, box in lines if score >= self._score and is_text(line))
        return tuple(Line(one_line(line), score, _around(box)) for line, score, box in sure)


class CodeReader:
    """QR codes and the bar codes of goods."""

    def __init__(self) -> None:
        import cv2

        self._squares = cv2.QRCodeDetectorAruco()  # misses fewer of them than the other one, and is quicker
        self._bars = cv2.barcode.BarcodeDetector()

    def read(self, pixels: Pixels) -> tuple[str, ...]:
        """What the codes in an H×W×3 RGB picture say, a line each."""
        return tuple(dict.fromkeys(line.text for line in self.find(pixels)))

    def find(self, pixels: Pixels) -> tuple[Line, ...]:
        """The same with their places. What could be read of a code has a sum in it that is right: it is sure."""
        import cv2

        if min(pixels.shape[:2]) < SMALLEST:
            return ()
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        found = []
        for detector in (self._squares, self._bars):
            _, texts, corners, _ = detector.detectAndDecodeMulti(grey)
            for text, places in zip(texts, () if corners is None else corners, strict=False):
                if said := one_line(text):
                    found.append(Line(said, 1.0, _around(places / (pixels.shape[1], pixels.shape[0]))))
        return tuple(found)


def _around(corners: Any) -> tuple[float, float, float, float]:
    """Of N×2 points, as far as they are in the picture."""
    (left, top), (right, bottom) = corners.min(axis=0).clip(0, 1).tolist(), corners.max(axis=0).clip(0, 1).tolist()
    return left, top, right, bottom


def one_line(said: str) -> str:
    """What may be printed of it: anybody can hold a code with line breaks and escape sequences before the camera."""
    line = wording.one_line(said)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def is_text(line: str) -> bool:
    """Two different letters or digits at least: rings and bars look like 0, 00 and 11."""
    return len({sign for sign in line.casefold() if sign.isalnum()}) >= 2


def _only(folder: Path, pattern: str) -> str:
    found = sorted(folder.glob(pattern))
    if not found:
        raise BackendError("rapidocr carries no models here: pip install --force-reinstall 'rapidocr>=3.10,<4'")
    return str(found[0])
