"""Tells what one camera shows: what is there, then what changes. Its time is that of the pictures."""

from __future__ import annotations

from typing import Protocol

from devices.media import Frame
from pipelines.eventwords import WORDS
from pipelines.memory import same
from pipelines.moving import Motion
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation
from pipelines.news import Kind
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.spots import Spots
from pipelines.types import Caption


class Offer(Protocol):
    """Where remarks are offered: the agenda."""

    def offer(self, remark: Remark) -> bool:
        """False where it never will be said."""

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""


class Narrator:
    """Of one camera; a `Watcher` that is told of spots as well."""

    def __init__(self, camera: str, options: NarrationOptions, agenda: Offer, language: Language = "en") -> None:
        self._camera, self._options, self._agenda, self._words = camera, options, agenda, WORDS[language]
        self._last: Caption | None = None

    @property
    def situation(self) -> Situation:
        """What is there now."""
        return Situation(self._camera)

    def spotted(self, spots: Spots) -> None:
        """What one look found."""

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark; empty: nothing, or it was dropped."""

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken."""

    def captioned(self, caption: Caption) -> None:
        """A keyframe's caption."""
        if self._last is None or not same(self._last, caption):
            fact = f"{self._camera} {caption.keyframe}"
            self._agenda.offer(
                Remark(
                    caption.text,
                    Priority.CAPTION,
                    caption.captured_at,
                    key=f"{self._camera} caption",
                    fact=fact,
                    camera=self._camera,
                    source="camera",
                )
            )
        self._last = caption

    def unchanged(self, frame: Frame) -> None:
        """A keyframe that shows nothing new."""

    def began(self, kind: Kind, at: float) -> None:
        """Something is the matter with the camera itself."""

    def over(self, kind: Kind, at: float) -> None:
        """It is well again since then."""

    def lost(self) -> None:
        """The camera shows nothing any more."""

    def cover(self) -> None:
        """Cameras are switched off: what was shown is nobody's business any more."""
        self._last = None

    def close(self) -> None:
        """The session is over."""
