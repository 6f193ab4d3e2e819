"""What a camera showed lately, by its pictures and not by words: a scene seen again needs no model."""

from __future__ import annotations

from collections import deque
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
    """How many scenes of a camera are remembered, the ones that were shown last; each takes 150 KB."""


@dataclass(slots=True, eq=False)
class _Scene:
    picture: Thumbnail
    seen: Seen
    asked: str
    described_at: float
    shown_at: float


@dataclass(slots=True)
class Novelty:
    """The scenes of one camera. Knows no clock but the frames' own."""

    options: NoveltyOptions = field(default_factory=NoveltyOptions)
    _scenes: deque[_Scene] = field(init=False)
    _current: _Scene | None = field(default=None, init=False)
    """What the newest keyframe shows, where that is known: it is shown until the next one comes."""

    def __post_init__(self) -> None:
        self._scenes = deque(maxlen=self.options.scenes)

    def known(self, frame: Frame, asked: str = "") -> Seen | None:
        """What was said of the same scene, if it was shown lately; `unchanged` where that is what was told last.

        `asked`: how it is to be described now. What was described otherwise is not known.
        """
        before, self._current = self._current, None
        if before is not None:
            before.shown_at = max(before.shown_at, frame.captured_at)
        self._forget(frame.captured_at)
        picture = thumbnail(frame.pixels, FINENESS)
        for scene in reversed(self._scenes):
            if scene.asked == asked and patch_difference(scene.picture, picture, FLUCTUATES) < self.options.contrast:
                self._show(scene, frame.captured_at)
                told = before is not None and (before.asked, before.seen) == (asked, scene.seen)
                return replace(scene.seen, unchanged=told)
        return None

    def learn(self, frame: Frame, seen: Seen, asked: str = "") -> None:
        """This was said of it."""
        picture, at = thumbnail(frame.pixels, FINENESS), frame.captured_at
        self._current = _Scene(picture, replace(seen, unchanged=False), asked, at, at)
        self._scenes.append(self._current)

    def clear(self) -> None:
        """Forget everything: nobody is to know what was shown."""
        self._scenes.clear()
        self._current = None

    def _show(self, scene: _Scene, at: float) -> None:
        """It is the newest now, and the last to be pushed out."""
        self._scenes.remove(scene)
        self._scenes.append(scene)
        scene.shown_at, self._current = at, scene

    def _forget(self, now: float) -> None:
        kept = [
            scene
            for scene in self._scenes
            if now - scene.shown_at < self.options.familiar and now - scene.described_at < self.options.renew
        ]
        self._scenes = deque(kept, self.options.scenes)
