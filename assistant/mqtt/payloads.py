"""What an event looks like to somebody outside: JSON with UTC times, its age at the moment of sending, bounded."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from assistant.mqtt.health import BridgeHealth
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from pipelines.news import Kind
from pipelines.types import Answer, CameraEvent, Caption, Event, Reply, Transcript, as_json
from pipelines.wording import printable, shortened

MOST = 15_000
"""Bytes of a payload at the most: Home Assistant keeps no attributes of more than 16 KB."""
_LIMITS = ((2000, 256), (600, 64), (150, 16), (64, 8))
"""Characters of a text and entries of a list; the next ones are for payloads that are still too long."""
_AGED_BY = ("captured_at", "said_at", "ended_at", "at")
"""The times that an age is counted from: the first of them that there is."""


@dataclass(frozen=True, slots=True)
class Added:
    """What payloads say beside the event itself, where it applies."""

    age_ms: int | None
    """Milliseconds from the newest picture or sound that this rests on to the moment it was sent; null: unknown."""
    latency_ms: int
    """Milliseconds that the answer to this picture, sound or question took."""
    event_type: Kind
    """The same as `kind`, as Home Assistant calls it."""
    keyframe_topic: str | None
    """Where its picture is published, as a JPEG; null where there is none."""


ADDED: dict[type, tuple[str, ...]] = {
    CameraEvent: ("latency_ms", "event_type", "keyframe_topic"),
    Caption: ("latency_ms", "keyframe_topic"),
    Answer: ("latency_ms",),
    Transcript: ("latency_ms",),
    Reply: ("latency_ms",),
}
"""Which of it, beside the age, which all have."""
LEFT_OUT = frozenset({"words"})
"""Fields that nobody outside is told: each word's own time."""


def payload(event: Event, clock: Clock, topics: Topics | None = None) -> dict[str, Any]:
    """The event as JSON-able values of at most `MOST` bytes, as it is kept until it is sent.

    All times that are seconds on the loop's clock become UTC, as ISO 8601 with milliseconds (null before `clock` was
    told when the session started). `topics`: this node's, where pictures are published.
    """
    values = {name: value for name, value in as_json(event).items() if name not in LEFT_OUT}
    outward = _outward(values, clock)
    return outward | {name: _added(name, event, topics) for name in ADDED.get(type(event), ())}


def health(report: BridgeHealth, clock: Clock) -> dict[str, Any]:
    """The same for an account of how everything is."""
    return _outward({"type": "bridge_health", **asdict(report)}, clock)


def stored(values: dict[str, Any]) -> bytes:
    """A payload as UTF-8, to be kept until it is sent."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def sent(kept: bytes, now: datetime) -> bytes:
    """What leaves at this moment: the same with its age. What has none (a picture, `ON`) leaves as it is.

    `now`: the present by the clock that the times in it came from.
    """
    if not kept.startswith(b'{"type":'):
        return kept
    values = json.loads(kept)
    return stored(values | {"age_ms": _age(values, now)}) if "age_ms" in values else kept


def is_ours(kept: bytes) -> bool:
    """Whether it is an event as `stored` keeps it, and can be sent: what stands in a file may be anybody's."""
    try:
        values = json.loads(kept)
        if not isinstance(values, dict) or not values.keys() >= {"type", "age_ms"}:
            return False
        sent(stored(values), datetime.now(UTC))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False
    return kept.startswith(b'{"type":')


def _age(values: dict[str, Any], now: datetime) -> int | None:
    at = next((values[name] for name in _AGED_BY if name in values), None)
    return None if at is None else max(0, round((now - datetime.fromisoformat(at)).total_seconds() * 1000))


def _added(name: str, event: Any, topics: Topics | None) -> Any:
    """The value of one field of `Added` that this kind of event has."""
    match name:
        case "latency_ms":
            took = event.answered_at - event.asked_at if isinstance(event, Answer | Reply) else event.took
            return round(max(0.0, took) * 1000)
        case "event_type":
            return event.kind
        case _:
            return None if topics is None or event.keyframe is None else topics.camera(event.camera, "keyframe")


def _outward(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """In UTC, with a place for its age, harmless and not too long."""
    told: dict[str, Any] = _timed(values, clock) | {"age_ms": None}
    for characters, entries in _LIMITS:
        bounded: dict[str, Any] = {name: _bounded(value, characters, entries) for name, value in told.items()}
        if len(stored(bounded)) <= MOST:
            break
    return bounded


def _timed(value: Any, clock: Clock) -> Any:
    """The same with UTC for every time."""
    if not isinstance(value, dict):
        return value
    return {
        name: _utc(one, clock) if is_time(name) and isinstance(one, int | float) else _timed(one, clock)
        for name, one in value.items()
    }


def is_time(name: str) -> bool:
    """Whether a field of this name is a time: `at`, `captured_at`, …"""
    return name == "at" or name.endswith("_at")


def utc(time: datetime) -> str:
    """As ISO 8601 with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _utc(at: float, clock: Clock) -> str | None:
    time = clock.time(at)
    return None if time is None else utc(time)


def _bounded(value: Any, characters: int, entries: int) -> Any:
    """Without what a terminal would obey, and with no text and no list longer than that."""
    match value:
        case str():
            return shortened(printable(value), characters)
        case dict():
            few = list(value.items())[:entries]
            return {printable(name)[:characters]: _bounded(one, characters, entries) for name, one in few}
        case list() | tuple():
            return [_bounded(one, characters, entries) for one in value[:entries]]
        case float() if not math.isfinite(value):
            return None
    return value
