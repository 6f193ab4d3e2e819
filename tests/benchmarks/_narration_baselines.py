"""Two simple ways to narrate: captions read out every few seconds, or those that do not sound like the last ones."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from math import inf

import numpy as np

from devices.media import Frame
from pipelines.agenda import Agenda
from pipelines.moving import STILL, Motion
from pipelines.news import Kind as Trouble
from pipelines.remarks import Priority, Remark
from pipelines.types import Caption

ALIKE = 0.6
"""Cosine of the words of two sentences from which on one counts as the other said again."""


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
