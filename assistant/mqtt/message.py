"""One message to or from the broker, whatever client carries it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain

_NO_TOPIC = re.compile(r"[+#\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|^\$|^$")
"""What MQTT 5 (1.5.4, 4.7) forbids or lets a broker end the connection for, and its own topics."""
_LONGEST = 65_535
"""Bytes of any text in a packet."""
DEEPEST = 100
"""Levels of a topic: at more than 200, Mosquitto ends the connection of whoever publishes there."""


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes = b""
    """Empty and retained: what was retained there is forgotten."""
    retain: bool = False
    """Of one that came in: the broker had kept it, it is not from now."""
    qos: int = 1
    expires: int | None = None
    """Seconds after which it is not worth delivering (MQTT 5)."""
    content_type: str = ""
    response_topic: str = ""
    """Where the answer is wanted (MQTT 5)."""
    correlation: bytes = b""
    """What goes back with the answer as it is (MQTT 5)."""
    properties: tuple[tuple[str, str], ...] = ()
    """What else is said of it, by name (MQTT 5)."""

    @property
    def flaw(self) -> str:
        """Why no broker would take it, since where to answer comes from outside; empty where it may be sent."""
        for topic in (self.topic, self.response_topic or self.topic):
            if _NO_TOPIC.search(topic) or len(topic.encode()) > _LONGEST or topic.count("/") >= DEEPEST:
                return f"{topic[:80]!r} is no topic to publish to"
        longest = max(len(self.content_type.encode(errors="replace")), len(self.correlation))
        return "" if longest <= _LONGEST else f"{self.topic}: its properties are too long"

    @property
    def size(self) -> int:
        """Bytes of its payload and texts."""
        texts = (self.topic, self.content_type, self.response_topic, *chain.from_iterable(self.properties))
        return len(self.payload) + len(self.correlation) + sum(len(text.encode()) for text in texts)


Publish = Callable[[Message], Awaitable[None]]
"""Returns when the broker has it. Raises BrokerError."""
