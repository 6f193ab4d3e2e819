"""Something that hangs as a dead disk or driver does, and how long leaving takes meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any


class Hang:
    """Stands in for a function: whoever calls it hangs until the test is over, and then gets `result`."""

    def __init__(self, result: Any = None) -> None:
        self._result = result
        self.reached, self._over = threading.Event(), threading.Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.reached.set()
        self._over.wait(30)
        return self._result

    def __enter__(self) -> Hang:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()


def seconds_to_leave(work: Coroutine[Any, Any, None], hang: Hang) -> float:
    """Run `work` in an event loop of its own until it hangs; from there, the seconds until the loop is gone."""

    async def story() -> float:
        task = asyncio.create_task(work)
        await asyncio.to_thread(hang.reached.wait, 10)
        cancelled_at = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        return cancelled_at

    before = set(threading.enumerate())
    cancelled_at = asyncio.run(asyncio.wait_for(story(), 10))
    left_at = time.monotonic()
    # What is not a daemon keeps the process from ending.
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)
    return left_at - cancelled_at
