"""A session on a terminal: what was seen, heard and said scrolls by above a small status area that stays."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import TextIOWrapper
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from assistant.aloud import Aloud
from assistant.plain import PATIENCE, Json, Plain, attends, complete, drops, listed, moment, while_read, words
from devices.lines import Latest
from devices.threads import DaemonThread
from pipelines.phrases import Language
from pipelines.types import (
    Attention,
    Caption,
    Event,
    Health,
    PartialTranscript,
    Recovered,
    Reply,
    SpeechPaused,
    SpeechStarted,
    Started,
    Transcript,
    Trouble,
)
from pipelines.wording import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

STYLES = {
    "saw": "cyan",
    "heard": "green",
    "asked": "green",
    "said": "bold yellow",
    "trouble": "bold red",
    "now": "magenta",
}
Entry = Literal["none", "line", "keys", "begun"]
"""What the keyboard is for: nothing; lines; single keys; a line that was begun by one of them."""
CAMERAS = 4
"""So many last captions stand in the status area."""
ROOMY = 36
"""Columns from which on the text of a line stands beside its time."""


class View(Protocol):
    """One way to show a session."""

    @property
    def typed(self) -> Callable[[str | None], None] | None:
        """Where it can show what is being typed; told None while single keys act at once instead."""

    async def run(self, events: Latest[Event]) -> None:
        """Show the events until the line is closed."""


def choose_view(plain: bool, json: bool, stream: TextIO, narrates: bool = False, language: Language = "en") -> View:
    """JSON lines where asked for, the live view on a terminal that can repaint and may, whole lines elsewhere.

    `narrates`: the session is for people who do not see the screen; a screen reader would trip over what is repainted.
    """
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")  # a caption may hold what the terminal's encoding does not
    if json:
        return Json(stream)
    if narrates:
        return Aloud(stream, language)
    if plain or not _may_repaint(stream):
        return Plain(stream)
    from rich.console import Console

    return Screen(Console(file=stream))


def _may_repaint(stream: TextIO) -> bool:
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return stream.isatty() and not dumb and not os.environ.get("NO_COLOR")


@dataclass(slots=True)
class Status:
    """What holds at present, gathered from the events."""

    zero: float | None = None
    doing: str = "watching"
    saying: str = ""
    """What someone who still talks has said so far."""
    parts: dict[str, str] = field(default_factory=dict)
    """From part to why it cannot answer; empty where it runs."""
    attention: Attention | None = None
    captions: dict[str, Caption] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Keep what the event changes."""
        self.zero = moment(event) if self.zero is None else self.zero
        match event:
            case Started():
                self.parts = dict.fromkeys(event.parts, "")
            case PartialTranscript():
                self.saying = event.text
            case SpeechStarted() | Transcript():
                self.saying = ""
            case Caption():
                self.captions[event.camera] = event
            case Attention():
                self.attention = event
            case Health():
                self.counters = event.counters
            case Trouble():
                self.parts[event.part] = event.why
            case Recovered():
                self.parts[event.part] = ""
        self.doing = self._doing_after(event)

    def _doing_after(self, event: Event) -> str:
        match event:
            case SpeechStarted():
                return "listening"
            case SpeechPaused() if self.doing == "listening":
                return "watching"  # or answering, if there were words
            case Transcript():
                return "answering" if event.text else "watching"
            case Reply() | Trouble() if self.doing == "answering":
                return "watching"
            case _:
                return self.doing

    def rows(self, now: float) -> Iterator[Text]:
        """The lines of the status area, each as long as it likes."""
        from rich.text import Text

        yield Text(f"── {max(0.0, now - (now if self.zero is None else self.zero)):.0f} s, {self.doing} ──", "bold")
        if self.parts:
            yield Text(" · ").join(_part(name, why) for name, why in self.parts.items())
        if self.attention is not None and (text := attends(self.attention)):
            yield Text(text, "magenta" if "off" in text else "")
        for name, caption in list(self.captions.items())[:CAMERAS]:
            yield Text(one_line(f"{name}, {now - caption.captured_at:.0f} s ago: {caption.text}"), "cyan")
        if self.saying:
            yield Text(one_line(f"{self.saying} …"), "green")
        if lost := drops(self.counters):
            yield Text(listed(lost), "yellow")


def _part(name: str, why: str) -> Text:
    from rich.text import Text

    return Text(f"{one_line(name)} (trouble)", "bold red") if why else Text(one_line(name), "green")


