"""Pictures of a drawn room in which photos of people and things stand, and signs, in any light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Pixels
from pipelines.spots import Box
from tests.rooms import room

WIDTH, HEIGHT = 640, 360
NOISE, NOISES = 3.0, 16
"""Grey levels of a sensor's noise, and how many pictures pass until the same noise comes again."""
CUTS: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "person": ("astronaut", (0, 60, 400, 400)),
    "cup": ("coffee", (0, 0, 400, 600)),
    "cat": ("chelsea", (0, 0, 300, 451)),
    "motorbike": ("motorcycle_left", (0, 0, 500, 741)),
}
"""Sample photo, and top, left, bottom, right of what is cut out of it."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """A photo in the room."""

    thing: str
    x: float
    """Its middle, a share of the width."""
    high: float
    """Pixels."""
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """All that the camera sees."""

    photos: tuple[Pasted, ...] = ()
    sign: str = ""
    sign_x: float = 0.5
    light: float = 1.0
    covered: bool = False
    frozen: bool = False


@lru_cache(maxsize=16)
def drawn(view: View) -> Any:
    """H×W×3, in grey levels, without noise."""
    if view.covered:
        return np.full((HEIGHT, WIDTH, 3), (70.0, 45.0, 40.0)) + np.linspace(0, 12, WIDTH)[None, :, None]
    picture = cv2.resize(room(), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    for photo in view.photos:
        _paste(picture, photo)
    if view.sign:
        _put_up(picture, view)
    return picture.astype(np.float32) * np.float32(view.light)


@lru_cache(maxsize=64)
def shown(view: View, noise: int) -> Pixels:
    """As the camera gives it."""
    return noisy(drawn(view), noise)


def noisy(picture: Any, number: int) -> Pixels:
    """With one of the noises."""
    return np.asarray(np.clip(picture + _noise(number), 0, 255), np.uint8)


@cache
def _noise(number: int) -> Any:
    return np.random.default_rng(number).normal(0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.float32)


def boxed(photo: Pasted) -> Box:
    """As much of it as is in the picture."""
    left, top, wide, high = _place(photo)
    corners = (left / WIDTH, top / HEIGHT, (left + wide) / WIDTH, (top + high) / HEIGHT)
    return Box(*(min(1.0, max(0.0, one)) for one in corners))


def _place(photo: Pasted) -> tuple[int, int, int, int]:
    """Left, top, width and height in pixels."""
    shape, high = _photo(photo.thing).shape, round(photo.high)
    wide = round(shape[1] * high / shape[0])
    return round(photo.x * WIDTH - wide / 2), round(0.55 * HEIGHT - high / 2), wide, high


def _paste(picture: Pixels, photo: Pasted) -> None:
    cut = _photo(photo.thing)[:, :: -1 if photo.mirrored else 1]
    left, top, wide, high = _place(photo)
    small = cv2.resize(cut, (wide, high), interpolation=cv2.INTER_AREA)
    begins, ends = (max(0, left), max(0, top)), (min(WIDTH, left + small.shape[1]), min(HEIGHT, top + high))
    picture[begins[1] : ends[1], begins[0] : ends[0]] = small[
        begins[1] - top : ends[1] - top, begins[0] - left : ends[0] - left
    ]


def _put_up(picture: Pixels, view: View) -> None:
    (wide, _), _ = cv2.getTextSize(view.sign, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 3)
    left = round(view.sign_x * WIDTH - wide / 2)
    cv2.rectangle(picture, (left - 20, 100), (left + wide + 20, 190), (250, 250, 245), -1)
    cv2.putText(picture, view.sign, (left, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (20, 20, 20), 3)


@cache
def _photo(thing: str) -> Pixels:
    from PIL import Image
    from skimage import data

    name, (top, left, bottom, right) = CUTS[thing]
    path = Path(data.__file__).parent / f"{name}.png"
    return np.asarray(Image.open(path).convert("RGB"), np.uint8)[top:bottom, left:right]
