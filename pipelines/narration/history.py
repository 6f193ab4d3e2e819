"""What a listener was told of a scene, by things and places and not by wording, and what a sentence adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from pipelines.captionwords import among, quotations
from pipelines.gist import gist, wanted
from pipelines.phrases import language_of
from pipelines.vocabulary import COLOURS, PEOPLE, VERB_FORMS

Point = tuple[str, str, str]
"""One thing that a sentence tells: its kind, a word, and for some kinds another one. The kinds are those of `LASTS`."""
LASTS = {"thing": 600.0, "sign": 600.0, "place": 600.0, "text": 600.0, "deed": 30.0, "mark": 30.0}
"""Seconds after it was mentioned last, for which each kind counts as known: what someone does changes, and back again;
a thing that is left out of a description for a while is there all the same."""
SIGN = 0.5
"""Of Chinese signs that stand in no list here, two make a word."""

SAYS = frozenset(["say", "says", "said", "reads", "display", "displays"])

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[.,;:!?。，；：]")
_PLACED = re.compile(r"\b(?:in|on|at|inside|into|onto|under)\b", re.IGNORECASE)


def points(text: str) -> frozenset[Point]:
    """All that a sentence tells."""
    unquoted = re.sub(r"[\"“][^\"”]*[\"”]", ",", text)
    read = {("text", line, "") for line in quotations(text)}
    if language_of(unquoted) == "zh":
        return frozenset(read | set(_signs(unquoted)))
    return frozenset(read | set(_words(unquoted)) | set(_marks(unquoted)) | set(_places(unquoted)))


def _words(text: str) -> Iterator[Point]:
    """Things by the last word of their names, so that `a wooden table` is a table, and what is done."""
    rest = ""
    for token in [*_TOKEN.findall(text.lower()), "."]:
        word = _bare(token)
        deed = bool(token in VERB_FORMS or token.endswith("ing")) and not _colour(token)
        if rest and (not word or deed):
            yield ("thing", rest, "")
        if word and deed:
            yield ("deed", word, "")
        rest = "" if not word or deed else rest if _colour(token) else word


def _marks(text: str) -> Iterator[Point]:
    """Colours, numbers and negations of things; that there is one person more or less is told by boxes."""
    for mark, after in gist(text).marked:
        of = _bare(after) if after else ""
        if (of and not (mark.isdigit() or mark in ("no", "several"))) or (of and of != "person"):
            yield ("mark", mark, of)


def _places(text: str) -> Iterator[Point]:
    """On what, or in what, something is."""
    for clause in re.split(r"[.,;:]|\band\b|\bwith\b", text):
        parts = [[point[1] for point in _words(part) if point[0] == "thing"] for part in _PLACED.split(clause)]
        for before, after in pairwise(parts):
            if before and after:
                yield ("place", before[-1], after[-1])


def _signs(text: str) -> Iterator[Point]:
    for word in wanted(text):
        yield ("thing" if word.isascii() else "sign", word, "")


def _bare(word: str) -> str:
    """In the singular, by the first of its synonyms; empty where it tells nothing, or says how."""
    if not gist(word).words or word in SAYS or word.endswith("ly"):
        return word if _colour(word) else ""
    found = "".join(sorted(wanted(word)))
    return "person" if found in PEOPLE else found


def _colour(word: str) -> bool:
    return word in COLOURS


@dataclass(slots=True)
class History:
    """Pure: its only clock is the times it is given, in seconds on the loop's clock."""

    _told: dict[Point, float] = field(default_factory=dict)
    """From each point to when it was mentioned last."""

    def __bool__(self) -> bool:
        return bool(self._told)

    def adds(self, told: Iterable[Point], at: float, known: Iterable[str] = (), read: Iterable[str] = ()) -> bool:
        """Whether there is anything new in it. `known`: things that the listener hears of anyhow; `read`: texts."""
        things, lines = frozenset(known), [*read, *self._lines(at)]
        return sum(self._news(point, at, things, lines) for point in told) >= 1

    def tell(self, told: Iterable[Point], at: float) -> frozenset[Point]:
        """The listener hears it; gives what was new of it."""
        new = frozenset(point for point in told if not self._lives(point, at))
        self._told |= dict.fromkeys(told, at)
        self._told = {point: time for point, time in self._told.items() if at - time <= LASTS[point[0]]}
        return new

    def mention(self, told: Iterable[Point], at: float) -> None:
        """It is said to be so still."""
        self._told |= {point: at for point in told if self._lives(point, at)}

    def forget(self, told: Iterable[Point]) -> None:
        """The listener did not hear it after all."""
        for point in told:
            self._told.pop(point, None)

    def clear(self) -> None:
        """Nobody is to know what was shown."""
        self._told.clear()

    def _news(self, point: Point, at: float, known: frozenset[str], lines: list[str]) -> float:
        kind, word, _ = point
        if self._lives(point, at) or (kind == "thing" and word in known):
            return 0.0
        if kind == "text":
            return float(not among(word, lines))
        if kind == "place":  # that it is somewhere is no news, that it is elsewhere is
            return float(any(one[:2] == ("place", word) and self._lives(one, at) for one in self._told))
        return SIGN if kind == "sign" else 1.0

    def _lives(self, point: Point, at: float) -> bool:
        return point in self._told and at - self._told[point] <= LASTS[point[0]]

    def _lines(self, at: float) -> list[str]:
        return [point[1] for point in self._told if point[0] == "text" and self._lives(point, at)]
