"""What was seen, beyond the session: every change as a row of an SQLite file, found again by its words."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import album, gist
from pipelines.backends import BackendError, first_line
from pipelines.types import Caption

FILE = "diary.db"
"""Its name in the folder `diary` of this program's data."""

MOST_FOUND = 200
"""Rows that a search gives at most, the newest."""

_OURS = 0x6F6D6E69
"""Stands in the head of the file as SQLite's `application_id`."""
_SCHEMA = f"""
PRAGMA application_id = {_OURS};
PRAGMA user_version = 1;
CREATE TABLE changes (
    id INTEGER PRIMARY KEY, utc TEXT NOT NULL, camera TEXT NOT NULL, caption TEXT NOT NULL, facts TEXT,
    picture TEXT NOT NULL
);
CREATE INDEX changes_utc ON changes (utc);
CREATE VIRTUAL TABLE words USING fts5 (told, tokenize = 'porter unicode61 remove_diacritics 2');
"""
_NO_SPACES = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that are written without spaces: each of their letters is a word here, and words are phrases."""
_LETTER = re.compile(f"[{_NO_SPACES}]")
_WORD = re.compile(f"[{_NO_SPACES}]+|[^\\W_{_NO_SPACES}]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change as the diary has it."""

    at: datetime
    """When its keyframe was taken, UTC."""
    camera: str
    caption: str
    facts: dict[str, Any] | None = None
    picture: str = ""
    """File name of its keyframe in the folder `pictures_of`; empty where none was kept."""
    told: str = ""
    """The words by which it is to be found, given when it is written; empty: those of the caption."""


class Diary:
    """An open diary. Blocking, and for one thread."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """Raises BackendError for what is no diary, is damaged or cannot be written; such a file stays as it is."""
        self.path = path
        try:
            new = _found(path, create)
            self._rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or first_line(error, named=False)
            raise BackendError(f"the diary {path} cannot be opened: {why}") from error
        try:
            self._begin(new)
        except sqlite3.Error as error:
            self._rows.close()
            raise BackendError(_unreadable(path, error)) from error
        except BackendError:
            self._rows.close()
            raise

    def __len__(self) -> int:
        """How many changes it holds. Raises BackendError."""
        with self._reading():
            return int(self._rows.execute("SELECT count(*) FROM changes").fetchone()[0])

    def write(self, entry: Entry) -> None:
        """Add a change. Raises BackendError."""
        facts = None if entry.facts is None else json.dumps(entry.facts)
        caption = entry.caption.encode("utf-8", "replace").decode()
        with self._changing():
            row = self._rows.execute(
                "INSERT INTO changes (utc, camera, caption, facts, picture) VALUES (?, ?, ?, ?, ?)",
                (_utc(entry.at), entry.camera, caption, facts, entry.picture),
            )
            told = (entry.told or entry.caption).encode("utf-8", "replace").decode()
            self._rows.execute("INSERT INTO words (rowid, told) VALUES (?, ?)", (row.lastrowid, _spaced(told)))

    def search(
        self, query: str = "", since: datetime | None = None, camera: str | None = None, most: int = MOST_FOUND
    ) -> list[Entry]:
        """What tells of all words of the query, newest first; without a query, everything. Raises BackendError.

        The query is words alone: no sign in it has a meaning.
        """
        conditions, values = ["utc >= ?"], ["" if since is None else _utc(since)]
        if camera is not None:
            conditions.append("camera = ?")
            values.append(camera)
        if query.strip():
            if not (words := matched(query)):
                return []
            conditions.append("id IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(words)
        rows = (
            f"SELECT utc, camera, caption, facts, picture FROM changes WHERE {' AND '.join(conditions)}"
            " ORDER BY utc DESC, id DESC LIMIT ?"
        )
        with self._reading():
            return [_entry(*row) for row in self._rows.execute(rows, (*values, most))]

    def forget(self, before: datetime) -> int:
        """Delete what was seen before, and its words; how many changes that were. Raises BackendError."""
        with self._changing():
            self._rows.execute(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM changes WHERE utc < ?)", (_utc(before),)
            )
            gone = self._rows.execute("DELETE FROM changes WHERE utc < ?", (_utc(before),)).rowcount
            if gone:
                self._rows.execute("INSERT INTO words (words) VALUES ('optimize')")
        return gone

    def clear(self) -> bool:
        """Delete everything, so that nothing of it is left in the file. Raises BackendError.

        True if nobody else has the diary open, so that its file may go.
        """
        with self._changing():
            self._rows.execute("DELETE FROM changes")
            self._rows.execute("DELETE FROM words")
            self._rows.execute("INSERT INTO words (words) VALUES ('rebuild')")  # it marks words as deleted otherwise
        with self._changing():
            self._rows.execute("VACUUM")
            self._rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._rows.execute("PRAGMA busy_timeout = 200")
        try:  # needs the file for itself
            return bool(self._rows.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",))
        except sqlite3.OperationalError:
            return False

    def close(self) -> None:
        self._rows.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What stands in a file of somebody else need not be what this program writes."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BackendError(_unreadable(self.path, error)) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change as a whole, or nothing of it."""
        try:
            with self._rows:
                yield
        except sqlite3.Error as error:
            raise BackendError(f"the diary {self.path} cannot be written: {first_line(error, named=False)}") from error

    def _begin(self, new: bool) -> None:
        if new:
            self._rows.executescript(f"PRAGMA journal_mode = WAL;{_SCHEMA}")
        (whose,) = self._rows.execute("PRAGMA application_id").fetchone()
        if whose != _OURS:
            raise BackendError(f"{self.path} is no diary of this program: name another file")
        if _schema(self._rows) != _ours():
            raise BackendError(f"{self.path} is no diary of this program, or of another version: name another file")
        self._rows.execute("SELECT utc, facts FROM changes, words LIMIT 1").fetchone()
        self._rows.execute("PRAGMA secure_delete = ON")
        self._rows.execute("PRAGMA synchronous = NORMAL")
        os.chmod(self.path, 0o600)


