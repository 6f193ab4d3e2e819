"""Brings events to the broker: stored first, sent in order, and taken out of the store once the broker has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from assistant.mqtt import outbox
from assistant.mqtt.message import Message, Publish
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.outbox import Entry, Outbox
from assistant.mqtt.states import SPOKEN
from assistant.mqtt.topics import Topics
from devices.threads import DaemonThread
from pipelines.trouble import Patience

T = TypeVar("T")

Ready = Callable[[Entry], Awaitable[None]]
"""Returns when it may be sent."""
FORGETS_EVERY = 600.0
"""Seconds between two looks for what waited too long."""


class Courier:
    """The outbox with a thread of its own, and who empties it."""

    def __init__(self, options: MqttOptions, now: Callable[[], datetime], patience: Patience) -> None:
        """`now`: the time of day."""
        self._options, self._clock, self._patience = options, now, patience
        self._thread = DaemonThread("outbox")
        self._outbox: Outbox | None = None
        self._stored, self._empty = asyncio.Event(), asyncio.Event()
        self._withdrawals = 0

    async def open(self) -> None:
        """Raises BackendError where the outbox is not to be had."""
        self._outbox = await self._call(partial(Outbox, outbox.place(self._options), self._options.outbox.most))
        topics = Topics(self._options.base, self._options.node)
        for name in () if self._options.speech else SPOKEN:
            await self._call(partial(self._outbox.leave_out, topics.state(name)))
        self._changed()

    async def put(self, entry: Entry) -> None:
        """Returns when it is stored."""
        await self._call(partial(self.box.put, entry, self._now()))
        self._changed()

    def hush(self, event: str) -> None:
        """Nothing is told of the beginning of this event."""
        self.box.hush(event)

    def withdraw(self) -> None:
        """Take back what is private, at once also what is about to be sent."""
        self._withdrawals += 1
        asyncio.get_running_loop().run_in_executor(self._thread, self.box.withdraw).add_done_callback(self._withdrawn)

    async def deliver(self, publish: Publish, ready: Ready) -> None:
        """Send what is stored, the oldest first and one at a time, until cancelled. Raises what these two raise."""
        done = 0
        while True:
            entry = await self._next(done, ready)
            await publish(Message(entry.topic, entry.payload, retain=entry.retain))
            done = entry.number

    async def _next(self, done: int, ready: Ready) -> Entry:
        """What is to be sent next, as it is now: what was read while something was taken back is read again."""
        while True:
            before = self._withdrawals
            entry = await self._call(partial(self.box.next, done))
            self._changed()
            if entry is None:
                await self._stored.wait()
                continue
            await ready(entry)
            if before == self._withdrawals:
                return entry

    def _withdrawn(self, work: asyncio.Future[None]) -> None:
        work.result()
        self._changed()

    async def forget(self) -> None:
        """Give up what waited too long, now and from time to time, until cancelled."""
        while True:
            await self._call(partial(self.box.forget, self._now() - self._options.outbox.keep * 3600))
            self._changed()
            await asyncio.sleep(FORGETS_EVERY)

    async def emptied(self) -> None:
        """Return when nothing waits."""
        await self._empty.wait()

    async def close(self) -> None:
        if self._outbox is not None:
            await self._call(self._outbox.close)
        self._thread.shutdown()

    @property
    def box(self) -> Outbox:
        assert self._outbox is not None, "opened first"
        return self._outbox

    @property
    def waiting(self) -> int:
        """Messages in the outbox."""
        return len(self.box)

    @property
    def lost(self) -> int:
        """Messages that it had no room for, or kept too long."""
        return self.box.lost

    def _changed(self) -> None:
        if self.box.trouble:
            self._patience.failed(self.box.trouble)
        full = len(self.box) > 0
        for event, so in ((self._stored, full), (self._empty, not full)):
            event.set() if so else event.clear()

    def _now(self) -> float:
        return self._clock().timestamp()

    async def _call(self, work: Callable[[], T]) -> T:
        # Who is cancelled must not leave in the outbox what the broker has.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
