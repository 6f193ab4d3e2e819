"""Files of a recording opened with care: somebody else may have put it together."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from assistant.config import ConfigError


def opened(folder: Path, name: str, most: int) -> BinaryIO:
    """A plain file of the folder, of at most so many bytes. Raises ConfigError.

    No link is followed out of the folder, and nothing is waited for, as a pipe would make one wait.
    """
    path = folder / name
    try:
        for one in {path, path.parent} - {folder}:
            if one.is_symlink():
                raise ConfigError(f"{one}: is a link, and none is followed: record the session anew")
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    told = os.fstat(file.fileno())
    mistake = "" if stat.S_ISREG(told.st_mode) else "is no plain file"
    if told.st_size > most:
        mistake = f"is larger than {most / 2**20:.0f} MiB"
    if mistake:
        file.close()
        raise ConfigError(f"{path}: {mistake}: record the session anew")
    return file
