"""A camera that shows a script, and models that find and say what is true in it: each time a little otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from devices.lines import Latest
from devices.media import Frame
from pipelines.spots import TEXT, Box, Spot
from pipelines.types import Seen
from tests.narrating import Script, State

SECONDS = 1.5
"""That the captioner takes for a picture, as a small vision-language model does on two cores."""
SPREAD = (0.5, 0.2, 0.8, 0.35, 0.65)
"""Where things are of which the script does not tell where."""
WIDE, HIGH = 0.2, 0.6
"""Shares of the picture that a thing takes up."""


@dataclass
class Film:
    """A camera that shows a script at its own pace, and ends with it."""

    script: Script
    name: str = "film"
    live: bool = False
    endless: bool = False
    began: float = 0.0
    """Seconds on the loop's clock at its first picture."""

    def probe(self) -> None:
        """It is always there."""

    async def run(self, frames: Latest[Frame]) -> None:
        loop = asyncio.get_running_loop()
        self.began = loop.time()
        for number in range(round(self.script.seconds * self.script.fps)):
            since = number / self.script.fps
            await asyncio.sleep(self.began + since - loop.time())
            frames.put(Frame(self.script.frame(since), loop.time(), self.name))


@dataclass
class Oracle:
    """A captioner that says what is true, each time in other words, as a model does."""

    script: Script
    film: Film
    turn: int = 0

    def caption(self, frame: Frame) -> Seen:
        state = self.script.states(frame.captured_at - self.film.began, 0.0)[-1]
        self.turn += 1
        return Seen(self._worded(state))

    def _worded(self, state: State) -> str:
        if state.camera == "dark":
            return ("The image is dark.", "It is too dark to see.", "A dark picture.")[self.turn % 3]
        if state.camera == "covered":
            return ("The lens is covered.", "Something blocks the lens.", "A covered lens.")[self.turn % 3]
        things = [_phrase(name, xs, self.turn) for name, xs in sorted(state.things.items())]
        things += [f"a sign that says “{text}”" for text in state.texts]
        room = ("The image shows {} room", "{} room can be seen", "This is {} indoor scene")[self.turn % 3]
        shown = room.format("a" if things else "an empty").replace("a indoor", "an indoor")
        shown = shown[0].upper() + shown[1:]
        return f"{shown} with {' and '.join(things)}." if things else f"{shown}."


def _phrase(name: str, xs: Sequence[float | None], turn: int) -> str:
    many = ("", "a", "two", "three", "four")[min(len(xs), 4)]
    nouns = {"person": ("person", "someone", "person")}.get(name, (name, name, name))
    noun = nouns[turn % 3] if len(xs) == 1 else ("people" if name == "person" else f"{name}s")
    there = {0: "on the left", 1: "in the middle", 2: "on the right"}
    where = f" {there[sum(xs[0] >= edge for edge in (1 / 3, 2 / 3))]}" if len(xs) == 1 and xs[0] is not None else ""
    return (noun if noun == "someone" else f"{many} {noun}") + where


@dataclass
class Finder:
    """An object detector that finds all that is there, at about its place, and is never quite as sure as before."""

    script: Script
    film: Film
    labels: Collection[str] = ("person", "cup", "cat", "car", "bottle", "motorbike")
    misses: float = 0.0
    """Share of the things that it overlooks."""
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(2))

    def spot(self, frame: Frame) -> Sequence[Spot]:
        since = frame.captured_at - self.film.began
        if blind(self.script, since):
            return []
        found = [(name, box) for name, boxes in self._there(since).items() for box in boxes]
        return [self._spot(name, box) for name, box in found if self.random.random() >= self.misses]

    def _there(self, since: float) -> Mapping[str, Sequence[Box]]:
        """Where exactly that is known, there; or else in boxes that are all of one size."""
        if self.script.boxes is not None:
            return self.script.boxes(since)
        things = self.script.states(since, 0.0)[-1].things
        return {
            name: [_boxed(SPREAD[number % 5] if x is None else x) for number, x in enumerate(xs)]
            for name, xs in things.items()
        }

    def _spot(self, name: str, box: Box) -> Spot:
        x, y = self.random.normal(0, 0.005, 2)
        moved = Box(box.left + x, box.top + y, box.right + x, box.bottom + y)
        return Spot(name, moved, float(self.random.uniform(0.75, 0.95)))


def _boxed(x: float) -> Box:
    return Box(x - WIDE / 2, 0.55 - HIGH / 2, x + WIDE / 2, 0.55 + HIGH / 2)


def blind(script: Script, since: float) -> bool:
    """Whether nothing can be seen then. Of a camera that hangs the last picture can."""
    return script.states(since, 0.0)[-1].camera in ("dark", "covered")


@dataclass
class Letters:
    """A reader to whom no letter is too small; of what is cropped it reads the first half."""

    script: Script
    film: Film

    def read(self, frame: Frame) -> Sequence[Spot]:
        since = frame.captured_at - self.film.began
        if blind(self.script, since):
            return []
        state = self.script.states(since, 0.0)[-1]
        whole = [Spot(TEXT, Box(0.4, 0.3, 0.6, 0.4), 0.98, text) for text in state.texts]
        return whole + [
            Spot(TEXT, Box(0.85, 0.3, 1.0, 0.4), 0.97, text[: len(text) // 2].strip()) for text in state.cropped
        ]
