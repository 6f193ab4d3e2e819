"""What a reasoning model thinks aloud between its marks is left out: it is nobody's answer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

BEGIN, END = "<think>", "</think>"


def without_thoughts(pieces: Generator[str, None, None]) -> Generator[str, None, None]:
    """The pieces, as many as came, without thoughts; what may be the beginning of a mark waits for the rest of it."""
    held, thinking, begun = "", False, False
    with closing(pieces):
        for piece in pieces:
            said = ""
            held += piece
            while held:
                mark = END if thinking else BEGIN
                before, found, after = held.partition(mark)
                if not found:
                    kept = _begun(held, mark)
                    said += "" if thinking else held[: len(held) - kept]
                    held = held[len(held) - kept :]
                    break
                said += "" if thinking else before
                held, thinking = after, not thinking
            said = said if begun else said.lstrip()  # the empty lines after a thought
            begun = begun or bool(said)
            yield said
    if held and not thinking:
        yield held


def _begun(text: str, mark: str) -> int:
    """How many letters at the end of the text may be the beginning of the mark."""
    return next((length for length in range(len(mark) - 1, 0, -1) if text.endswith(mark[:length])), 0)
