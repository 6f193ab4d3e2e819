"""Checks what a language model says of the scene against what was seen, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.captionwords import PERSON, people_in, quotations
from pipelines.chats.objects import things
from pipelines.chats.timeline import people_seen
from pipelines.types import Caption
from pipelines.wording import one_line

_POINTED = r"(this|that|these|those)( one| animal| object| thing| person)?"
_OF_TALK = (
    r"(\w+ )?(question|idea|story|joke|example|type|kind|sort|form|way|process|phenomenon|term|word|concept|topic"
    r"|fact|reason|result|list|recipe|poem)\b"
)
_PRESENT = (
    r"sitting|standing|lying|holding|wearing|carrying|smiling|looking at|sleeping|walking|here|behind (me|you)"
    r"|next to (me|you)|in front of|(on|in|under|near|behind) (the|this|that|your|my)"
    r" (room|table|desk|floor|chair|sofa|couch|bed|wall|window|door|corner|background|picture|image|hand)"
)
_OF_THE_SCENE = re.compile(
    r"\b(i|we|you)( can|'ve| have| had| could| just| also| still| currently){0,2}"
    r" (see|saw|seen|notice|noticed|spot|observe|count|read)\b"
    r"|\b(the|this|your|my) (camera|picture|image|photo|scene|video|note) (saw|sees|shows|showed|says|said|has seen)\b"
    r"|\bin (the|this|your) (picture|image|photo|scene|video|room)\b|\bin front of (me|you|us|the camera)\b"
    r"|\b(sign|text) (says|reads|said)\b"
    rf"|^(so,? |well,? |yes,? |no,? )?{_POINTED} (is|are|looks like|seems to be) (an?|the|my|your) (?!{_OF_TALK})"
    rf"|\b(he|she|they)( is| are|'s|'re) (currently |now )?({_PRESENT})\b"
    rf"|\b(the|this|that|these|those|your|my) (\w+ ){{1,2}}(is|are|'s) (currently |now |right )?({_PRESENT})\b"
    r"|\bthere( is|'s| are) .*\b(here|over there|behind (me|you|us)|on (the|this|your) (table|desk|floor|wall))\b"
    r"|\byou(r| are|'re)\b.*\b(wearing|holding|sitting|standing|smiling|shirt|hair|face)\b",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[^\d\s][.!?])\s+|(?<=[。！？])")
_SAID_OF_ANYTHING = """
about again ago all alone also always answer around ask away because behind being below beside both but camera
captured center centre close current currently described describes detail directly doing each else even ever
everything far few first front further give good got happening hello help here however image inside just know
last least left let like likely little looking looks made main mainly make making may maybe mentioned middle
moment more most mostly much new nobody none note nothing number once one only other out over particular perhaps
person picture possible question quite read reads right room said same saw say saying says scene second
seconds seeing seem seems seen side sign since some someone something somewhere specific sure tell text than
then thing think time too top two under until very view visible was way well went were while within without
yes yet
"""
_COMMON = frozenset(_SAID_OF_ANYTHING.split())


def in_sentences(pieces: Iterator[str]) -> Iterator[str]:
    """Whole sentences out of pieces of text; an unfinished last one only where there is no other.

    A piece that ends no sentence gives an empty one, so that whoever waits for the next can give up in between.
    """
    rest, said = "", False
    for piece in pieces:
        *whole, rest = _END.split(rest + piece)
        ended = [_spoken(sentence) for sentence in whole if sentence.strip()]
        said = said or bool(ended)
        yield from ended or [""]
    if rest.strip() and (not said or rest.rstrip().endswith((".", "!", "?"))):
        yield _spoken(rest)


def invented(sentence: str, scene: Sequence[Caption], about_scene: bool) -> bool:
    """True if the sentence says something of the scene that no caption says.

    Unless `about_scene`, the scene was neither asked about nor shown: whatever is said of it then is a guess.
    """
    if not about_scene:
        return _OF_THE_SCENE.search(sentence) is not None
    evidence = " ".join(_evidence(caption) for caption in scene)
    return (
        _miscounted(sentence, scene)
        or any(line.lower() not in evidence.lower() for line in quotations(sentence))
        or any(not _known(word, things(evidence)) for word in things(sentence) - _COMMON)
    )


def _spoken(text: str) -> str:
    """On one line, without control characters and the marks of a written list."""
    return one_line(re.sub(r"(?m)^\s*[-*#]+\s+|\*\*|`", " ", text))


def _evidence(caption: Caption) -> str:
    facts = caption.facts
    return " ".join([caption.text, *(facts.text + facts.codes + facts.labels + facts.colours if facts else ())])


def _miscounted(sentence: str, scene: Sequence[Caption]) -> bool:
    """More people than were seen at any time, or nobody where somebody was seen last."""
    said = people_in(sentence)
    counts = [count for caption in scene if (count := people_seen(caption)) is not None]
    return said is not None and (said > max(counts, default=0) or (said == 0 and counts[-1] > 0))


def _known(word: str, evidence: set[str]) -> bool:
    """True if the evidence holds the word, or another form of it; people were counted already."""
    if re.fullmatch(PERSON, word) and word in ("people", "person", "human"):
        return True
    return any(word == seen or (min(len(word), len(seen)) >= 3 and _same_root(word, seen)) for seen in evidence)


def _same_root(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short[: max(3, len(short) - 1)]) and len(long) - len(short) <= 4
