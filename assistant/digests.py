"""Whether a file is what it is said to be: by its sha256, or by the hash that git gives it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assistant.errors import WeightsError
from assistant.manifest import File

BLOCK = 1 << 20


def check(path: Path, file: File) -> None:
    """Raises WeightsError unless `path` holds exactly what was promised."""
    found = sha256(path) if file.sha256 else git_blob(path)
    if found != file.digest:
        raise WeightsError(f"{file.path} has the wrong hash, nothing of it is kept: pull again, or check the manifest")


def sha256(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """The hash by which git knows this content: SHA-1 of its length and itself."""
    with path.open("rb") as stream:
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while block := stream.read(BLOCK):
            found.update(block)
    return found.hexdigest()
