"""What the broker retains: the newest message of each topic, sent again where it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from assistant.mqtt.message import Message


class Retained:
    """The newest message by topic, and which of them the broker does not have yet."""

    def __init__(self) -> None:
        self._newest: dict[str, Message] = {}
        self._until: dict[str, float] = {}
        self._due: dict[str, None] = {}
        self._changed, self._sent = asyncio.Event(), asyncio.Event()

    def put(self, message: Message) -> None:
        """It is so from now on; empty: it is forgotten. What the broker has already is not sent again.

        That something is forgotten is remembered: a broker that was killed may come back with it.
        """
        message = replace(message, retain=True)
        if self._newest.get(message.topic) != message or self._ages(message):
            self._keep(message)
            self._due.pop(message.topic, None)
            self._due[message.topic] = None  # the last of them
            self._changed.set()

    def newest(self, topic: str) -> Message | None:
        return self._newest.get(topic)

    def known(self, message: Message) -> None:
        """The broker has it; it is sent again when a broker comes back."""
        self._keep(message)
        self._due.pop(message.topic, None)

    def again(self, topic: str | None = None) -> None:
        """The broker may have lost this one, or everything."""
        self._due |= dict.fromkeys(self._newest if topic is None else [topic])
        self._changed.set()

    async def due(self) -> AsyncIterator[Message]:
        """What is to be sent, the newest of each topic; `sent` is to be told of each."""
        while True:
            while self._due:
                yield self._newest[next(iter(self._due))]
            self._changed.clear()
            await self._changed.wait()

    def fresh(self, message: Message) -> Message:
        """As it is to be sent now: what expires has so much less time, or is forgotten."""
        if message.expires is None:
            return message
        left = int(self._until[message.topic] - _now())
        return replace(message, expires=left) if left > 0 else Message(message.topic, retain=True)

    def sent(self, message: Message) -> None:
        """The broker has this one; a newer one of the same topic is still due."""
        if self._newest.get(message.topic) is message:
            self._due.pop(message.topic, None)
        sent, self._sent = self._sent, asyncio.Event()
        sent.set()

    async def settled(self, topic: str | None = None) -> None:
        """Return when this one was sent, or everything."""
        while topic in self._due if topic is not None else self._due:
            await self._sent.wait()

    def _ages(self, message: Message) -> bool:
        """Whether it would expire soon, though it is still so."""
        return message.expires is not None and _now() > self._until[message.topic] - message.expires / 2

    def _keep(self, message: Message) -> None:
        self._newest[message.topic] = message
        self._until[message.topic] = _now() + (message.expires or 0)


def _now() -> float:
    return asyncio.get_running_loop().time()
