"""Scripts of what is true when before a camera, to hold what a narrator says against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from devices.media import Pixels
from pipelines.spots import Box

EVERYTHING = "*"
"""Among the subjects that a state tells nothing of: all of them."""
LATE = 3.0
"""Seconds after a change until which words about it count as announcing it."""
SLOW = 6.0
"""The same of what shows only after a while: that a camera is dark or hangs, and that something comes nearer."""
GRADUAL = ("camera", "course")
"""Subjects of that kind."""
SEEN = 0.6
"""Seconds by which a picture may be older or newer than what is said of it, as things are found over several."""
EDGES = (1 / 3, 2 / 3)
"""Where left ends and right begins, in shares of the picture's width."""
TOLERANCE = 0.1
"""Share of the width by which a thing may lie beyond an edge and still count as being there."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is true for a while."""

    things: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    """From `person` and the names of things to where each of them is, in shares of the width; None: not known."""
    texts: tuple[str, ...] = ()
    """What can be read whole."""
    cropped: tuple[str, ...] = ()
    """What can be read in part only: the letters that are to be seen, or more."""
    camera: str = ""
    """`dark`, `covered` or `frozen`; empty: it is well."""
    course: Mapping[str, str] = field(default_factory=dict)
    """From a thing to `closer` or `away`."""
    scene: int = 0
    """Another number is another scene altogether."""
    also: frozenset[str] = frozenset()
    """What is to be seen as well, and need not be told."""
    least: frozenset[str] = frozenset()
    """Things of which there may be more."""
    unknown: frozenset[str] = frozenset()
    """Subjects of which this tells nothing."""

    def count(self, subject: str) -> int:
        return len(self.things.get(subject, ()))

    def tells(self, subject: str) -> bool:
        """Whether it is known what is true of that."""
        return not self.unknown & {subject, EVERYTHING}

    def at(self, subject: str, place: int) -> bool:
        """Whether one of them is there: 0, 1 or 2 for left, ahead and right."""
        return any(x is None or within(x, place) for x in self.things.get(subject, ()))


def within(x: float, place: int) -> bool:
    """Whether that share of the width lies there, or nearly."""
    return (-1.0, *EDGES)[place] - TOLERANCE <= x <= (*EDGES, 2.0)[place] + TOLERANCE


@dataclass(frozen=True, slots=True)
class Spell:
    """When a state holds, in seconds from the beginning."""

    start: float
    end: float
    state: State


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a narrator is to tell of."""

    at: float
    """Seconds from the beginning."""
    subject: str
    """What changes: `person`, a thing, `text`, `camera`, `scene`, `course`."""
    slack: float
    """Seconds by which it may be off."""
    before: State
    after: State
    late: float = LATE
    """Seconds after it until which it can be announced."""

    def fits(self, at: float) -> bool:
        """Whether a picture of that time may show it as new."""
        return -self.slack <= at - self.at <= self.slack + self.late

    @property
    def where(self) -> tuple[float | None, ...]:
        """Where a thing came, went, or is another: shares of the width; None: that is not known."""
        before, after = (Counter(state.things.get(self.subject, ())) for state in (self.before, self.after))
        return (*(before - after), *(after - before))


@dataclass(frozen=True, slots=True)
class Script:
    """A film, and what is true when in it."""

    name: str
    seconds: float
    spells: tuple[Spell, ...]
    frame: Callable[[float], Pixels]
    """The picture at so many seconds from the beginning."""
    slack: float = 0.1
    """Seconds by which the beginnings and ends of the spells may be off."""
    scored: bool = True
    """Whether its changes count among those of which nine in ten must be told; else it is there for its words."""
    fps: float = 10.0
    boxes: Callable[[float], Mapping[str, Sequence[Box]]] | None = None
    """Where exactly each thing is at so many seconds from the beginning; None: the states tell all that is known."""

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(self._changes())

    def known(self, at: float) -> bool:
        """Whether it is told what is true then, and not only what was before and will be after."""
        return any(one.start - self.slack <= at < one.end + self.slack for one in self.spells)

    def states(self, at: float, around: float = SEEN) -> list[State]:
        """All that may hold in a picture of that time."""
        slack = self.slack + around
        found = [one.state for one in self.spells if one.start - slack <= at < one.end + slack]
        return found or [min(self.spells, key=lambda one: min(abs(one.start - at), abs(one.end - at))).state]

    def _changes(self) -> Iterator[Change]:
        for before, after in pairwise(self.spells):
            middle, half = (before.end + after.start) / 2, (after.start - before.end) / 2
            for subject in changed_subjects(before.state, after.state):
                late = min(SLOW, after.end - after.start) if subject in GRADUAL else LATE
                yield Change(middle, subject, half + self.slack, before.state, after.state, late)


def changed_subjects(before: State, after: State) -> Iterator[str]:
    """Of all that both states tell of."""
    if before.scene != after.scene:
        yield "scene"
        return
    if before.camera != after.camera:
        yield "camera"
        return
    for thing in sorted({*before.things, *after.things}):
        known = before.tells(thing) and after.tells(thing)
        if known and _places(before, thing) != _places(after, thing):
            yield thing
    if (before.texts, before.cropped) != (after.texts, after.cropped) and before.tells("text") and after.tells("text"):
        yield "text"
    if before.course != after.course and after.course:
        yield "course"


def _places(state: State, thing: str) -> list[int]:
    """How many are left, ahead, right; of those whose place is not known, how many there are."""
    xs = state.things.get(thing, ())
    return sorted(9 if x is None else sum(x >= edge for edge in EDGES) for x in xs)
