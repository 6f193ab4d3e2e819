"""One pull: what is to be fetched, exactly, whether there is room for it, and the way from the source to the shelf."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from assistant import convert, shelf, sources
from assistant.errors import WeightsError
from assistant.hub import resolve
from assistant.manifest import Entry, Hub
from devices.media import Options
from pipelines.weights import home

Say = Callable[[str], None]


class Begun(Options):
    """What an unfinished pull looked up: the next one goes on at the same commit."""

    asked: str
    hub: Hub


def pull(name: str, entry: Entry, say: Say, update: bool = False) -> None:
    """Fetch one set of weights unless it is here and whole. Raises WeightsError."""
    lacking = sources.missing(entry.source) or (convert.missing() if entry.convert else "")
    whole = shelf.state(name, entry) == "here" and not shelf.faults(name)
    if whole:
        shelf.renew(name, entry)
        if not (update and entry.asked):
            return say(f"{name}: is here and verified, {shelf.folder(name)}{'' if lacking else _moved(name, entry)}")
    if lacking:
        raise WeightsError(f"{name}: {lacking}")
    exact = _looked_up(name, entry, say, update) if entry.asked else entry
    if whole and exact.hub and exact.hub.revision == shelf.commit(name):
        _begun_file(name).unlink(missing_ok=True)
        return say(f"{name}: is here and verified, and the hub has not moved")
    _fetch(name, exact, say, entry.asked)


def forget(name: str, entry: Entry) -> None:
    """Delete what interrupted pulls left of these files."""
    begun = _begun(name, entry.asked)
    sources.forget(begun.hub if begun else entry.source)
    _begun_file(name).unlink(missing_ok=True)


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _fetch(name: str, entry: Entry, say: Say, asked: str) -> None:
    _check_space(name, entry)
    with shelf.workroom(name) as room:
        if entry.licence_name != entry.licence:
            say(f"{name}: its licence has conditions: {entry.licence}")
        say(f"{name}: fetching {megabytes(entry.size)} from {entry.source.label}, licence {entry.licence_name}")
        made = _fetched(entry, room)
        if entry.convert:
            say(f"{name}: converting once, which takes about half a minute")
            made = convert.from_gguf(made / next(iter(entry.hashes)), room / "converted")
        shelf.settle(name, made, entry, room, asked)
    _begun_file(name).unlink(missing_ok=True)
    say(f"{name}: is here, {megabytes(shelf.weight(shelf.folder(name)))} in {shelf.folder(name)}")


def _fetched(entry: Entry, room: Path) -> Path:
    """The folder with the files of the source; what was in between is gone, for a conversion needs the space."""
    (folder := room / "fetched").mkdir()
    (scratch := room / "scratch").mkdir()
    sources.fetch(entry.source, folder, scratch)
    shutil.rmtree(scratch)
    return folder


def _looked_up(name: str, entry: Entry, say: Say, update: bool) -> Entry:
    """The entry with the files of one commit: the one that was begun, else the recorded one, else today's."""
    assert entry.hub is not None
    begun = None if update else _begun(name, entry.asked)
    if begun is None:
        kept = "" if update or shelf.state(name, entry) == "outdated" else shelf.commit(name)
        begun = Begun(asked=entry.asked, hub=resolve(entry.hub, kept or None))
        _begun_file(name).write_text(begun.model_dump_json(), encoding="utf-8")
        if not entry.hub.at_commit:
            say(f"{name}: {entry.hub.label} is pinned now at commit {begun.hub.revision}")
    size = sum(file.size for file in begun.hub.files)
    return entry.model_copy(update={"hub": begun.hub, "size": size, "kept": 0, "about": False})


def _moved(name: str, entry: Entry) -> str:
    """What is to be said of a hub whose branch or tag may have moved since; nothing where it has not, or cannot."""
    if entry.hub is None or not entry.asked or entry.hub.at_commit:
        return ""
    kept = shelf.commit(name)
    try:
        today = resolve(entry.hub).revision
    except WeightsError as error:
        return f", at commit {kept[:12]} (whether the hub has moved since cannot be told: {error})"
    if today == kept:
        return f", at commit {kept[:12]}"
    return f", at commit {kept[:12]}; the hub has moved on to {today[:12]}: omni models pull --update {name}"


def _begun(name: str, asked: str) -> Begun | None:
    """What an interrupted pull looked up, if it was for the same."""
    try:
        begun = Begun.model_validate_json(_begun_file(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    return begun if begun.asked == asked else None


def _begun_file(name: str) -> Path:
    return home() / "partial" / f"{name}.begun.json"


def _check_space(name: str, entry: Entry) -> None:
    need, free = entry.peak * 11 // 10, shutil.disk_usage(home()).free
    if free < need:
        raise WeightsError(f"{name}: needs {megabytes(need)} of disk, {megabytes(free)} are free: {sources.ROOM}")
