"""A terminal as the person before it sees it, and a view that shows events on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from assistant.plain import Plain
from assistant.terminal import View
from devices.lines import Latest
from pipelines.types import Event

CONTROLS = r"\x1b\[(?:[0-9;]*m|1A|2K|\?25[lh])"
"""All that the live view sends beside text and line ends."""


class Terminal(StringIO):
    """What a person sees who looks at a terminal that understands what the live view sends."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        rows, row, column = [""], 0, 0
        for control, text in re.findall(r"(\x1b\[[?0-9;]*[A-Za-z]|[\r\n])|([^\x1b\r\n]+)", self.getvalue()):
            if text:
                rows[row] = rows[row][:column].ljust(column) + text + rows[row][column + len(text) :]
                column += len(text)
            elif control == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif control == "\r":
                column = 0
            elif control.endswith("A"):
                row -= int(control[2:-1])
            elif control == "\x1b[2K":
                rows[row] = ""
        return [line.rstrip() for line in rows]


async def show(view: View, events: list[Event], size: int = 64) -> None:
    """Tell a view a whole session."""
    line = Latest[Event](size)
    for event in events:
        line.put(event)
    line.close()
    await view.run(line)


@contextmanager
def showing(view: View, line: Latest[Event]) -> Iterator[asyncio.Task[None]]:
    task = asyncio.get_running_loop().create_task(view.run(line))
    yield task
    task.cancel()


async def plain_lines(events: list[Event], size: int = 64) -> list[str]:
    stream = StringIO()
    await show(Plain(stream), events, size)
    return stream.getvalue().splitlines()
