"""What a session keeps beside it: pictures as long as it lives, a diary beyond it, and troubles told once."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import diary
from pipelines.backends import BackendError
from pipelines.diary import Diary, Entry
from pipelines.keeping import Keeper, keeping
from pipelines.memory import Memory, MemoryOptions
from pipelines.trouble import Patience
from pipelines.types import Caption, Event, Recovered, Trouble
from tests.fakes import frame

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


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
    book.write(Entry(NOON, "desk", "A cup."))
    book.write(Entry(datetime.now(UTC), "desk", "A dog."))
    async with keeping(MemoryOptions(diary=str(path), keep=1.0), print):
        await asyncio.sleep(1)
        assert [one.caption for one in book.search()] == ["A dog."]
        book.write(Entry(NOON, "desk", "An old cat."))
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


async def test_a_folder_for_pictures_that_cannot_be_made_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "album").write_text("in the way")
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match=r"keyframes cannot be kept in .*album: File exists; memory.pictures = 0"):
        async with keeping(MemoryOptions(on_disk=True), print):
            pass
