"""Pictures from files as cameras: one still, shown for ever, and a folder of stills, shown one after another."""

from __future__ import annotations

import asyncio
import math
import os
import re
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from devices.lines import Latest
from devices.masks import Polygon, burnt
from devices.media import MOST_PIXELS, DeviceError, Frame, Pixels
from devices.threads import apart

if TYPE_CHECKING:
    from PIL import Image

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})
"""The endings of the files that are read as stills."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, struct.error, zlib.error)
"""What Pillow's decoders are known to raise on files that are broken, or not what their name says."""
_SMALLEST_SIDE = 16
_REPEATS_PER_SECOND = 2.0
"""A still does not change, so this often is enough for whoever waits for a settled picture."""


class Still:
    """One picture, handed over again and again; every frame shares its pixels."""

    live, endless = False, True

    def __init__(
        self, name: str, path: Path, max_side: int, fps: float | None = None, masks: tuple[Polygon, ...] = ()
    ) -> None:
        self.name = name
        self._path, self._max_side, self._masks = path, max_side, masks
        self._interval = 1 / min(fps or _REPEATS_PER_SECOND, _REPEATS_PER_SECOND)

    def probe(self) -> None:
        """Read the picture once. Raises DeviceError."""
        load_still(self._path, self._max_side)

    async def run(self, frames: Latest[Frame]) -> None:
        """Show it until cancelled. Raises DeviceError when it cannot be read."""
        pixels = await _loaded(self._path, self._max_side, self._masks)
        await _show(frames, pixels, self.name, interval=self._interval)


class StillFolder:
    """The pictures of one folder in the order a person counts (2 before 10), each shown for `hold` seconds."""

    live, endless = False, False

    def __init__(
        self, name: str, folder: Path, max_side: int, hold: float = 3.0, masks: tuple[Polygon, ...] = ()
    ) -> None:
        self.name = name
        self._folder, self._max_side, self._hold, self._masks = folder, max_side, hold, masks

    def probe(self) -> None:
        """Look at the head of every picture and read the first whole. Raises DeviceError, naming the file."""
        paths = pictures_in(self._folder)
        for path in paths:
            _open(path).close()
        load_still(paths[0], self._max_side)

    async def run(self, frames: Latest[Frame]) -> None:
        """Show each in turn, then end. Raises DeviceError, naming the file, at one that cannot be read."""
        for path in pictures_in(self._folder):
            pixels = await _loaded(path, self._max_side, self._masks)
            await _show(frames, pixels, self.name, self._hold)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, sorted as a person counts. Raises DeviceError when there is none."""
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.name[0] != "."]
    except OSError as error:
        raise DeviceError(f"the folder {folder} cannot be read: {error.strerror}") from error
    if not found:
        raise DeviceError(f"no pictures in {folder}: put JPEG, PNG, WebP, BMP or GIF files there, or name another")
    return sorted(found, key=lambda path: _as_counted(path.name))


def load_still(path: Path, max_side: int) -> Pixels:
    """Read one picture, H×W×3 RGB, upright, its longer side at most `max_side`, what is transparent in white.

    Raises DeviceError when it is no picture, is broken, has a side under 16 pixels, or more than 100 megapixels:
    the last two are found out without decoding it.
    """
    from PIL import Image, ImageOps

    with _open(path) as image:
        try:
            image.draft(None, (max_side, max_side))
            picture = _in_eight_bits(image)
            picture.thumbnail((max_side, max_side), Image.Resampling.BOX)
            upright = ImageOps.exif_transpose(picture)
        except _BROKEN as error:
            raise DeviceError(f"the picture {path} is broken: {_one_line(error)}") from error
    return np.array(_on_white(upright), dtype=np.uint8)


async def _loaded(path: Path, max_side: int, masks: tuple[Polygon, ...]) -> Pixels:
    """`load_still`, on a thread that keeps nobody from leaving when a disk far away does not answer; masked."""
    return await apart("camera", lambda: burnt(load_still(path, max_side), masks))


_INSTANT = 1e-4
"""Seconds that are not worth a further frame; what rounding leaves of a time may be too short for a clock to pass."""


async def _show(
    frames: Latest[Frame],
    pixels: Pixels,
    name: str,
    seconds: float = math.inf,
    interval: float = 1 / _REPEATS_PER_SECOND,
) -> None:
    """Put the same picture on the line every `interval` seconds, for so many seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > _INSTANT:
        frames.put(Frame(pixels, loop.time(), name))
        await asyncio.sleep(min(interval, left))


def _open(path: Path) -> Image.Image:
    """Read the head of a picture and refuse what is out of bounds. Raises DeviceError."""
    from PIL import Image

    if not os.path.isfile(path):
        raise DeviceError(f"there is no picture {path}: check the path")
    # Pillow warns of what it makes good itself, and of what the bound below forbids. For ever: threads share filters.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        image = Image.open(path, formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise DeviceError(f"the picture {path} is too large: at most 100 megapixels") from error
    except _BROKEN as error:
        raise DeviceError(f"{path} is no picture that can be read: use JPEG, PNG, WebP, BMP or GIF") from error
    width, height = image.size
    if min(width, height) >= _SMALLEST_SIDE and width * height <= MOST_PIXELS:
        return image
    image.close()
    bound = "at most 100 megapixels" if width * height > MOST_PIXELS else f"at least {_SMALLEST_SIDE} pixels a side"
    raise DeviceError(f"the picture {path} is {width}×{height}: it must have {bound}")


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Decode it, as RGB or, with transparency, as RGBA; sixteen bits of grey are scaled to eight."""
    from PIL import Image

    if not image.mode.startswith("I"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    grey = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8)).convert("RGB")
    grey.info = image.info
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode == "RGB":
        return image
    sheet = Image.new("RGBA", image.size, "white")
    sheet.alpha_composite(image)
    return sheet.convert("RGB")


def _as_counted(name: str) -> list[int | str]:
    """A key under which `still-2` comes before `still-10`: text and numbers in turn."""
    return [int(part) if at % 2 else part.casefold() for at, part in enumerate(re.split(r"(\d+)", name))]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
