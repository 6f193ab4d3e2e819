"""What ends a command from outside, in order: a request to terminate, and the terminal's window closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

ENDING: Final[tuple[signal.Signals, ...]] = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def ended_by_signal(end: Callable[[], object]) -> Iterator[list[int]]:
    """Call `end` at the first signal that ends a command, in the main thread; Ctrl-C raises, as ever.

    What comes out is filled with the numbers of those that came: the status of such a command is 128 and the first.
    """
    caught = list[int]()

    def take(number: int, _frame: object) -> None:
        caught.append(number)
        if len(caught) == 1:  # a window that is closed tells it twice: what is being closed must not be cut short
            end()

    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]  # `nohup` wants to go on
    before = {number: signal.signal(number, take) for number in heeded}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
