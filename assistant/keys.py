"""Single keys of the terminal: what each stands for, which of them there are, and how they are told to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pydantic import model_validator

from devices.media import Options
from pipelines.phrases import Language

TYPED = "\N{HORIZONTAL ELLIPSIS}"
"""Stands at the end of a line that is to be completed by typing."""
QUIT = "/quit"
"""The line that ends the session."""
TYPING = "/typing"
"""The line that tells that something is being typed: the name of the key's action follows, or nothing at its end."""
DONE = "/typed"
"""The line that tells that the line before it was typed, and nothing is being typed any more."""
NO_KEY = "/no-key"
"""The line of a single key that does nothing: to whoever cannot see it, silence would not tell that."""


class KeysOptions(Options):
    """Which keys act, by what they do; several for the same are parted by spaces, and none is an empty string.

    A key is a letter (a small one acts with the shift key as well, where the capital one has nothing else to do), a
    sign, or one of the names in `NAMED`, such as `space`, `left`, `f1` or `ctrl-t`.
    """

    single: bool = False
    """Whether keys act at once and without Enter while nothing is being typed; else letters are always text, and only
    control keys act."""
    repeat: str = "r"
    back: str = "b left"
    forward: str = "f right"
    spell: str = "s"
    stop: str = "space escape"
    pause: str = "p"
    more: str = "+ ="
    less: str = "-"
    faster: str = "] up"
    slower: str = "[ down"
    louder: str = "."
    softer: str = ","
    describe: str = "d"
    read: str = "x"
    left: str = "1"
    ahead: str = "2"
    right: str = "3"
    aim: str = "a"
    where: str = "l"
    watch: str = "w"
    unwatch: str = "u"
    question: str = "t enter"
    command: str = "/"
    privacy: str = "v"
    microphone: str = "m ctrl-n"
    camera: str = "c ctrl-x"
    mode: str = "ctrl-o"
    talk: str = "ctrl-t"
    keys: str = "h ?"
    quit: str = "Q"

    @model_validator(mode="after")
    def _all_known_and_apart(self) -> KeysOptions:
        taken: dict[str, str] = {}
        for name in ACTIONS:
            for key in self.of(name):
                if not (len(key) == 1 and key.isprintable()) and key not in NAMED:
                    raise ValueError(f"{name}: there is no key {key!r}: write a letter, a sign or {', '.join(NAMED)}")
                if taken.setdefault(key, name) != name:
                    raise ValueError(f"{key} cannot stand for {taken[key]} and for {name}: give one another key")
        return self

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of an action."""
        return tuple(getattr(self, name).split())


class Action(NamedTuple):
    """What a key does."""

    line: str
    """The slash line that it stands for; with `TYPED` at its end, the rest is typed."""
    does: Mapping[Language, str]
    """In a few words."""
    prompt: Mapping[Language, str] = {"en": "", "zh": ""}
    """What is said when typing begins."""


ACTIONS: dict[str, Action] = {
    "stop": Action("/stop", {"en": "be silent", "zh": "安静"}),
    "repeat": Action("/repeat", {"en": "repeat what was said last", "zh": "重复刚才的话"}),
    "back": Action("/back", {"en": "what was said before that", "zh": "再前一句"}),
    "forward": Action("/forward", {"en": "what was said after that", "zh": "后一句"}),
    "spell": Action("/spell", {"en": "spell what was said last", "zh": "拼读刚才的话"}),
    "describe": Action("/describe", {"en": "describe what is there", "zh": "描述画面"}),
    "read": Action("/read", {"en": "read the text that is there", "zh": "读出文字"}),
    "left": Action("/left", {"en": "what is on the left", "zh": "左边有什么"}),
    "ahead": Action("/ahead", {"en": "what is ahead", "zh": "前面有什么"}),
    "right": Action("/right", {"en": "what is on the right", "zh": "右边有什么"}),
    "aim": Action("/aim", {"en": "help with aiming the camera, or end that", "zh": "帮助对准镜头，或停止"}),
    "where": Action(
        f"/where {TYPED}",
        {"en": "ask where something was", "zh": "问某样东西在哪里"},
        {"en": "Type what you look for.", "zh": "请输入要找的东西。"},
    ),
    "watch": Action(
        f"/watch {TYPED}",
        {"en": "be told when something comes", "zh": "出现某样东西时告诉我"},
        {"en": "Type what to watch for.", "zh": "请输入要留意的东西。"},
    ),
    "unwatch": Action("/unwatch", {"en": "watch for nothing any more", "zh": "不再留意"}),
    "question": Action(
        TYPED,
        {"en": "type a question; Enter sends it, Escape gives it up", "zh": "输入问题；回车发送，Esc取消"},
        {"en": "Type your question.", "zh": "请输入问题。"},
    ),
    "command": Action(
        f"/{TYPED}",
        {"en": "type a command", "zh": "输入命令"},
        {"en": "Type a command.", "zh": "请输入命令。"},
    ),
    "more": Action("/more", {"en": "talk more", "zh": "多说一点"}),
    "less": Action("/less", {"en": "talk less", "zh": "少说一点"}),
    "faster": Action("/faster", {"en": "speak faster", "zh": "说快一点"}),
    "slower": Action("/slower", {"en": "speak slower", "zh": "说慢一点"}),
    "louder": Action("/louder", {"en": "speak louder", "zh": "大声一点"}),
    "softer": Action("/softer", {"en": "speak softer", "zh": "小声一点"}),
    "pause": Action("/pause", {"en": "pause, or go on", "zh": "暂停，或继续"}),
    "privacy": Action("/privacy", {"en": "camera and microphone off, or on again", "zh": "关闭或打开摄像头和麦克风"}),
    "microphone": Action("/mic", {"en": "microphone off, or on again", "zh": "关闭或打开麦克风"}),
    "camera": Action("/camera", {"en": "camera off, or on again", "zh": "关闭或打开摄像头"}),
    "mode": Action("/mode", {"en": "next way of listening", "zh": "下一种收听方式"}),
    "talk": Action(
        "/talk", {"en": "begin or end your turn, where a key is needed to talk", "zh": "按键说话的开始或结束"}
    ),
    "keys": Action("/keys", {"en": "tell the keys", "zh": "说明按键"}),
    "quit": Action(QUIT, {"en": "end", "zh": "退出"}),
}
"""By name, in the order in which they are told: what is needed most comes first."""

_FUNCTION_KEYS = tuple(f"f{number}" for number in range(1, 13))
_CONTROL_KEYS = tuple(f"ctrl-{letter}" for letter in "abefgklnopqrstvxy")
"""Those that neither edit a line (D, H, I, J, M, U, W) nor govern the process (C, Z)."""
NAMED = (
    *("space", "enter", "escape", "tab", "backspace", "up", "down", "left", "right", "home", "end", "pageup"),
    *("pagedown", "insert", "delete", *_FUNCTION_KEYS, *_CONTROL_KEYS),
)
"""Keys that have a name in the configuration."""

_SPOKEN: dict[str, tuple[str, str]] = {
    "space": ("space bar", "空格键"),
    "enter": ("Enter", "回车键"),
    "escape": ("Escape", "Esc键"),
    "tab": ("Tab", "Tab键"),
    "backspace": ("Backspace", "退格键"),
    "up": ("up arrow", "上箭头"),
    "down": ("down arrow", "下箭头"),
    "left": ("left arrow", "左箭头"),
    "right": ("right arrow", "右箭头"),
    "pageup": ("page up", "上翻页键"),
    "pagedown": ("page down", "下翻页键"),
    "+": ("plus", "加号"),
    "-": ("minus", "减号"),
    "=": ("equals", "等号"),
    ".": ("full stop", "句号"),
    ",": ("comma", "逗号"),
    "/": ("slash", "斜杠"),
    "?": ("question mark", "问号"),
    "[": ("left bracket", "左方括号"),
    "]": ("right bracket", "右方括号"),
    "_": ("underscore", "下划线"),
    "<": ("less than", "小于号"),
    ">": ("greater than", "大于号"),
    ";": ("semicolon", "分号"),
    ":": ("colon", "冒号"),
    "'": ("apostrophe", "撇号"),
    "*": ("star", "星号"),
    "#": ("hash", "井号"),
}
"""Keys whose sign a screen reader or a voice may leave out, in English and in Chinese."""


@dataclass(frozen=True)
class Keys:
    """The keys that act in a session."""

    options: KeysOptions

    def action(self, key: str, typing: bool) -> str | None:
        """The name of what a key does, if anything. `typing`: all keys but the control keys belong to what is typed."""
        name = self._names.get(key) or (self._names.get(key.lower()) if len(key) == 1 else None)
        if name is None or (typing and not key.startswith("ctrl-")):
            return None
        return name

    @cached_property
    def _names(self) -> dict[str, str]:
        return {key: name for name in ACTIONS for key in _acting(self.options, name)}


def listed(options: KeysOptions, language: Language = "en") -> list[tuple[str, str, str]]:
    """The keys in words, the name and what it does, of each action that some key stands for."""
    found = ((name, _acting(options, name)) for name in ACTIONS)
    return [(named(keys, language), name, ACTIONS[name].does[language]) for name, keys in found if keys]


def spoken(options: KeysOptions, language: Language = "en") -> tuple[str, ...]:
    """The same as short sentences, to be said one by one."""
    colon, stop = ("：", "。") if language == "zh" else (": ", ".")
    return tuple(f"{keys}{colon}{does}{stop}" for keys, _, does in listed(options, language))


def named(keys: Sequence[str], language: Language = "en") -> str:
    """`b or left arrow`."""
    return ("或" if language == "zh" else " or ").join(_named(key, language) for key in keys)


def _named(key: str, language: Language) -> str:
    if key in _SPOKEN:
        return _SPOKEN[key][language == "zh"]
    if key.startswith("ctrl-"):
        return f"Ctrl-{key[-1].upper()}"
    capital = "大写" if language == "zh" else "capital "
    return f"{capital}{key}" if len(key) == 1 and key.isupper() else key


def _acting(options: KeysOptions, name: str) -> tuple[str, ...]:
    return tuple(key for key in options.of(name) if options.single or key.startswith("ctrl-"))
