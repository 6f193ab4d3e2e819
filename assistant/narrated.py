"""What was said in a session and what was not: words a minute and first sounds by urgency, counted from its events."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.policy import MINUTE
from pipelines.remarks import Priority
from pipelines.types import Health, Started, TurnTrace, Unsaid, type_name

MOST_BYTES = 20_000_000
"""Of what is kept of one session: many days of talk."""
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
    """Seconds from the picture that a remark tells of to its first sound."""


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


def counted(traces: Sequence[TurnTrace], unsaid: Sequence[Unsaid], seconds: float) -> Narrated:
    """Of a session that took so long."""
    heard = [trace for trace in traces if trace.words]
    urgencies = [one.word for one in reversed(Priority)]
    kinds = [[trace for trace in heard if trace.priority == word] for word in urgencies]
    return Narrated(
        seconds,
        tuple(_spoken(word, kind, seconds) for word, kind in zip(urgencies, kinds, strict=True) if kind),
        _busiest([trace for trace in heard if trace.priority in UNASKED]),
        tuple(Counter(one.why for one in unsaid).most_common()),
    )


def without_words(trace: TurnTrace) -> TurnTrace:
    """The same without what was said."""
    return replace(trace, asked="", last_word="")


def append(path: Path, event: Started | TurnTrace | Unsaid | Health) -> None:
    """Keep the times of one more event of a session; its beginning starts the file anew. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begins = isinstance(event, Started)
    if not begins and path.exists() and path.stat().st_size > MOST_BYTES:
        return
    how = os.O_TRUNC if begins else os.O_APPEND
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "a", encoding="utf-8") as file:
        file.write(f"{json.dumps({'type': type_name(event), **_kept(event)})}\n")


def _kept(event: Started | TurnTrace | Unsaid | Health) -> dict[str, Any]:
    match event:
        case TurnTrace():
            return asdict(without_words(event))
        case Unsaid():
            return asdict(replace(event, text=""))
        case Started():
            return {"at": event.at, "utc": event.utc}
    return {"at": event.at}


def _spoken(priority: str, heard: Sequence[TurnTrace], seconds: float) -> Spoken:
    words = sum(trace.words for trace in heard)
    first = [
        trace.first_audio_at - trace.photon_at
        for trace in heard
        if trace.priority != "answer" and trace.first_audio_at is not None and trace.photon_at is not None
    ]
    return Spoken(priority, len(heard), words, words * MINUTE / max(seconds, 1.0), _busiest(heard), tuple(first))


def _busiest(heard: Sequence[TurnTrace]) -> int:
    """Words of all that was said in any part in one minute: the one that ends as one of them begins."""
    began, ended = np.array([_began(trace) for trace in heard]), np.array([_ended(trace) for trace in heard])
    words = np.array([trace.words for trace in heard])
    minutes = (int(words[(began <= until) & (ended > until - MINUTE)].sum()) for until in began)
    return max(minutes, default=0)


def _began(trace: TurnTrace) -> float:
    return trace.said_at if trace.first_audio_at is None else trace.first_audio_at


def _ended(trace: TurnTrace) -> float:
    return _began(trace) if trace.ended_at is None else trace.ended_at


def _first_sound(seconds: Sequence[float]) -> str:
    if not seconds:
        return ""
    median, most = (1000 * float(value) for value in np.percentile(seconds, (50, 95)))
    return f"; first sound {median:.0f} ms after the picture (median), {most:.0f} ms (p95)"
