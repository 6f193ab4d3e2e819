"""What a question about the picture needs: the frames of the last seconds, and the model before captions do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from devices.media import Frame

T = TypeVar("T")


class FrameRing:
    """The last frames of one camera, bounded in number, seconds and bytes. Frames are held as they are, not copied."""

    def __init__(self, every: float = 0.25, seconds: float = 8.0, megabytes: float = 64.0) -> None:
        """`every`: seconds between two frames that are kept; the newest is held in any case."""
        self._every, self._seconds, self._bytes = every, seconds, round(megabytes * 1e6)
        self._kept: deque[Frame] = deque()
        self._newest: Frame | None = None
        self.size = 0
        """Bytes of the frames that are kept beside the newest."""

    def put(self, frame: Frame) -> None:
        """Take the next frame, in the order they were taken."""
        self._newest = frame
        if self._kept and 0 <= frame.captured_at - self._kept[-1].captured_at < self._every:
            return
        self._kept.append(frame)
        self.size += frame.pixels.nbytes
        while self._kept and (self.size > self._bytes or self._kept[0].captured_at < frame.captured_at - self._seconds):
            self.size -= self._kept.popleft().pixels.nbytes

    def at(self, moment: float) -> Frame | None:
        """The frame nearest to that time, in seconds on the loop's clock; None where all are older by far."""
        frames = [*self._kept, self._newest] if self._newest is not None else []
        nearest = min(frames, key=lambda frame: abs(frame.captured_at - moment), default=None)
        return None if nearest is None or moment - nearest.captured_at > self._seconds else nearest


class Gaze:
    """Who uses the vision-language model: one at a time, and a look ends the caption in progress."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._looks = 0
        self._nobody_looks = asyncio.Event()
        self._nobody_looks.set()
        self._captioning: asyncio.Task[Any] | None = None

    async def caption(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work gives. Where a look cut it short it is begun anew after that."""
        while True:
            await self._nobody_looks.wait()
            async with self._one:
                if self._looks:
                    continue
                self._captioning = task = asyncio.create_task(work())
                try:
                    await asyncio.wait([task])
                finally:
                    self._captioning = None
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                if not task.cancelled():
                    return task.result()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[None]:
        """In here the model is free for a look; captions wait."""
        self._looks += 1
        self._nobody_looks.clear()
        try:
            if self._captioning is not None:
                self._captioning.cancel()
            async with self._one:
                yield
        finally:
            self._looks -= 1
            if not self._looks:
                self._nobody_looks.set()
