"""A session that is told to terminate, or whose terminal is closed, ends in order."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from assistant.session import until_signal

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signals"),
]


class Session:
    """Takes a moment to be closed."""

    def __init__(self, *signals: signal.Signals) -> None:
        self.closed, self._signals = False, signals

    async def run(self) -> int:
        try:
            for number in self._signals:
                os.kill(os.getpid(), number)
            await asyncio.sleep(0.1)
        finally:
            await asyncio.sleep(0.05)
            self.closed = True
        return 0


@pytest.mark.parametrize(
    ("signals", "status"),
    [
        ((), 0),
        ((signal.SIGTERM,), 143),
        ((signal.SIGHUP,), 129),
        ((signal.SIGHUP, signal.SIGHUP), 129),
    ],
)
async def test_a_session_is_closed_in_order_and_its_status_says_why(
    signals: tuple[signal.Signals, ...], status: int
) -> None:
    session = Session(*signals)
    assert await until_signal(session.run()) == status
    assert session.closed


async def test_a_session_that_is_to_outlive_its_terminal_does() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert await until_signal(Session(signal.SIGHUP).run()) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
