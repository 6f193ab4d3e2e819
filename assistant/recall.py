"""`omni recall`: what the diary tells, found by words, time and camera; or the diary removed."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path

from assistant.config import ConfigError
from pipelines import album, diary, keeping
from pipelines.diary import Diary, Entry
from pipelines.memory import MemoryOptions
from pipelines.wording import one_line

_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6}) ?(s|min|m|h|d|w)")


def run(arguments: argparse.Namespace) -> int:
    """Status 1 where nothing is told of what was asked, or where nothing was removed.

    Raises ConfigError where there is no diary, and BackendError where it cannot be read.
    """
    path = keeping.diary_of(MemoryOptions(persist=True, diary=arguments.diary))
    if path is None or not path.exists():
        raise ConfigError(
            f"there is no diary {path}: `persist = true` in [memory] keeps one, --diary FILE names another"
        )
    return _forget(path, arguments) if arguments.forget else _tell(path, arguments)


def _tell(path: Path, arguments: argparse.Namespace) -> int:
    since = None if arguments.since is None else moment(arguments.since, datetime.now(UTC))
    words, book = " ".join(arguments.words), Diary(path, create=False)
    try:
        found = book.search(words, since, arguments.camera, arguments.limit)
    finally:
        book.close()
    for entry in found:
        print(_as_json(entry, path) if arguments.json else _line(entry))
    if not found:
        limits = f"{f' of {words!r}' if words else ''}{f' since {arguments.since}' if since else ''}"
        seen_by = f" by the camera {arguments.camera}" if arguments.camera else ""
        print(f"omni: {one_line(f'the diary tells nothing{limits}{seen_by}')}", file=sys.stderr)
    return 0 if found else 1


def moment(text: str, now: datetime) -> datetime:
    """The time that is meant by "2h" (ago) or "14:05" (the last time it was so, here). Raises ConfigError."""
    if age := _AGE.fullmatch(text.strip()):
        try:
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        except OverflowError:  # longer ago than there are years
            return datetime.min.replace(tzinfo=UTC)
    try:
        hour = datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError:
        raise ConfigError(
            f"--since {text}: say how long ago (90s, 30m, 2h, 3d, 1w), or an hour such as 14:05"
        ) from None
    here = now.astimezone()
    then = datetime.combine(here.date(), hour).astimezone()
    return then if then <= here else datetime.combine(here.date() - timedelta(days=1), hour).astimezone()


def _forget(path: Path, arguments: argparse.Namespace) -> int:
    if arguments.words:
        raise ConfigError("--forget removes the whole diary: say it without words")
    book = Diary(path, create=False)
    try:
        changes = len(book)
    finally:
        book.close()
    if not (arguments.yes or _agreed(f"Remove {path} with its {changes} changes and their pictures? [y/N] ")):
        print("omni: nothing was removed: answer y, or say --yes", file=sys.stderr)
        return 1
    gone = diary.remove(path)
    print(f"removed {path}" if gone else f"emptied {path}: it is in use, and what is seen from now on is kept in it")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _line(entry: Entry) -> str:
    return f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}  {one_line(entry.camera)}: {one_line(entry.caption)}"


def _as_json(entry: Entry, path: Path) -> str:
    picture = diary.pictures_of(path) / entry.picture
    kept = str(picture) if album.is_name(entry.picture) and picture.is_file() else None
    return dumps(asdict(entry) | {"at": entry.at.isoformat(timespec="milliseconds"), "picture": kept})
