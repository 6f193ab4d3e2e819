"""A thread for blocking work that keeps nobody from leaving: a device or a model that hangs goes with the process."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_Work = list[Any]
"""A function, its arguments by place and those by name; empty once it is not wanted any more."""


class DaemonThread(Executor):
    """An executor of one daemon thread; unlike those of a pool, nothing waits for it at the end of the process."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[Future[Any], _Work] | None] = queue.SimpleQueue()
        self._name, self._threads = name, 0
        self.widen(1)

    def widen(self, threads: int) -> None:
        """Let so many threads work side by side, for work that waits for other machines."""
        for _ in range(threads - self._threads):
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        self._threads = max(threads, self._threads)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        work: _Work = [fn, args, kwargs]
        # Behind a job that hangs, those that were given up must not hold what they were to work on.
        future.add_done_callback(lambda done: work.clear() if done.cancelled() else None)
        self._jobs.put((future, work))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            del job
            if future.set_running_or_notify_cancel():
                _settle(future, work)
            del future


def _settle(future: Future[Any], work: _Work) -> None:
    """Do the work, let go of it, and only then tell: this thread must not be the last to hold a model.

    A model whose end waits for threads of its own would still be at it when the process ends, and abort it.
    """
    fn, args, kwargs = work
    try:
        result = fn(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001  carried to the awaiting task, as every executor does
        work.clear()
        del fn, args, kwargs
        future.set_exception(error)
    else:
        work.clear()
        del fn, args, kwargs
        future.set_result(result)


async def apart(name: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What is done once, in a thread of its own of that name. Cancelled, nobody waits for it any more."""
    with DaemonThread(name) as thread:
        return await asyncio.get_running_loop().run_in_executor(thread, partial(work, *args, **kwargs))
