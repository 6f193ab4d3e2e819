"""Typed asks: whole lines from a pipe, keys from a terminal, and never in the way of the session's end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from assistant.keyboard import ByKey, typed_lines
from assistant.keys import DONE, NO_KEY, QUIT, TYPING, Keys, KeysOptions
from assistant.typed import LONGEST, Typing

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
termios = pytest.importorskip("termios")

PATIENTLY_CANCELLED = """
import asyncio
from assistant.keyboard import typed_lines

async def read():
    async for line in typed_lines():
        print(line, flush=True)

async def main():
    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    reading.cancel()

asyncio.run(main())
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The person's end of a pseudo-terminal, and the program's."""
    person, program = pty.openpty()
    yield person, program
    for descriptor in (person, program):
        os.close(descriptor)


async def lines_from(data: bytes) -> list[str]:
    """All lines of a pipe that ends after `data`."""
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with os.fdopen(reader) as stream:
        return [line async for line in typed_lines(stream)]


@pytest.mark.real_time
async def test_lines_are_stripped_and_empty_ones_skipped() -> None:
    assert await lines_from(b"  how many people \n\n   \r\nread it\nunfinished") == [
        "how many people",
        "read it",
        "unfinished",
    ]


@pytest.mark.real_time
async def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert await lines_from("几个人\n".encode() + b"caf\xe9\n") == ["几个人", "caf\ufffd"]


@pytest.mark.real_time
async def test_nothing_is_read_where_there_is_no_keyboard() -> None:
    with open(os.devnull) as nothing:  # noqa: ASYNC230  nothing to wait for
        assert [line async for line in typed_lines(nothing)] == []
    assert [line async for line in typed_lines(StringIO("no descriptor\n"))] == []


def test_a_character_may_come_in_pieces() -> None:
    typing = Typing()
    first, rest = "几\n".encode()[:2], "几\n".encode()[2:]
    assert typing.feed(first) == []
    assert typing.feed(rest) == ["几"]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (b"red\x7f\x7f\x08x\n", "x"),
        (b"\x7fa\n", "a"),
        (b"wrong\x15right\n", "right"),
        (b"what is that\x17this\n", "what is this"),
        (b"one\x17two\n", "two"),
        (b"a\x1b[A\x1b[1;5D\x1bOPb\r", "ab"),
        (b"a\tb\x00\x07\n", "a b"),
    ],
)
def test_keys_edit_the_line(keys: bytes, line: str) -> None:
    assert Typing().feed(keys) == [line]


def test_control_keys_stand_for_commands_and_leave_what_is_typed_as_it_is() -> None:
    typing = Typing(Keys(KeysOptions()))
    assert typing.feed(b"what \x14is\x0e that\x0f\x18") == ["/talk", "/mic", "/mode", "/camera"]
    assert typing.text == "what is that"
    assert typing.feed(b"\n") == ["what is that"]


def test_in_a_pipe_control_characters_are_no_keys() -> None:
    assert Typing().feed(b"wh\x14at\x0e\x0f\x18\n") == ["what"]


def test_a_line_has_a_longest_length() -> None:
    assert Typing().feed(b"x" * (LONGEST + 500) + b"\nnext\n") == ["x" * LONGEST, "next"]


def test_control_d_ends_only_an_empty_line() -> None:
    typing = Typing()
    typing.feed(b"a\x04")
    assert not typing.ended
    typing.feed(b"\x7f\x04")
    assert typing.ended


@pytest.mark.real_time
async def test_a_terminal_is_read_key_by_key_and_put_back(terminal: tuple[int, int]) -> None:
    person, program = terminal
    before, drafts = termios.tcgetattr(program), []

    def typed(draft: str | None) -> None:
        drafts.append(draft)
        if draft == "":  # ready, or a line was sent
            os.write(person, b"h\x14i\x0f\n" if len(drafts) == 1 else b"\x04")

    with os.fdopen(program, closefd=False) as stream:
        assert [line async for line in typed_lines(stream, ByKey(typed))] == ["/talk", "/mode", "hi"]
    assert drafts[0] == drafts[-1] == ""
    assert termios.tcgetattr(program) == before


@pytest.mark.real_time
async def test_the_terminal_does_not_echo_while_a_view_shows_what_is_typed(terminal: tuple[int, int]) -> None:
    person, program = terminal
    before, ready = termios.tcgetattr(program), asyncio.Event()
    with os.fdopen(program, closefd=False) as stream:

        async def read() -> None:
            async for _ in typed_lines(stream, ByKey(lambda _draft: ready.set())):
                pass

        reading = asyncio.get_running_loop().create_task(read())
        await ready.wait()
        # IEXTEN would keep some of our keys for the system, on some systems.
        assert not termios.tcgetattr(program)[3] & (termios.ECHO | termios.ICANON | termios.IEXTEN)
        assert termios.tcgetattr(program)[3] & termios.ISIG  # Ctrl-C still interrupts
        reading.cancel()
        await asyncio.wait([reading])
    assert termios.tcgetattr(program) == before
    os.write(person, b"\n")  # lets the reading thread go


def test_a_keyboard_that_is_still_waited_for_does_not_keep_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PATIENTLY_CANCELLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


READS_KEYS = """
import asyncio, sys
from assistant.keyboard import ByKey, typed_lines

async def main():
    ready = lambda draft: print("ready", file=sys.stderr, flush=True)
    async for line in typed_lines(by_key=ByKey(ready)):
        return

