"""The diary: every change beyond the session, found by words, forgotten in time, and for its owner alone."""

from __future__ import annotations

import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import diary
from pipelines.backends import BackendError
from pipelines.diary import Diary, Entry
from pipelines.types import Caption, Facts

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def entry(text: str, minutes: float = 0, camera: str = "desk") -> Entry:
    return Entry(NOON + timedelta(minutes=minutes), camera, text)


@pytest.fixture
def book(tmp_path: Path) -> Diary:
    book = Diary(tmp_path / "day" / "diary.db")
    for one in (
        entry("A red cup on a desk.", 0), entry("Two mugs, and \"EXIT\".", 1), entry("A café.", 2, "hall"),
        entry("桌上有一个红色的杯子。", 3), entry("女人拿着手机", 4, "hall"),
    ):  # fmt: skip
        book.write(one)
    return book


def minutes(found: list[Entry]) -> list[float]:
    return [(one.at - NOON).total_seconds() / 60 for one in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cup", [3, 1, 0]),
        ("red cups", [3, 0]),
        ("where is my mug?", [3, 1, 0]),
        ("exit", [1]),
        ("cafe", [2]),
        ("杯子", [3, 1, 0]),
        ("红色的杯子", [3, 0]),
        ("手机", [4]),
        ("着手", [4]),
        ("子杯", []),
        ("zebra", []),
        ("", [4, 3, 2, 1, 0]),
        ("***", []),
    ],
)
def test_changes_are_found_by_their_words_newest_first(book: Diary, query: str, found: list[float]) -> None:
    assert minutes(book.search(query)) == found


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        "cup NEAR desk",
        "cup AND",
        "OR",
        "NOT cup",
        "cup*",
        "-cup",
        "told:cup",
        "(cup",
        "^cup",
        "cup\x00",
        "'; --",
    ],
)
def test_no_sign_of_a_query_is_obeyed(book: Diary, query: str) -> None:
    assert all("cup" in one.caption or "mug" in one.caption or "杯" in one.caption for one in book.search(query))


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(), max_size=5), query=st.text())
def test_any_text_can_be_kept_and_any_query_asked(texts: list[str], query: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = Diary(Path(folder) / "diary.db")
        for text in texts:
            book.write(entry(text))
        assert len(book.search(query)) <= len(texts)
        assert len(book.search()) == len(texts)
        book.close()


def test_a_search_keeps_to_a_camera_a_time_and_a_number(book: Diary) -> None:
    assert minutes(book.search(camera="hall")) == [4, 2]
    assert minutes(book.search("cup", since=NOON + timedelta(minutes=1))) == [3, 1]
    assert minutes(book.search(most=2)) == [4, 3]


def test_facts_and_the_picture_s_name_come_back_and_what_was_read_is_found(tmp_path: Path) -> None:
    book = Diary(tmp_path / "diary.db")
    said = Caption("A sign.", "desk", 1.0, 0.1, 7, Facts(people=1, text=("Platform 9",)))
    book.write(diary.entry(said, NOON, "a.jpg"))
    (found,) = book.search("platform")
    assert (found.at, found.picture, found.facts and found.facts["people"]) == (NOON, "a.jpg", 1)


def test_it_is_found_by_what_is_there_and_not_by_what_is_absent(tmp_path: Path) -> None:
    book = Diary(tmp_path / "diary.db")
    facts = Facts(people=0, text=("PUSH",), changes=("one person fewer", "the text “PULL” is gone"))
    for text, stated in [
        ("No person found. It reads: “PUSH”.", facts),
        ("A woman, but no dog.", None),
        ("没有人。", None),
    ]:
        book.write(diary.entry(Caption(text, "desk", 1.0, 0.1, 1, stated), NOON))
    for someone in ("someone", "人", "women"):
        assert [one.caption for one in book.search(someone)] == ["A woman, but no dog."]
    assert [one.caption for one in book.search("push")] == ["No person found. It reads: “PUSH”."]
    assert book.search("pull") == book.search("dog") == []
    assert len(book.search()) == 3


def test_what_is_old_is_deleted_with_its_words(book: Diary, tmp_path: Path) -> None:
    assert book.forget(NOON + timedelta(minutes=3)) == 3
    assert minutes(book.search()) == [4, 3]
    assert book.search("exit") == []
    book.close()
    assert b"EXIT" not in b"".join(path.read_bytes() for path in (tmp_path / "day").iterdir())


def test_it_is_for_its_owner_alone(book: Diary, tmp_path: Path) -> None:
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "day").iterdir()}
    assert files.keys() >= {"diary.db", "diary.db-wal"}
    assert set(files.values()) == {0o600}
    assert (tmp_path / "day").stat().st_mode & 0o777 == 0o700


