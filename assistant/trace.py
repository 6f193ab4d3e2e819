"""`omni trace`: the last turns step by step, in milliseconds, with medians and p95; and what was said unasked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant import narrated, traces
from assistant.config import ConfigError
from assistant.recordings.journal import LINES
from assistant.traces import STEPS, Moment, Turn, Turns
from pipelines.types import TurnTrace
from pipelines.wording import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LAST = 20
"""Turns that are shown where no other number is asked for."""
LONGEST_ASKED = 28
"""Characters of a question in the table."""

Measure = Callable[[TurnTrace], float | None]


def _since_said(moment: Moment) -> Measure:
    def measure(trace: TurnTrace) -> float | None:
        at = moment(trace)
        return None if at is None else at - trace.said_at

    return measure


COLUMNS: dict[str, Measure] = {
    **{step.name: _since_said(step.ends) for step in STEPS},
    "evidence": lambda trace: trace.evidence_age,
}
"""From the name of a column to its seconds in a trace: each step when it was done."""


def run(arguments: argparse.Namespace) -> int:
    """Print the last turns, and draw them where that is asked for. Status 1 where there is none."""
    path = _chosen(arguments.file)
    try:
        read = traces.read(path, arguments.last)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    if read.damaged:
        print(f"omni: {path}: {read.damaged} damaged line{'s' * (read.damaged > 1)} left out", file=sys.stderr)
    said = _narrated(path, read)
    if not read.turns and not said:
        print(f"omni: {path}: there is no turn in it", file=sys.stderr)
        return 1
    if read.turns:
        show(read.turns)
    for line in said:
        print(line)
    if arguments.plot is not None and read.turns:
        _plot(Path(arguments.plot), read.turns)
    return 0


def _chosen(name: str | None) -> Path:
    """The file that is read: of a recording its journal, of another folder its events. Raises ConfigError."""
    path = traces.place() if name is None else Path(name)
    if name is None and not path.exists():
        raise ConfigError("no turns were kept yet: talk with `omni run` first, or name a file of `omni run --events`")
    if not path.is_dir():
        return path
    return path / LINES if (path / LINES).exists() else path / "events.jsonl"


def _narrated(path: Path, read: Turns) -> list[str]:
    """What was said in the last session and what was not; of the kept turns, it stands in a file of its own."""
    told = read.narrated
    with suppress(OSError, ValueError):
        if path == traces.place():
            told = narrated.read(traces.beside(path))
    worth = any(one.priority != traces.ANSWERED for one in told.spoken) or told.unsaid
    return [f"Said in {told.seconds / 60:.1f} minutes:", *told.lines()] if worth else []


def _plot(path: Path, shown: Sequence[Turn]) -> None:
    from assistant import plotting

    try:
        plotting.waterfall([turn.trace for turn in shown]).save(path)
    except (OSError, ValueError) as error:  # ValueError: Pillow knows no such ending
        why = getattr(error, "strerror", None) or "name a .png file"
        raise ConfigError(f"--plot {path}: cannot be written: {why}") from error


def show(shown: Sequence[Turn], console: Console | None = None) -> None:
    """Print a table, or a paragraph a turn where the terminal is too narrow for one."""
    from rich.console import Console

    console = console or Console(highlight=False, markup=False)
    table = _table(shown)
    width = console.measure(table, options=console.options.update(width=10_000)).maximum
    if not console.is_terminal:
        console.width = max(console.width, width)  # whoever reads a pipe wants all of it
    if width <= console.width:
        console.print(table)
    else:
        for line in _paragraphs(shown):
            console.print(line)
    console.print(
        "Each step done, in milliseconds since the end of speech; evidence: its age at the first spoken word.",
        style="dim",
    )


def _table(shown: Sequence[Turn]) -> Table:
    from rich import box
    from rich.table import Table

    worded = any(turn.trace.asked for turn in shown)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("turn", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("cut at", no_wrap=True)
    if worded:
        table.add_column("asked", no_wrap=True)
    for number, turn in enumerate(shown, 1):
        asked = [_shortened(turn.trace.asked)] if worded else []
        table.add_row(_name(number, turn), *_cells(turn.trace), _cut(turn.trace), *asked)
    table.add_section()
    for name, share in (("median", 50), ("p95", 95)):
        table.add_row(name, *_summary(shown, share))
    return table


def _paragraphs(shown: Sequence[Turn]) -> list[str]:
    """Each turn, and the two summaries, in one line that may be wrapped."""
    rows = [(_name(number, turn), _cells(turn.trace), _cut(turn.trace)) for number, turn in enumerate(shown, 1)]
    rows += [(name, _summary(shown, share), "") for name, share in (("median", 50), ("p95", 95))]
    return [
        f"{name}: {', '.join(f'{column} {cell}' for column, cell in zip(COLUMNS, cells, strict=True) if cell)}"
        + (f", cut at {cut}" if cut else "")
        for name, cells, cut in rows
    ]


def _name(number: int, turn: Turn) -> str:
    return f"{number}" if turn.when is None else f"{number} {turn.when.astimezone():%H:%M:%S}"


def _cells(trace: TurnTrace) -> list[str]:
    return [_milliseconds(measure(trace)) for measure in COLUMNS.values()]


def _summary(shown: Sequence[Turn], share: float) -> list[str]:
    return [_milliseconds(percentile([measure(turn.trace) for turn in shown], share)) for measure in COLUMNS.values()]


def percentile(values: Sequence[float | None], share: float) -> float | None:
    """The value below which `share` percent of those lie that are not None; None where all are."""
    known = [value for value in values if value is not None]
    return float(np.percentile(known, share)) if known else None


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.0f}"


def _cut(trace: TurnTrace) -> str:
    return (_shortened(trace.last_word) or "yes") if trace.cut else ""


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_ASKED else f"{line[: LONGEST_ASKED - 1]}…"
