"""What a camera showed lately, by its pictures and not by words: a scene seen again needs no model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pydantic import Field

from devices.media import Frame, Options, Pixels
from pipelines.thumbnails import Thumbnail, coarser, patch_difference, thumbnail
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
    """How many scenes of a camera are remembered, those that were shown longest; each takes 160 KB."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture made small twice: by the coarse one most scenes are told from it in a tenth of a millisecond."""

    coarse: Thumbnail
    fine: Thumbnail

    def alike(self, other: Picture, contrast: float) -> bool:
        """Whether both show one scene, of which no patch differs by so many grey levels on average.

        The cells of a coarse patch are the averages of many fine ones: they differ by no more than the worst of those.
        """
        return (
            patch_difference(other.coarse, self.coarse, FLUCTUATES) < contrast
            and patch_difference(other.fine, self.fine, FLUCTUATES) < contrast
        )


@dataclass(slots=True, eq=False)
class _Scene:
    picture: Picture
    seen: Seen
    asked: str
    described_at: float
    shown_at: float
    """When it was shown last."""
    shown_for: float = 0.0
    """Seconds, all in all: what only passes by is not worth remembering."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A keyframe that was looked for among the scenes."""

    frame: Frame
    asked: str
    """How it is to be described. What was described otherwise is not known."""
    picture: Picture
    scene: _Scene | None
    """What it shows; None: nothing that is known."""


@dataclass(slots=True)
class Novelty:
    """The scenes of one camera. Knows no clock but the frames' own."""

    options: NoveltyOptions = field(default_factory=NoveltyOptions)
    _scenes: list[_Scene] = field(default_factory=list, init=False)
    _current: _Scene | None = field(default=None, init=False)
    """What the newest keyframe shows, where that is known: it is shown until the next one comes."""

    def find(self, frame: Frame, asked: str = "") -> Sighting:
        """Look for it among the scenes: some milliseconds. Changes nothing, so that a thread may do it."""
        picture = picture_of(frame.pixels)
        known = [scene for scene in self._scenes if scene.asked == asked and self._lasts(scene, frame.captured_at)]
        alike = (scene for scene in reversed(known) if picture.alike(scene.picture, self.options.contrast))
        return Sighting(frame, asked, picture, next(alike, None))

    def known(self, sighting: Sighting) -> Seen | None:
        """What was said of the scene that is shown now, if it is known; `unchanged` where that was told last."""
        at, before, self._current = sighting.frame.captured_at, self._current, sighting.scene
        if before is not None:
            before.shown_for += at - before.shown_at
            before.shown_at = at
        self._scenes = [scene for scene in self._scenes if self._lasts(scene, at)]
        if self._current is None:
            return None
        self._current.shown_at = at
        told = before is not None and (before.asked, before.seen) == (sighting.asked, self._current.seen)
        return replace(self._current.seen, unchanged=told)

    def learn(self, sighting: Sighting, seen: Seen) -> None:
        """This was said of it."""
        at = sighting.frame.captured_at
        self._current = _Scene(sighting.picture, replace(seen, unchanged=False), sighting.asked, at, at)
        if len(self._scenes) >= self.options.scenes:
            self._scenes.remove(min(self._scenes, key=lambda scene: scene.shown_for))
        self._scenes.append(self._current)

    def clear(self) -> None:
        """Forget everything: nobody is to know what was shown."""
        self._scenes.clear()
        self._current = None

    def _lasts(self, scene: _Scene, now: float) -> bool:
        shown_at = now if scene is self._current else scene.shown_at
        return now - shown_at < self.options.familiar and now - scene.described_at < self.options.renew


def picture_of(pixels: Pixels) -> Picture:
    """H×W×3 RGB as scenes are compared by; the coarse cells are averages of the fine ones."""
    fine = thumbnail(pixels, FINENESS)
    return Picture(coarser(fine, FINENESS), fine)
