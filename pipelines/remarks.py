"""What the assistant wants to say: how urgent it is, what it is about, and how it is known again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol, get_args

Topic = Literal["people", "text", "objects", "motion", "light"]
"""What can be talked about or left out, each by itself."""
TOPICS: tuple[Topic, ...] = get_args(Topic)
Level = Literal["off", "low", "normal", "high"]
"""How much is said unasked."""
LEVELS: tuple[Level, ...] = get_args(Level)
"""From the least to the most."""


class Priority(IntEnum):
    """What goes before what, as speech-dispatcher has it: progress, notification, text, message, important."""

    WORKING = 1
    """That something is being done."""
    CHANGE = 2
    """A small change; it is lost where anything else is to be said."""
    CAPTION = 3
    """What is seen."""
    ANSWER = 4
    """What was asked for: an answer, a reminder, a program's words."""
    HAZARD = 5
    """What may hurt: said at once, over everything and everyone."""

    @property
    def word(self) -> str:
        """`hazard`, …"""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is to be said."""

    text: str
    priority: Priority
    at: float
    """Seconds on the loop's clock when it came to be: of what is seen, when the picture was taken."""
    topic: Topic | None = None
    """None: it is no matter of taste."""
    brief: str = ""
    """The same in fewer words, for when there is no room for all of it; empty: it is short already."""
    key: str = ""
    """What it is about: of those that wait, a newer one about the same takes the place of an older one."""
    fact: str = ""
    """What it tells, so that it is told once; the same fact come true again is another fact."""
    cooldown: float = 0.0
    """Seconds that must have passed since the last words with this key."""
    expires_at: float | None = None
    """Seconds on the loop's clock after which it is not begun any more; None: as is usual for its priority."""
    asked: bool = False
    """Somebody wants to hear it, however much was said and whether or not it was said before."""
    lasting: bool = False
    """It is said also after somebody wanted silence: a timer that is over."""
    camera: str = ""
    """Which one's pictures it tells of; empty: it tells of none."""
    source: str = "program"
    """Where it comes from: `camera`, `reader`, `aim`, `watch`, `wish`, `keyboard`, `timer` or `program`."""

    @property
    def free(self) -> bool:
        """Whether it is said however much was said before."""
        return self.asked or self.priority >= Priority.ANSWER

    @property
    def seen(self) -> bool:
        """Whether it tells what a camera showed."""
        return bool(self.camera) or self.source == "camera"

    def was_heard(self, heard: str) -> bool:
        """Whether it counts as told, of which that was heard: half of its words or more."""
        return bool(heard) and count(heard) * 2 >= count(self.text)


class Offer(Protocol):
    """Where remarks are offered: the agenda, or whoever passes them on."""

    def offer(self, remark: Remark) -> bool:
        """False where it never will be said."""
        ...


class Offers(Offer, Protocol):
    """The same, for those who take back what they offered."""

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""
        ...

    def forget(self, camera: str) -> None:
        """What waits of that camera's pictures is not true any more, but what somebody asked for."""
        ...


def count(text: str) -> int:
    """Words as they are heard: of Chinese, two letters are about one."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    others = "".join(" " if "\u3400" <= letter <= "\u9fff" else letter for letter in text)
    return len(others.split()) + (chinese + 1) // 2
