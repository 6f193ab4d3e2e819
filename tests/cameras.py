"""What the tests of cameras share: a scripted device, a film made in code, a camera that runs for a while."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.camera import CameraOptions, open_camera
from devices.lines import Latest
from devices.media import Camera, Frame
from tests.mjpeg import MjpegServer

KINDS = ["device", "stream", "video file", "fast video file", "still", "folder of stills"]
"""Of cameras, as `plugged` makes them."""


class ScriptedCapture:
    """A device that plays its script: a picture's level of grey, None where the device is lost, -1 for a spoilt one."""

    def __init__(self, levels: Iterator[int | None], size: tuple[int, int] = (320, 240)) -> None:
        self._levels, self._size = levels, size
        self._level: int | None = None
        self.released = False

    def grab(self) -> bool:
        time.sleep(0.002)  # as long as this device takes for a picture
        self._level = next(self._levels, None)
        return self._level is not None

    def retrieve(self) -> tuple[bool, Any]:
        width, height = self._size
        if self._level is None or self._level < 0:
            return False, None
        return True, np.full((height, width, 3), (0, 0, self._level), np.uint8)

    def read(self) -> tuple[bool, Any]:
        return self.retrieve() if self.grab() else (False, None)

    def release(self) -> None:
        self.released = True


@contextlib.contextmanager
def plugged(kind: str, folder: Path, plug_in: Callable[..., None], **options: Any) -> Iterator[Camera]:
    """A camera of that kind, its pictures 320 pixels wide and taken at 160, opened as the configuration does."""

    def opened(source: int | str | Path, **more: Any) -> Camera:
        source = str(source) if isinstance(source, Path) else source
        return open_camera(CameraOptions(name="door", source=source, max_side=160, **more, **options))

    if kind == "stream":
        with MjpegServer() as server:
            yield opened(server.url())
    elif kind == "device":
        plug_in(ScriptedCapture(iter([8] * 10_000)))
        yield opened("0")
    elif "video" in kind:
        yield opened(write_clip(folder / "clip.mp4"), fast=kind.startswith("fast"))
    else:
        cv2.imwrite(str(folder / "a.png"), np.full((240, 320, 3), 8, np.uint8))
        yield opened(folder / "a.png" if kind == "still" else folder)


def write_clip(path: Path, size: tuple[int, int] = (320, 240), fps: float = 10.0, frames: int = 30) -> Path:
    """A film whose n-th picture is grey of level 8 × n, with its upper left quarter white."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    for number in range(frames):
        picture = np.full((size[1], size[0], 3), number * 8 % 256, np.uint8)
        picture[: size[1] // 2, : size[0] // 2] = 255
        writer.write(picture)
    writer.release()
    return path


@contextlib.asynccontextmanager
async def running(camera: Camera, size: int = 1) -> AsyncIterator[Latest[Frame]]:
    """The camera's line while it runs."""
    frames: Latest[Frame] = Latest(size)
    task = asyncio.create_task(camera.run(frames))
    task.add_done_callback(lambda _: frames.close())
    yield frames
    task.cancel()
    await asyncio.wait([task])


async def film_of(camera: Camera) -> list[Frame]:
    """All that a camera with an end hands over to a prompt reader."""
    async with running(camera) as frames:
        return [frame async for frame in frames]
