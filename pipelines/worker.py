"""One thread for one model: blocking work awaited, its results streamed, its errors named, and its hanging told."""

from __future__ import annotations

import asyncio
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
        self._hung: asyncio.Future[Any] | None = None
        self.longest: float | None = None
        """Seconds after which a call counts as hung; None: it is waited for as long as it takes."""
        self.spent = 0.0
        """Seconds for which calls were waited for, all together."""

    @property
    def busy(self) -> bool:
        """True while somebody waits for what the model does."""
        return self._calls > 0

    @property
    def hangs(self) -> bool:
        """True from when a call counted as hung until it has ended after all."""
        return self._hung is not None

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the model's thread. When cancelled, the result that comes later is dropped.

        Raises BackendError also when the model hangs: nothing more is asked of it then until it has ended that work.
        """
        if self.hangs:
            raise BackendError("it still does not answer")
        loop = asyncio.get_running_loop()
        self._calls += 1
        began = loop.time()
        try:
            return await self._result(loop.run_in_executor(self._thread, lambda: self._guarded(work, *args, **kwargs)))
        finally:
            self._calls -= 1
            self.spent += loop.time() - began

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
        if self._hung is not None:
            self._hung.cancel()
        self._thread.shutdown()

    async def _result(self, job: asyncio.Future[T]) -> T:
        if self.longest is None:
            return await job
        try:
            await asyncio.wait([job], timeout=self.longest)
        except asyncio.CancelledError:
            job.cancel()
            raise
        if job.done():
            return job.result()
        if self.hangs:  # on what was asked before
            job.cancel()
        else:
            self._hung = job
            job.add_done_callback(self._ended)
        raise BackendError(f"it has not answered for {self.longest:g} s")

    def _ended(self, hung: asyncio.Future[Any]) -> None:
        """It can be asked again; what it found out so late is dropped."""
        self._hung = None
        if not hung.cancelled():
            hung.exception()  # looked at, so that nobody complains that nobody did

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


def _nothing() -> None:
    """What closing an iterator without `close` does."""
