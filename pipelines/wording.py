"""What captions and answers say alike: lists, places, quotations, and nothing that is not to be seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pipelines.types import Place


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


def one_line(text: str) -> str:
    """The text on one line without control characters: no escape of a terminal, no letter that is not to be seen."""
    return " ".join("".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text).split())
