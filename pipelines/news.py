"""What a session tells to programs: what happens before a camera, answers that are not spoken, and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.remarks import TOPICS, Level, Topic

Change = Literal["new", "update", "end"]
Kind = Literal[
    "motion",
    "person_appeared",
    "person_left",
    "scene_changed",
    "text_read",
    "camera_dark",
    "camera_covered",
    "camera_frozen",
    "camera_lost",
]
Verbosity = Literal["brief", "normal", "detailed"]
"""How much is asked of each picture: one short sentence; one sentence; several."""
Command = Literal["ask", "describe", "read", "count"]


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """Something that happens before a camera: told as it begins, again as more is known of it, and when it is over."""

    id: str
    """The same for all that is told of it, and no other's: also across sessions."""
    seq: int
    """0 where it begins, and one more each time."""
    change: Change
    camera: str
    kind: Kind
    """What it is, as far as is known: motion may turn out to be someone who came."""
    caption: str
    """What is known of it, in a sentence or more; never the text of an error."""
    title: str
    """The same in a few words."""
    began_at: float
    """Seconds on the loop's clock when the first picture of it was taken."""
    captured_at: float
    """Seconds on the loop's clock when the newest picture that these words rest on was taken."""
    took: float
    """Seconds from that picture to these words."""
    source: str = "motion"
    """What found the words: `motion`, `camera`, or the captioner's name."""
    labels: tuple[str, ...] = ()
    """Things in it, by name."""
    people: int | None = None
    """At least so many; None where nothing can tell."""
    difference: str = ""
    """What is different from before it, in words; empty where nothing can tell."""
    confidence: float | None = None
    """0 to 1, where the captioner gives one: how sure it is of the least sure thing that it names."""
    keyframe: int | None = None
    """Number of the keyframe these words are about, per camera; None: there is none yet."""
    ended_at: float | None = None
    """Seconds on the loop's clock when the last picture of it was taken; None while it goes on."""
    described_at: float | None = None
    """Seconds on the loop's clock when the picture of the same scene was taken that the captioner was shown, where that
    is an earlier one; None: the words are new."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program asked, answered in writing."""

    command: Command
    question: str
    text: str
    """Empty where there is no answer."""
    asked_at: float
    answered_at: float
    camera: str = ""
    """The camera that was asked about; empty: all."""
    captured_at: float | None = None
    """Seconds on the loop's clock of the newest picture that the answer rests on; None where it rests on none."""
    source: str = ""
    """Who asked: `mqtt`, …"""
    transaction: str = ""
    """What whoever asked calls the question."""
    why: str = ""
    """Why there is no answer; empty where there is one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set while it runs; told whenever it changes."""

    at: float
    captioning: bool = True
    """Whether pictures are put into words."""
    speaking: bool = True
    """Whether answers are spoken; else they are only written."""
    verbosity: Verbosity = "normal"
    interval: float = 0.0
    """Seconds between two captions of a camera at the least."""
    level: Level = "normal"
    """How much is said unasked."""
    topics: tuple[Topic, ...] = TOPICS
    """What is talked about unasked."""
    rate: float = 1.0
    """How fast it speaks: 1 as the voice does by itself."""
    volume: float = 1.0
    """How loud: 1 as the voice is by itself."""
    voice: str = ""
    """The voice's name where it is another one than the configuration's."""
    paused: bool = False
    """Whether nothing is said unasked for now, but hazards."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Something that was to be said, and was not."""

    text: str
    priority: str
    """How urgent it was: `hazard`, `answer`, `caption`, `change` or `working`."""
    why: str
    at: float
    topic: str = ""
    """What it is about: `people`, `text`, `objects`, `motion`, `light`; empty: something else."""
    camera: str = ""
