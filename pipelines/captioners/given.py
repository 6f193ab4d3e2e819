"""What callers of the published methods hand over, held to what it must be: pictures, whole numbers, settings."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from devices.media import MOST_PIXELS
from pipelines.backends import BackendError, first_line
from pipelines.language.sampling import Sampling
from pipelines.mistakes import first_mistake

if TYPE_CHECKING:
    from PIL import Image

BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error, zlib.error)
"""What Pillow's decoders are known to raise on files that are broken."""
MOST_TOKENS = 1_000_000
"""Of an answer, whose real bound is the model's context."""


def picture(image: Any) -> Image.Image:
    """A PIL image, decoded, in RGB. Raises BackendError for what is none, is broken, or is too large to decode."""
    if not (hasattr(image, "convert") and hasattr(image, "size")):
        raise BackendError(f"a picture is a PIL image, not a {type(image).__name__}")
    check_size(image)
    try:
        with warnings.catch_warnings(action="ignore"):
            decoded: Image.Image = image.convert("RGB")
    except BROKEN as error:
        raise BackendError(f"the picture is broken, give another: {first_line(error, named=False)}") from error
    return decoded


def check_size(image: Image.Image) -> None:
    """Raises BackendError for a picture of nothing, or of too much, before it is decoded."""
    width, height = image.size
    if not 1 <= width * height <= MOST_PIXELS:
        raise BackendError(
            f"the picture is {width}×{height}: give one of at most {MOST_PIXELS // 1_000_000} megapixels"
        )


def whole(name: str, value: Any, most: int) -> int:
    """A number from 1 to `most`. Raises BackendError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BackendError(f"{name} must be 1 or more, and at most {most}, not {repr(value)[:40]}")
    return value


def drawn(told: Mapping[str, Any]) -> Sampling:
    """How an answer is drawn. Raises BackendError for what is no such setting, or beyond its bounds."""
    try:
        return Sampling.model_validate(dict(told))
    except ValidationError as error:
        raise BackendError(f"the answer cannot be drawn so: {first_mistake(error, Sampling)}") from error
