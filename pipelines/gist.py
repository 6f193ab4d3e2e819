"""What a caption tells, as words: to know news from another wording of the same, and to find it again.

Two captions say the same when the later one has no telling word that the earlier one lacks, still has two thirds of
its words, and marks the same things with numbers, colours, negations and directions: a word that is new is news, but
one that is missing may only have been left out. Word forms of common verbs and a few synonyms are taken for one.
Which of two things does something to the other is not told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.captionwords import quotations
from pipelines.types import Caption
from pipelines.vocabulary import (
    CHINESE,
    COLOURS,
    IRREGULAR,
    MARKS,
    NOTHING_TOLD,
    OF_QUESTIONS,
    PEOPLE,
    SAME,
    SOMEONE,
    VERB_FORMS,
)

LEFT_OUT = 1 / 3
"""Share of a caption's words that the next one may leave out and still say the same."""

_LETTERS = r"[^\W_\u3400-\u9fff]+"
_TOKEN = re.compile(rf"{_LETTERS}(?:['’-]{_LETTERS})*|{'|'.join(CHINESE)}|[\u3400-\u9fff]")
_CLAUSE = re.compile(r"[.,;:!?。，；：！？]|\b(?:but|and)\b")


@dataclass(frozen=True, slots=True)
class Gist:
    """What a text tells, without how."""

    words: frozenset[str]
    marked: frozenset[tuple[str, str]]
    """Each number, colour, negation and direction with the telling word that follows it."""
    quoted: tuple[str, ...]
    """What was read, which always counts to the letter."""


def gist(text: str) -> Gist:
    words, marked, after = _words(text), set(), ""
    for word in reversed(words):
        if mark := _mark(word):
            marked.add((mark, after))
        else:
            after = word
    telling = frozenset(word for word in words if not _mark(word))
    return Gist(telling, frozenset(marked), tuple(sorted(quotations(text))))


def same(before: str, after: str) -> bool:
    """Whether the later of two captions tells nothing that the earlier one does not; see the top of this file."""
    if before == after:
        return True
    one, other = gist(before), gist(after)
    if (one.marked, one.quoted) != (other.marked, other.quoted) or not other.words:
        return False
    return other.words <= one.words and len(other.words) >= (1 - LEFT_OUT) * len(one.words)


def wanted(query: str) -> frozenset[str]:
    """The things that a question, or words to search for, ask after: singular, each by the first of its synonyms."""
    return frozenset(_naming(_words(query))) - OF_QUESTIONS


def told(caption: Caption) -> frozenset[str]:
    """The things that a caption says are there, in the same form. What it says is absent or gone is not among them."""
    found = _naming(_words(shown(caption)))
    return frozenset(found | {"person"} if found & PEOPLE else found)


def shown(caption: Caption) -> str:
    """What a caption says is there, without what it says is absent or gone."""
    facts = caption.facts
    if facts is None:
        return _there(caption.text)
    changes = [change for change in facts.changes if not change.endswith(("gone", "fewer"))]
    people = ["person"] if facts.people else []
    return _there(". ".join([*facts.labels, *facts.text, *facts.codes, *facts.colours, *changes, *people]))


def named(query: str) -> list[str]:
    """The words of a query that name something, as they stand there; unknown Chinese letters in a row are one word."""
    found, end = list[str](), -1
    for token in _TOKEN.finditer(query.lower()):
        word = token[0]
        unknown = word > "\u3400" and word not in CHINESE
        if wanted(word) and unknown and token.start() == end:
            found[-1] += word
        elif wanted(word):
            found.append(word)
        end = token.end() if unknown and wanted(word) else -1
    return found


def synonyms(word: str) -> tuple[str, ...]:
    """All words that are taken for the same thing or colour, the word itself first."""
    (first,) = _naming([_form(word)]) or {word}
    groups = [*SAME.items(), *COLOURS.items()]
    return (word, *(other for other, group in groups if group == first and other != word))


def _there(text: str) -> str:
    """Of each clause what stands before a negation: what follows it is not there."""
    return ". ".join(_affirmed(clause) for clause in _CLAUSE.split(text))


def _affirmed(clause: str) -> str:
    negations = (
        token.start() for token in _TOKEN.finditer(clause) if _mark(token[0].lower().replace("’", "'")) == "no"
    )
    return clause[: next(negations, None)]


def _naming(words: Iterable[str]) -> set[str]:
    """Things in the singular, and their marks; someone is a person."""
    found = {_mark(word) or _singular(word) for word in words if _mark(word) != "no"}
    return (found - SOMEONE) | {"person"} if found & SOMEONE else found


def _words(text: str) -> list[str]:
    return [word for word in map(_form, _tokens(text)) if word not in NOTHING_TOLD]


def _tokens(text: str) -> list[str]:
    return [token.replace("’", "'") for token in _TOKEN.findall(text.lower())]


def _mark(word: str) -> str:
    """The number, colour, negation or direction that a word is; empty where it is none."""
    return "no" if word.endswith("n't") else word if word.isdigit() else MARKS.get(word, "")


def _form(word: str) -> str:
    """A verb in its bare form, a thing by the first of its synonyms; a plural stays one: it tells a number."""
    word = word.removesuffix("'s")
    bare = VERB_FORMS.get(word) or IRREGULAR.get(word, word)
    return word if bare in ("man", "woman", "child", "person") and word in IRREGULAR else SAME.get(bare, bare)


def _singular(word: str) -> str:
    word = IRREGULAR.get(word, word)
    if word in SAME or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return SAME.get(word, word)
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    single = word[:-2] if word.endswith(("ches", "shes", "xes", "sses", "zes")) else word[:-1]
    return SAME.get(single, single)
