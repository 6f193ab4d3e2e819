"""Cameras that move: devices and streams, of which only the newest frame counts, and video files."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from devices.capture import grabbed, named, open_capture, opencv, opened, shown
from devices.lines import Latest
from devices.masks import Polygon
from devices.media import DeviceError, Frame, Pixels
from devices.threads import DaemonThread

RELEASE_PATIENCE = 0.4
"""Seconds that a cancelled camera is given to let go of its device; a read that hangs longer ends on its own."""
LATE = 0.1
"""Seconds that a video file's frame may be late before it is skipped."""
SKIPPING = 1.0
"""Seconds of skipping after which a late frame is shown all the same: a slow film is better than none."""
USUAL_FPS = 25.0
SILENCE = 15.0
"""Seconds without a picture, or the time of three where fewer are wanted, after which a camera is lost."""
SPOILT_FRAMES = 10
"""So many frames in a row that cannot be decoded are a lost camera; USB spoils one now and then."""


class LiveCamera:
    """A device or a stream. Its thread reads without pause, so that what it hands over is never old."""

    live, endless = True, True

    def __init__(
        self, name: str, source: int | str, max_side: int, fps: float | None = None, masks: tuple[Polygon, ...] = ()
    ) -> None:
        self.name = name
        self._source, self._max_side, self._fps, self._masks = source, max_side, fps, masks

    def probe(self) -> None:
        """Take one frame. Raises DeviceError."""
        with opened(self._source) as capture:
            if not capture.grab() or grabbed(capture, self._max_side) is None:
                raise DeviceError(f"{shown(self._source)} gives no picture: does another program use it?")

    async def run(self, frames: Latest[Frame]) -> None:
        """Hand over frames until cancelled. Raises DeviceError when it cannot be opened, or is lost."""
        clock, silence = asyncio.get_running_loop().time, max(SILENCE, 3 / (self._fps or USUAL_FPS))
        try:
            await _pump(lambda stop: self._taken(clock, stop), frames, silence)
        except TimeoutError:
            why = f"{shown(self._source)} has sent no picture for {silence:.0f} s: is it still connected and on?"
            raise DeviceError(why) from None

    def _taken(self, clock: Callable[[], float], stop: threading.Event) -> Iterator[Frame]:
        with opened(self._source, self._max_side) as capture:
            cap, spoilt = FrameCap(self._fps, clock()), 0
            while not stop.is_set():
                if not capture.grab() or spoilt == SPOILT_FRAMES:
                    raise DeviceError(f"{shown(self._source)} was lost: is it still connected and on?")
                taken = clock()
                if not cap.allows(taken):
                    continue
                pixels = grabbed(capture, self._max_side, self._masks)
                spoilt = spoilt + 1 if pixels is None else 0
                if pixels is not None:
                    yield Frame(pixels, taken, self.name)


class VideoFile:
    """A video file, at its own pace, or (`fast`) as quickly as its frames are taken from the line."""

    live, endless = False, False

    def __init__(
        self,
        name: str,
        path: Path,
        max_side: int,
        fps: float | None = None,
        fast: bool = False,
        masks: tuple[Polygon, ...] = (),
    ) -> None:
        self.name, self._fast = name, fast
        self._film = partial(_Film, path, max_side, fps, masks)

    def probe(self) -> None:
        """Decode its first frame. Raises DeviceError."""
        with contextlib.closing(self._film()) as film:
            if film.next() is None:
                raise DeviceError(f"the video {film.path} has no picture that can be read: is it complete?")

    async def run(self, frames: Latest[Frame]) -> None:
        """Show it once and return. Raises DeviceError when it cannot be opened."""
        loop = asyncio.get_running_loop()
        with DaemonThread(f"camera {self.name}") as thread:
            film = await loop.run_in_executor(thread, self._film)
            try:
                await self._show(lambda late: loop.run_in_executor(thread, film.next, late), frames)
            finally:
                thread.submit(film.close)

    async def _show(self, find: Callable[[float], asyncio.Future[_Shot | None]], frames: Latest[Frame]) -> None:
        clock = asyncio.get_running_loop().time
        started, late = clock(), 0.0
        while shot := await find(late):
            at, pixels = shot
            started += max(0.0, late - at)  # a film too slow to decode is shown slower
            if self._fast:
                await frames.drained()
            else:
                await asyncio.sleep(max(0.0, started + at - clock()))
                late = clock() - started - LATE
            frames.put(Frame(pixels, started + at, self.name))


