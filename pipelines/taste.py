"""What somebody wants to hear: how much at each level, until when, in which hours, and what not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Literal

from pydantic import Field, field_validator

from devices.media import Options
from pipelines.remarks import TOPICS, Level, Priority, Remark, Topic

Why = Literal[
    "expired",
    "no words left",
    "told already",
    "newer",
    "outranked",
    "switched off",
    "quiet hours",
    "paused",
    "too many",
    "withdrawn",
    "cameras off",
    "cut",
    "the end",
]
"""Why something is not said."""

HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
"""From one time of the day to another."""


class SpeechOptions(Options):
    """What is said, when and how much. Times are in seconds."""

    hazard: float = Field(default=5.0, gt=0, le=60)
    """A hazard that could not be told so soon is none any more."""
    caption: float = Field(default=6.0, gt=0, le=120)
    """What is seen is not told later than that."""
    change: float = Field(default=3.0, gt=0, le=120)
    """The same of small changes."""
    working: float = Field(default=2.0, gt=0, le=120)
    """The same of what is being done."""
    low: int = Field(default=30, ge=5, le=400)
    """Words in any one minute that are said unasked, at the most, at the level `low`."""
    normal: int = Field(default=75, ge=5, le=400)
    """The same at the level `normal`."""
    high: int = Field(default=150, ge=5, le=400)
    """The same at the level `high`; at `off` nothing of what is seen is said unasked but hazards."""
    quiet: str = ""
    """Hours in which nothing is said unasked but hazards, by the clock on the wall: `22:00-07:00`."""
    patience: float = Field(default=0.0, ge=0, le=60)
    """Whoever waits so long for the first sound of an answer is told that it takes a while; 0: nobody is."""
    resume: bool = True
    """Whether an answer that gave way to a hazard goes on after it."""

    @field_validator("quiet")
    @classmethod
    def _hours(cls, quiet: str) -> str:
        begins, _, ends = quiet.partition("-")
        if quiet and not HOURS.fullmatch(quiet):
            raise ValueError("write hours as 22:00-07:00")
        if quiet and begins == ends:
            raise ValueError("no time lies between these hours: write 22:00-07:00, or leave it empty")
        return quiet

    def budget(self, level: Level) -> int:
        """Words a minute."""
        return {"off": 0, "low": self.low, "normal": self.normal, "high": self.high}[level]

    def lasts(self, priority: Priority) -> float:
        """Seconds until a remark expires that names no time; answers do not."""
        known = {
            Priority.HAZARD: self.hazard,
            Priority.CAPTION: self.caption,
            Priority.CHANGE: self.change,
            Priority.WORKING: self.working,
        }
        return known.get(priority, inf)


@dataclass(slots=True)
class Taste:
    """What somebody wants to hear at present."""

    level: Level = "normal"
    topics: frozenset[Topic] = frozenset(TOPICS)
    paused: bool = False
    """Nothing unasked but hazards, for now."""
    quiet: bool = False
    """These are quiet hours."""
    blind: bool = False
    """Cameras are switched off: what they showed is nobody's business."""

    def unwanted(self, remark: Remark) -> Why | None:
        """Why nobody wants to hear it at present, or may."""
        if self.blind and remark.camera:
            return "cameras off"
        if remark.asked or remark.priority is Priority.HAZARD:
            return None
        if self.quiet or self.paused:
            return "quiet hours" if self.quiet else "paused"
        off = self.level == "off" or (remark.topic is not None and remark.topic not in self.topics)
        return "switched off" if off and not remark.free else None
