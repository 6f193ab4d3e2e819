"""`omni look`: one question about one photo, answered in words or in the form that a schema prescribes."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any

from assistant.config import ConfigError
from assistant.eyes import Eyes, open_eyes, picture
from assistant.structured import Schema, Unfit, shown
from pipelines.backends import Exchange, Look

Show = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, and how long it took, with what was asked in vain before it."""

    text: str
    seconds: float
    first_token_s: float | None
    """Seconds to the first words; None where none came."""


def run(arguments: argparse.Namespace) -> int:
    """Print the answer. Status 1 where there is none, or none that fits the schema."""
    question = _question(arguments)
    schema = None if arguments.schema is None else Schema(_file("--schema", arguments.schema))
    if schema and arguments.stream:
        raise ConfigError("--stream shows words as they come, but --schema looks at the whole answer first: leave one")
    frame = picture(arguments.photo)
    eyes = open_eyes(arguments)
    request = Look(frame, question, max_tokens=arguments.max_tokens)
    if schema:
        if eyes.by_rule:
            raise ConfigError(f"{eyes.name} fills no schema: omni models pull desktop, or name another --model")
        return _structured(eyes, request, schema, arguments.json)
    return _in_words(eyes, request, arguments)


async def ask(eyes: Eyes, request: Look, show: Show) -> Answer:
    """The answer, each piece shown as it comes; white space around the whole is left out. Raises BackendError."""
    began, first, said = time.perf_counter(), None, ""
    async for piece in eyes.look(request):
        new = piece if said else piece.lstrip()
        if new and first is None:
            first = time.perf_counter() - began
        said += new
        show(new)
    return Answer(said.strip(), round(time.perf_counter() - began, 3), None if first is None else round(first, 3))


def show(piece: str) -> None:
    """Print a piece at once."""
    print(piece, end="", flush=True)


def _in_words(eyes: Eyes, request: Look, arguments: argparse.Namespace) -> int:
    as_json = arguments.json

    def show_line(piece: str) -> None:
        if piece:
            print(dumps({"piece": piece}), flush=True)

    streamed = (show_line if as_json else show) if arguments.stream else _hide
    answer = asyncio.run(ask(eyes, request, streamed))
    if as_json:
        _print_json(eyes, request.question, answer, answer.text)
    elif answer.text:
        print("" if arguments.stream else answer.text)
    if not answer.text:
        print("omni: there was no answer", file=sys.stderr)
    return 0 if answer.text else 1


def _structured(eyes: Eyes, request: Look, schema: Schema, as_json: bool) -> int:
    """Ask, and once more where the answer does not fit; what fits is printed, of what does not only why."""
    asked = schema.question(request.question)
    answer = asyncio.run(ask(eyes, Look(request.frame, asked, max_tokens=request.max_tokens), _hide))
    try:
        value, answer = _fitting(eyes, request, schema, asked, answer)
    except Unfit as error:
        print(f"omni: no answer fits the schema: {error}", file=sys.stderr)
        return 1
    if as_json:
        _print_json(eyes, request.question, answer, value)
    else:
        print(shown(value))
    return 0


def _fitting(eyes: Eyes, request: Look, schema: Schema, asked: str, answer: Answer) -> tuple[Any, Answer]:
    """The value and the answer it stands in: this one or the next.

    Raises Unfit when neither fits; the last one's words go to stderr.
    """
    try:
        return schema.read(answer.text), answer
    except Unfit as error:
        why = str(error)
    history = (Exchange(asked, answer.text),)
    again = Look(request.frame, schema.again(request.question, why), history, request.max_tokens)
    second = asyncio.run(ask(eyes, again, _hide))
    try:
        return schema.read(second.text), _after(answer, second)
    except Unfit:
        print(second.text, file=sys.stderr)
        raise


def _after(first: Answer, second: Answer) -> Answer:
    """The second answer, its times counted from the first question on."""
    words = second.first_token_s
    return Answer(
        second.text,
        round(first.seconds + second.seconds, 3),
        None if words is None else round(first.seconds + words, 3),
    )


def _print_json(eyes: Eyes, question: str, answer: Answer, value: Any) -> None:
    told = {"model": eyes.name, "question": question, "answer": value}
    print(dumps({**told, "seconds": answer.seconds, "first_token_s": answer.first_token_s}))


def _hide(piece: str) -> None:
    """What is done with pieces that nobody wants to see."""


def _question(arguments: argparse.Namespace) -> str:
    """The question, from the command line or a file; empty: a caption is wanted. Raises ConfigError."""
    if arguments.prompt_file is None:
        return str(arguments.question or "").strip()
    if arguments.question:
        raise ConfigError("there are two questions, one in --prompt-file: give one")
    path = _file("--prompt-file", arguments.prompt_file)
    try:
        question = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise ConfigError(f"--prompt-file {path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"--prompt-file {path}: is not UTF-8 text (byte {error.start})") from error
    if not question:
        raise ConfigError(f"--prompt-file {path}: is empty")
    return question


def _file(option: str, name: str) -> Path:
    if not name:
        raise ConfigError(f"{option}: names no file")
    return Path(name)
