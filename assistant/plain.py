"""A session as whole lines of text, or as JSON lines: for screen readers, pipes, logs and other programs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TextIO

from devices.lines import Latest
from devices.threads import DaemonThread
from pipelines.types import (
    Answer,
    Attention,
    CameraEvent,
    Caption,
    Event,
    Health,
    Looked,
    Notice,
    Recovered,
    Reply,
    Started,
    Transcript,
    Trouble,
    TurnTrace,
    as_json,
)
from pipelines.wording import one_line

PATIENCE = 0.5
"""Seconds that the last line may take to be written, so that a stuck reader does not keep the session from ending."""


def words(event: Event) -> tuple[str, str] | None:
    """The leading word and the text of an event, both printable; None for those that are no line of their own."""
    match event:
        case Caption():
            return "saw", one_line(f"{event.camera}: {event.text}")
        case Transcript(text=""):
            return "heard", "(speech, not understood)"
        case Transcript():
            return "heard" if event.source == "voice" else "asked", one_line(event.text)
        case Reply():
            return "said", _said(event)
        case Trouble():
            return "trouble", one_line(f"{event.part}: {event.why}")
        case Notice():
            return "note", one_line(event.text)
        case Recovered():
            return "note", one_line(f"{event.part} works again")
        case Started():
            return "runs", one_line(", ".join(f"{part} ({what})" for part, what in event.parts.items()))
        case Attention():
            return ("now", text) if (text := attends(event)) else None
        case CameraEvent():
            return "event", one_line(f"{event.camera}: {event.title or event.caption} ({event.change})")
        case Answer():
            return "wrote", one_line(event.text or event.why)
        case _:
            return None


def attends(state: Attention) -> str:
    """Who is listened to and what is covered, in plain words; empty where there is nothing to say about it."""
    off = ["camera off"] if state.camera is False else []
    return one_line(", ".join([*_hears(state), *off]))


def _hears(state: Attention) -> list[str]:
    if state.microphone is None:
        return []
    if state.mode == "text":
        return ["microphone off, typing only"]
    if not state.microphone:
        return ["microphone off"]
    waits = {"wake": f"waiting for “{state.wake_word}”", "push": "waiting for the talk key, or /talk"}
    return [waits[state.mode] if state.mode in waits and not state.awake else "listening"]


def _said(reply: Reply) -> str:
    heard = one_line(reply.text) or "(nothing)"
    return f"{heard}{' — (cut)' if reply.cut else ''} ({reply.answered_at - reply.asked_at:.2f} s)"


def moment(event: Event) -> float:
    """When it happened, in seconds on the loop's clock: not when it was told."""
    match event:
        case Caption() | Looked():
            return event.captured_at
        case Transcript() | TurnTrace():
            return event.said_at
        case Reply() | Answer():
            return event.answered_at
        case CameraEvent():
            return event.captured_at
        case _:
            return event.at


def drops(counters: Mapping[str, int]) -> dict[str, int]:
    """Those counters that stand for something lost, where it is not nothing."""
    return {name: count for name, count in counters.items() if count and name.endswith(("dropped", "lost"))}


def listed(counters: Mapping[str, int]) -> str:
    """`desk frames 1200, desk frames dropped 3`"""
    return one_line(", ".join(f"{name} {count}" for name, count in counters.items()))


async def complete(events: Latest[Event]) -> AsyncIterator[Event]:
    """The events, and a `Notice` wherever some were forgotten because they came faster than this view shows them."""
    known = 0
    async for event in events:
        if events.dropped > known:
            yield Notice(f"{events.dropped - known} events are not shown here: they came too fast", moment(event))
            known = events.dropped
        yield event


@contextmanager
def while_read(stream: IO[str]) -> Iterator[None]:
    """End quietly when the reader of a pipe is gone; say what else keeps lines from being written."""
    try:
        yield
    except BrokenPipeError:
        return
    except OSError as error:
        with suppress(OSError):  # the window that was closed may have been that of both
            print(f"nothing more is shown on {stream.name}: {error.strerror or error}", file=sys.stderr)


class Output:
    """A stream written in its own thread: a reader that is slow, or stuck, does not stop the assistant."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = _pipe_or_file(stream)
        self._thread = DaemonThread("output")

    async def write(self, line: str) -> None:
        """Return when it is written. Raises OSError (BrokenPipeError when nobody reads any more)."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, f"{line}\n")

    async def close(self, line: str = "") -> None:
        """Write the last line, if that can be done soon, and end the thread."""
        try:
            if line:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await self.write(line)
        finally:
            self._thread.shutdown()

    def _write(self, text: str) -> None:
        if self._descriptor is None:
            self._stream.write(text)
            self._stream.flush()
            return
        # Not through the stream: a thread stuck in there holds its lock, and the interpreter aborts at its end.
        data = text.encode(self._stream.encoding or "utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]


def _pipe_or_file(stream: TextIO) -> int | None:
    """The descriptor to write to; None for a terminal (which may want its own encoding) and for memory."""
    try:
        return None if stream.isatty() else stream.fileno()
    except OSError:
        return None


class Json:
    """Each event is one JSON object on one line, in ASCII."""

    typed = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def run(self, events: Latest[Event]) -> None:
        """Until the line is closed, or nobody reads any more."""
        output = Output(self._stream)
        try:
            with while_read(self._stream):
                async for event in complete(events):
                    await output.write(json.dumps(as_json(event)))
        finally:
            await output.close()


class Plain:
    """Each event is one whole line, `12.3s  saw    desk: ...`; nothing is coloured and nothing is repainted."""

    typed = None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._zero: float | None = None
        self._told: dict[str, int] = {}
        self._health: Health | None = None

    async def run(self, events: Latest[Event]) -> None:
        """Until the line is closed, or nobody reads any more; the counters are the last line, also when cancelled."""
        output = Output(self._stream)
        with while_read(self._stream):
            try:
                async for event in complete(events):
                    if line := self.line(event):
                        await output.write(line)
            finally:
                await output.close(self._last_line())

    def line(self, event: Event) -> str:
        """The event as one line, or an empty string."""
        self._zero = moment(event) if self._zero is None else self._zero
        found = self._news(event) if isinstance(event, Health) else words(event)
        return self._timed(moment(event), *found) if found else ""

    def _news(self, health: Health) -> tuple[str, str] | None:
        """Drops, when one is twice what was told last: it is seen, and does not flood a screen reader."""
        self._health, lost = health, drops(health.counters)
        if all(count < 2 * self._told.get(name, 0.5) for name, count in lost.items()):
            return None
        self._told = lost
        return "drops", listed(lost)

    def _last_line(self) -> str:
        return self._timed(self._health.at, "counts", listed(self._health.counters)) if self._health else ""

    def _timed(self, at: float, word: str, text: str) -> str:
        return f"{max(0.0, at - (self._zero or 0.0)):6.1f}s  {word:<6} {text}"
