"""What waits for the broker: a bounded queue in an SQLite file, which the next session goes on with."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant import traces
from assistant.mqtt.names import identity
from assistant.mqtt.options import MqttOptions
from pipelines.backends import BackendError, first_line

_OURS = 0x6F6D6E71
"""Stands in the head of the file as SQLite's `application_id`."""
_VERSION = 2
_SCHEMA = f"""
BEGIN;
PRAGMA application_id = {_OURS};
PRAGMA user_version = {_VERSION};
CREATE TABLE waiting (
    id INTEGER PRIMARY KEY AUTOINCREMENT, utc REAL NOT NULL, topic TEXT NOT NULL, payload TEXT NOT NULL,
    change TEXT NOT NULL, retain INTEGER NOT NULL, private INTEGER NOT NULL
);
CREATE INDEX waiting_changes ON waiting (change, id);
COMMIT;
"""
_WORDLESS = """
json_replace(payload, '$.difference', '', '$.labels', json('[]'), '$.people', NULL, '$.keyframe', NULL,
             '$.keyframe_topic', NULL, '$.caption', '', '$.confidence', NULL, '$.described_at', NULL,
             '$.kind', 'motion', '$.event_type', 'motion',
             '$.title', CASE json_extract(payload, '$.source') WHEN 'motion' THEN json_extract(payload, '$.title')
                        ELSE '' END)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that waits."""

    topic: str
    payload: bytes
    """See `payloads.stored`."""
    change: str = ""
    """Of a camera event: `new`, `update` or `end`; updates are the first to go where there is no room."""
    retain: bool = False
    private: bool = False
    """It tells what was seen, heard or said: nobody's business any more once the cameras are covered."""
    event: str = ""
    """The id of a camera event; not kept in the file."""
    number: int = 0
    """Where it stands in the queue; 0: nowhere yet."""


