"""Lines that begin with a slash are no questions: they switch what the assistant attends to, or are wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import get_args

from pipelines.switches import Switches
from pipelines.types import Mode, Notice
from pipelines.wishes import Wish, wish_of_line

HELP = (
    "/mode open, wake, push or text · /talk in the mode push · /mic on or off · /camera on or off · /keys · /repeat"
    " /back /forward /spell /said · /more /less · /faster /slower /louder /softer · /pause /stop · /describe /read"
    " /left /ahead /right /aim /where WHAT · /watch WHAT /watching /unwatch · /topic WHAT on or off · /privacy"
    " · else: a question"
)
NO_WAKE_WORD = 'there is no wake word: add [wake] with backend = "microwakeword" to the configuration'


class Refused(ValueError):
    """A command that cannot be obeyed; the message is one line and says what can."""


def obeyed(switches: Switches, grant: Callable[[Wish], None], line: str) -> bool:
    """Whether the line was a command. It was obeyed, or a notice says why it was not."""
    if not line.startswith("/"):
        return False
    try:
        told = obey(line, switches, grant)
    except Refused as refused:
        told = str(refused)
    if told:
        switches.emit(Notice(told, asyncio.get_running_loop().time()))
    return True


def obey(line: str, switches: Switches, grant: Callable[[Wish], None]) -> str:
    """Obey one command; what is to be said to it, if anything. Raises Refused."""
    name, *words = line.split() or [""]
    command = COMMANDS.get(name)
    if name == "/help":
        grant(Wish("help"))
    if command is None and (wish := _wish(name, " ".join(words))) is not None:
        grant(wish)
        return ""
    if command is None:
        raise Refused(f"there is no {name}: {HELP}")
    if len(words) > 1:
        raise Refused(f"{name} takes one word: {HELP}")
    return command(switches, words[0].lower() if words else "") or ""


def _wish(name: str, words: str) -> Wish | None:
    try:
        return wish_of_line(name.removeprefix("/"), words)
    except ValueError as error:
        raise Refused(str(error)) from error


def _mode(switches: Switches, word: str) -> None:
    modes: tuple[Mode, ...] = get_args(Mode)
    if not switches.present.microphone:
        raise Refused("there is no microphone, only the keyboard")
    if word == "wake" and not switches.present.wake_word:
        raise Refused(NO_WAKE_WORD)
    found = next((mode for mode in modes if mode == word), None)
    if word and found is None:
        raise Refused(f"there is no mode {word}: /mode {', '.join(modes)}")
    switches.to_mode(found)


def _talk(switches: Switches, word: str) -> None:
    if word:
        raise Refused("/talk takes no word: once to talk, once more when you have ended")
    if switches.attention.mode != "push":
        raise Refused("/talk is for the mode push: /mode push")
    if not switches.hears():
        raise Refused("the microphone is off: /mic on")
    switches.talk()


def _microphone(switches: Switches, word: str) -> None:
    if not switches.present.microphone:
        raise Refused("there is no microphone")
    switches.mute(microphone=_on(word, switches.attention.microphone, "/mic"))


def _camera(switches: Switches, word: str) -> None:
    if not switches.present.camera:
        raise Refused("there is no camera")
    switches.mute(camera=_on(word, switches.attention.camera, "/camera"))


def _on(word: str, now: bool, name: str) -> bool:
    """What is wanted; without a word, the other of the two."""
    if word not in ("", "on", "off"):
        raise Refused(f"{name} on, or {name} off")
    return word == "on" if word else not now


def _help(switches: Switches, word: str) -> str:
    return HELP


COMMANDS: dict[str, Callable[[Switches, str], str | None]] = {
    "/mode": _mode,
    "/talk": _talk,
    "/mic": _microphone,
    "/camera": _camera,
    "/help": _help,
}
