"""What captions and answers say alike: lists, places, quotations, and nothing that is not to be seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pipelines.types import Place

LONGEST_SLUG = 40
JOINERS = "\u200c\u200d"
"""Zero-width letters that Persian, the scripts of India and composed emoji are not written without."""
_JOINED = "\u0600-\u1cff\u2190-\u2bff\ufb50-\ufdff\ufe0f\ufe70-\ufefc\U0001f000-\U0001faff"
"""From Arabic to the scripts of India and beyond, Arabic again as presentation forms, symbols and emoji."""
_STRAY = re.compile(f"(?<![{_JOINED}])[{JOINERS}]|[{JOINERS}](?![{_JOINED}])")


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty for nothing."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def where(place: Place) -> str:
    """The place as it ends a sentence: `in the centre`, `on the left`."""
    return "in the centre" if place == "centre" else f"on the {place}"


def quoted(line: str, marks: str = '""') -> str:
    """The line between two quotation marks. Those in it become single ones, so that it cannot end its own quotation."""
    inside = "".join("'" if letter in '"“”' else letter for letter in line)
    return f"{marks[0]}{inside}{marks[1]}"


def shortened(text: str, longest: int) -> str:
    """The text, cut after a word where it is longer; Chinese parts no words."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    cut = head.rpartition(" ")[0] if " " in head[longest // 2 :] else head
    return f"{cut.rstrip(' ,;:，；：、')}…"


def slug(name: str, joint: str = "_", otherwise: str = "x") -> str:
    """Small letters, digits and `joint` alone, `LONGEST_SLUG` at the most; different names may have the same one.

    `otherwise`: what a name has of which nothing is left.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)[:LONGEST_SLUG].strip(joint) or otherwise


def mentions(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words, also in the plural; Chinese parts no words: anywhere."""
    letter = r"[^\W\u4e00-\u9fff]"
    pattern = rf"(?<!{letter}){re.escape(phrase.strip().casefold())}(?:e?s)?(?!{letter})"
    return re.search(pattern, text.casefold()) is not None


def printable(text: str, keep: str = "") -> str:
    """The text without what a terminal would obey and without what is not to be seen; white space becomes spaces.

    `keep`: letters that stay all the same. Joiners always do: a piece of a text may end within a word.
    """
    return "".join(
        letter if letter.isprintable() or letter in keep or letter in JOINERS else " " * letter.isspace()
        for letter in text
    )


def one_line(text: str) -> str:
    """The same on one line, with joiners only where they have a meaning: each between two letters that it can join."""
    return " ".join(_STRAY.sub("", printable(text)).split())
