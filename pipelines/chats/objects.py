"""Questions about things by name: only eyes that can name things answer them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.chats.english import read
from pipelines.chats.requests import bare
from pipelines.types import Facts
from pipelines.wording import listed

NO_NAMES = "I cannot name objects with the eyes I have, so I can't tell."

_NOT_NAMES = """
a an the any some my your his her their our this that these those it its is are am was were be been do does did can
could will would have has there here in on at of to by with from for near next and or not no i you he she we they me
him them us who what where when why how which many much kind colour color see spot find notice look show tell hold
holding hand thing things object objects item items lying standing still now please
"""
_YES_NO = re.compile(r"(is|are|was|were|am|do|does|did|have|has|can|could|any)\b")
_NOT_THINGS = frozenset(_NOT_NAMES.split())


def things(words: str) -> set[str]:
    """The words that may name something, in the singular."""
    return {_singular(word) for word in re.findall(r"[a-z]+", bare(words)) if word not in _NOT_THINGS and len(word) > 2}


def mentioned(question: str, text: str) -> bool:
    """True if the text names something that the question names."""
    return not things(question).isdisjoint(things(text))


def named(question: str, facts: Facts) -> str:
    """Whether what the question names is among the labels or the text that was read."""
    asked = things(question)
    if asked & things(" ".join(facts.text)):
        return read(facts)
    yes_no = _YES_NO.match(bare(question)) is not None
    if not facts.labels:
        return NO_NAMES if yes_no or not facts.text else f"{NO_NAMES} {read(facts)}"
    found = [label for label in facts.labels if asked & things(label)]
    if found or not (asked and yes_no):
        return f"{'Yes, ' if found and yes_no else ''}I see {listed(_with_article(found or facts.labels))}."
    return f"No, I see only {listed(_with_article(facts.labels))}."


def _with_article(labels: Iterable[str]) -> list[str]:
    return [f"{'an' if label[:1] in 'aeiou' else 'a'} {label}" for label in labels]


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
