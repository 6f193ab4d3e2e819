"""The words in which captions and answers speak of people, numbers, quoted text and ages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

ALIKE = 0.75
"""How like two readings of the same line are, 0 to 1."""

_ZERO_TO_TWELVE = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
NUMBERS = {word: number for number, word in enumerate(_ZERO_TO_TWELVE)}

PERSON = (
    r"(?:people|persons?|humans?|man|men|woman|women|child|children|boys?|girls?|ladies|lady|guys?|kids?|adults?"
    r"|players?|workers?|students?|pedestrians?)"
)

_COUNTED = re.compile(rf"\b(an?|another|\d+|{'|'.join(NUMBERS)}) (?:\w+ ){{0,2}}?{PERSON}\b", re.IGNORECASE)
_NOBODY = re.compile(r"\b(?:nobody|no one|not (?:see )?any(?:one|body))\b|没有?(?:看到|任何)*人|无人", re.IGNORECASE)
_CHINESE_COUNT = re.compile(r"(\d+|[一二两三四五六七八九十])(?:个|名|位)[^\d，。]{0,3}?(?:人|男|女|孩)")
_CHINESE_NUMBERS = {sign: number for number, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")


def people_in(text: str) -> int | None:
    """How many people, at least, a sentence speaks of: its greatest number, so that no one is counted twice.

    0 where it says there is nobody, None where it says nothing of people.
    """
    counts = [_number(found) for found in _COUNTED.findall(text) + _CHINESE_COUNT.findall(text)]
    if counts:
        return max(counts)
    if _NOBODY.search(text):
        return 0
    return 1 if re.search(rf"\b(?:{PERSON}|someone|somebody)\b|[人男女孩]", text, re.IGNORECASE) else None


def quotations(text: str) -> list[str]:
    """What stands between quotation marks."""
    return _QUOTED.findall(text)


def among(line: str, others: Sequence[str]) -> bool:
    """Whether it is one of them, read a little differently perhaps."""
    return any(SequenceMatcher(None, _bare(line), _bare(other)).ratio() >= ALIKE for other in others)


def spoken_age(seconds: float) -> str:
    """ "just now", "3 seconds ago", "2 minutes ago", as it is said aloud; what is yet to come is now."""
    if seconds < 1.5:
        return "just now"
    for unit, length, longest in (("second", 1, 120), ("minute", 60, 5400), ("hour", 3600, float("inf"))):
        if seconds < longest:
            count = round(seconds / length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    raise ValueError(f"an age is a number of seconds, not {seconds}")


def _bare(line: str) -> str:
    return "".join(sign for sign in line.casefold() if sign.isalnum())


def _number(word: str) -> int:
    word = word.lower()
    return int(word) if word.isdigit() else NUMBERS.get(word, _CHINESE_NUMBERS.get(word, 1))