def pictures_of(path: Path) -> Path:
    """The folder of a diary's keyframes, beside it."""
    return path.with_name(f"{path.name}.pictures")


def remove(path: Path) -> bool:
    """Remove a diary and its keyframes. Raises BackendError where the file is none, and OSError.

    False where somebody has it open: then it is empty, but there, and what is seen from now on is kept in it.
    """
    book = Diary(path, create=False)
    try:
        alone = book.clear()
    finally:
        book.close()
    if pictures_of(path).is_dir():
        album.remove(pictures_of(path), folder_too=alone)
    if alone:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
    return alone


def entry(caption: Caption, at: datetime, picture: str = "") -> Entry:
    """A change as it stands in the diary: found by what is there, not by what it says is absent or gone."""
    facts = None if caption.facts is None else asdict(caption.facts)
    people = "person" if "person" in gist.told(caption) else ""
    return Entry(at, caption.camera, caption.text, facts, picture, f"{gist.shown(caption)} {people}")


def matched(query: str) -> str:
    """The query as FTS5 has it: each word quoted, or one of its synonyms; empty where there is no word in it.

    Of a whole question those words count that name something.
    """
    naming = gist.named(query) or _WORD.findall(query)
    return " AND ".join(f"({' OR '.join(map(_phrase, gist.synonyms(word)))})" for word in naming)


def _phrase(word: str) -> str:
    return f'"{_spaced(word).strip()}"'


def _spaced(text: str) -> str:
    return " ".join(_LETTER.sub(r" \g<0> ", text).split())


def _found(path: Path, create: bool) -> bool:
    """Make sure that the file is there, for its owner's eyes alone. True if it is still empty."""
    if create:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    return create and path.stat().st_size == 0


def _schema(rows: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """What is declared in a file, without the tables that the index of words makes for itself."""
    declared = rows.execute(
        "SELECT type, name, sql FROM sqlite_master"
        " WHERE name NOT LIKE 'sqlite%' AND NOT (type = 'table' AND name LIKE 'words!_%' ESCAPE '!')"
    )
    return {(kind, name, str(sql).replace('"', "")) for kind, name, sql in declared}  # quoted, once it was renamed


def _ours() -> set[tuple[str, str, str]]:
    """What is declared in a diary: no view and no trigger, which would be somebody else's program."""
    with closing(sqlite3.connect(":memory:")) as rows:
        rows.executescript(_SCHEMA)
        return _schema(rows)


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and "lock" in str(error):
        return f"the diary {path} is held by another program: try again"
    return f"{path} is no diary of this program, or damaged ({first_line(error, named=False)}): move it away"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _entry(utc: object, camera: object, caption: object, facts: object, picture: object) -> Entry:
    """Raises ValueError or OverflowError for what no diary of this program says."""
    for value in (utc, camera, caption, "" if facts is None else facts, picture):
        if not isinstance(value, str):
            raise ValueError("a text is none")
    at, told = datetime.fromisoformat(str(utc)), json.loads(str(facts)) if facts else None
    if at.tzinfo is None or not 1 < at.year < 9999:
        raise ValueError("a time is none")
    if not isinstance(told, dict | None):
        raise ValueError("facts are none")
    return Entry(at, str(camera), str(caption), told, str(picture))
