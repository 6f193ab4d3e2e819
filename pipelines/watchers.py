"""Who is told what one camera shows, frame by frame and caption by caption."""

from __future__ import annotations

from typing import Protocol

from devices.lines import Latest
from devices.media import Camera, DeviceError, Frame
from devices.proxies import CameraProxy
from pipelines.moving import Motion
from pipelines.news import Kind
from pipelines.types import Caption


class Watcher(Protocol):
    """Its time is that of the pictures."""

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken; `keyframe`: it is to be put into words."""

    def captioned(self, caption: Caption) -> None:
        """A keyframe's caption."""

    def unchanged(self, frame: Frame) -> None:
        """A keyframe that shows nothing new, or is not put into words."""

    def began(self, kind: Kind, at: float) -> None:
        """Something is the matter with the camera itself: one of the kinds `camera_…`."""

    def over(self, kind: Kind, at: float) -> None:
        """It is well again since then."""

    def lost(self) -> None:
        """The camera shows nothing any more."""

    def cover(self) -> None:
        """Cameras are switched off: what was shown is nobody's business any more."""

    def close(self) -> None:
        """The session is over."""


class Watchers:
    """Several of them, each told everything."""

    def __init__(self, *watchers: Watcher) -> None:
        self._all = watchers

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        for one in self._all:
            one.saw(frame, motion, keyframe)

    def captioned(self, caption: Caption) -> None:
        for one in self._all:
            one.captioned(caption)

    def unchanged(self, frame: Frame) -> None:
        for one in self._all:
            one.unchanged(frame)

    def began(self, kind: Kind, at: float) -> None:
        for one in self._all:
            one.began(kind, at)

    def over(self, kind: Kind, at: float) -> None:
        for one in self._all:
            one.over(kind, at)

    def lost(self) -> None:
        for one in self._all:
            one.lost()

    def cover(self) -> None:
        for one in self._all:
            one.cover()

    def close(self) -> None:
        for one in self._all:
            one.close()


class MissedCamera(CameraProxy):
    """A camera whose loss is told to its watcher."""

    def __init__(self, camera: Camera, watcher: Watcher) -> None:
        super().__init__(camera)
        self._watcher = watcher

    async def run(self, frames: Latest[Frame]) -> None:
        try:
            await self._camera.run(frames)
        except DeviceError:
            self._watcher.lost()
            raise
