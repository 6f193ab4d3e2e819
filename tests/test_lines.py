"""Lines: which of them forgets, which of them waits, and that neither hangs at its end."""

import asyncio
from collections.abc import Iterable

import pytest

from devices.lines import Latest, LineClosed, Lossless, Through


async def test_a_latest_line_forgets_its_oldest_and_counts_it() -> None:
    line = Latest[int](2)
    for number in range(5):
        line.put(number)
    line.close()
    assert [item async for item in line] == [3, 4]
    assert (line.accepted, line.dropped) == (5, 3)


async def test_a_lossless_line_makes_its_writer_wait() -> None:
    line = Lossless[int](1)

    async def write() -> None:
        for number in range(4):
            await line.put(number)
        line.close()

    writer = asyncio.create_task(write())
    await asyncio.sleep(1)
    assert len(line) == 1
    assert [item async for item in line] == [0, 1, 2, 3]
    await writer
    assert line.waits >= 1


async def test_a_closed_line_gives_what_it_holds_and_takes_no_more() -> None:
    line = Lossless[str](3)
    await line.put("last")
    line.close()
    with pytest.raises(LineClosed):
        await line.put("too late")
    assert await line.get() == "last"
    with pytest.raises(LineClosed):
        await line.get()


async def test_a_writer_that_waits_is_told_when_the_line_closes() -> None:
    line = Lossless[int](1)
    await line.put(1)
    writer = asyncio.create_task(line.put(2))
    await asyncio.sleep(0)
    line.close()
    with pytest.raises(LineClosed):
        await writer


async def test_a_cancelled_reader_loses_nothing() -> None:
    line = Lossless[int](1)
    reader = asyncio.create_task(line.get())
    await asyncio.sleep(0)
    reader.cancel()
    await line.put(7)
    assert await line.get() == 7


async def test_drained_returns_when_all_was_taken() -> None:
    line = Latest[int](3)
    line.put(1)
    waiting = asyncio.create_task(line.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    await line.get()
    await waiting


def test_a_line_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Latest[int](0)


async def test_the_way_onto_a_line_changes_items_leaves_some_out_and_waits_for_room() -> None:
    line = Lossless[int](2)
    way = Through(line, lambda item: None if item % 2 else 10 * item)
    putting = asyncio.create_task(_put_all(way, range(7)))
    await asyncio.sleep(1)
    assert (len(line), putting.done()) == (2, False)
    assert [await line.get() for _ in range(4)] == [0, 20, 40, 60]
    await putting


async def _put_all(way: Through[int], items: Iterable[int]) -> None:
    for item in items:
        await way.put(item)
