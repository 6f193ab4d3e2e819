"""What goes out on a connection: what is so, and what happened, in an order in which each can be understood."""

from __future__ import annotations

from dataclasses import replace

from assistant.mqtt import payloads
from assistant.mqtt.courier import Courier
from assistant.mqtt.errors import NotTaken
from assistant.mqtt.message import Message
from assistant.mqtt.outbox import Entry
from assistant.mqtt.retained import Retained
from assistant.mqtt.sending import Sender


class Delivery:
    """From the outbox and from what is retained to whoever sends."""

    def __init__(self, retained: Retained, courier: Courier, sender: Sender, keep: float) -> None:
        """`keep`: hours for which the broker retains what comes from the outbox."""
        self.lost = 0
        """Messages of the outbox that the broker would not take, or that are not ours."""
        self._retained, self._courier, self._sender, self._expires = retained, courier, sender, round(keep * 3600)

    async def states(self) -> None:
        """Send what is so, until cancelled. Raises BrokerLost."""
        async for message in self._retained.due():
            await self._sender.send(self._retained.fresh(message))
            self._retained.sent(message)

    async def events(self) -> None:
        """Send what happened, until cancelled. Raises BrokerLost."""
        await self._courier.deliver(self._send, self._ready)

    async def _ready(self, entry: Entry) -> None:
        """Whoever hears of an event may look for its picture: that is there before."""
        if entry.topic.endswith("/event"):
            await self._retained.settled(f"{entry.topic.removesuffix('event')}keyframe")

    async def _send(self, message: Message) -> None:
        if not payloads.is_ours(message.payload):
            self.lost += 1
            self._sender.say_once("mqtt.outbox", NotTaken("mqtt.outbox holds what is no event of ours: left out"))
            return
        before = self._retained.newest(message.topic)
        message = replace(message, expires=self._expires if message.retain else None)
        if not await self._sender.send(message):
            self.lost += 1
        elif message.retain and self._retained.newest(message.topic) is before:  # and was not cleared meanwhile
            self._retained.known(message)
