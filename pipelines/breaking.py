"""Work that may be broken off from outside, while whoever waits for it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Breakable:
    """Runs work until its end, or until it is broken off."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work gives; None where it was broken off, be it that it had just ended. Raises what it raises."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        try:
            await asyncio.wait([task])
            wanted = task in self._tasks
        finally:
            self._tasks.discard(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return task.result() if wanted and not task.cancelled() else None

    def break_off(self) -> None:
        """End all that runs: none of it takes another step."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