def test_two_may_have_it_open_at_once(book: Diary) -> None:
    other = Diary(book.path, create=False)
    other.write(entry("A fox."))
    assert book.search("fox")


@pytest.mark.parametrize(
    "content", [b"not a database at all, but somebody's letter" * 50, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_diary_is_told_in_one_line_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter"
    path.write_bytes(content)
    for attempt in (Diary, diary.remove):
        with pytest.raises(
            BackendError, match=r"letter is no diary of this program, or damaged.*: move it away"
        ) as caught:
            attempt(path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_another_program_s_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bank.db"
    with sqlite3.connect(path) as rows:
        rows.execute("CREATE TABLE accounts (owner TEXT)")
    before = path.read_bytes()
    for attempt in (Diary, diary.remove):
        with pytest.raises(BackendError, match="no diary of this program"):
            attempt(path)
    assert path.read_bytes() == before


def test_a_damaged_diary_is_told_in_one_line(book: Diary) -> None:
    book.close()
    content = book.path.read_bytes()
    book.path.write_bytes(content[:4096] + b"\x07" * (len(content) - 4096))
    with pytest.raises(BackendError, match="damaged"):
        Diary(book.path)


def test_where_there_is_none_none_is_made_for_a_search(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"cannot be opened: there is no such file"):
        Diary(tmp_path / "diary.db", create=False)
    with pytest.raises(BackendError, match="cannot be opened"):
        Diary(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_forgetting_removes_all_that_was_kept_and_nothing_else(book: Diary, tmp_path: Path) -> None:
    pictures = diary.pictures_of(book.path)
    pictures.mkdir()
    (pictures / "20260314-120000-000-desk-3.jpg").write_bytes(b"x")
    (tmp_path / "day" / "mine.txt").write_text("x")
    book.close()
    assert diary.remove(book.path)
    assert [path.name for path in (tmp_path / "day").iterdir()] == ["mine.txt"]


def test_a_diary_that_is_in_use_is_emptied_and_goes_on(book: Diary, tmp_path: Path) -> None:
    pictures = diary.pictures_of(book.path)
    pictures.mkdir()
    (pictures / "20260314-120000-000-desk-3.jpg").write_bytes(b"x")
    assert not diary.remove(book.path)
    assert list(pictures.iterdir()) == []
    assert not any(b"cup" in path.read_bytes() for path in tmp_path.rglob("diary.db*") if path.is_file())
    book.write(entry("A cat."))
    again = Diary(book.path, create=False)
    assert [one.caption for one in again.search()] == ["A cat."]
    assert again.search("cup") == []
    again.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE changes SET facts = '{bad'",
        f"UPDATE changes SET facts = '{'[' * 100_000}'",
        "UPDATE changes SET facts = '[1]'",
        "UPDATE changes SET utc = 'yesterday'",
        "UPDATE changes SET utc = '9999-12-31T23:59:59-23:59'",
        "UPDATE changes SET utc = '2026-03-14T12:00:00'",
        "UPDATE changes SET caption = x'ff00'",
        "UPDATE changes SET camera = CAST(x'ff' AS TEXT)",
    ],
)
def test_what_this_program_never_wrote_is_told_in_one_line(book: Diary, damage: str) -> None:
    with sqlite3.connect(book.path) as foreign:
        foreign.execute(damage)
    with pytest.raises(BackendError, match=r"is no diary of this program, or damaged \("):
        book.search()


@pytest.mark.parametrize(
    "program",
    [
        "ALTER TABLE changes RENAME TO hidden; CREATE VIEW changes AS WITH RECURSIVE n (utc) AS"
        " (SELECT 1 UNION ALL SELECT utc + 1 FROM n) SELECT utc, '' AS camera, '' AS caption, '' AS facts,"
        " '' AS picture FROM n ORDER BY utc",
        "CREATE TRIGGER words_x AFTER DELETE ON changes BEGIN INSERT INTO words (told) VALUES ('kept'); END",
        "DROP TABLE words; CREATE TABLE words (told TEXT)",
    ],
)
def test_no_program_in_a_foreign_file_is_run(book: Diary, program: str) -> None:
    with sqlite3.connect(book.path) as foreign:
        foreign.executescript(program)
    with pytest.raises(BackendError, match="is no diary of this program"):
        Diary(book.path, create=False)
