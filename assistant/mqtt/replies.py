"""What goes back to whoever sent an order: the answer, or whether it was done; and where it may go."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from assistant.mqtt.errors import BrokerError
from assistant.mqtt.forms import Refused
from assistant.mqtt.message import DEEPEST, Message, Publish
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.payloads import payload, stored
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from pipelines.news import Answer

EXPIRES = 300
"""Seconds after which nobody waits for an answer any more."""
MOST = 1024
"""Bytes of a response topic, and of the correlation data."""


@dataclass(frozen=True, slots=True)
class Back:
    """Who sent an order."""

    topic: str = ""
    """Where the answer is wanted; empty: nowhere in particular."""
    correlation: bytes = b""
    transaction: str = ""

    @property
    def wanted(self) -> bool:
        """Whether somebody can be told what became of it."""
        return bool(self.topic or self.transaction)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order that is no question, or of one that was refused; JSON as it stands."""

    command: str
    """The name of the order."""
    done: bool
    why: str
    """Why not; empty where it was done."""
    transaction: str
    """What its sender called it."""
    at: str
    """When, in UTC, as ISO 8601."""
    type: str = "outcome"


class Replies:
    """Publishes them; what the broker does not take is nobody's any more."""

    def __init__(self, options: MqttOptions, clock: Clock, publish: Publish) -> None:
        self._own = (options.base, options.discovery_prefix)
        self._topics, self._clock, self._publish = Topics(options.base, options.node), clock, publish

    def back(self, message: Message, transaction: str = "") -> Back:
        """Where an answer to this message goes. Raises Refused for a topic that must not be written to.

        Our own topics and those of Home Assistant are among these: an answer there would be taken for something else.
        """
        topic = message.response_topic
        if not topic:
            return Back(transaction=transaction)
        ours = any(f"{topic}/".startswith(f"{own}/") for own in self._own)
        if ours or Message(topic).flaw or len(topic.encode()) > MOST:
            outside = f"outside {' and '.join(self._own)}, without + and #, not to $…"
            raise Refused(f"answers go to a topic {outside}, of at most {DEEPEST} levels")
        if len(message.correlation) > MOST:
            raise Refused(f"its correlation data has {len(message.correlation)} bytes, and may have {MOST}")
        return Back(topic, message.correlation, transaction)

    async def answer(self, answer: Answer, back: Back) -> None:
        """To where it is wanted; on the node's own topic it is as all answers are."""
        if back.topic:
            await self._send(back.topic, stored(payload(answer, self._clock)), back)

    async def outcome(self, command: str, why: str, back: Back) -> None:
        """To where it is wanted; to the node's own topic only if it can be told from others there."""
        topic = back.topic or (self._topics.outcome if back.transaction else "")
        if topic:
            outcome = Outcome(command, not why, why, back.transaction, self.time().isoformat(timespec="milliseconds"))
            await self._send(topic, stored(asdict(outcome)), back)

    def time(self) -> datetime:
        """Of day, in UTC, by the clock that the times in payloads come from."""
        time = self._clock.time(asyncio.get_running_loop().time())
        return (time or datetime.now(UTC)).astimezone(UTC)

    async def _send(self, topic: str, content: bytes, back: Back) -> None:
        message = Message(topic, content, expires=EXPIRES, content_type="application/json")
        try:
            await self._publish(replace(message, correlation=back.correlation))
        except BrokerError:
            return  # it is on the feed all the same
