"""`omni models`: lists, pulls, verifies and removes weights; what is there is whole, or it is not there."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import WeightsError

if TYPE_CHECKING:
    from assistant.manifest import Entry
    from assistant.shelf import State

__all__ = ["Row", "WeightsError", "add_arguments", "list_models", "pull", "read_manifest", "remove", "run", "verify"]

Say = Callable[[str], None]
"""Takes what a person should read, one whole line at a time."""

COMPILED = "compiled"
"""The name by which all compiled vision towers are removed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One set of weights, as `omni models list` shows it."""

    name: str
    state: State
    purpose: str
    licence: str
    licence_name: str
    """The licence without its conditions."""
    source: str
    size: int
    """Bytes that a pull fetches."""
    kept: int
    """Bytes that lie there afterwards."""
    about: bool
    """Whether both are estimates."""
    memory: int | None
    """Bytes needed to run, as computed from the number of parameters."""
    use: tuple[str, ...]
    """`captioner omnivision`: what it is for, and with which backend."""


def list_models() -> list[Row]:
    """All weights of the manifest, and which are here; judged by the sizes of their files, not by their hashes."""
    from assistant import manifest, shelf

    return [
        Row(
            name,
            shelf.state(name, one),
            one.purpose,
            one.licence,
            one.licence_name,
            one.source.label,
            one.size,
            one.lasting,
            one.about,
            one.memory,
            tuple(f"{use.kind} {use.backend}" for use in one.use),
        )
        for name, one in manifest.read().models.items()
    ]


def read_manifest(path: Path) -> dict[str, Entry]:
    """The entries of one manifest file. Raises WeightsError with the file and the key that is wrong."""
    from assistant import manifest

    return manifest.load(path).models


def pull(name: str, say: Say, update: bool = False) -> None:
    """Fetch the weights of that name, or of that group, unless they are here and whole. Raises WeightsError.

    `update`: what follows a branch or a tag of a hub is fetched anew where that has moved.
    """
    from assistant import manifest, pulling, shelf

    known = manifest.read()
    for member in known.members(name):
        with shelf.plain_errors(member), shelf.alone(say):
            pulling.pull(member, known.models[member], say, update)


def verify(name: str | None, say: Say) -> bool:
    """Hash every file of the weights of that name (of all that are here) and say what is wrong. Raises WeightsError."""
    from assistant import manifest, shelf

    known = manifest.read()
    present = [member for member in known.models if shelf.folder(member).is_dir()]
    if name is None and not present:
        say("no weights are here yet: omni models pull embedded")
    members = present if name is None else known.members(name)
    sound = [_verify(member, known.models[member], say) for member in members]
    return all(sound)


def remove(name: str, say: Say) -> None:
    """Delete the weights of that name or group, and what an interrupted pull left of them; or what was compiled.

    Raises WeightsError.
    """
    from assistant import manifest, pulling, shelf

    known = manifest.read()
    if name == COMPILED and name not in known.models:
        return _remove_compiled(say)
    forgotten = name in shelf.names() and name not in known.models
    for member in (name,) if forgotten else known.members(name):
        with shelf.plain_errors(member), shelf.alone(say), shelf.workroom(member) as room:
            if not forgotten:
                pulling.forget(member, known.models[member])
            was_here = shelf.take_away(shelf.folder(member), room)
        say(f"{member}: removed" if was_here else f"{member}: was not here")


def _remove_compiled(say: Say) -> None:
    """Delete the compiled vision towers, those in use among them: each is made anew when it is wanted."""
    from assistant import shelf
    from pipelines.weights import compiled

    with shelf.plain_errors(COMPILED), shelf.alone(say), shelf.workroom(COMPILED) as room:
        was_here = shelf.take_away(compiled(), room)
    say(f"{COMPILED}: removed" if was_here else f"{COMPILED}: was not here")


def _verify(name: str, entry: Entry, say: Say) -> bool:
    from assistant import shelf

    state = shelf.state(name, entry)
    if state == "absent":
        raise WeightsError(f"{name}: is not here: omni models pull {name}")
    with shelf.plain_errors(name):
        faults = shelf.faults(name)
    for fault in faults:
        say(f"{name}: {fault}: omni models pull {name}")
    if not faults:
        newer = f"; the manifest now names another: omni models pull {name}" if state == "outdated" else ""
        say(f"{name}: verified{newer}")
    return not faults


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what follows `omni models`."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="list|pull|verify|remove")
    listing = acts.add_parser("list", help="what there is, what is here, how large it is, under which licence")
    listing.add_argument("--json", action="store_true", help="as one JSON object")
    for act, count, text in (
        ("pull", "+", "fetch weights, checked against their hashes; what is here and whole is not fetched again"),
        ("verify", "*", "hash what is here; without names, all of it"),
        ("remove", "+", f"delete weights; {COMPILED!r}: all vision towers that were compiled for another runtime"),
    ):
        parser_of = acts.add_parser(act, help=text)
        parser_of.add_argument("names", nargs=count, metavar="NAME")
        if act == "pull":
            parser_of.add_argument("--update", action="store_true", help="follow branches and tags that have moved")


def run(arguments: argparse.Namespace) -> int:
    """Do what `omni models` was asked to; status 1 if something that is here is damaged. Raises WeightsError."""
    match arguments.act:
        case "list":
            from assistant import listing

            listing.show(_say, arguments.json)
        case "pull":
            for name in arguments.names:
                pull(name, _say, arguments.update)
        case "verify":
            sound = [verify(name, _say) for name in arguments.names or [None]]
            return 0 if all(sound) else 1
        case "remove":
            for name in arguments.names:
                remove(name, _say)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
