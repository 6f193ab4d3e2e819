"""The `omni` command: arguments in, one clear line and an exit status out."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its status; what a user did wrong is one line and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what the terminal's encoding does not have is still told
    try:
        parsed = _parser().parse_args(arguments)
        status = int(parsed.command(parsed))
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
    status = main()
    if "pipelines.worker" not in sys.modules:
        sys.exit(status)
    with contextlib.suppress(OSError):  # whoever read it may be gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


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
    _add_run(commands)
    _add_record(commands)
    _add_replay(commands)
    _add_ask(commands)
    _add_look(commands)
    _add_chat(commands)
    _add_demo(commands)
    _add_recall(commands)
    _add_trace(commands)
    _add_eval(commands)
    check = commands.add_parser("check", help="validate configurations, loading nothing heavy")
    check.add_argument("files", nargs="+", metavar="FILE", help="a configuration")
    check.set_defaults(command=_check)
    devices = commands.add_parser("devices", help="list cameras, microphones and speakers")
    devices.set_defaults(command=_devices)
    models = commands.add_parser("models", help="list, pull, verify and remove weights")
    _add_models(models)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="run the assistant")
    _add_session(run)
    run.set_defaults(command=_run)


def _add_record(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    kept = (
        "Keeps in DIR the sound of the microphone, pictures of the cameras, and what was said and answered; "
        "whoever may read DIR can hear and see the people in it. Delete DIR to forget them."
    )
    record = commands.add_parser("record", help="run the assistant and keep the session", description=kept)
    record.add_argument("folder", metavar="DIR", help="a new folder for the recording, readable by you alone")
    _add_session(record)
    record.set_defaults(command=_record)


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    replay = commands.add_parser("replay", help="run a recorded session again, and tell what differs")
    replay.add_argument("folder", metavar="DIR", help="a recording")
    replay.add_argument(
        "--live", metavar="KINDS", help="models to ask anew, such as 'chat,voice'; the others are played"
    )
    replay.add_argument(
        "--tolerance", type=float, default=0.1, metavar="SECONDS", help="how far times may differ (default: 0.1)"
    )
    replay.add_argument("--json", action="store_true", help="the differences as JSON lines")
    replay.add_argument("--events", metavar="FILE", help="write the events to a file as JSON lines")
    replay.set_defaults(command=_replay)


def _add_session(run: argparse.ArgumentParser) -> None:
    run.add_argument("file", nargs="?", metavar="FILE", help="a configuration (default: the desktop one)")
    _add_devices(run)
    run.add_argument("--fast", action="store_true", help="read a video file as quickly as it can be captioned")
    run.add_argument("--microphone", metavar="SOURCE", help="a name, an index, a sound file, or 'silence'")
    run.add_argument("--plain", action="store_true", help="whole lines only: for screen readers and pipes")
    run.add_argument("--json", action="store_true", help="events as JSON lines")
    run.add_argument("--events", metavar="FILE", help="write the events to a file as JSON lines, too")


def _add_ask(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ask = commands.add_parser("ask", help="ask one typed question about what a camera sees")
    ask.add_argument("question")
    ask.add_argument("--config", dest="file", metavar="FILE", help="a configuration (default: the desktop one)")
    _add_devices(ask)
    ask.add_argument("--json", action="store_true", help="the reply as one JSON line")
    ask.set_defaults(command=_ask, fast=False)


def _add_devices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--camera",
        action="append",
        metavar="SOURCE",
        help="an index, a device path, an address, a video, a photo or a folder of photos (may be given again)",
    )
    parser.add_argument("--speaker", metavar="SINK", help="a name, an index, a .wav file to write, or 'none'")


def _add_look(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    look = commands.add_parser("look", help="ask a vision-language model about a photo")
    look.add_argument("photo")
    look.add_argument("question", nargs="?", help="without one, the photo is described")
    _add_model(look)
    look.add_argument("--prompt-file", metavar="FILE", help="take the question from a text file")
    look.add_argument("--schema", metavar="FILE", help="a JSON schema that the answer must fit")
    look.add_argument("--max-tokens", type=_positive, metavar="N", help="the longest answer")
    look.add_argument("--stream", action="store_true", help="show words as they come")
    look.add_argument("--json", action="store_true", help="the answer as one JSON line, with its times")
    look.set_defaults(command=_look)


def _add_chat(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    chat = commands.add_parser("chat", help="talk with a vision-language model about a photo")
    chat.add_argument("photo", nargs="?", help="without one, it is asked for")
    _add_model(chat)
    chat.set_defaults(command=_chat)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME", help="pulled weights, a backend, or a folder of weights (default: the best there is)"
    )
    parser.add_argument("--backend", metavar="NAME", help="the backend for --model, where that does not tell it")
    parser.add_argument(
        "-o", "--option", action="append", default=[], metavar="KEY=VALUE", help="an option of it (may be given again)"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 4000:
        raise argparse.ArgumentTypeError(f"is a number from 1 to 4000, not {text!r}")
    return int(text)


def _add_demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    demo = commands.add_parser("demo", help="run the whole pipeline on sample photos and spoken questions")
    demo.add_argument("--out", default="demo", metavar="FOLDER", help="where its files go (default: demo)")
    demo.set_defaults(command=_demo)


def _add_trace(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    trace = commands.add_parser("trace", help="show where the time of the last turns went")
    trace.add_argument("file", nargs="?", metavar="FILE", help="events as JSON lines (default: the last turns here)")
    trace.add_argument("--last", type=_positive, default=20, metavar="N", help="so many turns (default: 20)")
    trace.add_argument("--plot", metavar="FILE.png", help="draw them, too")
    trace.set_defaults(command=_trace)


def _add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluation = commands.add_parser("eval", help="run scenarios, and tell which of their expectations are met")
    evaluation.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a file, or a folder of them")
    evaluation.add_argument("--config", dest="file", metavar="FILE", help="a configuration (default: the desktop one)")
    evaluation.add_argument("--out", metavar="FOLDER", help="keep the sound, the events and a contact sheet of each")
    evaluation.add_argument(
        "--real-time", action="store_true", help="on the real clock, instead of one that jumps over all waiting"
    )
    evaluation.add_argument("--json", action="store_true", help="each verdict as a JSON line")
    evaluation.set_defaults(command=_eval)


def _add_recall(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    recall = commands.add_parser("recall", help="search the diary of what was seen, where one is kept")
    recall.add_argument("words", nargs="*", metavar="WORD", help="what to look for (default: everything)")
    recall.add_argument("--since", metavar="TIME", help="how long ago (90s, 30m, 2h, 3d, 1w), or an hour such as 14:05")
    recall.add_argument("--camera", metavar="NAME", help="what this camera saw")
    recall.add_argument("--limit", type=_positive, default=20, metavar="N", help="how many, the newest (default: 20)")
    recall.add_argument("--json", action="store_true", help="a JSON line for each, with facts and the picture's file")
    recall.add_argument("--diary", metavar="FILE", help="another diary than this program's own")
    recall.add_argument("--forget", action="store_true", help="remove the diary and its pictures, after asking")
    recall.add_argument("--yes", action="store_true", help="do not ask")
    recall.set_defaults(command=_recall)


def _add_models(parser: argparse.ArgumentParser) -> None:
    from assistant import models

    models.add_arguments(parser)
    parser.set_defaults(command=models.run)


def _run(arguments: argparse.Namespace) -> int:
    from assistant import session

    return session.run(arguments)


def _record(arguments: argparse.Namespace) -> int:
    from assistant import recording

    return recording.run(arguments)


def _replay(arguments: argparse.Namespace) -> int:
    from assistant import replay

    return replay.run(arguments)


def _ask(arguments: argparse.Namespace) -> int:
    from assistant import session

    return session.ask(arguments)


def _look(arguments: argparse.Namespace) -> int:
    from assistant import look

    return look.run(arguments)


def _chat(arguments: argparse.Namespace) -> int:
    from assistant import chat

    return chat.run(arguments)


def _recall(arguments: argparse.Namespace) -> int:
    from assistant import recall

    return recall.run(arguments)


def _demo(arguments: argparse.Namespace) -> int:
    from assistant import demo

    return demo.run(arguments)


def _trace(arguments: argparse.Namespace) -> int:
    from assistant import trace

    return trace.run(arguments)


def _eval(arguments: argparse.Namespace) -> int:
    from assistant import evaluation

    return evaluation.run(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from assistant import check

    return check.run(arguments.files)


def _devices(arguments: argparse.Namespace) -> int:
    from assistant import check

    return check.devices()