_Shot = tuple[float, Pixels]
"""Seconds from the start of the film, and the picture."""


class _Film:
    """A video file opened for reading from front to back. Blocking; used from one thread at a time."""

    def __init__(self, path: Path, max_side: int, fps: float | None, masks: tuple[Polygon, ...]) -> None:
        cv2 = opencv()
        self.path, self._max_side, self._masks = path, max_side, masks
        self._capture = open_capture(path)
        self._cap = FrameCap(fps, 0.0)
        self._position, self._step = cv2.CAP_PROP_POS_MSEC, 1 / (self._capture.get(cv2.CAP_PROP_FPS) or USUAL_FPS)
        self._first: float | None = None
        self._at = 0.0

    def next(self, late: float = 0.0) -> _Shot | None:
        """The next frame due under the cap, passing over those from before `late`; None at the end."""
        patience = time.monotonic() + SKIPPING
        while self._grab():
            passed_over = self._at < late and time.monotonic() < patience
            if passed_over or not self._cap.allows(self._at):
                continue
            if (pixels := grabbed(self._capture, self._max_side, self._masks)) is not None:
                return self._at, pixels
        return None

    def close(self) -> None:
        self._capture.release()

    def _grab(self) -> bool:
        with named(self.path):
            there = self._capture.grab()
        if there:
            self._at = self._media_time()
        return there

    def _media_time(self) -> float:
        """Seconds from the first frame to the one just grabbed; counted where the file has no time stamps."""
        stamp = self._capture.get(self._position) / 1000
        if self._first is None:
            self._first = stamp
            return 0.0
        since = stamp - self._first
        return since if since > self._at else self._at + self._step


class FrameCap:
    """Lets through at most `fps` frames for each second of the clock it is shown, or all of them."""

    def __init__(self, fps: float | None, start: float) -> None:
        self._interval = 1 / fps if fps else 0.0
        self._due = start

    def allows(self, at: float) -> bool:
        """Whether a frame taken `at` is due. What comes late does not move the next, so that the average holds."""
        if at < self._due:
            return False
        self._due = max(self._due + self._interval, at)
        return True


async def _pump(take: Callable[[threading.Event], Iterator[Frame]], frames: Latest[Frame], silence: float) -> None:
    """Put on the line what a blocking iterator yields in a thread of its own; when cancelled, have it stop.

    Raises TimeoutError when nothing comes for `silence` seconds.
    """
    loop, stop, thread = asyncio.get_running_loop(), threading.Event(), DaemonThread("camera")
    put_at = loop.time()

    def put(frame: Frame) -> None:
        nonlocal put_at
        if not (stop.is_set() or frames.closed):
            put_at = loop.time()
            frames.put(frame)

    def work() -> None:
        for frame in take(stop):
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(put, frame)

    ended = asyncio.wrap_future(thread.submit(work))
    # Looked at even when nobody asks any more: a camera that is lost after it was cancelled is no news.
    ended.add_done_callback(lambda future: future.cancelled() or future.exception())
    thread.shutdown()
    try:
        while not ended.done():
            left = put_at + silence - loop.time()
            if left <= 0:
                raise TimeoutError
            await asyncio.wait([ended], timeout=left)
    finally:
        stop.set()
        await asyncio.wait([ended], timeout=RELEASE_PATIENCE)
    ended.result()
