"""Lines that begin with a slash are no questions: they switch what the assistant attends to, or are wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from difflib import get_close_matches
from typing import get_args

from pipelines.phrases import Language
from pipelines.switches import Switches
from pipelines.types import Mode, Notice
from pipelines.wishes import Wish, WishKind, wish_of_line

HELP = (
    "/mode open, wake, push or text · /talk in the mode push · /mic on or off · /camera on or off · /keys · /repeat"
    " /back /forward /spell /said · /more /less · /faster /slower /louder /softer · /pause /stop · /describe /read"
    " /left /ahead /right /aim /where WHAT · /watch WHAT /watching /unwatch · /topic WHAT on or off · /privacy"
    " · else: a question"
)
NO_WAKE_WORD = 'there is no wake word: add [wake] with backend = "microwakeword" to the configuration'
_CHINESE = {
    "help": HELP.replace(" or ", " 或 ")
    .replace("in the mode push", "（push 模式）")
    .replace("else: a question", "其他：问题"),
    NO_WAKE_WORD: "没有唤醒词：请在配置中加入 [wake]",
    "there is no microphone, only the keyboard": "没有麦克风，只有键盘",
    "there is no microphone": "没有麦克风",
    "there is no camera": "没有摄像头",
    "/talk takes no word: once to talk, once more when you have ended": "/talk 后面不用写字：开始说话一次，说完再一次",
    "/talk is for the mode push: /mode push": "/talk 只用于 push 模式：/mode push",
    "the microphone is off: /mic on": "麦克风已关闭：/mic on",
}
"""What is told of commands, from the English words."""


class Refused(ValueError):
    """A command that cannot be obeyed; the message is one line and says what can."""


def obeyed(switches: Switches, grant: Callable[[Wish], None], line: str, *, language: Language = "en") -> bool:
    """Whether the line was a command. It was obeyed, or a notice says why it was not."""
    if not line.startswith("/"):
        return False
    try:
        told = obey(line, switches, grant)
    except Refused as refused:
        told = str(refused)
    if told:
        told = in_chinese(told, line) if language == "zh" else told
        switches.emit(Notice(told, asyncio.get_running_loop().time()))
    return True


def in_chinese(told: str, line: str) -> str:
    """What is told of a command, as it is told in Chinese."""
    name = line.split()[0]
    if told == HELP:
        return _CHINESE["help"]
    if told in _CHINESE:
        return _CHINESE[told]
    return f"没有 {name} 这个命令：/help" if told.startswith("there is no") else f"{name} 不能这样用：/help"


def _unknown(name: str) -> str:
    """With the command that was meant, as it seems; all of them are too many to be heard at once."""
    names = [*COMMANDS, *(f"/{kind}" for kind in get_args(WishKind))]
    near = get_close_matches(name, names, 1)
    return f"there is no {name}: {f'is it {near[0]}? ' if near else ''}/help tells the commands"


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
        raise Refused(_unknown(name))
    if len(words) > 1:
        raise Refused(f"{name} takes one word: /help tells the commands")
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
