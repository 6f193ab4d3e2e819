"""Tells from what a terminal sends which keys were pressed, so that no piece of an arrow key is taken for letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

ESCAPE = "\x1b"
LONGEST = 4096
"""Characters of an unfinished sequence that are waited for."""

_WHOLE = re.compile(
    r"\x1b(?:"
    r"\[\[[A-E]"  # function keys of the Linux console
    r"|\[M.{3}"  # a mouse
    r"|\[(?:[0-?]+[ -/]*[@-Z\\-~]|[ -/]*[@-LN-Z\\-~])"
    r"|O[0-9;]*[A-Za-z~]"
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # an answer of the terminal itself
    r"|[^\x1b\[O\]PX^_]"  # the Alt key and another one
    r")",
    re.DOTALL,
)
_PIECE = re.compile(r"\x1b(?:\[(?:\[|M.{0,2}|[0-?]*[ -/]*)?|O[0-9;]*|[\]PX^_][^\x07\x1b]*\x1b?)?\Z", re.DOTALL)
_REST = re.compile(r"(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z])\Z")
"""What is left of a sequence whose first character came too early to be known as one."""

_ENDS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_ENDS |= {"P": "f1", "Q": "f2", "R": "f3", "S": "f4"}
_NUMBERS = dict(enumerate(["home", "insert", "delete", "end", "pageup", "pagedown", "home", "end"], 1))
_NUMBERS |= {number: f"f{at}" for at, number in enumerate((11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24), 1)}
_CONSOLE = {"A": "f1", "B": "f2", "C": "f3", "D": "f4", "E": "f5"}
_SIGNS = {" ": "space", "\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\b": "backspace"}


class Presses:
    """Text goes in, in pieces as they come; out come keys: a letter or sign, or a name such as `left` or `ctrl-t`."""

    def __init__(self) -> None:
        self._rest = ""
        self._split = False
        """Whether Escape was told just now, because nothing followed it."""

    @property
    def unfinished(self) -> bool:
        """Whether it depends on what follows, or on nothing's following, which key was pressed."""
        return bool(self._rest)

    def feed(self, text: str) -> list[str]:
        """The keys that this completes; a sequence that stands for none of them is left out."""
        if self._split and _REST.match(text):
            text = ""
        self._split = self._split and not text
        return list(self._keys(self._rest + text))

    def expire(self) -> list[str]:
        """Nothing followed for a while."""
        self._split, self._rest, rest = self._rest == ESCAPE, "", self._rest
        return ["escape"] if rest == ESCAPE else []

    def _keys(self, text: str) -> Iterator[str]:
        self._rest, at = "", 0
        while at < len(text):
            if text[at] != ESCAPE:
                yield _key(text[at])
                at += 1
            elif whole := _WHOLE.match(text, at):
                at = whole.end()
                if name := _name(whole[0]):
                    yield name
            elif _PIECE.match(text, at) and len(text) - at <= LONGEST:
                self._rest, at = text[at:], len(text)
            else:
                alone = text[at + 1 : at + 2] == ESCAPE
                if alone:
                    yield "escape"
                at += 1 if alone else 2


def _key(letter: str) -> str:
    if letter in _SIGNS:
        return _SIGNS[letter]
    return f"ctrl-{chr(ord(letter) + 96)}" if "\x01" <= letter <= "\x1a" else letter


def _name(sequence: str) -> str:
    """The key's name; empty where another one is held with it, and where it is none of those that have a name."""
    if sequence.startswith("\x1b[["):
        return _CONSOLE[sequence[-1]]
    if len(sequence) == 3 and sequence[1] in "[O":
        return _ENDS.get(sequence[2], "")
    number = re.fullmatch(r"\x1b\[(\d{1,2})~", sequence)
    return _NUMBERS.get(int(number[1]), "") if number else ""
