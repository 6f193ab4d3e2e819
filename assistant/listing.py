"""`omni models list`: what weights there are, for people on a screen of 100 columns, and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import asdict

from assistant import manifest, shelf
from assistant.models import COMPILED, Row, list_models
from pipelines.weights import compiled, home

WIDTH = 100
"""Columns of the longest line, but for names that are longer themselves."""
MORE = "…"
"""Stands after a licence that has conditions."""


def show(say: Callable[[str], None], as_json: bool) -> None:
    """Tell all sets of weights, the groups, and where they lie. Raises WeightsError."""
    rows, groups = list_models(), manifest.read().groups
    if as_json:
        told = {"home": str(home()), "models": [asdict(row) for row in rows], "groups": groups}
        return say(json.dumps({**told, COMPILED: shelf.weight(compiled())}))
    width = max(map(len, [*groups, *(row.name for row in rows)]), default=0)
    for row in rows:
        say(f"{row.name:<{width}}  {row.state:<8}  {_size(row):>10}  {_licence(row)}")
        for line in textwrap.wrap(row.purpose, WIDTH - 4):
            say(f"    {line}")
    for group, members in groups.items():
        say(f"{group:<{width}}  means     {', '.join(members)}")
    if any(_licence(row).endswith(MORE) for row in rows):
        say(f"Licences with {MORE} have conditions: a pull tells them first, and so does --json.")
    if kept := shelf.weight(compiled()):
        say(f"Compiled vision towers take {gigabytes(kept)}: omni models remove {COMPILED}")
    say(f"They lie in {home()}")


def gigabytes(count: int) -> str:
    """A size in three digits or so: `3.6 MB`, `913 MB`, `23.2 GB`."""
    if count < 1e9:
        return f"{count / 1e6:.1f} MB" if count < 1e8 else f"{count / 1e6:.0f} MB"
    return f"{count / 1e9:.1f} GB"


def _size(row: Row) -> str:
    """What lies there, else what a pull fetches; `~` where that is an estimate."""
    if row.state == "here":
        return gigabytes(shelf.weight(shelf.folder(row.name)))
    return f"{'~' if row.about else ''}{gigabytes(row.size)}"


def _licence(row: Row) -> str:
    return row.licence_name if row.licence_name == row.licence else f"{row.licence_name} {MORE}"
