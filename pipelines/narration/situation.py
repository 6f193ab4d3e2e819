"""What is before a camera at this moment, as far as boxes bear it out: for narration, questions and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.spots import Box, Spot

Course = Literal["approaching", "leaving", "moving", "still"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A person or a thing that was found in several pictures."""

    number: int
    """The same for the same thing as long as it is followed, and no other's."""
    label: str
    box: Box
    """Where it was seen last."""
    score: float
    """How sure the detector is of it, 0 to 1, over several pictures."""
    since: float
    """Seconds on the loop's clock when it was first found."""
    seen_at: float
    course: Course = "still"
    """Towards the camera, away from it, aside, or none of these."""
    rivals: tuple[str, ...] = ()
    """Other names that the detector has for the same box: then it is not sure what that is."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Of one camera."""

    camera: str
    things: tuple[Thing, ...] = ()
    """From left to right. Empty: none of what can be found; see `known_at`."""
    texts: tuple[Spot, ...] = ()
    """Lines of text and codes that stand there now, from top to bottom."""
    known_at: float | None = None
    """Seconds on the loop's clock of the newest picture that was searched for things; None: none was."""
    read_at: float | None = None
    """The same of text."""
    trouble: str = ""
    """What is the matter with the camera itself, in words; empty: nothing."""