class Outbox:
    """Blocking, and for one thread; no other program may use the file meanwhile.

    When the file cannot be written any more, the memory holds what comes from then on.
    """

    def __init__(self, path: Path, most: int) -> None:
        """Raises BackendError for a file that is no outbox, is in use, or cannot be written."""
        self.path, self.trouble = path, ""
        self.lost = 0
        """Messages for which there was no room, or that nobody fetched in time, since the start."""
        self._most, self._first = most, 0
        self._untold: set[str] = set()
        """Ids of events of which nothing has left, or ever will."""
        self._rows = _opened(path)
        self._count = int(self._rows.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def __len__(self) -> int:
        return self._count

    def put(self, entry: Entry, utc: float) -> None:
        """Add one at the end, unless it is the end of what nobody heard of. `utc`: seconds since 1970."""
        untold = entry.event in self._untold
        self._untold.discard(entry.event)
        if untold and entry.change == "end":
            return
        with self._safe(), self._rows:
            self._put(entry, utc)
            return
        with self._rows:  # in memory now
            self._put(entry, utc)

    def next(self, done: int = 0) -> Entry | None:
        """The oldest one, after the one with the number `done` is taken out."""
        with self._safe():
            if done:
                with self._rows:
                    self._remove("id = ?", done)
            return self._oldest()
        return self._oldest()

    def forget(self, before: float) -> None:
        """Take out, and count, what was put in before; seconds since 1970."""
        with self._safe():
            with self._rows:
                gone = self._remove("utc < ?", before)
            self.lost += gone
            if gone:
                self._overwrite()

    def leave_out(self, topic: str) -> None:
        """Take out what an earlier session had for a topic that is not wanted any more."""
        with self._safe():
            with self._rows:
                gone = self._remove("topic = ?", topic)
            if gone:
                self._overwrite()

    def withdraw(self) -> None:
        """What is private is nobody's business any more: of events only that they are over, without words.

        Of those that nobody has heard of, not even that.
        """
        with self._safe():
            with self._rows:
                self._withdraw_untold()
                self._remove("private AND change != ?", "end")
                self._rows.execute(f"UPDATE waiting SET payload = {_WORDLESS} WHERE private")
            self._overwrite()

    def hush(self, event: str) -> None:
        """Nothing is told of the beginning of this event: its end is not worth telling either."""
        self._untold.add(event)

    def _withdraw_untold(self) -> None:
        """Events of which nothing has left, since they begin here; the first may be at the broker already."""
        begun = "SELECT json_extract(payload, '$.id') FROM waiting WHERE private AND change = 'new' AND id != ?"
        self._untold |= {str(event) for (event,) in self._rows.execute(begun, (self._first,)) if event is not None}
        self._remove(f"private AND change = 'end' AND json_extract(payload, '$.id') IN ({begun})", self._first)

    def close(self) -> None:
        self._rows.close()

    def _overwrite(self) -> None:
        """Leave nothing of what is gone in the file beside this one, where it was written first."""
        self._rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _put(self, entry: Entry, utc: float) -> None:
        while self._count >= self._most:
            self._make_room()
        self._rows.execute(
            "INSERT INTO waiting (utc, topic, payload, change, retain, private) VALUES (?, ?, ?, ?, ?, ?)",
            (utc, entry.topic, entry.payload.decode(), entry.change, entry.retain, entry.private),
        )
        self._count += 1

    def _make_room(self) -> None:
        """The oldest update goes, or else the oldest of all; but what may be at the broker already stays."""
        self.lost += (
            self._remove(
                "id = (SELECT id FROM waiting WHERE change = 'update' AND id != ? ORDER BY id LIMIT 1)", self._first
            )
            or self._remove("id = (SELECT id FROM waiting WHERE id != ? ORDER BY id LIMIT 1)", self._first)
            or self._remove("id = (SELECT min(id) FROM waiting WHERE id >= ?)", 0)
        )

    def _oldest(self) -> Entry | None:
        row = self._rows.execute(
            "SELECT topic, payload, change, retain, private, id FROM waiting ORDER BY id LIMIT 1"
        ).fetchone()
        self._first = row[5] if row else 0
        return row and Entry(row[0], row[1].encode(), row[2], bool(row[3]), bool(row[4]), number=row[5])

    def _remove(self, which: str, value: object) -> int:
        gone = self._rows.execute(f"DELETE FROM waiting WHERE {which}", (value,)).rowcount
        self._count -= gone
        return gone

    @contextmanager
    def _safe(self) -> Iterator[None]:
        """Go on in memory where the file fails; what stands in it is left to the next session."""
        try:
            yield
        except sqlite3.Error as error:
            self.trouble = (
                f"{self.path} cannot be written, the memory holds what waits: {first_line(error, named=False)}"
            )
            self._rows.close()
            self._rows, self._count, self._first = _in_memory(), 0, 0


def place(options: MqttOptions) -> Path:
    """The file of a node: the one that is named, or one beside the other files of this program's state."""
    if options.outbox.file is not None:
        return options.outbox.file.expanduser()
    return traces.place().with_name(f"outbox-{identity(f'{options.base}/{options.node}')}.db")


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=1.0, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or first_line(error, named=False)
        raise BackendError(f"mqtt.outbox {path} cannot be opened: {why}") from error
    try:
        _begin(rows, path)
    except sqlite3.Error as error:
        rows.close()
        raise BackendError(_unusable(path, error)) from error
    except BackendError:
        rows.close()
        raise
    return rows


def _begin(rows: sqlite3.Connection, path: Path) -> None:
    rows.execute("PRAGMA locking_mode = EXCLUSIVE")
    if not rows.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        rows.executescript(f"PRAGMA journal_mode = WAL;{_SCHEMA}")
    (whose,) = rows.execute("PRAGMA application_id").fetchone()
    (version,) = rows.execute("PRAGMA user_version").fetchone()
    if (whose, version) != (_OURS, _VERSION):
        raise BackendError(f"{path} is no outbox of this program, or of another version: name another file")
    rows.execute("PRAGMA secure_delete = ON")
    rows.execute("PRAGMA synchronous = NORMAL")
    os.chmod(path, 0o600)
    with rows:  # takes the lock
        rows.execute("DELETE FROM waiting WHERE NOT json_valid(payload)")


def _in_memory() -> sqlite3.Connection:
    rows = sqlite3.connect(":memory:", check_same_thread=False)
    rows.executescript(_SCHEMA)
    return rows


def _unusable(path: Path, error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError) and "lock" in str(error):
        return f"{path} is in use: another session has the same mqtt.node, give this one another"
    return f"{path} is no outbox of this program, or damaged ({first_line(error, named=False)}): move it away"
