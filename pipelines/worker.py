"""One thread for one model: blocking work awaited from the event loop, its results streamed, its errors named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import ParamSpec, TypeVar

from devices.threads import DaemonThread
from pipelines.backends import BackendError, first_line

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """The thread of one model, named after its part. What the model raises arrives as a BackendError of one line."""

    def __init__(self, part: str) -> None:
        self._thread = DaemonThread(part)
        self._calls = 0

    @property
    def busy(self) -> bool:
        """True while somebody waits for what the model does."""
        return self._calls > 0

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the model's thread. When cancelled, the result that comes later is dropped."""
        self._calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._guarded(work, *args, **kwargs)
            )
        finally:
            self._calls -= 1

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
        self._thread.shutdown()

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
