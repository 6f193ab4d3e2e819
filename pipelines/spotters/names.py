"""The names of what an object detector can find, as people say them."""

from __future__ import annotations

from pathlib import Path

from pipelines.backends import BackendError
from pipelines.narration.labels import PARTED


def names(file: Path) -> tuple[str, ...]:
    """One a line, in the order of the model's classes; blank: what is found there has no name.

    Raises BackendError.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").rstrip().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BackendError(f"there are no names of things in {file}: give a text file, a name a line") from error
    return tuple(said(line) for line in lines)


def said(name: str) -> str:
    """The one name that a thing has here, else in small letters, its words parted by one space."""
    plain = " ".join(name.replace("_", " ").lower().split())
    return PARTED.get(plain, plain)