class Screen:
    """Prints each line once, above a live status area, so that the transcript stays when the session ends."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._status = Status()
        self._draft: str | None = None
        self._entry: Entry = "none"
        self._touched = asyncio.Event()
        # A terminal can be held up (Ctrl-S, a selection on Windows): that must not stop the assistant.
        self._thread = DaemonThread("screen")

    def typed(self, draft: str | None) -> None:
        """Show what is typed so far; None: nothing is being typed, and single keys act."""
        self._draft = draft
        self._entry = "keys" if draft is None else "begun" if self._entry in ("keys", "begun") else "line"
        self._touched.set()

    async def run(self, events: Latest[Event]) -> None:
        """Until the line is closed; takes the status area away and leaves the counters, also when cancelled."""
        with while_read(self._console.file):
            try:
                await self._draw(self._live.start)
                await self._show(events)
            finally:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await self._draw(self._end)
                self._thread.shutdown()

    async def _show(self, events: Latest[Event]) -> None:
        fresh = asyncio.create_task(self._keep_fresh())
        try:
            async for event in complete(events):
                self._status.take(event)
                if line := words(event):
                    text = self._transcript(moment(event), *line)
                    await self._draw(partial(self._console.print, text, soft_wrap=True))
                self._touched.set()
        finally:
            fresh.cancel()
            await asyncio.gather(fresh, return_exceptions=True)

    async def _keep_fresh(self) -> None:
        """Repaint when something changed, and every second, for the ages."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._touched.wait()
            self._touched.clear()
            await self._draw(partial(self._live.update, self._area(), refresh=True))

    async def _draw(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _end(self) -> None:
        self._live.stop()
        if counters := self._status.counters:
            self._console.print(f"counts: {listed(counters)}", style="dim", markup=False, highlight=False)

    def _transcript(self, at: float, word: str, text: str) -> Text:
        """One line of the transcript, wrapped to the width, its further lines indented."""
        from rich.text import Text

        style = STYLES.get(word, "dim")
        line = Text.assemble((f"{max(0.0, at - (self._status.zero or 0.0)):6.1f}s  ", "dim"), (f"{word:<7} ", style))
        roomy = self._console.width >= ROOMY
        indent = "\n" + " " * (len(line) if roomy else 2)
        wrapped = Text(text, style).wrap(self._console, max(1, self._console.width - len(indent) + 1))
        for number, part in enumerate(wrapped):
            line.append("" if roomy and number == 0 else indent).append_text(part)
        return line

    def _area(self) -> Text:
        """The status and the input line, cut to the terminal's present size."""
        from rich.text import Text

        rows = [
            line for row in self._status.rows(asyncio.get_running_loop().time()) for line in _cut(row, self._console)
        ]
        return Text("\n", no_wrap=True).join([*rows, self._input()][-max(1, self._console.height - 1) :])

    def _footer(self) -> str:
        """As much of it as fits."""
        fitting = footers(self._status.attention, self._entry)
        return next((line for line in fitting if len(line) <= self._console.width), "")

    def _input(self) -> Text:
        from rich.text import Text

        if not self._draft:
            return Text(self._footer(), "dim")
        tail = Text(self._draft[-self._console.width :])
        while tail.cell_len > max(1, self._console.width - 4):
            tail = tail[1:]
        return Text.assemble("> ", tail, (" ", "reverse"))


def footers(attention: Attention | None, entry: Entry) -> list[str]:
    """What can be typed and pressed at present, from the longest to the shortest."""
    if entry == "none":
        return ["Ctrl-C ends"]
    if entry == "begun":
        return ["> Enter sends, Escape gives up", ">"]
    if entry == "keys":
        return ["single keys act, `omni keys` lists them, Ctrl-C ends", "Ctrl-C ends"]
    lines = ["> type a question, Ctrl-C ends", ">"]
    if attention is not None and (keys := list(_keys(attention))):
        lines.append(" · ".join(["> type a question or /help", *keys, "Ctrl-C ends"]))
        lines.append(" · ".join(["> /help", *keys, "Ctrl-C ends"]))
        lines.append(" · ".join([">", *keys]))
    return sorted(lines, key=len, reverse=True)


def _keys(attention: Attention) -> Iterator[str]:
    if attention.mode == "push" and attention.microphone:
        yield "Ctrl-T ends your turn" if attention.awake else "Ctrl-T to talk"
    if attention.microphone is not None:
        yield f"Ctrl-O mode ({attention.mode})"
        yield "Ctrl-N microphone"
    if attention.camera is not None:
        yield "Ctrl-X camera"


def _cut(row: Text, console: Console) -> list[Text]:
    """At most two lines of it."""
    first, *rest = row.wrap(console, console.width)
    if len(rest) > 1:
        rest[0].truncate(console.width - 1)
        rest[0].append("…")
    return [first, *rest[:1]]
