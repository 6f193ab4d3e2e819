"""From the pieces of an answer to whole sentences, each as soon as its end has come."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator

_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[”’」』）]*|\n+")
_NOT_AN_END = re.compile(r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|fig)|\b[a-z])\.$", re.IGNORECASE)
_LONGEST = 240
"""Characters after which a sentence without an end is cut at a comma or a space."""


async def sentences(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Whole sentences, each as soon as its end has come; the rest at the end."""
    text = ""
    async for piece in pieces:
        text += piece
        while (cut := _first_end(text)) is not None:
            sentence, text = text[:cut].strip(), text[cut:]
            if sentence:
                yield sentence
    if text.strip():
        yield text.strip()


def _first_end(text: str) -> int | None:
    for match in _END.finditer(text):
        if not _NOT_AN_END.search(text[: match.end()]):
            return match.end()
    if len(text) <= _LONGEST:
        return None
    comma = max(text.rfind(mark, 0, _LONGEST) for mark in (", ", "; ", ": ", "，", "；"))
    return (comma if comma > 0 else text.rfind(" ", 0, _LONGEST)) + 1 or _LONGEST
