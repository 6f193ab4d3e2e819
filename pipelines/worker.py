"""One thread for one model: blocking work awaited, its results streamed, its errors named, and its hanging told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, ParamSpec, TypeVar

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

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the model's thread. When cancelled, the result that comes later is dropped.

        Raises BackendError also when the model hangs: nothing more is asked of it then until it has ended that work.
        """
        if self.hangs:
            raise BackendError("it still does not answer")
        self._calls += 1
        began = _now()
        try:
            return await self._result(lambda: self._guarded(work, *args, **kwargs))
        finally:
            self._calls -= 1
            self.spent += _now() - began

    async def iterate(self, pieces: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """Pull an iterator in the model's thread, one piece a call, so that cancelling ends it between pieces."""
        iterator = await self.call(lambda: iter(pieces()))
        end = object()
        try:
            while (piece := await self.call(next, iterator, end)) is not end:
                yield piece  # type: ignore[misc]  # `end` is the only piece that is not a T
        finally:
            self._thread.submit(getattr(iterator, "close", _nothing))

    def close(self) -> None:
        """End the thread when what it does now is done."""
        for job in tuple(self._jobs):
            job.cancel()
        self._thread.shutdown()

    async def _result(self, work: Callable[[], T]) -> T:
        begun = threading.Event()

        def begin() -> T:
            begun.set()
            return work()

        job = self._submitted(begin)
        try:
            while not job.done() and not self.hangs:
                await asyncio.wait([job], timeout=self._left)
        except asyncio.CancelledError:
            if not begun.is_set():  # else it is known as long as it runs, to tell when it hangs
                job.cancel()
            raise
        if job.done():
            return job.result()
        if not begun.is_set():
            job.cancel()
        raise BackendError(f"it has not answered for {self.longest:g} s")

    @property
    def _left(self) -> float | None:
        return None if self.longest is None else max(0.0, self._alive_at + self.longest - _now())

    def _submitted(self, work: Callable[[], T]) -> asyncio.Future[T]:
        if not self._jobs:
            self._alive_at = _now()
        job = asyncio.get_running_loop().run_in_executor(self._thread, work)
        self._jobs.add(job)
        job.add_done_callback(self._ended)
        return job

    def _ended(self, job: asyncio.Future[Any]) -> None:
        self._jobs.discard(job)
        if not job.cancelled():
            self._alive_at = _now()
            job.exception()  # looked at, so that nobody complains that nobody did

    def _guarded(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except BackendError:
            raise
        except (
            Exception,
            SystemExit,
            KeyboardInterrupt,
        ) as error:  # foreign code ends here
            raise BackendError(first_line(error)) from error


def _now() -> float:
    return asyncio.get_running_loop().time()


def _nothing() -> None:
    """What closing an iterator without `close` does."""
