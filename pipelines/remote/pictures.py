"""A frame as servers and workers take pictures: made smaller, JPEG; and a JPEG that came from afar, read with care."""

from __future__ import annotations

import base64
import io
import struct

import numpy as np
from PIL import Image

from devices.media import Frame, Pixels

LONGEST_SIDE = 4096
"""Pixels, of a picture that is read."""
_BROKEN = (OSError, ValueError, SyntaxError, IndexError, TypeError, struct.error, Image.DecompressionBombError)
"""What Pillow's decoder is known to raise on JPEGs that are broken, or none at all."""


def jpeg(frame: Frame, max_side: int, quality: int) -> bytes:
    """The frame with its longer side at most `max_side` pixels, its proportions kept; `quality` is JPEG's, 1 to 95."""
    picture = Image.fromarray(frame.pixels)
    picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def data_url(frame: Frame, max_side: int, quality: int) -> str:
    """The same in a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(frame, max_side, quality)).decode("ascii")


def decoded(file: bytes) -> Pixels:
    """A JPEG's pixels, H×W×3 RGB. Raises ValueError for what is none, or is out of bounds, before it is decoded."""
    try:
        with Image.open(io.BytesIO(file), formats=("JPEG",)) as picture:
            if max(picture.size) <= LONGEST_SIDE:
                return np.array(picture.convert("RGB"), dtype=np.uint8)
            size = f"{picture.width}×{picture.height}"
    except _BROKEN as error:
        raise ValueError("the picture cannot be read: it must be a whole JPEG") from error
    raise ValueError(f"the picture cannot be read: it has {size} pixels, and at most {LONGEST_SIDE} a side are")
