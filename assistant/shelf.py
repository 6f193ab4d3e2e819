"""The place where pulled weights lie: what each folder holds, whether that is whole, and how one comes and goes."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from assistant.digests import sha256
from assistant.errors import WeightsError
from assistant.manifest import Entry
from assistant.sources import FULL
from pipelines.pulled import RECORD, Kept, Pulled, record_of
from pipelines.weights import home
from pipelines.wording import one_line

ELSEWHERE = "set OMNI_HOME to a folder that can be read and written"
State = Literal["here", "absent", "damaged", "outdated"]


class Hashed(Kept):
    """One file as it was on the day it was pulled."""

    sha256: str


class Record(Pulled):
    """All that a pulled folder says of itself, in its `manifest.json`."""

    source: str
    licence: str
    pulled: str
    """UTC, ISO 8601."""
    fetched: dict[str, str]
    """The hash of each file as it came from its source."""
    convert: str | None
    asked: str = ""
    """What was looked up on a hub; empty where the manifest knew it all."""
    commit: str = ""
    """What it was at that moment: the hub's commit."""
    files: Mapping[str, Hashed]


def folder(name: str) -> Path:
    """Where the weights of that name lie once they are pulled."""
    return home() / "models" / name


def names() -> list[str]:
    """The names of all folders that lie there."""
    place = home() / "models"
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def state(name: str, entry: Entry) -> State:
    """Whether the weights are there, judged by their record and their files' sizes, which takes no time."""
    if not folder(name).is_dir():
        return "absent"
    record = record_of(folder(name), Record)
    if record is None or any(_size(folder(name) / path) != kept.size for path, kept in record.files.items()):
        return "damaged"
    same = record.asked == entry.asked and (bool(entry.asked) or record.fetched == entry.hashes)
    return "here" if same and record.convert == entry.convert else "outdated"


def faults(name: str) -> list[str]:
    """What is wrong with the files of pulled weights, judged by their hashes: a clause each, none when all is well."""
    record = record_of(folder(name), Record)
    if record is None:
        return [f"{RECORD} is missing or cannot be read"]
    place = folder(name)
    lost = [f"{one_line(path)} is missing" for path in record.files if not (place / path).is_file()]
    changed = [
        f"{one_line(path)} is not what was pulled"
        for path, kept in record.files.items()
        if (place / path).is_file() and sha256(place / path) != kept.sha256
    ]
    return lost + changed


def commit(name: str) -> str:
    """The hub's commit that these weights were pulled from; empty where that is not known."""
    record = record_of(folder(name), Record)
    return record.commit if record else ""


def settle(name: str, made: Path, entry: Entry, room: Path, asked: str = "") -> None:
    """Write the record of what was made and put it in its place in one step; what lay there goes with the room.

    `asked` is what was looked up to know the entry's files.
    """
    record = Record(
        name=name,
        source=entry.source.label,
        licence=entry.licence,
        pulled=datetime.now(UTC).isoformat(timespec="seconds"),
        fetched=entry.hashes,
        convert=entry.convert,
        asked=asked,
        commit=entry.hub.revision if entry.hub else "",
        memory=entry.memory,
        use=entry.use,
        files={path: Hashed(sha256=sha256(made / path), size=_size(made / path)) for path in _files(made)},
    )
    _write(made, record)
    folder(name).parent.mkdir(exist_ok=True)
    take_away(folder(name), room)
    made.rename(folder(name))


def renew(name: str, entry: Entry) -> None:
    """Write into the record what the manifest says today of the use of files that stay as they are."""
    record = record_of(folder(name), Record)
    today = {"licence": entry.licence, "memory": entry.memory, "use": entry.use}
    if record is not None and (renewed := record.model_copy(update=today)) != record:
        _write(folder(name), renewed)


def take_away(place: Path, room: Path) -> bool:
    """Move a folder into the room, in one step. False if there is none."""
    with suppress(FileNotFoundError):
        place.rename(room / "old")
        return True
    return False


@contextmanager
def alone(say: Callable[[str], None]) -> Iterator[None]:
    """Hold the one lock of this home, and sweep what killed pulls left; waits for another that holds it."""
    partial = home() / "partial"
    partial.mkdir(parents=True, exist_ok=True)
    # SQLite's lock: the same on every system, and set free by the system itself when its owner dies, however it dies.
    with closing(_lock(partial / "lock")) as lock:
        if not _take(lock):
            say("another `omni models` is at work here: waiting until it is done")
            while not _take(lock):
                pass
        for left in partial.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        yield


def _lock(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=0.2, isolation_level=None)
    except sqlite3.Error as error:
        raise _no_lock(error) from error


def _take(lock: sqlite3.Connection) -> bool:
    """Take the lock if it comes free within its timeout."""
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise _no_lock(error) from error
        return False
    return True


def _no_lock(error: sqlite3.Error) -> WeightsError:
    """One line for a lock that nobody can take."""
    damaged = error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
    advice = "delete that file, then try again" if damaged else ELSEWHERE
    return WeightsError(f"{home() / 'partial' / 'lock'}: {error}: {advice}")


@contextmanager
def workroom(name: str) -> Iterator[Path]:
    """A folder on the same disk as the weights; it goes away whatever happens, at the latest with the next pull."""
    room = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home() / "partial"))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


@contextmanager
def plain_errors(name: str) -> Iterator[None]:
    """What the disk does wrong becomes a WeightsError of one line."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = FULL if full else f"{error.strerror or error} ({error.filename or home()}): {ELSEWHERE}"
        raise WeightsError(f"{name}: {why}") from error


def weight(place: Path) -> int:
    """Bytes that the files of a folder take on the disk; 0 where there is none."""
    return sum(_size(place / path) for path in _files(place))


def _write(place: Path, record: Record) -> None:
    """In one step, so that a reader finds the old record or the new one."""
    draft = place / f"{RECORD}.part"
    draft.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.replace(place / RECORD)


def _files(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1
