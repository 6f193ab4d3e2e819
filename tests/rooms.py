"""A drawn room that a camera looks into: somebody walks through it, things stand in it, light and noise play on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.media import Pixels

HEIGHT, WIDTH = 180, 320


def room(thing: bool = False) -> Pixels:
    """180×320: a shaded wall, a floor and some furniture; perhaps a box on the floor."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = np.linspace(90, 160, WIDTH, dtype=np.uint8)[None, :, None]
    picture[120:] = (110, 80, 60)
    picture[75:150, 38:100] = (60, 70, 120)
    picture[25:65, 225:275] = (200, 200, 190)
    if thing:
        picture[140:170, 180:220] = (30, 140, 60)
    return picture


def elsewhere() -> Pixels:
    """Another room."""
    return np.ascontiguousarray(255 - room()[::-1, ::-1])


def with_walker(picture: Pixels, x: float) -> Pixels:
    """The room with a figure whose middle stands at `x`, a share of the width; from -0.1 to 1.1 it walks through."""
    walked = picture.copy()
    middle = round(x * WIDTH)
    left, right = max(0, middle - 12), max(0, middle + 12)
    walked[60:165, left:right] = (170, 40, 50)
    walked[40:60, max(0, middle - 7) : max(0, middle + 7)] = (210, 170, 140)
    return walked


def walk(picture: Pixels, seconds: float, fps: float) -> Iterator[Pixels]:
    """Somebody walks from the left to the right, and is gone."""
    count = round(seconds * fps)
    for number in range(count):
        yield with_walker(picture, -0.1 + 1.2 * number / (count - 1))


def noisy(picture: Pixels, random: np.random.Generator, sigma: float = 6.0) -> Pixels:
    """With a sensor's noise of so many grey levels."""
    return _picture(picture + random.normal(0, sigma, picture.shape))


def exposed(picture: Pixels, gain: float, offset: float = 0.0) -> Pixels:
    return _picture(picture * gain + offset)


def _picture(levels: NDArray[np.floating[Any]]) -> Pixels:
    return np.asarray(np.clip(levels, 0, 255), np.uint8)
