"""An event loop whose clock jumps from one moment to the next at which something happens, the same way every time."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


class Stalled(RuntimeError):
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


@dataclass(slots=True)
class _Job:
    """Work that was handed to an executor."""

    done: asyncio.Future[Any]
    work: Callable[[], Any]


@dataclass(slots=True)
class _Thread:
    """An executor as this clock sees it: one job after the other."""

    jobs: deque[_Job] = field(default_factory=deque)
    busy: bool = False


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without threads and without waiting, for code whose only clock is the loop's.

    What runs in an executor runs when its turn has come, in the loop's own thread, and is done when the seconds have
    passed that it spent (`spend`) and that `takes` gives to each job of that executor. A job that is cancelled before
    its turn is left out, as an executor does.
    """

    def __init__(self, start: float = 1000.0) -> None:
        """`start`: seconds on its clock at first."""
        self.now = start
        self.takes: dict[Any, float] = {}
        """From executor to the seconds of each of its jobs."""
        self.waking = 0.0
        """Seconds, part of what a job takes, in which an idle thread begins with it; meanwhile it may be given up."""
        self._threads: dict[Any, _Thread] = {}
        self._spent = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def spend(self, seconds: float) -> None:
        """Let the job that runs now take so much longer."""
        self._spent += max(0.0, seconds)

    def worked(self) -> float:
        """Seconds on the clock as the job that runs now sees it: what it spent so far included."""
        return self.now + self._spent

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        job = _Job(self.create_future(), lambda: func(*args))
        # The default executor has threads enough for every job to begin at once.
        thread = _Thread() if executor is None else self._threads.setdefault(executor, _Thread())
        thread.jobs.append(job)
        if not thread.busy and self.waking:
            thread.busy = True
            self.call_at(self.now + self.waking, self._work, executor, thread, self.waking)
        elif not thread.busy:
            self._work(executor, thread)
        return job.done

    def _work(self, executor: Any, thread: _Thread, woke: float = 0.0) -> None:
        """Do the jobs that wait, up to the first that takes time; `woke`: seconds that the first took already."""
        thread.busy = False
        while thread.jobs and not thread.busy:
            job = thread.jobs.popleft()
            if job.done.cancelled():
                continue
            self._spent = self.takes.get(executor, 0.0)
            settle = _outcome(job)
            spent, self._spent, woke = max(0.0, self._spent - woke), 0.0, 0.0
            if not spent:
                settle()
                continue
            thread.busy = True
            self.call_at(self.now + spent, self._finish, settle, executor, thread)

    def _finish(self, settle: Callable[[], None], executor: Any, thread: _Thread) -> None:
        settle()
        self._work(executor, thread)


def _outcome(job: _Job) -> Callable[[], None]:
    """Do the work; what is returned tells its result, or its error, to whoever awaits it."""
    done = job.done
    try:
        result = job.work()
    except Exception as error:  # noqa: BLE001  an executor carries every error to the one who awaits
        failure = error
        return lambda: None if done.cancelled() else done.set_exception(failure)
    return lambda: None if done.cancelled() else done.set_result(result)


def run(main: Coroutine[Any, Any, T], seconds: float = 3600.0, start: float = 1000.0) -> T:
    """Run to the end on a virtual clock; more than `seconds` of its time is a TimeoutError."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start)) as runner:
        return runner.run(asyncio.wait_for(main, seconds))
