"""Light, colours and blur, in words."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from devices.media import Pixels

Light = Literal["dark", "dim", "normal", "bright"]

DARK, DIM, BRIGHT = 25, 65, 190
"""Mean grey levels out of 255 below, below and above which a picture is called so."""
MAIN = 0.15
"""Share of the picture that a colour must fill to be named."""
FLAT = 0.6
"""Mean step between neighbouring pixels, in grey levels, below which nobody can tell sharp from blurred."""
BLURRED = 0.36
"""Share of its steps that a sharp picture loses at least when it is blurred."""
GREYISH = 11.0
"""Lab chroma up to which a colour is a grey."""
HUES = ((18, "pink"), (42, "red"), (76, "orange"), (108, "yellow"), (170, "green"), (225, "cyan"), (308, "blue"),
        (335, "purple"), (361, "pink"))  # fmt: skip
"""Lab hue angle in degrees up to which a colour has the name."""


def light(pixels: Pixels) -> Light:
    """How bright an H×W×3 RGB picture is as a whole."""
    level = float(_small(pixels, 64, 36).astype(np.float32).mean(axis=(0, 1)) @ (0.299, 0.587, 0.114))
    return "dark" if level < DARK else "dim" if level < DIM else "bright" if level > BRIGHT else "normal"


def colours(pixels: Pixels, most: int = 3) -> tuple[str, ...]:
    """Names of the colours that fill most of an H×W×3 RGB picture, most of it first."""
    import cv2

    lab = cv2.cvtColor(_small(pixels, 64, 36).astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
    names, counts = np.unique([name_of(*cell) for cell in lab.reshape(-1, 3).tolist()], return_counts=True)
    largest = sorted(zip(counts.tolist(), names.tolist(), strict=True), reverse=True)
    return tuple(name for count, name in largest if count >= MAIN * counts.sum())[:most]


def name_of(lightness: float, a: float, b: float) -> str:
    """The plain name of a CIE Lab colour (lightness 0 to 100)."""
    chroma = float(np.hypot(a, b))
    if lightness < 12 or (chroma <= GREYISH and lightness < 25):
        return "black"
    if chroma <= GREYISH:
        return "white" if lightness > 85 else "grey"
    hue = float(np.degrees(np.arctan2(b, a))) % 360
    return _shade(next(name for limit, name in HUES if hue < limit), lightness, chroma)


def _shade(name: str, lightness: float, chroma: float) -> str:
    """Some hues have another name when they are dark or pale."""
    if name in ("orange", "yellow", "green") and chroma < 15 and lightness > 85:
        return "white"
    if name in ("orange", "yellow") and chroma < 36 and lightness > 62:
        return "beige"
    if name == "orange" and (chroma < 45 if lightness > 45 else chroma < 65):
        return "brown"
    if name == "yellow" and lightness < 62 and chroma < 45:
        return "brown"
    if name == "red" and (chroma < 20 or lightness > 62):
        return "brown" if lightness < 50 else "pink"
    return "purple" if name == "pink" and lightness < 40 else name


def is_blurred(pixels: Pixels) -> bool:
    """Whether blurring it once more changes little. False for a picture too flat to tell."""
    import cv2

    scale = min(1.0, 480 / max(pixels.shape[:2]))
    grey = cv2.cvtColor(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    before, after = _steps(grey.astype(np.float32)), _steps(cv2.blur(grey, (7, 7)).astype(np.float32))
    if before.size == 0 or before.mean() < FLAT:
        return False
    return bool(np.maximum(before - after, 0).sum() < BLURRED * before.sum())


def _steps(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Differences between neighbours in a row."""
    return np.abs(np.diff(grey, axis=1))


def _small(pixels: Pixels, width: int, height: int) -> Pixels:
    import cv2

    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
