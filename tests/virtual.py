"""The virtual clock as tests use it: no test waits, and "every task is waiting" is a failure, not a hang."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from pipelines import clock
from pipelines.clock import MOST_ROUNDS, Stalled, VirtualLoop

__all__ = ["MOST_ROUNDS", "Stalled", "VirtualLoop", "run"]

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], seconds: float = 3600.0, start: float = 1000.0) -> T:
    """Run to the end on a virtual clock; more than `seconds` of its time is a TimeoutError."""
    try:
        return clock.run(main, seconds, start)
    except Stalled as error:
        raise AssertionError(str(error)) from error
