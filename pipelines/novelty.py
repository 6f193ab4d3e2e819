"""What a camera showed lately, by its pictures and not by words: a scene seen again needs no model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pydantic import Field

from devices.media import Frame, Options
from pipelines.thumbnails import Thumbnail, patch_difference, thumbnail
from pipelines.types import Seen

FINENESS = 3
"""Times as many cells each way as the gate looks at: a word as high as a thirtieth of the picture changes them."""
FLUCTUATES = 12.0
"""Grey levels by which a cell may differ that is used to find the exposure."""


class NoveltyOptions(Options):
    """When a keyframe counts as a scene that was described lately."""

    familiar: float = Field(default=300.0, ge=0, le=86_400)
    """Seconds for which a scene is known again after it was shown last; 0: none ever is."""
    renew: float = Field(default=3600.0, gt=0, le=604_800)
    """Seconds after which a scene is described anew, however often it was shown since."""
    contrast: float = Field(default=12.0, gt=0, le=255)
    """How much a patch of the picture, a thirtieth of it wide, must differ on average to make it another scene, in grey
    levels out of 255; less asks the model more often and overlooks less."""
    scenes: int = Field(default=16, ge=1, le=256)
    """How many scenes of a camera are remembered, those that were shown longest; each takes 140 KB."""


@dataclass(slots=True, eq=False)
class _Scene:
    picture: Thumbnail
    seen: Seen
    asked: str
    described_at: float
    shown_at: float
    """When it was shown last."""
    shown_for: float = 0.0
    """Seconds, all in all: what only passes by is not worth remembering."""


@dataclass(slots=True)
class Novelty:
    """The scenes of one camera. Knows no clock but the frames' own."""

    options: NoveltyOptions = field(default_factory=NoveltyOptions)
    _scenes: list[_Scene] = field(default_factory=list, init=False)
    _current: _Scene | None = field(default=None, init=False)
    """What the newest keyframe shows, where that is known: it is shown until the next one comes."""

    def known(self, frame: Frame, asked: str = "") -> Seen | None:
        """What was said of the same scene, if it was shown lately; `unchanged` where that is what was told last.

        `asked`: how it is to be described now. What was described otherwise is not known.
        """
        before, self._current = self._current, None
        if before is not None:
            before.shown_for += frame.captured_at - before.shown_at
            before.shown_at = frame.captured_at
        self._forget(frame.captured_at)
        picture = thumbnail(frame.pixels, FINENESS)
        for scene in reversed(self._scenes):
            if scene.asked == asked and patch_difference(scene.picture, picture, FLUCTUATES) < self.options.contrast:
                scene.shown_at, self._current = frame.captured_at, scene
                told = before is not None and (before.asked, before.seen) == (asked, scene.seen)
                return replace(scene.seen, unchanged=told)
        return None

    def learn(self, frame: Frame, seen: Seen, asked: str = "") -> None:
        """This was said of it."""
        picture, at = thumbnail(frame.pixels, FINENESS), frame.captured_at
        self._current = _Scene(picture, replace(seen, unchanged=False), asked, at, at)
        if len(self._scenes) >= self.options.scenes:
            self._scenes.remove(min(self._scenes, key=lambda scene: scene.shown_for))
        self._scenes.append(self._current)

    def clear(self) -> None:
        """Forget everything: nobody is to know what was shown."""
        self._scenes.clear()
        self._current = None

    def _forget(self, now: float) -> None:
        self._scenes = [
            scene
            for scene in self._scenes
            if now - scene.shown_at < self.options.familiar and now - scene.described_at < self.options.renew
        ]
