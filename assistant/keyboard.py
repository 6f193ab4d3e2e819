"""Lines typed on a terminal: read in one thread, whole or key by key, and never in the way of the session's end."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, TextIO

from assistant.keys import Keys, KeysOptions
from assistant.typed import Shown, Typing, nobody
from devices.lines import LineClosed, Lossless

PATIENCE = 0.05
"""Seconds after which Escape is the key of that name, and not the beginning of an arrow key."""


@dataclass(frozen=True, slots=True)
class ByKey:
    """How a terminal is read key by key, without its echo."""

    shown: Shown = nobody
    keys: Keys = field(default_factory=lambda: Keys(KeysOptions()))


async def typed_lines(stream: TextIO | None = None, by_key: ByKey | None = None) -> AsyncIterator[str]:
    """The lines typed on `stream` (standard input), until its end; none where it cannot be read.

    With `by_key`, a terminal is read key by key and does not echo. It is put back as it was, also when this is
    cancelled.
    """
    descriptor = _readable(sys.stdin if stream is None else stream)
    if descriptor is None:
        return
    single = by_key if by_key and os.isatty(descriptor) else None
    pieces = Lossless[bytes](16, "keyboard")
    with _key_by_key(descriptor) if single else nullcontext():
        _start_reading(descriptor, single is not None, pieces)
        try:
            async for line in _lines(pieces, single):
                yield line
        finally:
            pieces.close()


async def _lines(pieces: Lossless[bytes], by_key: ByKey | None) -> AsyncIterator[str]:
    show = by_key.shown if by_key else nobody
    typing = Typing(by_key.keys if by_key else None)
    show(typing.text)
    while not typing.ended:
        try:
            async with asyncio.timeout(PATIENCE if typing.unfinished else None):
                lines = typing.feed(await pieces.get())
        except TimeoutError:
            lines = typing.expire()
        except LineClosed:
            break
        show(typing.text)
        for line in lines:
            yield line
    for line in [] if typing.ended else typing.feed(b"", final=True):
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


def gives_lines(stream: TextIO | None) -> bool:
    """Whether somebody may write there: on a terminal, or through a pipe or a file, and not from nowhere."""
    try:
        mode = os.fstat(stream.fileno()).st_mode if stream is not None else 0
    except (OSError, ValueError):  # it has no descriptor, or is closed
        return False
    piped = stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)
    return piped or (stream is not None and stream.isatty())


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
        if key == "\x00" or (key == "\xe0" and msvcrt.kbhit()):  # an arrow or function key, not à: its code follows
            return _CODES.get(msvcrt.getwch(), b"\x1b[Z")
        return key.encode("utf-8", "replace")

    _CODES = {"H": b"\x1b[A", "P": b"\x1b[B", "M": b"\x1b[C", "K": b"\x1b[D", "G": b"\x1b[H", "O": b"\x1b[F"}
    """From what the console sends for arrow keys to what terminals send; `\x1b[Z` is no key here."""

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
