"""The keyframes of what was seen, as JPEG: a ring bounded in number and bytes, in memory or in a folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path

from devices.media import Frame, within
from pipelines.wording import slug

LONGEST = 960
"""Pixels of the longer side of a kept picture."""
QUALITY = 80
"""Of the JPEG, 0 to 100."""

_NAME = re.compile(r"\d{8}-\d{6}-\d{3}-[\w-]{1,40}-\d{1,18}\.jpg", re.ASCII)
_SESSION = re.compile(r"session-(\d+)-\w+")


class Album:
    """Pictures by name, the oldest of them forgotten first. Blocking where it has a folder; for one writer."""

    def __init__(self, most: int, most_bytes: int, folder: Path | None = None, *, stays: bool = False) -> None:
        """With a folder it begins with what lies there; `stays`: it is left there at the end. Raises OSError."""
        self._most, self._most_bytes = most, most_bytes
        self._folder, self._stays = folder, stays
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._held: dict[str, bytes] = {}
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in pictures(folder):
                self._sizes[path.name] = path.stat().st_size
            self._fit()

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def size(self) -> int:
        """Bytes of all pictures together."""
        return sum(self._sizes.values())

    def keep(self, name: str, jpeg: bytes) -> bool:
        """Keep a picture under a name of `named`. False for one that is larger than the whole album. Raises OSError."""
        if not self._most or len(jpeg) > self._most_bytes:
            return False
        if self._folder is None:
            self._held[name] = jpeg
        else:
            _write(self._folder / name, jpeg)
        self._sizes[name] = len(jpeg)
        self._fit()
        return True

    def picture(self, name: str) -> bytes | None:
        """The JPEG of that name, if it is still kept."""
        if name not in self._sizes:
            return None
        if self._folder is None:
            return self._held.get(name)
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:  # somebody else removed it
            return None

    def forget(self, before: datetime) -> None:
        """Remove the pictures that were taken before. Raises OSError."""
        for name in [name for name in self._sizes if name < _stamp(before)]:
            self._remove(name)

    def close(self) -> None:
        """Remove what is not to stay. Raises OSError."""
        if self._folder is not None and not self._stays:
            remove(self._folder)
        self._sizes.clear()
        self._held.clear()

    def _fit(self) -> None:
        while len(self._sizes) > self._most or self.size > self._most_bytes:
            self._remove(next(iter(self._sizes)))

    def _remove(self, name: str) -> None:
        del self._sizes[name]
        if self._folder is None:
            del self._held[name]
        else:
            (self._folder / name).unlink(missing_ok=True)


def named(camera: str, keyframe: int, taken: datetime) -> str:
    """The file name of a keyframe; in the order of names, pictures are in the order of time."""
    return f"{_stamp(taken)}-{slug(camera, '-', 'camera')}-{keyframe}.jpg"


def jpeg(frame: Frame, longest: int = LONGEST) -> bytes:
    """The picture as JPEG, made smaller where its longer side has more pixels."""
    import cv2

    picture = cv2.cvtColor(within(frame.pixels, longest), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


def for_session(most: int, most_bytes: int, folder: Path) -> Album:
    """An album in a folder of its own below `folder`, which goes when it is closed. Raises OSError.

    Folders that a session left which was killed are removed.
    """
    import psutil

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.iterdir():
        if (found := _SESSION.fullmatch(left.name)) and not psutil.pid_exists(int(found[1])):
            remove(left)
    own = tempfile.mkdtemp(prefix=f"session-{os.getpid()}-", dir=folder)
    return Album(most, most_bytes, Path(own))


def is_name(name: str) -> bool:
    """Whether it is one of `named`: such a name leads nowhere but into the album's folder."""
    return _NAME.fullmatch(name) is not None


def pictures(folder: Path) -> list[Path]:
    """The pictures of an album in that folder, oldest first, and no other files."""
    return sorted(path for path in folder.iterdir() if is_name(path.name))


def remove(folder: Path, *, folder_too: bool = True) -> None:
    """Remove an album; files of other kinds, and then the folder as well, are left. Raises OSError."""
    for path in pictures(folder):
        path.unlink(missing_ok=True)
    if folder_too and not any(folder.iterdir()):
        folder.rmdir()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d-%H%M%S-%f")[:-3]


def _write(path: Path, jpeg: bytes) -> None:
    """For its owner's eyes alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(jpeg)
