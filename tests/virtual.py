"""The virtual clock as tests use it: no test waits, and "every task is waiting" is a failure, not a hang."""

from __future__ import annotations

from pipelines.clock import MOST_ROUNDS, Stalled, VirtualLoop, run

__all__ = ["MOST_ROUNDS", "Stalled", "VirtualLoop", "run"]
