"""What a language must bring so that answers by rule can be given in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.chats.requests import Request
from pipelines.types import Caption, Facts


@dataclass(frozen=True, slots=True)
class OfMemory:
    """How it is told what was seen in the course of time."""

    when: Callable[[float, datetime], str]
    """An age in seconds, and what time it is now; with the hour of the clock where that was long ago."""
    moment: Callable[[str, str, str], str]
    """When, on which camera (empty: there is only one), and what was to be seen."""
    seen: Callable[[Caption], str]
    """All that a caption says."""
    changed: Callable[[Caption], str]
    """What became different with it; empty where it does not say."""
    now: Callable[[str], str]
    last: Callable[[str], str]
    """A thing that was seen at that moment for the last time."""
    first: Callable[[str], str]
    """What is seen since that moment."""
    until: Callable[[str, str], str]
    """A thing that was seen from when to when."""
    came: Callable[[str], str]
    always: Callable[[str], str]
    """Someone was there in the first picture of all, at that time."""
    left: Callable[[str, str], str]
    """When someone was seen last, and since when nobody."""
    looked: Callable[[str], str]
    """When the camera saw anything last."""
    space: str
    """Stands between two sentences."""
    unchanged: str
    nothing_before: str
    nobody: str
    unknown: str
    never: str
    """What was asked for was not seen."""
    nameless: str
    """The eyes that looked cannot name things."""


@dataclass(frozen=True, slots=True)
class Language:
    """Sentences to say as they stand, and functions that make one."""

    fixed: Mapping[Request, str]
    """Answers that need no picture."""
    from_facts: Mapping[Request, Callable[[Facts], str]]
    """What the facts of one picture say to a request."""
    lead: Callable[[str, float, str], str]
    """A sentence with its camera (empty: there is only one) and its age in seconds, where it is not fresh."""
    time: Callable[[datetime], str]
    date: Callable[[datetime], str]
    unseen: str
    """Nothing was seen yet."""
    outside: str
    """No rule has an answer."""
    nothing_said: str
    of_memory: OfMemory
