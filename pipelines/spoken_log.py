"""What was said aloud, for those who want to hear it again: once more, the one before, letter by letter.

Pure: its only clock is the times it is given.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from dataclasses import dataclass, field, replace
from math import inf

from pipelines.phrases import Language

MOST = 100
"""Things that are kept."""
BROWSES = 30.0
"""Seconds for which whoever went back stays there, whatever is said meanwhile; then the last is the last again."""

_MARKS: dict[str, tuple[str, str]] = {
    ".": ("full stop", "句号"),
    ",": ("comma", "逗号"),
    "!": ("exclamation mark", "感叹号"),
    "?": ("question mark", "问号"),
    ":": ("colon", "冒号"),
    ";": ("semicolon", "分号"),
    "-": ("hyphen", "连字符"),
    "–": ("dash", "破折号"),
    "—": ("dash", "破折号"),
    "/": ("slash", "斜杠"),
    "'": ("apostrophe", "撇号"),
    "’": ("apostrophe", "撇号"),
    '"': ("quotation mark", "引号"),
    "“": ("quotation mark", "引号"),
    "”": ("quotation mark", "引号"),
    "(": ("bracket", "左括号"),
    ")": ("closing bracket", "右括号"),
    "@": ("at sign", "艾特"),
    "&": ("ampersand", "和号"),
    "%": ("percent", "百分号"),
    "+": ("plus", "加号"),
    "=": ("equals", "等号"),
    "#": ("hash", "井号"),
    "*": ("star", "星号"),
    "_": ("underscore", "下划线"),
    "$": ("dollar", "美元"),
    "€": ("euro", "欧元"),
    "£": ("pound", "英镑"),
    "°": ("degree", "度"),
    "。": ("full stop", "句号"),
    "，": ("comma", "逗号"),
    "、": ("comma", "顿号"),
    "！": ("exclamation mark", "感叹号"),
    "？": ("question mark", "问号"),
    "：": ("colon", "冒号"),
    "；": ("semicolon", "分号"),
    " ": ("space", "空格"),
}
"""Marks by name: a voice would be silent on them."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that was said."""

    text: str
    at: float
    """Seconds on the loop's clock when it ended."""
    priority: str = ""
    """How urgent it was: `hazard`, `answer`, `caption`, …"""
    heard: str = ""
    """As far as it was heard, where more of it is kept."""


@dataclass(slots=True)
class SpokenLog:
    """The last things, and the one that somebody is at who goes back through them."""

    _kept: deque[Saying] = field(default_factory=lambda: deque(maxlen=MOST))
    _place: int = 0
    """How many after the one somebody is at were said."""
    _browsed_at: float = -inf

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, saying: Saying) -> None:
        """That was heard. Who went back a moment ago stays where he is."""
        self._settle(saying.at)
        if self._place:
            self._place = min(self._place + 1, MOST - 1)
        self._kept.append(saying)

    def cover(self) -> None:
        """Cameras are switched off: what was heard may be heard again, and no more than that."""
        kept = [replace(one, text=one.heard or one.text) for one in self._kept]
        self._kept = deque(kept, maxlen=MOST)

    def at(self, now: float) -> Saying | None:
        """The one that somebody is at, which is the last one but for a moment after going back."""
        self._settle(now)
        return self._kept[-1 - self._place] if self._kept else None

    def back(self, now: float) -> Saying | None:
        """The one before that, and be there; None where there is none."""
        return self._go(1, now)

    def forward(self, now: float) -> Saying | None:
        """The one after that, and be there; None where there is none."""
        return self._go(-1, now)

    def before(self) -> Saying | None:
        """The one before the last, wherever somebody is."""
        return self._kept[-2] if len(self._kept) > 1 else None

    def _go(self, steps: int, now: float) -> Saying | None:
        self._settle(now)
        self._browsed_at = now
        if not 0 <= self._place + steps < len(self._kept):
            return None
        self._place += steps
        return self._kept[-1 - self._place]

    def _settle(self, now: float) -> None:
        if now - self._browsed_at > BROWSES:
            self._place = 0


def spelled(text: str, language: Language = "en") -> str:
    """Letter by letter as a voice says it: "E, X, I, T". Marks by their names; Chinese letters as they are."""
    joint = "，" if language == "zh" else ", "
    return joint.join(_letter(letter, language) for letter in " ".join(text.split())) + (
        "。" if language == "zh" else "."
    )


def _letter(letter: str, language: Language) -> str:
    if letter in _MARKS:
        return _MARKS[letter][language == "zh"]
    if letter.isalnum():
        return letter.upper() if len(letter.upper()) == 1 else letter
    return unicodedata.name(letter, "?").lower()
