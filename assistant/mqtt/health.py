"""How the session and its way to the broker are, as it is published from time to time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """How one camera is."""

    online: bool
    caption_age_s: float | None = None
    """Seconds since the picture of its last caption was taken; None: there is none."""
    latency_ms: int | None = None
    """Milliseconds from that picture to its caption."""
    frames: int = 0
    """Pictures that it took."""
    frames_dropped: int = 0
    """Pictures that nobody looked at, as there was a newer one."""
    keyframes_dropped: int = 0
    """Pictures that were worth words and got none, as there was a newer one."""


@dataclass(frozen=True, slots=True)
class PartHealth:
    """The last error of one part."""

    why: str
    at: float
    """Seconds on the loop's clock when it was told."""
    over: bool = False
    """Whether the part is well again."""


@dataclass(frozen=True, slots=True)
class BridgeHealth:
    """All of it; published on `bridge/health`, retained."""

    at: float
    """Seconds on the loop's clock when it was counted."""
    uptime_s: float
    """Seconds since the session began."""
    problem: bool = False
    """Whether some part has trouble at present."""
    parts: dict[str, PartHealth] = field(default_factory=dict)
    """The last error of each part that had one."""
    cameras: dict[str, CameraHealth] = field(default_factory=dict)
    waiting: int = 0
    """Messages in the outbox."""
    captions_waiting: int = 0
    """Pictures that wait for words."""
    lost: int = 0
    """Messages that had no room or were kept too long, that the broker would not take, or that came too fast."""
    orders_refused: int = 0
    """Orders that were not obeyed: retained, expired, damaged, too long, too many."""
    messages_refused: int = 0
    """Messages of ours, of any kind, that the broker would not take."""
    unread: int = 0
    """Messages to us that were thrown away unread: too many at once, or too large."""
    last_unread: str = ""
    """What the last of them was."""
    reconnects: int = 0
    """How often the broker was reached again."""
    counters: dict[str, int] = field(default_factory=dict)
    """What the lines of the session counted."""
