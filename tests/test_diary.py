"""The diary: every change beyond the session, found by words, forgotten in time, and for its owner alone."""

from __future__ import annotations

import asyncio
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
from pipelines.keeping import Keeper, keeping
from pipelines.memory import Memory, MemoryOptions
from pipelines.trouble import Patience
from pipelines.types import Caption, Event, Facts, Recovered, Trouble
from tests.fakes import frame

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
    diary.remove(book.path)
    assert [path.name for path in (tmp_path / "day").iterdir()] == ["mine.txt"]


def seen(text: str, at: float, keyframe: int) -> Caption:
    return Caption(text, "desk", at, 0.1, keyframe)


def see(keeper: Keeper, memory: Memory, *captions: Caption) -> None:
    for caption in captions:
        keeper.show(frame(caption.keyframe, caption.captured_at), caption)
        memory.add(caption)


async def test_a_session_with_a_diary_leaves_its_changes_and_their_keyframes(tmp_path: Path) -> None:
    options = MemoryOptions(diary=str(tmp_path / "diary.db"))
    events: list[Event] = []
    async with keeping(options, events.append) as keeper:
        see(
            keeper,
            Memory(options, keeper.changed),
            seen("A cup.", 999.0, 1),
            seen("A cup.", 999.5, 2),
            seen("A dog.", 1000.0, 3),
        )
    found = Diary(tmp_path / "diary.db", create=False).search()
    assert [one.caption for one in found] == ["A dog.", "A cup."]
    assert abs(found[0].at - datetime.now(UTC)) < timedelta(seconds=30)
    assert found[0].at - found[1].at == timedelta(seconds=1)
    assert all((diary.pictures_of(tmp_path / "diary.db") / one.picture).is_file() for one in found)
    assert events == []


async def test_without_a_diary_pictures_live_as_long_as_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    for on_disk in (False, True):
        cup = seen("A cup.", 1000.0, 1)
        options = MemoryOptions(on_disk=on_disk)
        keeper = Keeper(options, lambda at: NOON + timedelta(seconds=at), Patience("diary", print))
        await keeper.open()
        see(keeper, Memory(options, keeper.changed), cup)
        keeper.end()
        await keeper.run()
        assert (keeper.picture(cup) or b"").startswith(b"\xff\xd8")
        await keeper.close()
        assert keeper.picture(cup) is None
    assert list((tmp_path / "album").iterdir()) == []


async def test_what_is_older_than_is_to_be_kept_goes_without_anything_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.keeping.FORGETS_EVERY", 60.0)
    path = tmp_path / "diary.db"
    book = Diary(path)
    book.write(entry("A cup.", 0))
    book.write(Entry(datetime.now(UTC), "desk", "A dog."))
    async with keeping(MemoryOptions(diary=str(path), keep=1.0), print):
        await asyncio.sleep(1)
        assert [one.caption for one in book.search()] == ["A dog."]
        book.write(entry("An old cat.", 1))
        await asyncio.sleep(60)
        assert [one.caption for one in book.search()] == ["A dog."]


async def test_a_diary_that_fails_is_one_trouble_and_told_when_it_is_well_again(tmp_path: Path) -> None:
    options, events = MemoryOptions(diary=str(tmp_path / "diary.db"), pictures=0), list[Event]()
    async with keeping(options, events.append) as keeper:
        memory = Memory(options, keeper.changed)
        with sqlite3.connect(tmp_path / "diary.db") as thief:
            thief.execute("ALTER TABLE changes RENAME TO hidden")
        see(keeper, memory, seen("A cup.", 1.0, 1), seen("A dog.", 2.0, 2))
        await asyncio.sleep(1)
        with sqlite3.connect(tmp_path / "diary.db") as thief:
            thief.execute("ALTER TABLE hidden RENAME TO changes")
        see(keeper, memory, seen("A cat.", 3.0, 3))
    trouble, well = events
    assert isinstance(trouble, Trouble)
    assert trouble.why.endswith("diary.db cannot be written: no such table: changes")
    assert isinstance(well, Recovered)
    assert [one.caption for one in Diary(tmp_path / "diary.db").search()] == ["A cat."]


async def test_a_disk_that_takes_no_picture_still_takes_the_words(tmp_path: Path) -> None:
    options, events = MemoryOptions(diary=str(tmp_path / "diary.db")), list[Event]()
    async with keeping(options, events.append) as keeper:
        diary.pictures_of(tmp_path / "diary.db").rmdir()
        see(keeper, Memory(options, keeper.changed), seen("A cup.", 1000.0, 1))
    (trouble,) = events
    assert isinstance(trouble, Trouble)
    assert trouble.why == "keyframes cannot be kept: No such file or directory"
    (found,) = Diary(tmp_path / "diary.db").search()
    assert (found.caption, found.picture) == ("A cup.", "")


async def test_a_diary_that_cannot_be_opened_is_told_before_the_session_begins(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ann, " * 100)
    session = keeping(MemoryOptions(diary=str(tmp_path / "letter")), print)
    with pytest.raises(BackendError, match="is no diary"):
        await session.__aenter__()
