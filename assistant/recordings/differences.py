"""What differs between two runs of a session: their events, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

Event = dict[str, Any]

PASSED_OVER = ("health",)
"""Events that are not compared: counters of lines differ with every breath of the machine."""
WANDERING = {"started": ("utc",), "turn_trace": ("evidence_age",), "camera_event": ("id",)}
"""Fields that are another whenever a session runs: an age is one frame more where frame and answer come together,
an id tells when the session began."""
TOLERANCE = 0.1
"""Seconds by which a real event loop is late now and then."""
FAR = 5.0
"""Seconds after which two events are rather one too many and one too few."""
BAND = 32
"""Events that one run may be ahead of the other before they are no longer found side by side."""
REWORDED = 0.9
"""What it costs to take two events with different words for the same; leaving out both costs 2."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    what: Literal["wording", "late", "early", "missing", "extra", "input"]
    kind: str
    """The event's type, or the model's call."""
    at: float
    """Seconds on the session's clock."""
    told: str
    """What it was and what it is, in words."""


def compared(before: Sequence[Event], after: Sequence[Event], tolerance: float = TOLERANCE) -> list[Difference]:
    """All differences between two runs, in the order of their time. Events are JSON, their type first."""
    found: list[Difference] = []
    kinds = _by_kind(before), _by_kind(after)
    for kind in dict.fromkeys([*kinds[0], *kinds[1]]):
        for old, new in aligned(kinds[0].get(kind, []), kinds[1].get(kind, [])):
            if (difference := _difference(kind, old, new, tolerance)) is not None:
                found.append(difference)
    return sorted(found, key=lambda difference: difference.at)


def _by_kind(events: Sequence[Event]) -> dict[str, list[Event]]:
    kinds = defaultdict[str, list[Event]](list)
    for event in events:
        if event["type"] not in PASSED_OVER:
            kinds[event["type"]].append(event)
    return kinds


def _difference(kind: str, old: Event | None, new: Event | None, tolerance: float) -> Difference | None:
    if old is None or new is None:
        one = old or new or {}
        return Difference("extra" if old is None else "missing", kind, moment(one), shown(one))
    changed = [name for name in _names(old, new) if words(old.get(name)) != words(new.get(name))]
    if changed:
        told = "; ".join(f"{name} {old.get(name)!r} → {new.get(name)!r}" for name in changed)
        return Difference("wording", kind, moment(old), told)
    steady = {name: old.get(name) for name in _names(old, new)}
    name, apart = max(_apart(steady, new), key=lambda one: abs(one[1]), default=("", 0.0))
    if abs(apart) <= tolerance:
        return None
    told = f"{shown(old)} {name} {abs(apart):.3f} s {'later' if apart > 0 else 'earlier'}".strip()
    return Difference("late" if apart > 0 else "early", kind, moment(old), told)


def aligned(before: list[Event], after: list[Event]) -> list[tuple[Event | None, Event | None]]:
    """The events of one kind in pairs, each with None where one of the runs lacks it: the cheapest way to pair them."""
    band = BAND + abs(len(before) - len(after))
    costs: dict[tuple[int, int], float] = {(0, 0): 0.0}
    steps: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(len(before) + 1):
        for j in range(max(0, i - band), min(len(after), i + band) + 1):
            for cost, step in _ways(before, after, (i, j), costs):
                if (i, j) not in costs or cost < costs[i, j]:
                    costs[i, j], steps[i, j] = cost, step
    pairs, at = [], (len(before), len(after))
    while at != (0, 0):
        i, j = steps[at]
        pairs.append((before[i] if i < at[0] else None, after[j] if j < at[1] else None))
        at = i, j
    return pairs[::-1]


def _ways(
    before: list[Event], after: list[Event], at: tuple[int, int], costs: dict[tuple[int, int], float]
) -> Iterator[tuple[float, tuple[int, int]]]:
    """How one may come to have paired so many of each: what it costs, and from where."""
    i, j = at
    if (i - 1, j - 1) in costs:
        yield costs[i - 1, j - 1] + _unlike(before[i - 1], after[j - 1]), (i - 1, j - 1)
    for step in ((i - 1, j), (i, j - 1)):
        if step in costs:
            yield costs[step] + 1, step


def _unlike(old: Event, new: Event) -> float:
    """0 for the same event, 2 or more for two that have nothing to do with each other."""
    reworded = any(words(old.get(name)) != words(new.get(name)) for name in _names(old, new))
    return REWORDED * reworded + 2 * abs(moment(old) - moment(new)) / FAR


def _names(old: Event, new: Event) -> list[str]:
    wandering = WANDERING.get(old["type"], ())
    return [name for name in dict.fromkeys([*old, *new]) if name not in wandering]


def words(value: Any) -> Any:
    """The value without its times, and all else that is a fraction."""
    match value:
        case float():
            return 0.0
        case dict():
            return {name: words(one) for name, one in value.items()}
        case list() | tuple():
            return [words(one) for one in value]
        case _:
            return value


def _apart(old: Any, new: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """By how much each number is another, with the name of its field."""
    if isinstance(old, float) and isinstance(new, float):
        yield name, new - old
    elif isinstance(old, dict) and isinstance(new, dict):
        for key, one in old.items():
            yield from _apart(one, new.get(key), name or key)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for one, other in zip_longest(old, new):
            yield from _apart(one, other, name)


def moment(event: Event) -> float:
    """When it happened, in seconds on the session's clock."""
    for name in ("at", "captured_at", "said_at", "answered_at"):
        if isinstance(at := event.get(name), float):
            return at
    return 0.0


def shown(event: Event) -> str:
    """Its words, where it has some."""
    text = event.get("text") or event.get("asked") or event.get("why") or event.get("part")
    return repr(text) if text else ""