asyncio.run(main())
"""
SHELL = """
import fcntl, os, signal, subprocess, sys, termios

def keys():
    return not termios.tcgetattr(0)[3] & (termios.ICANON | termios.ECHO)

def foreground(group):
    os.tcsetpgrp(0, group)

signal.alarm(20)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = subprocess.Popen([sys.executable, "-c", sys.argv[1]], process_group=0, stderr=subprocess.PIPE)
foreground(job.pid)
told = []
job.stderr.readline()
told.append(keys())
os.kill(job.pid, signal.SIGTSTP)
stopped = os.WIFSTOPPED(os.waitpid(job.pid, os.WUNTRACED)[1])
told.append(keys())
foreground(job.pid)
os.kill(job.pid, signal.SIGCONT)
while not keys():
    pass
told.append(keys())
print(stopped, *told, flush=True)
job.wait()
print(keys())
"""


def test_a_suspended_session_gives_the_terminal_back_and_takes_it_again(terminal: tuple[int, int]) -> None:
    person, program = terminal
    command = [sys.executable, "-c", SHELL, READS_KEYS]
    with subprocess.Popen(command, stdin=program, stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"True True False True\n"
        os.write(person, b"over\n")
        assert shell.stdout.readline() == b"False\n"


def single(**keys: str) -> Typing:
    return Typing(Keys(KeysOptions(single=True, **keys)))  # type: ignore[arg-type]


def test_a_single_key_is_its_line_at_once() -> None:
    assert single().feed(b"r \x1b[D\x1bOC+") == ["/repeat", "/stop", "/back", "/forward", "/more"]


def test_a_question_is_typed_after_its_key_and_keys_are_letters_until_it_is_sent() -> None:
    typing = single()
    assert typing.text is None
    assert typing.feed(b"t") == [f"{TYPING} question"]
    assert typing.feed("read 三 it".encode()) == []
    assert typing.text == "read 三 it"
    assert typing.feed(b"\x1b[D\x7f\x7ft\x0e\r") == ["/mic", "read 三 t"]
    assert typing.text is None
    assert typing.feed(b"r") == ["/repeat"]


def test_some_keys_begin_their_line_and_want_the_rest() -> None:
    typing = single()
    assert typing.feed(b"wperson with a dog\n") == [f"{TYPING} watch", "/watch person with a dog", DONE]
    assert typing.feed(b"/topic text off\n") == [f"{TYPING} command", "/topic text off", DONE]


def test_escape_or_an_empty_line_gives_up() -> None:
    typing = single()
    typing.feed(b"twhat")
    assert typing.feed(b"\x1b") == []
    assert typing.unfinished
    assert typing.expire() == [TYPING]
    assert typing.text is None
    assert typing.feed(b"t\n") == [f"{TYPING} question", TYPING]
    assert typing.feed(b"q") == [NO_KEY]
    assert typing.feed(b"Q\x04") == [QUIT, QUIT]


def test_no_piece_of_an_arrow_key_is_taken_for_letters_however_it_is_cut() -> None:
    arrows = b"\x1b[D\x1bOC\x1b[1;5A\x1b[15~\x1b[<0;10;10M\x1b[M abc"[:-1] + b"\x1b]11;rgb:00\x1b\\"
    for at in range(1, len(arrows)):
        typing = single()
        assert [*typing.feed(arrows[:at]), *typing.feed(arrows[at:])] == ["/back", "/forward", NO_KEY]
        assert typing.text is None


def test_an_arrow_key_that_comes_late_in_two_pieces_is_not_taken_for_letters() -> None:
    typing = single()
    typing.feed(b"\x1b")
    assert typing.expire() == ["/stop"]  # as Escape would have been
    assert typing.feed(b"[A") == []
    assert typing.feed(b"a") == ["/aim"]


def test_a_sequence_that_breaks_off_takes_nothing_with_it() -> None:
    typing = single()
    assert typing.feed(b"\x1b[\x1b[Dr") == ["/back", "/repeat"]
    assert typing.feed(b"\x1b[1;") == []
    assert typing.expire() == []
    assert typing.feed(b"r\x1br\x1b\x1b[D") == ["/repeat", "/stop", "/back"]  # Alt-R is not R


@pytest.mark.real_time
async def test_escape_on_a_terminal_is_told_soon_after_nothing_followed(terminal: tuple[int, int]) -> None:
    person, program = terminal
    drafts: list[str | None] = []
    with os.fdopen(program, closefd=False) as stream:
        lines = typed_lines(stream, ByKey(drafts.append, Keys(KeysOptions(single=True))))
        told = []
        os.write(person, b"th")
        async for line in lines:
            told.append(line)
            os.write(person, {1: b"\x1b", 2: b"\x1b", 3: b"\x1b[C", 4: b"Q"}.get(len(told), b""))
            if line == QUIT:
                break
    assert told == [f"{TYPING} question", TYPING, "/stop", "/forward", QUIT]
    assert drafts[0] is None
    assert "h" in drafts or "" in drafts


def test_whatever_is_pressed_nothing_but_lines_come_out() -> None:
    for data in (bytes(range(256)), bytes(range(255, -1, -1)), b"\x1b" * 50 + b"[[A" * 9):
        typing = single()
        found = [*typing.feed(data), *typing.expire(), *typing.feed(b"", final=True)]
        assert all(line and "\x1b" not in line for line in found)
