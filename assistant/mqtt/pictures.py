"""The pictures of captions as JPEGs: the newest of each camera, made one after the other in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from devices.media import Frame
from devices.threads import DaemonThread
from pipelines import album
from pipelines.types import Caption

PATIENCE = 1.0
"""Seconds that an event waits for its picture at the most."""

Shown = Callable[[Caption, bytes], None]


class Pictures:
    """To be made and run on one loop."""

    def __init__(self, side: int) -> None:
        """`side`: pixels of the longer one, at the most."""
        self._side = side
        self._waiting: dict[str, tuple[Frame, Caption]] = {}
        self._changed = asyncio.Event()

    def put(self, frame: Frame, caption: Caption) -> None:
        """A keyframe and its caption: one of the same camera that waits still is nobody's any more."""
        self._waiting.pop(caption.camera, None)
        self._waiting[caption.camera] = frame, caption
        self._tell()

    async def made(self, camera: str) -> None:
        """Return when no picture of this camera waits, or soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while camera in self._waiting:
                    await self._changed.wait()

    async def run(self, secret: Callable[[float], bool], shown: Shown) -> None:
        """Until cancelled. `secret`: whether what was captured then is nobody's business."""
        loop = asyncio.get_running_loop()
        with DaemonThread("pictures") as thread:
            while True:
                while not self._waiting:
                    await self._changed.wait()
                camera, (frame, caption) = next(iter(self._waiting.items()))
                if not secret(caption.captured_at):
                    shown(caption, await loop.run_in_executor(thread, album.jpeg, frame, self._side))
                if self._waiting[camera][0] is frame:  # else a newer one came
                    del self._waiting[camera]
                self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
