"""What was said in a session and what was not: words a minute and first sounds by urgency, counted from its events."""

from __future__ import annotations

import json
import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from pipelines.policy import MINUTE
from pipelines.remarks import Priority
from pipelines.types import Event, Health, TurnTrace, Unsaid

MOST_SECONDS = 10_000
"""Delays of one urgency that are kept, the newest of a long session."""
LATELY = 600.0
"""Seconds after its end for which something is kept that may yet belong to a busy minute: nothing is said for longer
than that at once."""
UNASKED = ("caption", "change", "working")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said of one urgency."""

    priority: str
    said: int
    """Turns of which anything was heard."""
    words: int
    a_minute: float
    """Words, over the whole session."""
    busiest: int
    """Words of what was said in any part in one minute, at the most: as the limit counts them."""
    first_sounds: tuple[float, ...]
    """Seconds from the picture that a remark tells of to its first sound, the shortest first."""


@dataclass(frozen=True, slots=True)
class Narrated:
    """Of one session."""

    seconds: float
    spoken: tuple[Spoken, ...]
    """The most urgent first."""
    unasked: int
    """Words in the busiest minute that count against the limit of the level of talk."""
    unsaid: tuple[tuple[str, int], ...]
    """Why something was not said, and how often; the most frequent first."""

    def lines(self) -> Iterator[str]:
        """For people, one thing a line."""
        for one in self.spoken:
            times = f"{one.said} said, {one.words} words, {one.a_minute:.1f} a minute, {one.busiest} in the busiest"
            yield f"{one.priority}: {times}{_first_sound(one.first_sounds)}"
        if self.unasked:
            yield f"unasked, all together: {self.unasked} words in the busiest minute"
        if self.unsaid:
            yield f"not said: {', '.join(f'{number} {why}' for why, number in self.unsaid)}"


class Tally:
    """Counts as a session goes on: nothing that it keeps tells when anything was seen, by which camera, or what."""

    def __init__(self, at: float = 0.0) -> None:
        """`at`: when the session began, in seconds on the loop's clock."""
        self._began = self._ended = at
        self._counts: dict[str, Count] = {}
        self._unasked = Busy()
        self._unsaid: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Count it in."""
        match event:
            case TurnTrace() if event.words:
                self._said(event)
            case Unsaid():
                self._unsaid[event.why] += 1
            case Health():
                self._ended = max(self._ended, event.at)

    def _said(self, trace: TurnTrace) -> None:
        self._counts.setdefault(trace.priority, Count()).take(trace)
        if trace.priority in UNASKED:
            self._unasked.take(trace)
        self._ended = max(self._ended, _ended(trace))

    def told(self, seconds: float | None = None) -> Narrated:
        """Up to now. `seconds`: that the session took, where that is known better."""
        seconds = self._ended - self._began if seconds is None else seconds
        urgencies = [one.word for one in reversed(Priority)]
        spoken = [self._counts[word].told(word, seconds) for word in urgencies if word in self._counts]
        return Narrated(seconds, tuple(spoken), self._unasked.most, tuple(self._unsaid.most_common()))


class Busy:
    """Words of the busiest minute: of all that was said in any part in the one that ends as something begins."""

    def __init__(self) -> None:
        self.most = 0
        self._lately: deque[tuple[float, float, int]] = deque()
        """When it began and ended, and its words."""

    def take(self, trace: TurnTrace) -> None:
        """What was said; it is told at its end, so that what it was said over has begun before."""
        began = _began(trace)
        self._lately.append((began, _ended(trace), trace.words))
        while self._lately[0][1] < began - LATELY:
            self._lately.popleft()
        for until, _, _ in self._lately:
            if until >= began:
                self.most = max(self.most, self._in_minute(until))

    def _in_minute(self, until: float) -> int:
        return sum(words for began, ended, words in self._lately if began <= until and ended > until - MINUTE)


class Count:
    """Of one urgency."""

    def __init__(self) -> None:
        self._said = self._words = 0
        self._busy = Busy()
        self._first: deque[float] = deque(maxlen=MOST_SECONDS)

    def take(self, trace: TurnTrace) -> None:
        self._said, self._words = self._said + 1, self._words + trace.words
        self._busy.take(trace)
        if trace.priority != "answer" and trace.first_audio_at is not None and trace.photon_at is not None:
            self._first.append(trace.first_audio_at - trace.photon_at)

    def told(self, priority: str, seconds: float) -> Spoken:
        """In order of size, the delays tell nothing of what came after what."""
        a_minute = self._words * MINUTE / max(seconds, 1.0)
        return Spoken(priority, self._said, self._words, a_minute, self._busy.most, tuple(sorted(self._first)))


def counted(traces: Sequence[TurnTrace], unsaid: Sequence[Unsaid], seconds: float) -> Narrated:
    """Of a session that took so long."""
    tally = Tally()
    events: list[Event] = [*traces, *unsaid]
    for event in events:
        tally.take(event)
    return tally.told(seconds)


def write(path: Path, narrated: Narrated) -> None:
    """Keep the figures of a session, and nothing of an earlier one. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{json.dumps(asdict(narrated))}\n")
    fresh.replace(path)


def read(path: Path) -> Narrated:
    """What `write` kept. Raises OSError, and ValueError for what is none of it."""
    try:
        return TypeAdapter(Narrated).validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError("it is damaged") from error


def _began(trace: TurnTrace) -> float:
    return trace.said_at if trace.first_audio_at is None else trace.first_audio_at


def _ended(trace: TurnTrace) -> float:
    return _began(trace) if trace.ended_at is None else trace.ended_at


def _first_sound(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    median, most = (1000 * float(value) for value in np.percentile(seconds, (50, 95)))
    return f"; first sound {median:.0f} ms after the picture (median), {most:.0f} ms (p95)"
