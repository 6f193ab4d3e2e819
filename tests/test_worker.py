"""A model's thread: its results arrive, its errors are named, and it keeps nobody from leaving."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from pipelines.backends import BackendError
from pipelines.worker import Worker


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


async def test_an_iterator_that_raises_is_named_after_what_came_before() -> None:
    def breaking() -> Iterator[str]:
        yield "first"
        raise OSError("the model file is gone")

    pieces = Worker("model").iterate(breaking)
    assert await anext(pieces) == "first"
    with pytest.raises(BackendError, match="the model file is gone"):
        await anext(pieces)
