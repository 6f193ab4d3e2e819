"""Takes a key out of what a server says, so that no line which a person sees or a log keeps tells it."""

from __future__ import annotations

SHORTEST = 6
"""Letters of a key that are hidden wherever they stand together: servers quote keys cut, masked or wrapped."""


def without(secret: str, text: str) -> str:
    """The text with a `…` for the secret and for each part of it of SHORTEST letters or more.

    Only ASCII letters are compared, as a key has no others: whatever else stands between two of its letters, seen or
    unseen, goes with them.
    """
    size = min(SHORTEST, len(secret))
    parts = {secret[start : start + size] for start in range(len(secret) - size + 1)} - {""}
    places = [place for place, letter in enumerate(text) if "!" <= letter <= "~"]
    letters = "".join(text[place] for place in places)
    kept, end = "", 0
    for start in range(len(letters) - size + 1):
        if letters[start : start + size] in parts:
            if places[start] >= end:
                kept += text[end : places[start]] + "…"
            end = places[start + size - 1] + 1
    return kept + text[end:]
