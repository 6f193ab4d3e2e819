"""The options of a camera, and the one place where its source decides which kind of camera it is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from devices.masks import Masks
from devices.media import Camera, Options
from devices.stills import PICTURES, Still, StillFolder
from devices.video import LiveCamera, VideoFile


class CameraOptions(Options):
    """What is asked of a camera."""

    name: str = Field(default="camera", min_length=1)
    source: int | str = 0
    """An index, a device path, an rtsp:// or http(s):// address, a video file, a still, or a folder of stills."""
    max_side: int = Field(default=1280, ge=64, le=16384)
    """Pixels: a larger picture is made smaller on capture, keeping its shape; a smaller one is never enlarged."""
    fps: float | None = Field(default=10.0, gt=0, le=240)
    """At most so many frames a second (of a file, a second of its own time); None for every frame."""
    fast: bool = False
    """Read a video file as quickly as its frames are taken, losing none of those that `fps` lets through."""
    hold: float = Field(default=3.0, gt=0, le=3600)
    """Seconds that each still of a folder is shown."""
    masks: Masks = ()
    """Polygons of points [x, y], 0 to 1 of the picture as it is shown: blackened before anything looks at it."""

    @field_validator("source", mode="before")
    @classmethod
    def _digits_are_an_index(cls, source: Any) -> Any:
        """A command line writes an index as text."""
        if isinstance(source, str) and re.fullmatch("[0-9]{1,4}", source):
            return int(source)
        usable = 0 <= source < 10_000 if type(source) is int else isinstance(source, str) and source.strip() != ""
        if not usable:
            raise ValueError("a camera is an index from 0, a device, an address, a file or a folder")
        return source


def open_camera(options: CameraOptions) -> Camera:
    """The kind of camera that the source asks for; nothing is opened or read before its `probe` or `run`."""
    name, source, side, fps, masks = options.name, options.source, options.max_side, options.fps, options.masks
    if isinstance(source, int) or "://" in source or source.startswith("/dev/"):
        return LiveCamera(name, source, side, fps, masks)
    path = Path(os.path.expanduser(source))
    if os.path.isdir(path):  # unlike Path.is_dir, no error for a name that no file can have
        return StillFolder(name, path, side, options.hold, masks)
    if path.suffix.lower() in PICTURES:
        return Still(name, path, side, fps, masks)
    return VideoFile(name, path, side, fps, options.fast, masks)
