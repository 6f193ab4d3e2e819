"""Waiting for a server without being bound to it: in small steps, between which whoever waits can go away."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from devices.threads import DaemonThread

STEP = 0.05
"""Seconds between two empty pieces while there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, how it passes, and chance."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    """0 to 1."""

    def wait(self, seconds: float) -> Generator[str, None, None]:
        """Empty pieces until so many seconds have passed."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            self.sleep(min(left, STEP))
            yield ""


class Turns:
    """How many answers each server is giving, to all backends together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = Counter[str]()

    def take(self, server: str, limit: int) -> bool:
        """Whether there was a turn to be had, which is then taken."""
        with self._lock:
            free = self._taken[server] < limit
            self._taken[server] += free
            return free

    def give(self, server: str) -> None:
        """The turn is over."""
        with self._lock:
            self._taken[server] -= 1


def apart(pieces: Callable[[], Iterator[str]], stop: Callable[[], None]) -> Generator[str, None, None]:
    """What an iterator gives that blocks, pulled in a thread of its own; empty pieces while it blocks.

    `stop` is called at the end, also when this iterator is closed early: it must make the other one end.
    """
    line: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def pull() -> None:
        try:
            for piece in pieces():
                line.put(piece)
        finally:
            line.put(None)

    thread = DaemonThread("server")
    pulled = thread.submit(pull)
    thread.shutdown()
    try:
        while (piece := _next(line)) is not None:
            yield piece
        pulled.result()
    finally:
        stop()


def _next(line: queue.SimpleQueue[str | None]) -> str | None:
    try:
        return line.get(timeout=STEP)
    except queue.Empty:
        return ""
