"""An event loop whose clock jumps: no test waits, and "every task is waiting" is a failure, not a hang."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stalled(AssertionError):
    """Every task waits for something that cannot come."""


MOST_ROUNDS = 50_000
"""Rounds of the loop in one moment of its clock that are taken for a circle."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, moves the clock there."""

    loop: VirtualLoop
    rounds = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        self.rounds += 1
        if self.rounds > MOST_ROUNDS:
            raise Stalled("the tasks keep each other busy, and no time passes")
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Stalled("every task is waiting and no timer is set")
        self.loop.now += timeout
        self.rounds = 0
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at 1000 s. What runs in an executor takes no time, or as long as `takes` says, one job after the other."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.takes: dict[Any, float] = {}
        """From executor to the seconds of each of its jobs."""
        self._free_at: dict[Any, float] = {}
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        done: asyncio.Future[T] = self.create_future()
        if seconds := self.takes.get(executor, 0.0):
            self._free_at[executor] = max(self.now, self._free_at.get(executor, 0.0)) + seconds
            self.call_at(self._free_at[executor], _work, done, func, *args)
        else:
            _work(done, func, *args)
        return done


def _work(done: asyncio.Future[T], func: Callable[..., T], *args: Any) -> None:
    try:
        result = func(*args)
    except Exception as error:  # noqa: BLE001  an executor carries every error to the one who awaits
        if not done.cancelled():
            done.set_exception(error)
    else:
        if not done.cancelled():
            done.set_result(result)


def run(main: Coroutine[Any, Any, T], seconds: float = 3600.0) -> T:
    """Run to the end on a virtual clock; more than `seconds` of its time is a TimeoutError."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(asyncio.wait_for(main, seconds))
