"""The values that travel between stages; the events among them are JSON as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from devices.media import Samples

Place = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a captioner can state one by one, beside its sentence. None or empty: it did not look, or saw none."""

    people: int | None = None
    """At least this many; None when it cannot tell."""
    places: tuple[Place, ...] = ()
    """Where each of them is, from left to right as seen."""
    maybe_people: bool = False
    """Something that may be a person, too doubtful to count."""
    text: tuple[str, ...] = ()
    """Lines of text, read exactly, from top to bottom."""
    codes: tuple[str, ...] = ()
    """What QR codes and bar codes say."""
    light: Literal["dark", "dim", "normal", "bright"] | None = None
    colours: tuple[str, ...] = ()
    """Names of the colours that fill most of the picture, most of it first."""
    blurred: bool = False
    motion: Literal["none", "left", "centre", "right", "camera"] | None = None
    """Where something moved since the last keyframe; `camera` when the whole picture did."""
    changes: tuple[str, ...] = ()
    """What differs from the last keyframe, a short clause each: "one person more", "the text “EXIT” is gone"."""
    labels: tuple[str, ...] = ()
    """Things by name, for captioners that can name them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A captioner's answer for one frame."""

    text: str
    facts: Facts | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcriber's answer for one utterance."""

    text: str
    """Empty when nothing was said that it understands."""
    confidence: float | None = None
    """0 to 1, where the transcriber gives one."""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Caption:
    """What is seen, in words."""

    text: str
    camera: str
    captured_at: float
    """Seconds on the loop's clock when its keyframe was taken."""
    took: float
    """Seconds from the keyframe's capture to this caption; 0 for a file read fast, whose time runs ahead."""
    keyframe: int
    """Number of the keyframe it speaks of, from 1, per camera."""
    facts: Facts | None = None
    still_at: float | None = None
    """When the picture was last found unchanged since then; None where nobody looked again."""

    @property
    def known_at(self) -> float:
        """Seconds on the loop's clock of the newest evidence for it."""
        return self.captured_at if self.still_at is None else self.still_at


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to talk: the interrupt signal, sent before any transcription."""

    at: float
    """Seconds on the loop's clock at the first sound of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """The sound from the first word to the final pause. It carries samples, so it is no event."""

    samples: Samples
    rate: int
    started_at: float
    ended_at: float
    """Seconds on the loop's clock at the last speech in it (the pause that ended it came after)."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """The sound so far of an utterance that still goes on. It carries samples, so it is no event."""

    samples: Samples
    started_at: float
    ended_at: float
    """Seconds on the loop's clock at its last sample."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """What someone who still talks has said so far. It may change: nothing is answered to it."""

    text: str
    at: float
    """Seconds on the loop's clock at the last sound in it."""
    took: float = 0.0
    """Seconds from that sound to these words."""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """One utterance, or one typed ask, in words."""

    text: str
    """Empty when speech was heard but not understood."""
    said_at: float
    """Seconds on the loop's clock when the speaker ended."""
    took: float = 0.0
    """Seconds from the end of speech to this transcript."""
    source: str = "voice"
    """`voice`, `keyboard`, or another way of asking."""
    confidence: float | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """One sentence ready to be heard; it keeps its words. It carries samples, so it is no event."""

    text: str
    samples: Samples
    rate: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What was said aloud, up to where it was cut."""

    text: str
    """What was heard of it (or, with no voice, what was written)."""
    asked: str
    asked_at: float
    answered_at: float
    """Seconds on the loop's clock at its first sound (or, with no voice, its first sentence)."""
    ended_at: float
    cut: bool = False
    """True when it was interrupted before its end."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part that could not answer, which one and why."""

    part: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """A part that had trouble, and is well again."""

    part: str
    at: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know once: a stand-in's limits, samples that were lost."""

    text: str
    at: float
    part: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of a session: which parts run, and what the clock of the others means."""

    at: float
    utc: str
    """ISO 8601 time at `at`."""
    parts: dict[str, str] = field(default_factory=dict)
    """From part to what it is: `captioner` → `embedded`."""


@dataclass(frozen=True, slots=True)
class Health:
    """The counters of the lines, and how much the parts were asked and dropped."""

    at: float
    counters: dict[str, int]


Event = (
    Caption | SpeechStarted | PartialTranscript | Transcript | Reply | Trouble | Recovered | Notice | Started | Health
)


Perception = Caption | SpeechStarted | Transcript
"""What the conversation is told."""

Emit = Callable[[Event], None]
"""How a stage puts an event on the feed: at once, from the event loop's thread."""


def type_name(event: Event) -> str:
    """The value's name as a topic or message type: `SpeechStarted` → `speech_started`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()


def as_json(event: Event) -> dict[str, Any]:
    """The event as JSON-able values, its type first."""
    return {"type": type_name(event), **asdict(event)}
