"""The traces of the last turns: which steps they have, kept in a small file and read again by `omni trace`."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

from assistant import narrated
from assistant.narrated import Narrated, Tally, counted
from devices.lines import Latest
from devices.threads import DaemonThread
from pipelines import weights
from pipelines.types import Event, Health, Started, TurnTrace, Unsaid, type_name

KEPT = 200
"""Turns in the file, the newest last."""
ANSWERED = "answer"
"""How urgent those turns are that count as such; the others are remarks."""
KEPT_SOURCES = ("timer", "program")
"""Where turns come from that nobody asked in words, and that are kept all the same."""
LONGEST_LINE = 1_000_000
"""Characters of a line that may be a turn."""

DAY = 86_400.0
"""Seconds of which a turn takes less."""

Moment = Callable[[TurnTrace], float | None]
"""A time on the clock of a trace; None where that did not happen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a turn, as it is shown, drawn and counted."""

    name: str
    begins: Moment
    ends: Moment
    label: str
    """What is done in it."""
    colour: str


STEPS = (
    Step("endpoint", lambda t: t.said_at, lambda t: t.endpoint_at, "waits for the end", "#9db4c8"),
    Step("transcript", lambda t: t.said_at, lambda t: t.transcript_at, "finds the words", "#5b8fb9"),
    Step("look", lambda t: t.look_at, lambda t: t.looked_at, "looks", "#8a6fb3"),
    Step("token", lambda t: t.transcript_at, lambda t: t.first_token_at, "thinks", "#d98c3f"),
    Step("sentence", lambda t: t.first_token_at, lambda t: t.first_sentence_at, "first sentence", "#e0b04c"),
    Step("voice", lambda t: t.first_sentence_at, lambda t: t.synthesized_at, "makes the voice", "#5aa469"),
    Step("audio", lambda t: t.synthesized_at, lambda t: t.first_audio_at, "reaches the device", "#2f6f4f"),
    Step("speaking", lambda t: t.first_audio_at, lambda t: t.ended_at, "speaks", "#dfe6df"),
)
"""In the order of their ends, as a rule: words are often found before the pause is long enough."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One trace, and when the person had ended."""

    trace: TurnTrace
    when: datetime | None
    """None where nothing tells what the clock of the trace means."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What a file holds."""

    turns: tuple[Turn, ...]
    """The last of those in which somebody was answered, or told what a program or a timer wants said."""
    damaged: int
    """Lines that could not be read."""
    narrated: Narrated
    """What was said in the last session in it, and what was not."""


def place() -> Path:
    """The file of the last turns: beside the weights where `$OMNI_HOME` says, or in the platform's folder for state."""
    if os.environ.get("OMNI_HOME"):
        return weights.home() / "turns.jsonl"
    from platformdirs import user_state_path

    return user_state_path("omni-assistant", appauthor=False) / "turns.jsonl"


class Clock:
    """From a session's clock to the time of day, once its `Started` was seen."""

    def __init__(self) -> None:
        self._zero: datetime | None = None

    def take(self, started: Started) -> None:
        """Raises ValueError for a time that is none, OverflowError for one out of the calendar."""
        self._zero = datetime.fromisoformat(started.utc) - timedelta(seconds=started.at)

    def time(self, at: float) -> datetime | None:
        """None where the session's start is not known, or the time is out of the calendar."""
        with suppress(OverflowError):
            return None if self._zero is None else self._zero + timedelta(seconds=at)
        return None


async def keep(events: Latest[Event], path: Path) -> None:
    """Keep the turns of a session in the file, until the line is closed: their times, not what was said.

    How much was said, and how soon, stands in figures in a file beside it, those of the last session only. A file that
    cannot be written ends it without a word: no session shall fail for its statistics.
    """
    clock, loop, tally = Clock(), asyncio.get_running_loop(), Tally()
    with DaemonThread("turns") as thread, suppress(OSError):
        async for event in events:
            if isinstance(event, Started):
                clock.take(event)
                tally = Tally(event.at)
            tally.take(event)
            if isinstance(event, TurnTrace) and is_kept(event):
                turn = Turn(unworded(event), clock.time(event.said_at))
                await loop.run_in_executor(thread, append, path, turn)
            if isinstance(event, (Started, TurnTrace, Health)):
                await loop.run_in_executor(thread, narrated.write, beside(path), tally.told())


