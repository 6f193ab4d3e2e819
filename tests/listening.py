"""A listener to one narrator, without sound: the speech policy at work, on the time of a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from devices.media import Frame
from pipelines.moving import STILL, Motion
from pipelines.narration.narrator import Narrator
from pipelines.narration.options import NarrationOptions
from pipelines.phrases import Language
from pipelines.policy import SpeechPolicy
from pipelines.remarks import Remark, count
from pipelines.spots import Box, Spot, Spots

PACE = 3.0
"""Words a second."""
FRAME = 0.1
"""Seconds."""


def box(x: float, y: float = 0.5, width: float = 0.1, height: float = 0.3) -> Box:
    """By its middle."""
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def spot(label: str, x: float, score: float = 0.9, **where: float) -> Spot:
    return Spot(label, box(x, **where), score)


def looked(at: float, *found: Spot) -> Spots:
    return Spots("camera", at, "objects", found)


def picture(level: int = 120) -> Any:
    """A scene with some contrast, as bright as that."""
    pattern = np.linspace(0.3, 1.0, 64)[None, :] * np.ones((36, 1))
    return np.repeat((pattern * level)[:, :, None], 3, axis=2).astype(np.uint8)


@dataclass
class Listener:
    """Hears one narrator."""

    options: NarrationOptions = field(default_factory=NarrationOptions)
    language: Language = "en"
    several: bool = False
    now: float = 0.0
    heard: list[tuple[float, str]] = field(default_factory=list)
    """What was said, and when it began."""
    offered: list[Remark] = field(default_factory=list)
    deaf: bool = False
    """Whether nothing is said at all."""
    light: int = 120
    mirrored: bool = False
    """Whether the pictures are of another scene."""

    def __post_init__(self) -> None:
        self.policy = SpeechPolicy()
        self.narrator = Narrator("camera", self.options, self, self.language, self.several)
        self._saying: tuple[Remark, float] | None = None
        self._looked = -1.0

    def offer(self, remark: Remark) -> bool:
        self.offered.append(remark)
        taken = self.policy.offer(remark, self.now)
        self._drop()
        return taken

    def withdraw(self, key: str) -> None:
        self.policy.withdraw(key)
        self._drop()

    def forget(self, camera: str) -> None:
        self.policy.forget(camera)
        self._drop()

    def shows(self, seconds: float, *found: Spot, motion: Motion = STILL, every: float = 1.0) -> None:
        """The same for so long, looked at once in so many seconds."""
        for _ in range(round(seconds / FRAME)):
            self.frame(found, motion, every)

    def films(self, looks: Iterable[Sequence[Spot]], motion: Motion = STILL) -> None:
        """One look each fifth of a second."""
        for found in looks:
            for _ in range(2):
                self.frame(found, motion, 2 * FRAME)

    def frame(self, found: Sequence[Spot], motion: Motion, every: float) -> None:
        self.now = round(self.now + FRAME, 3)
        self._speak()
        pixels = picture(self.light)[:, ::-1] if self.mirrored else picture(self.light)
        self.narrator.saw(Frame(pixels, self.now, "camera"), motion, False)
        if self.now - self._looked >= every - 1e-6:
            self._looked = self.now
            self.narrator.spotted(looked(self.now, *found))
        self._speak()

    @property
    def said(self) -> list[str]:
        return [text for _, text in self.heard]

    def _speak(self) -> None:
        if self._saying is not None and self.now >= self._saying[1]:
            remark, self._saying = self._saying[0], None
            self.policy.done(remark, remark.text, self.now)
            self.narrator.settled(remark, remark.text)
        if self._saying is None and not self.deaf and (remark := self.policy.take(self.now)) is not None:
            self.heard.append((self.now, remark.text))
            self._saying = remark, self.now + count(remark.text) / PACE
        self.policy.take(self.now, talking=True)  # what expired is dropped
        self._drop()

    def _drop(self) -> None:
        dropped, self.policy.dropped = self.policy.dropped, []
        for remark, _ in dropped:
            self.narrator.settled(remark, "")
