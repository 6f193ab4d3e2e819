"""Keeps the way to the broker open: tries again when it is lost, soon at first, and says so once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from assistant.mqtt.broker import Connection, connected
from assistant.mqtt.errors import BrokerError, BrokerRefused
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from pipelines.trouble import STEADY, Patience

Connect = Callable[[MqttOptions, Message], AbstractAsyncContextManager[Connection]]
"""See `broker.connected`."""
SOONEST, LATEST = 1.0, 30.0
"""Seconds between two tries at the least and at the most."""
BRIEF, SEVERAL = 10.0, 5
"""Seconds that a connection is short of, and how many such in a row mean that somebody else may take them over."""
_HURRY = 0.1
"""How long a rest is, as a part of the time that it has been away: it is never away much longer than the broker was.

Away is also what comes and goes, until it has stayed a while."""


class Link:
    """The connection, made anew whenever it is lost."""

    def __init__(self, options: MqttOptions, will: Message, patience: Patience, connect: Connect = connected) -> None:
        self.times = 0
        """How often the broker was reached."""
        self.up = False
        self._options, self._will, self._patience, self._connect = options, will, patience, connect
        self._away_since: float | None = None
        self._since, self._briefly = 0.0, 0
        self._steady: asyncio.TimerHandle | None = None

    async def keep(self, serve: Callable[[Connection], Awaitable[None]]) -> None:
        """Serve each connection until it is lost; returns when `serve` does, and the broker was told goodbye."""
        while True:
            try:
                async with self._connect(self._options, self._will) as connection:
                    self.times, self.up, self._since = self.times + 1, True, _now()
                    await serve(connection)
                return
            except BrokerError as error:
                self._failed(error)
                rest = self._rest(error)
            finally:
                self.up = False
                self._give_up_steadiness()
            await asyncio.sleep(rest)

    def _failed(self, error: BrokerError) -> None:
        """Not every broker says that another program came under this one's name: then it looks like bad luck."""
        self._briefly = self._briefly + 1 if self.up and _now() - self._since < BRIEF else 0
        if self._briefly < SEVERAL or "mqtt.node" in str(error):
            self._patience.failed(str(error))
            return
        say = self._patience.learned if self._briefly == SEVERAL else self._patience.failed
        say(f"{error}, again and again: another program may have the same mqtt.node")

    def works(self) -> None:
        """The broker has taken what it was told first: if that lasts, all is well again."""
        self._steady = asyncio.get_running_loop().call_later(STEADY, self._is_well)

    def _is_well(self) -> None:
        self._away_since = None
        self._patience.worked()

    def _give_up_steadiness(self) -> None:
        if self._steady is not None:
            self._steady.cancel()

    def _rest(self, error: BrokerError) -> float:
        now = _now()
        if self._away_since is None:
            self._away_since = now
        if isinstance(error, BrokerRefused):
            return LATEST
        rest = min(max(SOONEST, (now - self._away_since) * _HURRY), LATEST)
        return rest * random.uniform(0.9, 1.0)  # not all programs of a broker that was away come back at one moment


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Do them side by side until the first of them ends, and the others with it; raises what that one raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _now() -> float:
    return asyncio.get_running_loop().time()
