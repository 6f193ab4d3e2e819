"""One message to or from the broker, whatever client carries it."""

from __future__ import annotations

from dataclasses import dataclass


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
