"""A frame as servers take pictures: made smaller, JPEG, in a data URL."""

from __future__ import annotations

import base64
import io

from PIL import Image

from devices.media import Frame


def data_url(frame: Frame, max_side: int, quality: int) -> str:
    """The frame with its longer side at most `max_side` pixels, its proportions kept; `quality` is JPEG's, 1 to 95."""
    picture = Image.fromarray(frame.pixels)
    picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.getvalue()).decode("ascii")
