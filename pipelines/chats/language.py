"""What a language must bring so that answers by rule can be given in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipelines.chats.requests import Request
from pipelines.types import Facts


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
