"""What each command of `omni` takes on its command line."""

from __future__ import annotations

import argparse
from typing import Any


def record(parser: argparse.ArgumentParser) -> None:
    kept = (
        "Keeps in DIR the sound of the microphone, pictures of the cameras, and what was said and answered; "
        "whoever may read DIR can hear and see the people in it. Delete DIR to forget them."
    )
    parser.description = kept
    parser.add_argument("folder", metavar="DIR", help="a new folder for the recording, readable by you alone")
    session(parser)


def replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a recording")
    parser.add_argument(
        "--live", metavar="KINDS", help="models to ask anew, such as 'chat,voice'; the others are played"
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="your configuration, with those models (default: as recorded, where that names no file and no address)",
    )
    parser.add_argument(
        "--tolerance", type=float, default=0.1, metavar="SECONDS", help="how far times may differ (default: 0.1)"
    )
    parser.add_argument("--json", action="store_true", help="the differences as JSON lines")
    parser.add_argument("--events", metavar="FILE", help="write the events to a file as JSON lines")


def session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a configuration (default: the desktop one)")
    _devices(parser)
    parser.add_argument("--fast", action="store_true", help="read a video file as quickly as it can be captioned")
    parser.add_argument("--microphone", metavar="SOURCE", help="a name, an index, a sound file, or 'silence'")
    parser.add_argument("--mqtt", metavar="HOST:PORT", help="tell this MQTT broker what happens, and be asked there")
    parser.add_argument("--plain", action="store_true", help="whole lines only: for screen readers and pipes")
    parser.add_argument("--introduction", action="store_true", help="say at the start what it does, also once more")
    parser.add_argument("--json", action="store_true", help="events as JSON lines")
    parser.add_argument("--events", metavar="FILE", help="write the events to a file as JSON lines, too")


def ask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question")
    parser.add_argument("--config", dest="file", metavar="FILE", help="a configuration (default: the desktop one)")
    _devices(parser)
    parser.add_argument("--json", action="store_true", help="the reply as one JSON line")
    parser.set_defaults(fast=False)


def _devices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--camera",
        action="append",
        metavar="SOURCE",
        help="an index, a device path, an address, a video, a photo or a folder of photos (may be given again)",
    )
    parser.add_argument("--speaker", metavar="SINK", help="a name, an index, a .wav file to write, or 'none'")


def look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo")
    parser.add_argument("question", nargs="?", help="without one, the photo is described")
    _model(parser)
    parser.add_argument("--prompt-file", metavar="FILE", help="take the question from a text file")
    parser.add_argument("--schema", metavar="FILE", help="a JSON schema that the answer must fit")
    parser.add_argument("--max-tokens", type=_positive, metavar="N", help="the longest answer")
    parser.add_argument("--stream", action="store_true", help="show words as they come")
    parser.add_argument("--json", action="store_true", help="the answer as one JSON line, with its times")


def chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", nargs="?", help="without one, it is asked for")
    _model(parser)


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME", help="pulled weights, a backend, or a folder of weights (default: the best there is)"
    )
    parser.add_argument("--backend", metavar="NAME", help="the backend for --model, where that does not tell it")
    parser.add_argument(
        "-o", "--option", action="append", default=[], metavar="KEY=VALUE", help="an option of it (may be given again)"
    )


def caption_worker(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        'Describes the pictures that assistants with [captioner] backend = "mqtt" hand out over an MQTT broker; several'
        " workers share the pictures among them. The broker's password is the environment's OMNI_CAPTIONERS_PASSWORD."
    )
    parser.add_argument("file", nargs="?", metavar="CONFIG", help="a configuration with a [captioner] section")
    _model(parser)
    parser.add_argument("--mqtt", metavar="HOST:PORT", help="the broker (default: that of [mqtt] in the configuration)")
    parser.add_argument("--username", metavar="NAME", help="who this worker is to the broker")
    parser.add_argument(
        "--pool", metavar="TOPIC", default="omni-captioners", help="whose pictures (default: omni-captioners)"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 4000:
        raise argparse.ArgumentTypeError(f"is a number from 1 to 4000, not {text!r}")
    return int(text)


def demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="demo", metavar="FOLDER", help="where its files go (default: demo)")


def trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="events as JSON lines (default: the last turns here)")
    parser.add_argument("--last", type=_positive, default=20, metavar="N", help="so many turns (default: 20)")
    parser.add_argument("--plot", metavar="FILE.png", help="draw them, too")


def eval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="a file, or a folder of them")
    parser.add_argument("--config", dest="file", metavar="FILE", help="a configuration (default: the desktop one)")
    parser.add_argument("--out", metavar="FOLDER", help="keep the sound, the events and a contact sheet of each")
    parser.add_argument(
        "--real-time", action="store_true", help="on the real clock, instead of one that jumps over all waiting"
    )
    parser.add_argument("--json", action="store_true", help="each verdict as a JSON line")


def recall(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="what to look for (default: everything)")
    parser.add_argument("--since", metavar="TIME", help="how long ago (90s, 30m, 2h, 3d, 1w), or an hour such as 14:05")
    parser.add_argument("--camera", metavar="NAME", help="what this camera saw")
    parser.add_argument("--limit", type=_positive, default=20, metavar="N", help="how many, the newest (default: 20)")
    parser.add_argument("--json", action="store_true", help="a JSON line for each, with facts and the picture's file")
    parser.add_argument("--diary", metavar="FILE", help="another diary than this program's own")
    parser.add_argument("--forget", action="store_true", help="remove the diary and its pictures, after asking")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a configuration (default: the narrating one)")
    parser.add_argument("--json", action="store_true", help="each as a JSON line")


def check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a configuration")


def mqtt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("schema", "topics"), help="JSON Schema of all payloads, or a line a topic")
    parser.add_argument("file", nargs="?", metavar="FILE", help="a configuration (default: placeholders)")


def named_broker(text: str) -> dict[str, Any]:
    """What `--mqtt HOST:PORT` says as options of [mqtt], in place of the file's host and port. Raises ConfigError."""
    from assistant.config import ConfigError
    from assistant.mqtt.dialling import address

    try:
        return {"port": None, **address(text)}
    except ValueError as error:
        raise ConfigError(f"--mqtt {error}") from error
