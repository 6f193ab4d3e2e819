"""Pictures as towers want them: RGB, resized, and scaled to numbers around zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipelines.vision.engines import Values

HALF = (0.5, 0.5, 0.5)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def square(image: Image.Image, side: int) -> Image.Image:
    """The picture as a square, its proportions not kept; bicubic."""
    return image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)


def normalised(image: Image.Image, mean: Sequence[float] = HALF, deviation: Sequence[float] = HALF) -> Values:
    """Pixels (3, height, width): (value / 255 - mean) / deviation."""
    pixels = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
    scaled = (pixels - np.asarray(mean, np.float32)) / np.asarray(deviation, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
