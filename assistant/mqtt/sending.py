"""Sends messages as they are at that moment, and learns what the broker never takes, so that it holds nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from assistant.mqtt import payloads
from assistant.mqtt.broker import Connection
from assistant.mqtt.errors import BrokerError, BrokerLost, NotTaken, TooLarge
from assistant.mqtt.message import Message
from assistant.mqtt.topics import Topics
from pipelines.types import Emit, Notice

STRIKES = 3
"""Losses of the connection in a row, each at this message, after which it is given up."""
SUDDEN = 1.0
"""Seconds after which a loss has another cause: a broker that will not read a message hangs up at once."""
_MOST_SAID = 64


class Sender:
    """Sends on the connection that there is."""

    def __init__(self, topics: Topics, now: Callable[[], datetime], emit: Emit) -> None:
        """`now`: the time of day, by the clock that the times in payloads come from."""
        self.connection: Connection | None = None
        self.refused = 0
        """Messages that the broker would not take."""
        self._root, self._clock, self._emit = f"{topics.root}/", now, emit
        self._said: set[str] = set()
        self._flying: list[Message] = []
        self._blamed: Connection | None = None
        self._suspect, self._strikes = Message(""), 0
        self._largest = float("inf")
        """Bytes of a payload at which the broker hangs up, about, once that is known."""

    async def send(self, message: Message) -> bool:
        """With its age at this moment. What the broker never takes is left out, counted and said once: False.

        Raises BrokerLost.
        """
        connection = self.connection
        if connection is None:
            raise BrokerLost("the broker is away")
        whole = replace(message, payload=payloads.sent(message.payload, self._clock()))
        try:
            await self._try(connection, whole)
        except NotTaken as error:
            self.refused += 1
            # Of topics that are not ours, which others choose, one is said for each kind of reason.
            ours = message.topic.startswith(self._root)
            self.say_once(message.topic if ours else type(error).__name__, error)
            return False
        return True

    def say_once(self, about: str, error: BrokerError) -> None:
        """Why something does not work there."""
        if about not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(about)
            self._emit(Notice(str(error), asyncio.get_running_loop().time(), "mqtt"))

    async def _try(self, connection: Connection, message: Message) -> None:
        self._spare(message)
        began = asyncio.get_running_loop().time()
        self._flying.append(message)
        try:
            await connection.publish(message)
        except BrokerLost:
            if asyncio.get_running_loop().time() - began < SUDDEN and self._blamed is not connection:
                self._blamed = connection
                self._blame(max(self._flying, key=lambda one: len(one.payload)))
            raise
        finally:
            self._flying = [one for one in self._flying if one is not message]
        if message.topic == self._suspect.topic:
            self._strikes = 0

    def _blame(self, largest: Message) -> None:
        """Of all that were on their way when the broker hung up, it is the largest that it would not read."""
        self._strikes = self._strikes + 1 if largest.topic == self._suspect.topic else 1
        self._suspect = largest

    def _spare(self, message: Message) -> None:
        """Raises TooLarge for what the broker was lost at again and again."""
        length = len(message.payload)
        if message.topic == self._suspect.topic and self._strikes >= STRIKES:
            self._strikes = 0
            if length > payloads.MOST:  # a picture: the next one has about as many bytes
                self._largest = min(self._largest, 0.9 * length)
            raise TooLarge(_hangs_up(message))
        if length >= self._largest:
            raise TooLarge(_hangs_up(message))


def _hangs_up(message: Message) -> str:
    return (
        f"the broker hangs up whenever {message.topic} comes with {len(message.payload)} bytes: "
        "raise its message_size_limit, or lower mqtt.max_side"
    )
