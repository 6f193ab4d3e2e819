"""Lines typed on a terminal: read in one thread, whole or key by key, and never in the way of the session's end."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from types import FrameType
from typing import Any, TextIO

from devices.lines import LineClosed, Lossless

LONGEST = 2000
"""Characters of a line that are kept; what is typed beyond them is ignored."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
KEYS = {"\x14": "/talk", "\x0f": "/mode", "\x0e": "/mic", "\x18": "/camera"}
"""From a control key of a terminal (Ctrl-T, Ctrl-O, Ctrl-N, Ctrl-X) to the line that it stands for."""
_BACKSPACE, _KILL_LINE, _KILL_WORD, _END = "\x7f\b", "\x15", "\x17", "\x04\x1a"


class Typing:
    """What is typed so far: bytes go in, whole lines come out. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, by_key: bool = False) -> None:
        """`by_key`: control keys stand for lines, without disturbing what is typed so far."""
        self.text = ""
        self._keys = KEYS if by_key else {}
        self.ended = False
        """True after Ctrl-D on an empty line."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, final: bool = False) -> list[str]:
        """The lines that these bytes complete, stripped, without the empty ones."""
        keys = _ESCAPES.sub("", self._decoder.decode(data, final)) + ("\n" if final else "")
        return [line for key in keys if (line := self._press(key))]

    def _press(self, key: str) -> str:
        """The line, if this key completes one, or stands for one."""
        line = self._keys.get(key, "")
        if key in "\r\n":
            line, self.text = self.text.strip(), ""
        elif key in _BACKSPACE:
            self.text = self.text[:-1]
        elif key == _KILL_LINE:
            self.text = ""
        elif key == _KILL_WORD:
            self.text = re.sub(r"\S+\s*$", "", self.text)
        elif key in _END:
            self.ended = self.ended or not self.text
        elif (key.isprintable() or key == "\t") and len(self.text) < LONGEST:
            self.text += " " if key == "\t" else key
        return line


async def typed_lines(stream: TextIO | None = None, shown: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """The lines typed on `stream` (standard input), until its end; none where it cannot be read.

    With `shown`, a terminal is read key by key and does not echo: `shown` is given the line as far as it is typed,
    for a view that repaints the screen. The terminal is put back as it was, also when this is cancelled.
    """
    descriptor = _readable(sys.stdin if stream is None else stream)
    if descriptor is None:
        return
    show = shown if shown and os.isatty(descriptor) else None
    pieces = Lossless[bytes](16, "keyboard")
    with _key_by_key(descriptor) if show else nullcontext():
        _start_reading(descriptor, show is not None, pieces)
        try:
            async for line in _lines(pieces, show):
                yield line
        finally:
            pieces.close()


async def _lines(pieces: Lossless[bytes], shown: Callable[[str], None] | None) -> AsyncIterator[str]:
    typing, show = Typing(by_key=shown is not None), shown or (lambda draft: None)
    show("")
    async for piece in pieces:
        lines = typing.feed(piece)
        show(typing.text)
        for line in lines:
            yield line
        if typing.ended:
            return
    for line in typing.feed(b"", final=True):
        yield line


def _start_reading(descriptor: int, by_key: bool, pieces: Lossless[bytes]) -> None:
    read: Callable[[], bytes] = partial(os.read, descriptor, 4096)
    if sys.platform == "win32" and by_key:
        read = _console_key
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read, args=(read, pieces, loop), name="keyboard", daemon=True).start()


def _read(read: Callable[[], bytes], pieces: Lossless[bytes], loop: asyncio.AbstractEventLoop) -> None:
    """Read, blocking, until the end or until nobody listens; a thread that still waits then goes with the process."""
    # From the descriptor: a thread that waits inside `sys.stdin` holds its lock, and the interpreter aborts at its end.
    try:
        while (data := read()) and not pieces.closed:
            asyncio.run_coroutine_threadsafe(pieces.put(data), loop).result()
    except (OSError, LineClosed, CancelledError):
        pass  # the terminal is gone, or the session is over: either way, the end
    if not pieces.closed:
        loop.call_soon_threadsafe(pieces.close)


def _readable(stream: TextIO | None) -> int | None:
    """The descriptor to read from; None without one, or where reading would stop a process in the background."""
    try:
        descriptor = stream.fileno() if stream is not None else None
    except OSError:
        return None
    return None if descriptor is None or _in_background(descriptor) else descriptor


if sys.platform == "win32":
    import msvcrt

    def _in_background(descriptor: int) -> bool:
        return False

    @contextmanager
    def _key_by_key(descriptor: int) -> Iterator[None]:
        yield  # the console is asked for single keys where they are read

    def _console_key() -> bytes:
        key = msvcrt.getwch()
        if key == "\x00":  # an arrow or function key: its code follows
            msvcrt.getwch()
            return b"\x1b"
        return key.encode("utf-8", "replace")

else:
    import termios
    import tty

    def _in_background(descriptor: int) -> bool:
        try:
            return os.tcgetpgrp(descriptor) != os.getpgrp()
        except OSError:
            return False  # no terminal, or not the one that governs this process

    @contextmanager
    def _key_by_key(descriptor: int) -> Iterator[None]:
        """Single keys meanwhile; while the process is suspended (Ctrl-Z), the terminal is as it was before."""
        before = termios.tcgetattr(descriptor)
        _take_keys(descriptor)
        try:
            with _suspended(partial(_put_back, descriptor, before), partial(_take_keys, descriptor)):
                yield
        finally:
            _put_back(descriptor, before)

    def _take_keys(descriptor: int) -> None:
        """No echo, no waiting for Enter, no keys of the system's own (BSD: Ctrl-T, Ctrl-O); Ctrl-C interrupts."""
        if _in_background(descriptor):  # a terminal stops whoever changes it from there
            return
        with suppress(termios.error):
            tty.setcbreak(descriptor, termios.TCSANOW)
            ours = termios.tcgetattr(descriptor)
            ours[3] &= ~termios.IEXTEN
            termios.tcsetattr(descriptor, termios.TCSANOW, ours)

    def _put_back(descriptor: int, before: list[Any]) -> None:
        with suppress(termios.error):  # its window is closed
            if not _in_background(descriptor):
                termios.tcsetattr(descriptor, termios.TCSANOW, before)

    @contextmanager
    def _suspended(leave: Callable[[], None], come_back: Callable[[], None]) -> Iterator[None]:
        """Call `leave` before the process is suspended, and `come_back` whenever it goes on."""
        if threading.current_thread() is not threading.main_thread():  # others can handle no signals
            yield
            return

        def suspend(number: int, frame: FrameType | None) -> None:
            leave()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)  # stands here until it goes on
            signal.signal(number, suspend)

        before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
        if before[signal.SIGTSTP] is not signal.SIG_IGN:
            signal.signal(signal.SIGTSTP, suspend)
        signal.signal(signal.SIGCONT, lambda number, frame: come_back())
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
