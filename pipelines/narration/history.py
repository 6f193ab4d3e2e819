"""What a listener was told of a scene, by things and places and not by wording, and what a sentence adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from pipelines.captionwords import among, quotations
from pipelines.gist import gist, wanted
from pipelines.phrases import language_of
from pipelines.vocabulary import COLOURS, MARKS, PEOPLE, VERB_FORMS

Point = tuple[str, str, str]
"""One thing that a sentence tells: its kind, see `LASTS`, a word, and of a state of a thing which."""
LASTS = {"thing": 600.0, "sign": 600.0, "text": 600.0, "deed": 120.0} | dict.fromkeys(
    STATES := ("place", "posture", "colour", "number"), 600.0
)
"""Seconds after it was mentioned last, for which each kind counts as known: what is left out of a description for a
while is there all the same."""
TURNS = 30.0
"""The same of a state since when another one was told of the same thing: it may be true again."""
MARKED = frozenset(MARKS.values())
"""Colours, numbers and directions: of what is told in Chinese it is not known of which thing."""
SIGN = 0.5
"""Of Chinese signs that stand in no list here, two make a word."""

IDLE = frozenset(
    "say says said reads display displays wear look fill place contain cover show use feature".split()  # noqa: SIM905
)
"""What is done and tells nothing new by itself: who works on something looks at it."""
PARTS = frozenset(
    """
hand hands hair eye eyes head face lap arm arms leg legs finger fingers room area side part surface floor wall ceiling
air screen scene setting indoor outdoor space environment view image picture photo left right middle centre center
front ahead corner top bottom foreground background distance edge
""".split()  # noqa: SIM905
)
"""What belongs to everything of its kind, or is a place, which boxes tell: it is no news by itself."""
BEARERS = frozenset(
    ["sign", "board", "text", "word", "letter", "label", "message", "poster", "note", "notice", "banner", "display"]
)
"""What text stands on: no news beside that text."""
_PLACES_IN_CHINESE = re.compile(
    r"[左右前后]?(?:房间|室内|室外|场景|画面)[里中内]?|[左右](?:边|侧|方|面)|[前后]方|中间|中央|正在"
)
_BEARERS_IN_CHINESE = re.compile(
    r"[一]?[块个张]?的?(?:指示牌|牌子|标牌|标志|标语|文字|字样|海报|告示)|[挂贴]着|写[着有的是]*"
)
CLOTHES = frozenset(
    ["shirt", "dress", "suit", "coat", "jacket", "hat", "sweater", "uniform", "jeans", "costume", "hoodie"]
)
"""What one can be in without being in a place."""
POSTURES = frozenset(["sit", "stand", "lie", "kneel", "walk", "run", "jump", "ride", "dance", "crouch", "sleep"])
LIKE = {
    "seated": "sit", "standing": "stand", "type": "work", "typing": "work", "t-shirt": "shirt", "tshirt": "shirt",
    "kneeling": "kneel", "dancing": "dance", "crouching": "crouch", "speak": "talk", "speaking": "talk",
    "talking": "talk", "motorcycle": "motorbike", "plane": "aeroplane", "airplane": "aeroplane", "vehicle": "car",
    "monitor": "television", "fridge": "refrigerator",
}  # fmt: skip
"""Words that are taken for another one, beside those that all captions are compared by."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[.,;:!?。，；：]")
_PLACED = re.compile(r"\b(?:in|on|at|inside|into|onto|under)\b", re.IGNORECASE)


def points(text: str) -> frozenset[Point]:
    """All that a sentence tells."""
    unquoted = re.sub(r"[\"“][^\"”]*[\"”]", ",", text)
    read = {("text", line, "") for line in quotations(text)}
    if language_of(unquoted) == "zh":
        plain = _BEARERS_IN_CHINESE.sub("", unquoted) if read else unquoted
        return frozenset(read | set(_signs(_PLACES_IN_CHINESE.sub("，", plain))))
    told = {*_words(unquoted), *_marks(unquoted), *_places(unquoted)}
    return frozenset(read | {one for one in told if not (read and one[1] in BEARERS)})


def nouns(name: str) -> frozenset[str]:
    """By which words points tell of a thing that is called so, in English or Chinese."""
    if language_of(name) == "zh":
        return frozenset(point[1] for point in _signs(name))
    return frozenset(filter(None, [_bare(name.lower().split()[-1])])) if name.strip() else frozenset()


def _words(text: str) -> Iterator[Point]:
    """Things by the last word of their names, so that `a wooden table` is a table, and what is done, by whom."""
    rest, first = "", ""
    for token in [*_TOKEN.findall(text.lower()), "."]:
        word, deed = _bare(token), _deed(token)
        if word in PARTS:  # with what stands before it: long hair, a laptop's screen
            rest = ""
        word = "" if word in PARTS or word in IDLE else word
        if rest and (not word or deed):
            first = first or rest
            yield ("thing", rest, "")
        if word and deed:
            yield ("posture", first or "person", word) if word in POSTURES else ("deed", word, "")
        rest = "" if not word or deed else rest if _colour(token) else word


def _deed(token: str) -> bool:
    word = LIKE.get(token, token)
    return (word in VERB_FORMS or word in POSTURES or token.endswith("ing")) and not _colour(token)


def _marks(text: str) -> Iterator[Point]:
    """Colours and numbers of things; how many people there are is told by boxes."""
    for mark, after in gist(text).marked:
        of = _bare(after) if after else ""
        if of and mark in COLOURS.values():
            yield ("colour", of, mark)
        elif of and of != "person" and mark.isdigit():
            yield ("number", of, mark)


def _places(text: str) -> Iterator[Point]:
    """On what, or in what, something is; of people, boxes tell."""
    for clause in re.split(r"[.,;:]|\band\b|\bwith\b", text):
        parts = [[point[1] for point in _words(part) if point[0] == "thing"] for part in _PLACED.split(clause)]
        for before, after in pairwise(parts):
            if before and after and before[-1] != "person" and after[-1] not in CLOTHES:
                yield ("place", before[-1], after[-1])


def _signs(text: str) -> Iterator[Point]:
    for word in wanted(text):
        yield ("thing" if word.isascii() and word not in MARKED else "sign", word, "")


def _bare(word: str) -> str:
    """In the singular, by the first of its synonyms; empty where it tells nothing, or says how."""
    word = LIKE.get(word, word)
    if not gist(word).words or word.endswith("ly"):
        return word if _colour(word) else ""
    found = VERB_FORMS.get(word) or "".join(sorted(wanted(word)))
    found = LIKE.get(found, found)
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
        if self._lives(point, at) or (kind in ("thing", "sign") and word in known):
            return 0.0
        if kind == "text":
            return float(not among(word, lines))
        if kind in STATES and kind != "posture":  # that it has one is no news, that it has another one is
            return float(any(self._lives(one, at) for one in self._others(point)))
        return SIGN if kind == "sign" else 1.0

    def _lives(self, point: Point, at: float) -> bool:
        told = self._told.get(point)
        if told is None or at - told > LASTS[point[0]]:
            return False
        turned = any(self._told[one] > told for one in self._others(point))
        return not turned or at - told <= TURNS

    def _others(self, point: Point) -> list[Point]:
        """Other states of the same thing."""
        return [one for one in self._told if one[:2] == point[:2] and one != point] if point[0] in STATES else []

    def _lines(self, at: float) -> list[str]:
        return [point[1] for point in self._told if point[0] == "text" and self._lives(point, at)]
