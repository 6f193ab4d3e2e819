"""Says where something is, as its box bears it out: left, ahead or right, or as on the face of a clock.

A box says in which direction something is, never how far it is: of near and far nothing is said here.
"""

from __future__ import annotations

from typing import Literal

from pipelines.phrases import Language
from pipelines.spots import Box

Style = Literal["clock", "side", "none"]

VIEW = 60.0
"""Degrees from the left to the right edge of a picture: most webcams and phones show 55 to 75. A camera that looks
where its person looks sees 11, 12 and 1 of the face of a clock and no more, an hour being 30 degrees."""
EDGES: dict[Style, tuple[float, float]] = {
    "side": (1 / 3, 2 / 3),
    "clock": (0.5 - 15 / VIEW, 0.5 + 15 / VIEW),
    "none": (0.0, 1.0),
}
"""Where left ends and right begins, in shares of the picture's width."""
WORDS: dict[Language, dict[Style, tuple[str, str, str]]] = {
    "en": {
        "side": ("on your left", "ahead", "on your right"),
        "clock": ("at 11 o'clock", "at 12 o'clock", "at 1 o'clock"),
        "none": ("", "", ""),
    },
    "zh": {
        "side": ("你左边", "前方", "你右边"),
        "clock": ("11点钟方向", "12点钟方向", "1点钟方向"),
        "none": ("", "", ""),
    },
}


def position(box: Box, style: Style, language: Language) -> str:
    """ "on your left", "at 1 o'clock"; in Chinese as a sentence begins with it: "你左边". Empty for `none`."""
    return WORDS[language][style][third(box, style)]


def third(box: Box, style: Style, last: int | None = None, slack: float = 0.05) -> int:
    """0, 1 or 2: left, ahead or right, by the middle of the box.

    `last`: which it was; what lies on an edge stays there until it is `slack` beyond, a share of the picture's width.
    """
    left, right = EDGES[style]
    if last is not None:
        left, right = left + (slack if last == 0 else -slack), right + (slack if last <= 1 else -slack)
    if style == "none":
        return 1
    return 0 if box.x < left else 2 if box.x >= right else 1
