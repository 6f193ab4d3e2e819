"""What is typed, key by key: a line that is edited, or single keys that stand for a line each."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from assistant.keys import ACTIONS, DONE, NO_KEY, QUIT, TYPED, TYPING, Keys
from assistant.presses import Presses

LONGEST = 2000
"""Characters of a line that are kept; what is typed beyond them is ignored."""

_BACKSPACE, _KILL_LINE, _KILL_WORD, _END = "backspace", "ctrl-u", "ctrl-w", ("ctrl-d", "ctrl-z")

Shown = Callable[[str | None], None]
"""Told what is typed so far; None: nothing is being typed, and keys act at once."""


def nobody(told: object) -> None:
    """There is nobody to be told."""


class Typing:
    """What is typed so far: bytes go in, whole lines come out. Bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, keys: Keys | None = None) -> None:
        """`keys`: those that stand for lines; where they are single ones, others than they begin what is typed."""
        self._keys = keys
        self._single = keys is not None and keys.options.single
        self.text: str | None = None if self._single else ""
        """None: nothing is being typed, and single keys act."""
        self.ended = False
        """True after Ctrl-D on an empty line."""
        self._presses = Presses()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def unfinished(self) -> bool:
        """Whether to call `expire` if nothing follows for a while."""
        return self._keys is not None and self._presses.unfinished

    def feed(self, data: bytes, final: bool = False) -> list[str]:
        """The lines that these bytes complete, stripped, without the empty ones."""
        keys = self._presses.feed(self._decoder.decode(data, final)) + (["enter"] if final and self.text else [])
        return self._lines(keys)

    def expire(self) -> list[str]:
        """The same where nothing followed."""
        return self._lines(self._presses.expire())

    def _lines(self, keys: list[str]) -> list[str]:
        return [line for key in keys for line in self._told(key) if line]

    def _told(self, key: str) -> list[str]:
        """What this key completes; of a command that was typed, that it is typed."""
        typed, line = self._single and self.text is not None, self._press(key)
        return [line, DONE] if typed and self.text is None and line.startswith("/") and line != TYPING else [line]

    def _press(self, key: str) -> str:
        """The line, if this key completes one, or stands for one."""
        name = self._keys.action(key, typing=self.text is not None) if self._keys else None
        if name is not None:
            return self._act(name)
        if self.text is None:
            return QUIT if key == "ctrl-d" else NO_KEY
        if key == "enter" or (key == "escape" and self._single):
            return self._send(self.text if key == "enter" else "")
        self._edit(key, self.text)
        return ""

    def _act(self, name: str) -> str:
        line = ACTIONS[name].line
        if not line.endswith(TYPED):
            return line
        if self.text is not None:  # a control key that begins what is begun
            return ""
        self.text = line.removesuffix(TYPED)
        return f"{TYPING} {name}"

    def _send(self, text: str) -> str:
        """Nothing is being typed any more; without text it was given up."""
        self.text = None if self._single else ""
        return text.strip() or (TYPING if self._single else "")

    def _edit(self, key: str, text: str) -> None:
        sign = {"space": " ", "tab": " "}.get(key, key)
        if key == _BACKSPACE:
            self.text = text[:-1]
        elif key == _KILL_LINE:
            self.text = ""
        elif key == _KILL_WORD:
            self.text = re.sub(r"\S+\s*$", "", text)
        elif key in _END:
            self.ended = self.ended or not text
        elif len(sign) == 1 and sign.isprintable() and len(text) < LONGEST:
            self.text = text + sign
