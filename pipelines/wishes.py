"""Wishes: what a person asks of the assistant itself, known by the wording alone, in English and Chinese.

Strict: the whole text must be a wish. Everything else is a question, and is for the chat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pipelines.manners import is_hush
from pipelines.phrases import language_of
from pipelines.remarks import Topic
from pipelines.watch_words import condition, past
from pipelines.wish_patterns import ENGLISH, POLITE, POLITE_AFTER, TOPIC_WORDS
from pipelines.wish_patterns_zh import CHINESE, COURTESY, COURTESY_AFTER

WishKind = Literal[
    "repeat",
    "back",
    "forward",
    "spell",
    "before",
    "more",
    "less",
    "faster",
    "slower",
    "louder",
    "softer",
    "pause",
    "resume",
    "stop",
    "describe",
    "read",
    "left",
    "right",
    "ahead",
    "aim",
    "watch",
    "unwatch",
    "watches",
    "where",
    "topic",
    "privacy",
    "keys",
    "help",
]
"""`before`: what was said before the last; `watches`: what is being watched for; `where`: where something was."""
KINDS: tuple[WishKind, ...] = get_args(WishKind)
LONGEST = 120
"""Letters of a wish; a longer text is about something else."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One of them."""

    kind: WishKind
    what: str = ""
    """What to watch for or to look for, or the topic."""
    on: bool | None = None
    """Of topics and privacy: whether it is to be on; None: the other of the two."""


def wish_of(text: str) -> Wish | None:
    """The wish that a text is; None where it is none."""
    if not text or len(text) > LONGEST:
        return None
    if is_hush(text):
        return Wish("stop")
    if language_of(text) == "zh":
        return _among(CHINESE, _bare_chinese(text))
    return _among(ENGLISH, _bare(text))


def wish_of_line(name: str, words: str) -> Wish | None:
    """The wish that a slash line is: its first word without the slash, and the rest; None where it is none.

    Raises ValueError with one line that says what it takes.
    """
    kind = next((kind for kind in KINDS if kind == SHORT.get(name, name)), None)
    if kind in ("watch", "where"):
        if not words:
            raise ValueError(f"/{name} takes words: /{name} bottle")
        return Wish(kind, condition(_WATCH_FOR.sub("", words)) if kind == "watch" else words)
    if kind == "topic":
        return _topic(words.lower().split())
    if kind == "privacy" and words.lower() in SWITCHED:
        return Wish(kind, on=SWITCHED[words.lower()])
    if kind == "unwatch":
        return Wish(kind, condition(words))
    if kind is not None and words:
        raise ValueError(f"/{name} takes " + ("on or off" if kind == "privacy" else "no word"))
    return None if kind is None else Wish(kind)


_WATCH_FOR = re.compile(r"\A(?:out )?for (?=\S)", re.IGNORECASE)
"""As one says it, in a line as well: `/watch for a bottle`."""
SHORT = {"said": "before", "watching": "watches"}
"""Slash lines that have another name than their wish."""
SWITCHED = {"on": True, "off": False}


def _topic(words: Sequence[str]) -> Wish:
    topic = TOPIC_WORDS.get(words[0]) if words else None
    if topic is None or len(words) > 2 or (len(words) == 2 and words[1] not in SWITCHED):
        raise ValueError("/topic people, text, objects, motion or light, and then on or off")
    return Wish("topic", topic, SWITCHED[words[1]] if len(words) == 2 else None)


def _among(patterns: Sequence[tuple[str, re.Pattern[str]]], words: str) -> Wish | None:
    for name, pattern in patterns:
        if found := pattern.fullmatch(words):
            return _made(name, found)
    return None


def _made(name: str, found: re.Match[str]) -> Wish | None:
    """From the name of a pattern, with `+` or `-` where it switches something on or off."""
    kind = next(kind for kind in KINDS if kind == name.rstrip("+-"))
    what = (found.groupdict().get("what") or "").strip(" ,，的")
    if kind == "topic":
        known: Topic = TOPIC_WORDS[what]
        return Wish(kind, known, name.endswith("+"))
    if kind in ("watch", "unwatch"):
        what = condition(what)
        return None if kind == "watch" and (not what or past(what)) else Wish(kind, what)
    return Wish(kind, what, {"+": True, "-": False}.get(name[-1]))


def _bare(text: str) -> str:
    """Small letters, without marks, and without what is said for politeness."""
    words = re.sub(r"[^\w'’:.-]+|[.!?]+(?=\s|$)", " ", text.lower()).replace("’", "'")
    words = " ".join(words.split())
    return POLITE_AFTER.sub("", POLITE.sub("", words)).strip() or words


def _bare_chinese(text: str) -> str:
    words = re.sub(r"[\s，。！？、,.!?：:“”\"']+", "", text.lower())
    return COURTESY_AFTER.sub("", COURTESY.sub("", words)) or words
