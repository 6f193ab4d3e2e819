"""Counts what is published of how the session is: the last error of each part, ages, losses, reconnects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assistant.mqtt.health import BridgeHealth, CameraHealth, PartHealth
from pipelines.types import CameraCounts, Caption, Event, Health, Recovered, Trouble

MOST_PARTS = 64
"""Parts whose last error is kept."""


@dataclass(slots=True)
class Account:
    """What the events of a session tell of its parts."""

    began_at: float
    """Seconds on the loop's clock."""
    unread: int = 0
    """Messages to us that were thrown away, on all connections so far."""
    last_unread: str = ""
    _parts: dict[str, PartHealth] = field(default_factory=dict)
    _captions: dict[str, Caption] = field(default_factory=dict)
    _health: Health = field(default_factory=lambda: Health(0.0, {}))

    def take(self, event: Event) -> None:
        match event:
            case Trouble():
                self._parts.pop(event.part, None)  # the newest stands last
                self._parts[event.part] = PartHealth(event.why, event.at)
                if len(self._parts) > MOST_PARTS:
                    del self._parts[next(iter(self._parts))]
            case Recovered() if event.part in self._parts:
                self._parts[event.part] = replace(self._parts[event.part], over=True)
            case Caption():
                self._captions[event.camera] = event
            case Health():
                self._health = event

    def report(self, now: float, online: Mapping[str, bool]) -> BridgeHealth:
        """How it is now. `online`: whether each camera is."""
        return BridgeHealth(
            at=now,
            uptime_s=round(now - self.began_at, 1),
            problem=any(not part.over for part in self._parts.values()),
            parts=dict(self._parts),
            cameras={camera: self._camera(camera, so, now) for camera, so in online.items()},
            captions_waiting=sum(counts.keyframes_waiting for counts in self._health.cameras.values()),
            unread=self.unread,
            last_unread=self.last_unread,
            counters=dict(self._health.counters),
        )

    def _camera(self, name: str, online: bool, now: float) -> CameraHealth:
        caption, counts = self._captions.get(name), self._health.cameras.get(name, CameraCounts())
        return CameraHealth(
            online=online,
            caption_age_s=None if caption is None else round(max(0.0, now - caption.captured_at), 1),
            latency_ms=None if caption is None else round(caption.took * 1000),
            frames=counts.frames,
            frames_dropped=counts.frames_dropped,
            keyframes_dropped=counts.keyframes_dropped,
        )
