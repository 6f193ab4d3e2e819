"""What cameras need of OpenCV: opening a source quietly and in bounded time, and its pictures in our colours."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from devices.masks import Polygon, burnt
from devices.media import DeviceError, Pixels, within

if TYPE_CHECKING:
    import cv2

Source = int | str | Path
"""A device by index or path, a stream by address, a video file by its Path."""

_USER_AND_PASSWORD = re.compile(r"[^/?#@:\[]*:(?![0-9]+\?)[^/]*")
"""What cannot be a host, a port and a query: before its first / stands a colon that no port follows."""

NETWORK_PATIENCE_MS = 5000
"""How long a stream may take to open, or to send its next frame."""


DECODERS = 2
"""Threads that decode one stream or film: FFmpeg takes one a core, each of which holds pictures and makes them late."""


@contextlib.contextmanager
def opened(source: Source, side: int = 1280) -> Iterator[cv2.VideoCapture]:
    """An open capture, given back at the end. Raises DeviceError."""
    capture = open_capture(source, side)
    try:
        with named(source):
            yield capture
    finally:
        capture.release()


@contextlib.contextmanager
def named(source: Source) -> Iterator[None]:
    """Raise what OpenCV raises as a DeviceError that names the source."""
    try:
        yield
    except opencv().error as error:
        raise DeviceError(f"{shown(source)} sends pictures that OpenCV cannot read: try another source") from error


def open_capture(source: Source, side: int = 1280) -> cv2.VideoCapture:
    """Open a device (asking it for `side` pixels), a stream (within five seconds) or a file. Raises DeviceError."""
    with named(source):
        if isinstance(source, Path):
            return _open_file(source)
        if isinstance(source, str) and "://" in source:
            return _open_stream(source)
        return _open_device(source, side)


def grabbed(capture: cv2.VideoCapture, max_side: int, masks: tuple[Polygon, ...] = ()) -> Pixels | None:
    """The picture just grabbed, as `to_pixels` gives it, black under the masks; None when it is spoilt.

    That is one that cannot be decoded, or has no colours.
    """
    try:
        readable, picture = capture.retrieve()
        return burnt(to_pixels(picture, max_side), masks) if readable and picture.size else None
    except opencv().error:
        return None


def to_pixels(picture: Any, max_side: int) -> Pixels:
    """OpenCV's H×W×3 BGR as RGB, its longer side at most `max_side`, never enlarged."""
    cv2 = opencv()
    fitting = within(picture, max_side)
    return np.asarray(cv2.cvtColor(fitting, cv2.COLOR_BGR2RGB, dst=_sheet(fitting.shape)), dtype=np.uint8)


def _sheet(shape: tuple[int, ...]) -> Pixels:
    """Memory for a picture, which the system has back as soon as nobody holds the picture any more.

    Out of the common heap, pictures that are kept for some seconds leave holes of many megabytes a camera.
    """
    private = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    return np.frombuffer(mmap.mmap(-1, math.prod(shape), **private), np.uint8).reshape(shape)


def shown(source: Source) -> str:
    """The source as an error may show it: an address without user, password, query, and what looks like a key.

    Only its scheme is left where nobody can tell a question mark in a password from a query with an @ in it.
    """
    if isinstance(source, int):
        return f"camera {source}"
    if isinstance(source, Path) or "://" not in source:
        return str(source)
    scheme, _, rest = source.partition("://")
    user, _, place = rest.rpartition("@")
    if "?" in user and not _USER_AND_PASSWORD.fullmatch(user):
        return f"{scheme}://***"
    address = f"{scheme}://{re.split('[?#]', place)[0]}"
    return re.sub(r"(?i)((?:pass|pwd|token|key)\w*=)[^/]*", r"\1***", address)


def opencv() -> ModuleType:
    """OpenCV, told to keep its own and FFmpeg's remarks from the user's terminal: errors are said by us, once."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2


def _open_device(source: int | str, side: int) -> cv2.VideoCapture:
    cv2 = opencv()
    capture = cv2.VideoCapture(source, cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY)
    if not capture.isOpened():
        raise DeviceError(
            f"{shown(source)} is not here or is in use: omni devices lists the cameras; a photo or a video will do, too"
        )
    # What a device cannot do it leaves as it was. Unasked it gives 640×480; uncompressed, USB carries few large frames.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, side)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, side * 9 // 16)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return capture  # type: ignore[no-any-return]


def _open_stream(address: str) -> cv2.VideoCapture:
    cv2 = opencv()
    patience = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        NETWORK_PATIENCE_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        NETWORK_PATIENCE_MS,
        cv2.CAP_PROP_N_THREADS,
        DECODERS,
    ]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, patience)
    if not capture.isOpened():
        raise DeviceError(f"no video from {shown(address)}: is it on, and are address and password right?")
    if address.lower().startswith("http") and capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        capture.release()
        raise DeviceError(f"{shown(address)} is a video with an end, not a live stream: download it and name the file")
    return capture  # type: ignore[no-any-return]


def _open_file(path: Path) -> cv2.VideoCapture:
    if not os.path.isfile(path):
        raise DeviceError(f"there is no video file {path}: check the path")
    cv2 = opencv()
    # An absolute path, as FFmpeg would take what stands before a colon for a protocol.
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, DECODERS])
    if not capture.isOpened():
        raise DeviceError(f"{path} is no video that can be read: is it complete?")
    return capture  # type: ignore[no-any-return]
