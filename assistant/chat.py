"""`omni chat`: a photo, then questions about it, answered as the words come; another photo's path changes to it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from assistant.eyes import Eyes, open_eyes, picture
from assistant.look import ask, show
from devices.media import DeviceError, Frame
from devices.stills import PICTURES
from pipelines.backends import BackendError, Exchange, Look
from pipelines.wording import one_line

REMEMBERED = 6
"""So many questions and answers about a picture go with the next: more would not fit the smallest models."""
LEAVE = ("/bye", "/exit", "/quit")
HELP = "Ask about the picture; another picture's path changes to it; /bye, Ctrl-D or Ctrl-C leaves."


def run(arguments: argparse.Namespace) -> int:
    """Talk until the questions end. Status 1 where one could not be answered."""
    frame = _first(arguments.photo)
    if frame is None:
        return 0
    eyes = open_eyes(arguments)
    _tell(f"{eyes.name} looks at {frame.camera}. {HELP}")
    talk = Talk(eyes, frame)
    failed = False
    while (line := _line("> ")) is not None and line not in LEAVE:
        failed = not (talk.turned_to(line) or talk.answered(line)) or failed
    return 1 if failed else 0


class Talk:
    """One picture and what was said about it."""

    def __init__(self, eyes: Eyes, frame: Frame) -> None:
        self._eyes, self._frame = eyes, frame
        self._history: tuple[Exchange, ...] = ()

    def turned_to(self, line: str) -> bool:
        """Whether the line is a picture's path; then that picture is looked at, and nothing was said about it yet."""
        path = _path(line)
        if path is None:
            return False
        try:
            self._frame, self._history = picture(str(path)), ()
        except DeviceError as error:
            _complain(str(error))
        else:
            _tell(f"now {self._frame.camera}")
        return True

    def answered(self, question: str) -> bool:
        """Whether the question got an answer, which is shown."""
        if not question:
            return True
        try:
            answer = asyncio.run(ask(self._eyes, Look(self._frame, question, self._history), show))
        except BackendError as error:
            self._history = ()  # it may have been too long for the model
            _complain(str(error))
            return False
        if not answer.text:
            _complain("there was no answer")
            return False
        print(flush=True)
        self._history = (*self._history, Exchange(question, answer.text))[-REMEMBERED:]
        return True


def _first(name: str | None) -> Frame | None:
    """The first picture, asked for where none is named; None where the lines end before. Raises DeviceError."""
    if name is not None:
        return picture(name)
    while (line := _line("picture: ")) is not None and line not in LEAVE:
        if not line:
            continue
        try:
            return picture(str(_path(line) or line))
        except DeviceError as error:
            if not sys.stdin.isatty():
                raise
            _complain(str(error))
    return None


def _path(line: str) -> Path | None:
    """The picture that a line names, also in quotation marks as terminals paste it; None where it names none."""
    path = Path(line.strip("'\"").replace("\\ ", " "))
    with suppress(OSError, ValueError, RuntimeError):
        path = path.expanduser()
        return path if path.suffix.lower() in PICTURES and path.is_file() else None
    return None


def _line(prompt: str) -> str | None:
    """The next line; None at the end. A prompt is shown only to a person."""
    person = sys.stdin.isatty()
    if person:
        with suppress(ImportError):
            import readline  # noqa: F401  lines can be edited
    try:
        line = input(prompt) if person else sys.stdin.readline()
    except EOFError:
        print()
        return None
    except UnicodeDecodeError:
        _complain("this line is not UTF-8 text")
        return ""
    return line.strip() if line or person else None


def _tell(text: str) -> None:
    """Say something to a person; a pipe is given answers only."""
    if sys.stdin.isatty():
        print(one_line(text))


def _complain(text: str) -> None:
    print(f"omni: {one_line(text)}", file=sys.stderr)
