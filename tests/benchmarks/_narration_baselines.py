"""What is narrated, and the simple ways to do it: captions read out every few seconds, or those that sound new."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from devices.lines import Latest
from devices.media import Frame
from pipelines.agenda import Agenda
from pipelines.moving import STILL, Motion
from pipelines.news import Kind as Trouble
from pipelines.remarks import Priority, Remark
from pipelines.types import Caption, Seen
from tests.narrating import Script, State

ALIKE = 0.6
"""Cosine of the words of two sentences from which on one counts as the other said again."""
SECONDS = 1.5
"""That the scripted captioner takes for a picture, as a small vision-language model does on two cores."""


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


class Baseline:
    """Says captions as they are, without a budget; what waits gives way to what is newer. A `Watcher`."""

    def __init__(self, agenda: Agenda, last: int) -> None:
        """`last`: so many sentences a caption must not be like."""
        self._agenda, self._last = agenda, deque[str](maxlen=last)

    def captioned(self, caption: Caption) -> None:
        if any(alike(caption.text, one) for one in self._last):
            return
        self._last.append(caption.text)
        self._agenda.offer(Remark(caption.text, Priority.CAPTION, caption.captured_at, key="caption", asked=True))

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None: ...
    def unchanged(self, frame: Frame) -> None: ...
    def began(self, kind: Trouble, at: float) -> None: ...
    def over(self, kind: Trouble, at: float) -> None: ...
    def lost(self) -> None: ...
    def cover(self) -> None: ...
    def close(self) -> None: ...


def alike(one: str, other: str) -> bool:
    """By their words alone, each counted as often as it stands there."""
    bags = [re.findall(r"[\w']+", text.lower()) for text in (one, other)]
    words = sorted({*bags[0], *bags[1]})
    counts = np.array([[bag.count(word) for word in words] for bag in bags], float)
    lengths = np.linalg.norm(counts, axis=1).prod()
    return bool(lengths) and float(counts[0] @ counts[1] / lengths) >= ALIKE


@dataclass
class Metronome:
    """A gate that wants a picture every so many seconds."""

    every: float
    still: bool = False
    motion: Motion = STILL
    taken_at: float = -inf

    def wants(self, frame: Frame) -> bool:
        due = frame.captured_at - self.taken_at >= self.every - 1e-6
        self.taken_at = frame.captured_at if due else self.taken_at
        return due
