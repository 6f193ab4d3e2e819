"""The keyframe gate: which frames are worth a caption, decided on a thumbnail in under a millisecond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import Field

from devices.media import Frame, Options
from pipelines.moving import CUT, STILL, Motion, Mover
from pipelines.thumbnails import Thumbnail, changed_cells, changed_share, thumbnail


class GateOptions(Options):
    """When a frame becomes a keyframe."""

    contrast: float = Field(default=12.0, gt=0, le=255)
    """How much a cell of the thumbnail must differ to count as changed, in grey levels out of 255."""
    area: float = Field(default=0.006, gt=0, le=1)
    """Share of the picture that must have changed."""
    settle: float = Field(default=0.2, ge=0)
    """Seconds that the picture must hold still before it is taken."""
    patience: float = Field(default=0.4, ge=0)
    """Seconds after which a change is taken although things move on."""
    restless: float = Field(default=2.0, ge=0)
    """Seconds between keyframes while things go on moving."""
    minimum: float = Field(default=0.4, ge=0)
    """Seconds between two keyframes at the least."""
    heartbeat: float = Field(default=600.0, gt=0)
    """Seconds after which a keyframe is taken although nothing changed."""
    calm: float = Field(default=3.0, gt=0, le=600)
    """Seconds without motion after which what moved is over: what moves then is another event."""


class Gate(Protocol):
    """Decides which frames of one camera are worth a caption."""

    def wants(self, frame: Frame) -> bool:
        """Whether this frame is. Wants to see every frame, in the order they were taken."""
        ...

    def forget(self) -> None:
        """Cameras are switched off: the next frame is compared with nothing that was before."""
        ...

    @property
    def still(self) -> bool:
        """Whether the last frame shows what the last keyframe showed."""
        ...

    @property
    def motion(self) -> Motion:
        """What moves, as of the last frame."""
        ...


class KeyframeGate:
    """Compares every frame of one camera with its last keyframe; knows no clock but the frames' own."""

    def __init__(self, options: GateOptions | None = None, least: Callable[[], float] = lambda: 0.0) -> None:
        """`least`: seconds that it leaves between two keyframes at present, where that is more than its own minimum."""
        self.options = options or GateOptions()
        self._least = least
        self.forget()

    def forget(self) -> None:
        """Cameras are switched off: the next frame is compared with nothing that was before."""
        self._keyframe: Thumbnail | None = None
        self._taken_at = 0.0
        self._was_moving = False
        self._changed_at: float | None = None
        self._anchor: Thumbnail | None = None
        self._still_since = 0.0
        self._mover = Mover(self.options.contrast, self.options.area, self.options.calm)
        self.motion = STILL
        """What moves, as of the last frame."""

    def wants(self, frame: Frame) -> bool:
        """Whether this frame is to be captioned. Wants to see every frame, in the order they were taken."""
        now, picture = frame.captured_at, thumbnail(frame.pixels)
        self._watch_motion(picture, now)
        if self._keyframe is not None and not self._is_due(self._keyframe, picture, now):
            return False
        self._was_moving = self._keyframe is not None and not self._settled(now)
        self._keyframe, self._taken_at, self._changed_at = picture, now, None
        return True

    @property
    def still(self) -> bool:
        """Whether the last frame showed what the last keyframe shows."""
        return self._changed_at is None

    def _watch_motion(self, picture: Thumbnail, now: float) -> None:
        """The anchor is where stillness began, so that even a slow drift away from it is motion."""
        share = 1.0
        if self._anchor is not None:
            changed = changed_cells(self._anchor, picture, self.options.contrast)
            self.motion, share = self._mover.look(self._anchor, picture, changed, now), float(changed.mean())
        if share >= self.options.area:
            self._anchor, self._still_since = picture, now
        if share >= CUT or now - self._still_since >= self.options.patience:
            self._was_moving = False

    def _settled(self, now: float) -> bool:
        return now - self._still_since >= self.options.settle

    def _is_due(self, keyframe: Thumbnail, picture: Thumbnail, now: float) -> bool:
        since = now - self._taken_at
        if changed_share(keyframe, picture, self.options.contrast) < self.options.area:
            self._changed_at = None
            return since >= self.options.heartbeat
        if self._changed_at is None:
            self._changed_at = now
        if since < max(self.options.minimum, self._least()):
            return False
        return self._settled(now) or self._cannot_wait(now)

    def _cannot_wait(self, now: float) -> bool:
        """Motion that goes on is shown soon after it begins, and from then on less often."""
        if self._was_moving:
            return now - self._taken_at >= self.options.restless
        return self._changed_at is not None and now - self._changed_at >= self.options.patience