def is_kept(trace: TurnTrace) -> bool:
    """Whether a person asked, or a program or timer wanted it said; when something was seen is nobody's business."""
    return trace.priority == ANSWERED and (bool(trace.asked) or trace.source in KEPT_SOURCES)


def unworded(trace: TurnTrace) -> TurnTrace:
    """The same without what was said, and without the camera's name."""
    return replace(trace, asked="", last_word="", camera="")


def beside(path: Path) -> Path:
    """Where it stands how much was said in the last session."""
    return path.with_name("narration.jsonl")


def append(path: Path, turn: Turn) -> None:
    """Write one more turn, and forget the oldest; the file is the owner's alone. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    utc = None if turn.when is None else turn.when.isoformat(timespec="milliseconds")
    lines.append(json.dumps({"type": type_name(turn.trace), "utc": utc, **asdict(turn.trace)}))
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines[-KEPT:])
    fresh.replace(path)


def read(path: Path, last: int) -> Turns:
    """The last turns of a file of events or of a journal, one JSON object a line. Raises OSError."""
    found, damaged = _Found(deque(maxlen=last)), 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found.take(line)
            except (ValueError, TypeError, OverflowError, RecursionError):
                damaged += 1
    return Turns(tuple(found.turns), damaged, found.narrated)


class _Found:
    """What was found in the lines so far."""

    def __init__(self, turns: deque[Turn]) -> None:
        self.turns, self._clock = turns, Clock()
        self._began: float | None = None
        self._ended = 0.0
        self._traces: list[TurnTrace] = []
        self._unsaid: list[Unsaid] = []

    @property
    def narrated(self) -> Narrated:
        began = min((trace.said_at for trace in self._traces), default=self._ended)
        return counted(self._traces, self._unsaid, self._ended - (began if self._began is None else self._began))

    def take(self, line: str) -> None:
        """Raises ValueError or TypeError for a damaged line."""
        if not line.strip():
            return
        if len(line) > LONGEST_LINE:
            raise ValueError("no event is so long")
        values = json.loads(line)
        if isinstance(values, dict) and isinstance(values.get("is"), str):  # a journal keeps more than events
            values = values.get("event", {"type": ""})
        match values.get("type") if isinstance(values, dict) else values:
            case "started":
                self._start(Started(float(values["at"]) if "at" in values else 0.0, str(values.get("utc"))))
            case "turn_trace":
                self._add(_trace(values), values.get("utc"))
            case "unsaid":
                self._unsaid.append(Unsaid("", str(values.get("priority")), str(values.get("why")), _at(values)))
            case "health":
                self._ended = max(self._ended, _at(values))
            case str():
                return
            case _:
                raise ValueError("no event")

    def _start(self, started: Started) -> None:
        self._clock.take(started)
        self._began = self._ended = started.at
        self._traces, self._unsaid = [], []

    def _add(self, trace: TurnTrace, utc: object) -> None:
        when = datetime.fromisoformat(utc) if isinstance(utc, str) else self._clock.time(trace.said_at)
        if when is not None and not 1 < when.year < 9999:
            raise ValueError("in some time zones it is out of the calendar")
        self._traces.append(trace)
        self._ended = max(self._ended, trace.said_at, trace.ended_at or trace.said_at)
        if trace.priority == ANSWERED:
            self.turns.append(Turn(trace, when))


def _at(values: dict[str, Any]) -> float:
    """Raises ValueError."""
    at = values.get("at")
    if isinstance(at, (int, float)) and abs(at) < 1e12:
        return float(at)
    raise ValueError("no time")


_TYPES = get_type_hints(TurnTrace)


def _trace(values: dict[str, Any]) -> TurnTrace:
    """A trace of values that have its types; what it does not know is left out."""
    known = {field.name: _value(field.name, values[field.name]) for field in fields(TurnTrace) if field.name in values}
    trace = TurnTrace(**known)
    moments = [moment(trace) for step in STEPS for moment in (step.begins, step.ends)] + [trace.started_at]
    if any(abs(at - trace.said_at) > DAY for at in moments if at is not None):
        raise ValueError("no turn takes a day")
    return trace


def _value(name: str, value: Any) -> Any:
    """The value, if it is one that this field can have. Raises ValueError."""
    wanted = get_args(_TYPES[name]) or (_TYPES[name],)
    if float in wanted and type(value) in (int, float) and abs(value) < 1e12:
        return float(value)
    if type(value) not in wanted or type(value) is float:
        raise ValueError(f"{name} is no {_TYPES[name]}")
    return value
