"""The English words of captions that say where something is in the picture, or beside what."""

from __future__ import annotations

import re

_PICTURE = r"(?:image|picture|photo(?:graph)?|frame|scene|screen|shot|view|camera|viewer|room)"
_ARTICLE = r"(?:the|this|his|her|their|your|my|its)"
_WHERE = r"(?:left|right|cent(?:er|re)|middle|foreground|background|distance|corner|edge|top|bottom|front|back|rear)"
_PART = r"(?:[- ](?:hand|most|side|corner|half|part|portion|third|edge|foreground|background|cent(?:er|re)))*"
_ANY = r"(?:an?|some|several|many|two|three|four|five|six|other|various|multiple|parked|trees|cars|people|buildings)"
_BESIDE = (
    r"(?:next to|besides?|behind|in front of|ahead of|near(?:by)?(?: to)?|close to|adjacent to|alongside|across from"
    r"|opposite(?: to)?|above|below|beneath|underneath|under|between|amid|to the (?:left|right|side) of"
    r"|(?:on|at) (?:the )?(?:either|both|one|left|right|other) sides? of|on the (?:left|right) of|in between)"
)
_END = (
    r"(?=[,.;]|$| (?:and|while|with|that|which|who|whose|in|on|at|to|from|is|are|was|were|has|have|as|near"
    r"|behind|beside"
    r"|next|holding|wearing|sitting|standing|looking|talking|walking|under|above|below)\b)"
)

TURNED = re.compile(
    r",? ?(?:and )?\b(?:looking|facing|turned|pointing|turning|gazing|glancing|leaning)(?: \w+ly)?(?: (?:to|towards?))?"
    rf"(?: {_ARTICLE})?(?: \w+)? (?:left|right|side)\b(?: of {_ARTICLE} {_PICTURE})?",
    re.IGNORECASE,
)
LIMB = re.compile(
    r"\b(?:left|right)(?:[- ]hand(?=ed)| (?=(?:hand|arm|leg|foot|shoulder|ear|eye|knee|wrist|cheek|palm|elbow"
    r"|finger|thumb)"
    r"s?\b(?! (?:side|corner|edge))))",
    re.IGNORECASE,
)
GONE = re.compile(r"\b(has|have|had|just) left\b(?! of)(?=( the| a| his| her| their)?)", re.IGNORECASE)
NOW = re.compile(r"\b(?:right )(?=now\b|away\b)|\ball right\b", re.IGNORECASE)
WITHIN = re.compile(
    rf"\b(?:in|at|on|near) (?:the )?(?:very )?(?:{_WHERE.replace('front|', '')})(?: (?:corner|side|end|part))? of "
    rf"(?=(?:a|an|the|his|her|their) (?!{_PICTURE}\b)(\w+))",
    re.IGNORECASE,
)
"""In the middle of a street, on the left side of a table: it is there, and where is not borne out."""
SURFACES = frozenset(
    [
        "table",
        "desk",
        "bed",
        "floor",
        "plate",
        "shelf",
        "counter",
        "road",
        "sofa",
        "couch",
        "bench",
        "wall",
        "tray",
        "stage",
    ]
)
SIDE = re.compile(
    rf",? ?\b(?:(?:located|positioned|situated|placed|seen|visible|off|just) )?(?:(?:in|on|at|to|from|towards?"
    rf"|along|into|over"
    rf"|near) )(?:{_ARTICLE} )?(?:(?:far|very|upper|lower|top|bottom|extreme|immediate|blurred|blurry|dark"
    rf"|near|left|right)[- ])*"
    rf"{_WHERE}{_PART}(?: (?:and|or) (?:the )?(?:left|right|bottom|foreground|background){_PART})?"
    rf"(?: (?:of|in) (?:{_ARTICLE} )?{_PICTURE})?(?![\w-])(?! of\b)",
    re.IGNORECASE,
)
"""On the left, in the background, at the top of the picture."""
CLOCK = re.compile(
    r",? ?\b(?:at|towards?|around) (?:the |your )?(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten"
    r"|eleven|twelve)"
    r"[- ]?o['’ ]?clock(?: (?:position|direction))?",
    re.IGNORECASE,
)
FAR = re.compile(
    r",? ?\b(?:nearby|far away|further away|far off|up close|close by|in close proximity|at a distance|overhead"
    r"|(?:towards?|away from) (?:the (?:camera|viewer)|us|me|you))\b"
    r"|\b(?:nearby|distant|faraway|left-?hand|right-?hand|leftmost|rightmost|foremost) ?(?=\w)",
    re.IGNORECASE,
)
BESIDE = re.compile(
    rf",? ?\b(?:(?:right|directly|just|immediately|slightly|located|positioned|situated|placed|close"
    rf"|visible|seen) )*{_BESIDE}(?: to)?(?: (?P<some>{_ANY}\b.*?(?: and {_ANY}\b.*?)?)"
    rf"|(?: (?!(?:and|is|are)\b)[\w'’-]+){{0,5}}?)?{_END}",
    re.IGNORECASE,
)
"""Beside something: `some` is what is told to be there by it."""
SIDES = {"left": 0, "right": 2, "center": 1, "centre": 1, "middle": 1}
BANNED = re.compile(
    r"\b(?:left|right|next to|beside|behind|in front of|near|nearby|foreground|background|close to|adjacent to"
    r"|alongside"
    r"|across from|opposite|above|below|beneath|underneath|under|between|in the distance|far away|distant"
    r"|(?:in|at|on|to|towards?) the (?:cent(?:er|re)|middle|back|front|top|bottom|corner))\b"
    r"|\bat (?:the |your )?\w+[- ]o['’ ]?clock\b",
    re.IGNORECASE,
)
"""Words of which none may be left, but where a box bears one out."""
