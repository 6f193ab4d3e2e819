"""A model's thread: its results arrive, its errors are named, and it keeps nobody from leaving."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from pipelines.backends import BackendError
from pipelines.worker import Worker
from tests.hanging import Hang
from tests.virtual import VirtualLoop


@pytest.mark.real_time
async def test_all_work_of_a_model_happens_in_one_thread_of_its_own() -> None:
    worker = Worker("model")
    names = {await worker.call(lambda: threading.current_thread().name) for _ in range(5)}
    assert names == {"model"}
    worker.close()


@pytest.mark.real_time
async def test_whatever_a_model_raises_becomes_a_backend_error_in_one_line() -> None:
    worker = Worker("model")
    with pytest.raises(BackendError, match=r"^ZeroDivisionError: division by zero$"):
        await worker.call(lambda: 1 / 0)
    with pytest.raises(BackendError, match="pull it first"):
        await worker.call(_fail)
    worker.close()


def _fail() -> None:
    raise BackendError("pull it first")


@pytest.mark.real_time
async def test_a_cancelled_call_drops_the_result_and_the_model_goes_on_with_the_next() -> None:
    worker, gate = Worker("model"), threading.Event()
    slow = asyncio.create_task(worker.call(gate.wait))
    await asyncio.sleep(0)
    queued = asyncio.create_task(worker.call(lambda: "never wanted"))
    await asyncio.sleep(0.01)
    slow.cancel()
    queued.cancel()
    await asyncio.wait([slow, queued])
    gate.set()
    assert await worker.call(lambda: "next") == "next"
    worker.close()


@pytest.mark.real_time
async def test_an_iterator_is_pulled_piece_by_piece_and_closed_between_pieces() -> None:
    pulled: list[int] = []
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            for number in range(1000):
                pulled.append(number)
                yield number
        finally:
            closed.set()

    worker = Worker("model")
    async with aclosing(worker.iterate(numbers)) as pieces:
        async for number in pieces:
            if number == 2:
                break
    assert await worker.call(closed.wait, 5)
    assert pulled == [0, 1, 2]
    worker.close()


async def test_an_iterator_may_run_so_many_pieces_ahead_and_no_further() -> None:
    pulled: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            pulled.append(number)
            yield number

    async with aclosing(Worker("model").iterate(numbers, ahead=2)) as pieces:
        assert pulled == []
        for number in range(3):
            assert await anext(pieces) == number
            await asyncio.sleep(60)
            assert pulled == list(range(number + 3))


async def test_what_runs_ahead_is_made_while_what_came_before_is_worked_on() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)

    def pieces() -> Iterator[str]:
        for word in ("I", "see", "two"):
            loop.spend(1)
            yield word

    async def seconds(ahead: int) -> float:
        began = loop.time()
        async for _ in Worker("model").iterate(pieces, ahead=ahead):
            await asyncio.sleep(1)
        return loop.time() - began

    assert await seconds(ahead=0) == pytest.approx(6)
    assert await seconds(ahead=1) == pytest.approx(4)


@pytest.mark.real_time
async def test_closing_leaves_out_what_would_have_run_ahead() -> None:
    pulled: list[int] = []
    gate, reached = threading.Event(), threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(1000):
            pulled.append(number)
            if number == 2:
                reached.set()
                gate.wait(5)
            yield number

    worker = Worker("model")
    async with aclosing(worker.iterate(numbers, ahead=4)) as pieces:
        assert await anext(pieces) == 0
        await asyncio.to_thread(reached.wait, 5)
    await asyncio.sleep(0)
    gate.set()
    assert await worker.call(lambda: "next") == "next"
    assert pulled == [0, 1, 2]
    worker.close()


async def test_a_piece_made_ahead_that_hangs_is_told_to_whom_it_is_for() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)

    def pieces() -> Iterator[str]:
        yield "first"
        loop.spend(1800)
        yield "second"

    worker = Worker("model")
    worker.longest = 60.0
    answer = worker.iterate(pieces, ahead=1)
    assert await anext(answer) == "first"
    with pytest.raises(BackendError, match="answer"):
        await anext(answer)
    assert worker.hangs
    await asyncio.sleep(1800)
    assert await worker.call(lambda: "well again") == "well again"


async def test_an_iterator_that_raises_is_named_after_what_came_before() -> None:
    def breaking() -> Iterator[str]:
        yield "first"
        raise OSError("the model file is gone")

    pieces = Worker("model").iterate(breaking)
    assert await anext(pieces) == "first"
    with pytest.raises(BackendError, match="the model file is gone"):
        await anext(pieces)


async def test_a_model_that_hangs_is_told_and_nothing_more_is_asked_of_it_until_it_has_ended_that_work() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    worker = Worker("model")
    asked: list[int] = []
    worker.longest = 60.0
    with pytest.raises(BackendError, match=r"^it has not answered for 60 s$"):
        await worker.call(loop.spend, 1800)
    assert worker.hangs
    for _ in range(3):
        with pytest.raises(BackendError, match="still does not answer"):
            await worker.call(asked.append, 1)
    await asyncio.sleep(1800)
    assert not worker.hangs
    assert asked == []
    assert await worker.call(lambda: "well again") == "well again"


async def test_what_waits_behind_a_hanging_call_is_left_out() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    worker = Worker("model")
    done: list[int] = []
    worker.longest = 60.0
    calls = [worker.call(loop.spend, 600), worker.call(done.append, 1)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, BackendError) for result in results)
    await asyncio.sleep(600)
    assert done == []
    assert not worker.hangs


async def test_a_model_that_hangs_is_found_out_although_those_who_ask_lose_patience_before() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    worker = Worker("model")
    worker.longest = 60.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(40):
            await worker.call(loop.spend, 1800)
    before = loop.time()
    with pytest.raises(BackendError, match="has not answered"):
        await worker.call(loop.spend, 1)
    assert loop.time() - before == pytest.approx(20)


async def test_a_model_that_works_through_much_does_not_hang() -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    worker = Worker("model")
    worker.longest = 60.0
    await asyncio.gather(*(worker.call(loop.spend, 50) for _ in range(10)))
    assert not worker.hangs


@pytest.mark.real_time
async def test_one_can_leave_while_a_model_hangs_and_its_late_result_disturbs_nobody() -> None:
    worker = Worker("model")
    worker.longest = 0.05
    with Hang() as hang:
        with pytest.raises(BackendError, match="has not answered"):
            await worker.call(hang)
        worker.close()
        await asyncio.sleep(0)
        assert not worker.hangs


@pytest.mark.real_time
async def test_a_call_that_was_given_up_holds_nothing_while_it_stands_behind_one_that_hangs() -> None:
    class Picture:
        """Something large."""

    worker, picture = Worker("model"), Picture()
    held = weakref.ref(picture)
    with Hang() as hang:
        hanging = asyncio.create_task(worker.call(hang))
        await asyncio.to_thread(hang.reached.wait, 5)
        queued = asyncio.create_task(worker.call(id, picture))
        await asyncio.sleep(0)
        queued.cancel()
        await asyncio.wait([queued])
        del queued, picture
        gc.collect()
        assert held() is None
        hanging.cancel()
    worker.close()


async def test_on_a_clock_without_threads_an_iterator_is_closed_by_that_clock_too() -> None:
    closed: list[str] = []

    def numbers() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            closed.append(threading.current_thread().name)

    async with aclosing(Worker("model").iterate(numbers)) as pieces:
        async for _ in pieces:
            break
    assert closed == [threading.current_thread().name]
