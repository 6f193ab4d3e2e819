"""How late an event loop wakes, beside processes that do nothing but sleep and wake, one on each core."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

BAR = 0.050
"""Seconds that something is late, from which on it is a stall."""
STEP = 0.005
"""Seconds between two looks at the clock."""
LONG = 0.010
"""Seconds from which on a callback of the loop is named."""


class Woke(NamedTuple):
    """One waking from sleep, on the clock that all processes share."""

    due: float
    late: float
    """Seconds after `due`."""


@dataclass
class Lag:
    """How late something that sleeps wakes, and which callbacks of the loop took long."""

    wakings: list[Woke] = field(default_factory=list)
    callbacks: list[tuple[float, float, str]] = field(default_factory=list)
    """Seconds, seconds of those on the processor, and what."""

    collections: list[float] = field(default_factory=list)
    """Seconds for which garbage was looked for, and no thread ran, each time that it took long."""

    async def watch(self) -> None:
        while True:
            due = time.monotonic() + STEP
            await asyncio.sleep(STEP)
            self.wakings.append(Woke(due, time.monotonic() - due))

    def stalls(self, longest: float = BAR) -> list[Woke]:
        return [woke for woke in self.wakings if woke.late > longest]

    def alone(self, other: Lag) -> list[Woke]:
        """The stalls in which the other was not held up half as long."""
        theirs = other.stalls(BAR / 2)
        return [
            ours
            for ours in self.stalls()
            if not any(one.due < ours.due + ours.late and ours.due < one.due + one.late for one in theirs)
        ]

    @contextmanager
    def named(self) -> Iterator[None]:
        """Time every callback of event loops meanwhile, and every search for garbage."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            began, worked = time.monotonic(), time.thread_time()
            run(handle)
            took = time.monotonic() - began
            if took > LONG:
                self.callbacks.append((took, time.thread_time() - worked, repr(handle)[:160]))

        began = 0.0

        def collected(phase: str, _: dict[str, int]) -> None:
            nonlocal began
            if phase == "start":
                began = time.monotonic()
            elif (took := time.monotonic() - began) > LONG:
                self.collections.append(took)

        asyncio.Handle._run = timed  # type: ignore[assignment,method-assign]
        gc.callbacks.append(collected)
        try:
            yield
        finally:
            gc.callbacks.remove(collected)
            asyncio.Handle._run = run  # type: ignore[method-assign]

    def figures(self) -> dict[str, float]:
        p50, p99, p999, most = np.percentile([woke.late for woke in self.wakings], [50, 99, 99.9, 100]) * 1000
        found = {"median": p50, "p99": p99, "p99.9": p999, "max": most}
        return {name: round(float(value), 1) for name, value in found.items()} | {"over 50 ms": len(self.stalls())}


class Idle:
    """A process that sleeps and wakes on one core."""

    def __init__(self, core: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.line, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_idle, args=(theirs, core), daemon=True)
        self._process.start()

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _idle(line: Connection, core: int) -> None:
    """Sleep and wake on this core between `begin` and `end`, and tell how late."""
    os.sched_setaffinity(0, {core})
    line.recv()
    late = []
    while not line.poll():
        due = time.monotonic() + STEP
        time.sleep(STEP)
        late.append(Woke(due, time.monotonic() - due))
    line.send(late)
    time.sleep(60)
