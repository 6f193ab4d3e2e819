"""The `omni` command: arguments in, one clear line and an exit status out."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from assistant import arguments

Command = Callable[[argparse.Namespace], int]

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
_TURN = 0.001
"""Seconds that a busy thread keeps the interpreter while others wait for it."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its status; what a user did wrong is one line and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the terminal's encoding does not have is still told
    try:
        parsed = _parser().parse_args(words)
        status = int(parsed.command(parsed))
    except SystemExit:
        raise  # of argparse: to look up the errors below would take longer than all of its help
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except _user_errors() as error:
        _complain(getattr(error, "lines", (str(error),)))
        status = BAD_INPUT
    except OSError as error:
        _complain((f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}",))
        status = FAILED
    return status


def _complain(lines: Sequence[str]) -> None:
    from pipelines.wording import one_line

    for line in lines:
        print(f"omni: {one_line(line)}", file=sys.stderr)


def entry() -> None:
    """The process itself: run the command and leave.

    Everything is closed by then; taking loaded models apart would cost a second, and threads at work would crash in it.
    """
    _open_streams()
    take_short_turns()
    status = main()
    if "pipelines.worker" not in sys.modules:
        sys.exit(status)
    with contextlib.suppress(OSError):  # whoever read it may be gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def take_short_turns() -> None:
    """Let every thread of this process keep the interpreter for a fifth of Python's own time.

    The callbacks of sound cards are due every few milliseconds, while models work in other threads.
    """
    sys.setswitchinterval(_TURN)


def _open_streams() -> None:
    """Standard streams that the parent process closed lead nowhere, instead of into files that are opened later."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  for as long as the process lives


def _user_errors() -> tuple[type[Exception], ...]:
    """The errors whose message is meant for the user. Looked up late: `omni --help` needs none of them."""
    from assistant.config import ConfigError
    from assistant.models import WeightsError
    from devices.media import DeviceError
    from pipelines.backends import BackendError

    return ConfigError, WeightsError, DeviceError, BackendError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="omni", description="A camera assistant that sees, listens and speaks.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, told, add, command in _commands():
        one = commands.add_parser(name, help=told)
        add(one)
        one.set_defaults(command=command)
    return parser


def _commands() -> tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None], Command], ...]:
    """Each command's name, what it does, what it takes, and how it is run."""
    from assistant import models

    return (
        ("run", "run the assistant", arguments.session, _run),
        ("record", "run the assistant and keep the session", arguments.record, _record),
        ("replay", "run a recorded session again, and tell what differs", arguments.replay, _replay),
        ("ask", "ask one typed question about what a camera sees", arguments.ask, _ask),
        ("look", "ask a vision-language model about a photo", arguments.look, _look),
        ("chat", "talk with a vision-language model about a photo", arguments.chat, _chat),
        ("demo", "run the whole pipeline on sample photos and spoken questions", arguments.demo, _demo),
        ("recall", "search the diary of what was seen, where one is kept", arguments.recall, _recall),
        ("trace", "show where the time of the last turns went", arguments.trace, _trace),
        ("eval", "run scenarios, and tell which of their expectations are met", arguments.eval, _eval),
        (
            "caption-worker",
            "describe pictures for assistants on other machines",
            arguments.caption_worker,
            _caption_worker,
        ),
        ("keys", "list the keys of a session in the terminal", arguments.keys, _keys),
        ("check", "validate configurations, loading nothing heavy", arguments.check, _check),
        ("devices", "list cameras, microphones and speakers", lambda parser: None, _devices),
        ("mqtt", "tell what is published over MQTT, and what is obeyed", arguments.mqtt, _mqtt),
        ("models", "list, pull, verify and remove weights", models.add_arguments, models.run),
    )


def _run(parsed: argparse.Namespace) -> int:
    from assistant import session

    return session.run(parsed)


def _record(parsed: argparse.Namespace) -> int:
    from assistant import recording

    return recording.run(parsed)


def _replay(parsed: argparse.Namespace) -> int:
    from assistant import replay

    return replay.run(parsed)


def _ask(parsed: argparse.Namespace) -> int:
    from assistant import session

    return session.ask(parsed)


def _look(parsed: argparse.Namespace) -> int:
    from assistant import look

    return look.run(parsed)


def _chat(parsed: argparse.Namespace) -> int:
    from assistant import chat

    return chat.run(parsed)


def _recall(parsed: argparse.Namespace) -> int:
    from assistant import recall

    return recall.run(parsed)


def _demo(parsed: argparse.Namespace) -> int:
    from assistant import demo

    return demo.run(parsed)


def _trace(parsed: argparse.Namespace) -> int:
    from assistant import trace

    return trace.run(parsed)


def _eval(parsed: argparse.Namespace) -> int:
    from assistant import evaluation

    return evaluation.run(parsed)


def _caption_worker(parsed: argparse.Namespace) -> int:
    from assistant import caption_worker

    return caption_worker.run(parsed)


def _keys(parsed: argparse.Namespace) -> int:
    from assistant import keycard

    return keycard.run(parsed)


def _check(parsed: argparse.Namespace) -> int:
    from assistant import check

    return check.run(parsed.files)


def _mqtt(parsed: argparse.Namespace) -> int:
    from assistant.mqtt import command

    return command.run(parsed)


def _devices(parsed: argparse.Namespace) -> int:
    from assistant import check

    return check.devices()
