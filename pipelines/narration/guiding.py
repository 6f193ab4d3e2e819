"""Guides somebody in a session who aims the camera at a text: looks more often, beeps, and tells where to move it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from pipelines.narration.aiming import LONGEST, Aiming
from pipelines.narration.textwords import WORDS
from pipelines.phrases import Language
from pipelines.remarks import Remark
from pipelines.spots import Spots
from pipelines.spotting import Spotting


class Guiding:
    """Of one camera: that which somebody holds."""

    def __init__(self, camera: str, offer: Callable[[Remark], object]) -> None:
        self.camera, self._offer = camera, offer
        self._readers: list[Spotting] = []
        self._aiming = Aiming(camera)
        self._beep: Callable[[float], None] = lambda good: None

    def attach(self, beep: Callable[[float], None]) -> None:
        """What sounds the higher, the better it is aimed: 0 to 1."""
        self._beep = beep

    def reads(self, spotting: Spotting) -> None:
        """What looks for text before this camera."""
        self._readers.append(spotting)

    @property
    def active(self) -> bool:
        return self._aiming.active

    def wished(self, language: Language) -> str:
        """Begin, or end where it has begun; what is to be said of that, or nothing: it speaks by itself."""
        if not self._readers:
            return WORDS[language].no_reader
        if self.active:
            self.end()
            return WORDS[language].ended
        self.begin(language)
        return ""

    def begin(self, language: Language) -> None:
        """Somebody wants to be guided."""
        now = asyncio.get_running_loop().time()
        self._aiming = Aiming(self.camera, language, lambda good: self._beep(good))
        self._aiming.begin(now)
        self._hurry(now + LONGEST)

    def end(self) -> None:
        """Somebody has enough of it, or cameras are switched off."""
        self._aiming.end()
        self._hurry(-inf)

    def look(self, spots: Spots) -> None:
        """What one look found in a picture of this camera."""
        for remark in self._aiming.look(spots):
            self._offer(remark)
        if not self.active:
            self._hurry(-inf)

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark, whosesoever it is."""
        self._aiming.settled(remark, heard)

    def _hurry(self, until: float) -> None:
        for spotting in self._readers:
            spotting.hurry(until)
