"""Scenes of which everything is known: how many shapes of which colour are where, drawn as pictures and in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image, ImageDraw

COUNTS = {1: "One", 2: "Two", 3: "Three"}
COLOURS = {
    "red": (205, 40, 40), "green": (40, 150, 60), "blue": (40, 70, 210), "yellow": (225, 200, 40),
    "white": (245, 245, 245),
}  # fmt: skip
PLURALS = {"circle": "circles", "bar": "bars", "triangle": "triangles"}
SHAPES = tuple(PLURALS)
PLACES = {
    "on the left": (0.0, 0.0, 0.45, 1.0),
    "on the right": (0.55, 0.0, 1.0, 1.0),
    "at the top": (0.0, 0.0, 1.0, 0.45),
    "at the bottom": (0.0, 0.55, 1.0, 1.0),
}
"""Left, top, right and bottom of the part of the picture in which the shapes are, as shares of its sides."""
THIRDS = {1: (1,), 2: (0, 2), 3: (0, 1, 2)}
"""Which thirds of the longer side hold a shape: one alone stands in the middle, for a corner would be two places."""
QUESTIONS = (
    "Describe what you see in one short sentence.",
    "How many are there?",
    "What colour is it?",
    "What shape is it?",
)

SIZE = 144
"""Pixels of each side."""


@dataclass(frozen=True, slots=True)
class Scene:
    count: int
    colour: str
    shape: str
    place: str

    @property
    def words(self) -> str:
        shape = self.shape if self.count == 1 else PLURALS[self.shape]
        return f"{COUNTS[self.count]} {self.colour} {shape} {self.place}."


def answers(scene: Scene) -> tuple[str, ...]:
    """One for each of `QUESTIONS`."""
    return scene.words, f"{COUNTS[scene.count]}.", f"{scene.colour.capitalize()}.", f"{scene.shape.capitalize()}."


def every_scene() -> list[Scene]:
    return [Scene(*parts) for parts in product(COUNTS, COLOURS, SHAPES, PLACES)]


def held_out(scene: Scene) -> bool:
    """A sixth of all combinations is never shown in training."""
    return sum(parts(scene)) % 6 == 0


def parts(scene: Scene) -> tuple[int, int, int, int]:
    """Which of the counts, colours, shapes and places it is."""
    return (
        list(COUNTS).index(scene.count), list(COLOURS).index(scene.colour),
        SHAPES.index(scene.shape), list(PLACES).index(scene.place),
    )  # fmt: skip


def draw(scene: Scene, chance: np.random.Generator) -> Image.Image:
    """The scene, each time with other places, sizes, and another shade behind."""
    shade = int(chance.integers(60, 150))
    image = Image.fromarray(chance.integers(shade - 8, shade + 9, (SIZE, SIZE, 3), np.uint8))
    pen = ImageDraw.Draw(image)
    tint = tuple(int(value) for value in np.clip(chance.integers(-18, 19) + np.array(COLOURS[scene.colour]), 0, 255))
    for x, y, radius in _spots(scene, chance):
        _draw_shape(pen, scene.shape, (x, y, radius), tint)
    return image


def _draw_shape(pen: ImageDraw.ImageDraw, shape: str, spot: tuple[float, float, float], tint: tuple[int, ...]) -> None:
    x, y, radius = spot
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tint)
    elif shape == "triangle":
        pen.polygon([(x - radius, y + radius), (x + radius, y + radius), (x, y - radius)], fill=tint)
    else:
        pen.rectangle((x - radius, y - 0.4 * radius, x + radius, y + 0.4 * radius), fill=tint)


def _spots(scene: Scene, chance: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centre and radius in pixels of each shape: they stand in the thirds of the longer side, and do not touch."""
    left, top, right, bottom = PLACES[scene.place]
    radius = float(chance.uniform(0.12, 0.145))
    upright, spots = bottom - top > right - left, []
    for third in THIRDS[scene.count]:
        along = chance.uniform(third / 3 + radius, (third + 1) / 3 - radius)
        across = chance.uniform((left if upright else top) + radius, (right if upright else bottom) - radius)
        x, y = (across, along) if upright else (along, across)
        spots.append((x * SIZE, y * SIZE, radius * SIZE))
    return spots
