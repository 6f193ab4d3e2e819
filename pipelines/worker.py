"""One thread for one model: blocking work awaited, its results streamed, its errors named, and its hanging told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from functools import partial
from inspect import GEN_RUNNING, GEN_SUSPENDED, getgeneratorstate
from typing import Any, Generic, ParamSpec, TypeVar

from devices.threads import DaemonThread
from pipelines.backends import BackendError, first_line

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """The thread of one model, named after its part. What the model raises arrives as a BackendError of one line."""

    def __init__(self, part: str) -> None:
        self._thread = DaemonThread(part)
        self._calls = 0
        self._jobs: set[asyncio.Future[Any]] = set()
        self._alive_at = 0.0
        """When it ended a job last, or had nothing to do."""
        self.longest: float | None = None
        """Seconds without the end of a job after which it hangs; None: it is waited for as long as it takes."""
        self.late = 0.0
        """Seconds by which its thread came late to the job at hand, though it had nothing else to do."""
        self._free_at = 0.0
        self.spent = 0.0
        """Seconds for which calls were waited for, all together."""

    @property
    def busy(self) -> bool:
        """True while somebody waits for what the model does."""
        return self._calls > 0

    @property
    def hangs(self) -> bool:
        """True while it has worked for too long on one thing, whether or not somebody still waits for that."""
        return self.longest is not None and bool(self._jobs) and _now() >= self._alive_at + self.longest

    def widen(self, calls: int) -> None:
        """Let so many calls go on at once, for a model that allows it; until one of them ends it does not hang."""
        self._thread.widen(calls)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the model's thread. When cancelled, the result that comes later is dropped.

        Raises BackendError also when the model hangs: nothing more is asked of it then until it has ended that work.
        """
        return await self._result(self._begin(partial(work, *args, **kwargs)))

    async def iterate(self, pieces: Callable[[], Iterator[T]], *, ahead: int = 0) -> AsyncGenerator[T, None]:
        """Pull an iterator in the model's thread, one piece a job, so that closing ends it between pieces.

        ahead: So many pieces are made before they are asked for; the thread then need not wait to be asked.
        """
        iterator, end = _lazily(pieces), object()
        asked: deque[_Job[Any]] = deque()
        try:
            while True:
                while len(asked) <= ahead:
                    asked.append(self._begin(partial(next, iterator, end)))
                if (piece := await self._result(asked.popleft())) is end:
                    return
                yield piece
        finally:
            for job in asked:
                job.give_up()
            if getgeneratorstate(iterator) in (GEN_RUNNING, GEN_SUSPENDED):
                closed = asyncio.get_running_loop().run_in_executor(self._thread, iterator.close)
                closed.add_done_callback(_looked_at)

    def close(self) -> None:
        """End the thread when what it does now is done."""
        for job in tuple(self._jobs):
            job.cancel()
        self._thread.shutdown()

    def _begin(self, work: Callable[[], T]) -> _Job[T]:
        if self.hangs:
            raise BackendError("it still does not answer")
        if not self._jobs:
            self._alive_at = _now()
        job = _Job(self._timed(work))
        job.done = asyncio.get_running_loop().run_in_executor(self._thread, job.run)
        self._jobs.add(job.done)
        job.done.add_done_callback(self._ended)
        return job

    def _timed(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same, which notes in the thread by how much it begins late."""
        clock, handed = asyncio.get_running_loop().time, _now()

        def timed() -> T:
            self.late = clock() - max(handed, self._free_at)
            try:
                return work()
            finally:
                self._free_at = clock()

        return timed

    async def _result(self, job: _Job[T]) -> T:
        self._calls += 1
        began = _now()
        try:
            while not job.done.done() and not self.hangs:
                await asyncio.wait([job.done], timeout=self._left)
            if job.done.done():
                return job.done.result()
            raise BackendError(f"it has not answered for {self.longest:g} s")
        finally:
            job.give_up()
            self._calls -= 1
            self.spent += _now() - began

    @property
    def _left(self) -> float | None:
        return None if self.longest is None else max(0.0, self._alive_at + self.longest - _now())

    def _ended(self, job: asyncio.Future[Any]) -> None:
        self._jobs.discard(job)
        if not job.cancelled():
            self._alive_at = _now()
            _looked_at(job)


class _Job(Generic[T]):
    """Work that was handed to a thread."""

    done: asyncio.Future[T]

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._begun = False

    def run(self) -> T:
        self._begun = True
        try:
            return self._work()
        except BackendError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # foreign code ends here
            raise BackendError(first_line(error)) from error

    def give_up(self) -> None:
        """Nobody wants it any more. What has begun is known as long as it runs, to tell when it hangs."""
        if not self._begun:
            self.done.cancel()


def _looked_at(job: asyncio.Future[Any]) -> None:
    """So that nobody complains that nobody did."""
    if not job.cancelled():
        job.exception()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _lazily(pieces: Callable[[], Iterator[T]]) -> Generator[T, None, None]:
    """Asks for the iterator where its first piece is asked for."""
    yield from pieces()
