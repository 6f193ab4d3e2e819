"""Keeping what C libraries print on standard error off the terminal, whoever else does so at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_lock = threading.Lock()
_inside = 0
_kept: int | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Send the standard error of the whole process nowhere meanwhile; from any thread, nested, or several at once.

    It is silenced by the first to come and given back by the last to leave. Nobody waits for another: a device that
    hangs in here keeps no model from loading.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _kept
    with _lock:
        _inside += 1
        if _inside == 1:
            with suppress(OSError):  # there is no standard error to silence
                _kept = os.dup(2)
                _silence()


def _leave() -> None:
    global _inside, _kept
    with _lock:
        _inside -= 1
        if _inside == 0 and _kept is not None:
            os.dup2(_kept, 2)
            os.close(_kept)
            _kept = None


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
