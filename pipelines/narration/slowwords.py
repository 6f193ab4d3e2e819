"""How sentences of a caption are told: in clauses, as possible where sources disagree, and the facts of simple eyes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.captionwords import people_in
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation
from pipelines.phrases import Language
from pipelines.spots import PERSON
from pipelines.types import Facts, Place
from pipelines.wording import listed, quoted, where

Doubt = Literal["sure", "possible", "silent"]
RECENT = 5.0
"""Seconds by which the boxes may be older than a caption that they are compared with."""

_SENTENCE = {"en": re.compile(r"(?<=[.!?])\s+"), "zh": re.compile(r"(?<=[。！？])\s*")}
_CLAUSE = {
    "en": re.compile(
        r"; |,? (?:and|while|as) (?=(?:there|they|the|a|an|another|two|some) )(?=[^,;]* (?:is|are|\w+ing)\b)"
        r"|(?<!covered)(?<!filled),? with (?=(?:a|an|the|two|some|several|their) )"
    ),
    "zh": re.compile(r"[，；]"),
}
_THERE = re.compile(r"^There (?:is|are) ")


_PICTURE = r"(?:image|picture|photo(?:graph)?|frame|view|scene|lens|camera|screen|footage|video)"
_DIM = (
    r"(?:dark|black|blurry|blurred|covered|blocked|obstructed|obscured|unclear|out of focus|overexposed|darkness|blank)"
)
_OF_CAMERA = {
    "en": re.compile(
        rf"(?:(?:the|this|an?) (?:\w+ )?{_PICTURE} (?:is|appears|seems|looks)(?: to be)?(?: [\w-]+){{0,2}} {_DIM}"
        rf"(?: (?!and\b|with\b)\w+){{0,4}}|(?:(?:an?|the) )?(?:\w+ )?{_DIM} {_PICTURE}"
        rf"|it is (?:\w+ ){{0,2}}{_DIM}(?: to .*)?"
        rf"|(?:something|an? \w+|it) (?:is )?(?:\w+ing|\w+s) (?:the|this|most of the|part of the) (?:lens|camera)"
        r"|nothing (?:can be|is) (?:seen|visible|to be seen))[.!]?",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"(?:这张|整个|整张)?(?:画面|图像|照片|图片|镜头|屏幕|视野|这里|四周)?[里中内]?(?:是|几乎|全|很|太|非常|一片|完全|比较|有点|都|看起来)*"
        r"(?:昏暗|黑暗|漆黑|暗|黑|模糊(?:不清)?|什么[也都]看不[清见到])[了的]?[。！]?"
        r"|(?:有东西|有什么|某物|手指?)?[^，。]{0,4}镜头[^，。]{0,4}[遮挡盖][^，。]{0,3}[。！]?|[^，。]{0,6}[遮挡盖]住?了?镜头[。！]?"
    ),
}


def of_what_is_there(text: str, language: Language) -> str:
    """Without sentences about the picture itself, its light and its lens: frames tell of those, and sooner."""
    sentences = [sentence.strip() for sentence in _SENTENCE[language].split(text)]
    return (" " if language == "en" else "").join(one for one in sentences if not _OF_CAMERA[language].fullmatch(one))


def clauses(text: str, language: Language) -> list[str]:
    """What each tells something of its own, as whole sentences."""
    sentences = [sentence for sentence in _SENTENCE[language].split(text) if sentence]
    parts = [part.strip(" .!?。！？,，") for sentence in sentences for part in _CLAUSE[language].split(sentence)]
    end = "." if language == "en" else "。"
    return [f"{part[0].upper()}{part[1:]}{end}" for part in parts if part]


def doubt(sentence: str, confidence: float | None, situation: Situation, at: float, options: NarrationOptions) -> Doubt:
    """Whether to tell it: what the captioner is not sure of, and people whom the boxes deny, are possible at the most.

    `at`: when the picture was taken that it speaks of.
    """
    if confidence is not None and confidence < options.least:
        return "silent"
    told, boxes = people_in(sentence), _people(situation, at)
    if told == 0 and boxes:
        return "silent"
    unsure = confidence is not None and confidence < options.doubt
    return "possible" if unsure or (told is not None and boxes is not None and told > boxes) else "sure"


def hedged(sentence: str, language: Language) -> str:
    """As possible: "Possibly two people."."""
    if language == "zh":
        return sentence if sentence.startswith("可能") else f"可能{sentence}"
    bare = _THERE.sub("", sentence)
    return sentence if bare.startswith("Possibly ") else f"Possibly {_within(bare)}"


def _within(sentence: str) -> str:
    """As it goes on after a word: what is written in capitals stays so."""
    first = sentence.partition(" ")[0]
    return sentence if first[1:].isupper() else f"{sentence[:1].lower()}{sentence[1:]}"


def _people(situation: Situation, at: float) -> int | None:
    """How many the boxes tell; None: nobody looked since a little before that time."""
    if situation.known_at is None or situation.known_at < at - RECENT:
        return None
    return sum(PERSON in (thing.label, *thing.rivals) for thing in situation.things)


@dataclass(frozen=True, slots=True)
class FactWords:
    """What simple eyes find, in one language."""

    people: Callable[[Facts, bool], str]
    """How many, and where, if that is wanted."""
    nobody: str
    maybe: str
    text: Callable[[Sequence[str]], str]
    code: Callable[[str], str]


def _people_in_english(facts: Facts, placed: bool) -> str:
    number = "one person" if facts.people == 1 else f"{facts.people} people"
    counts = Counter(facts.places if placed else ())
    if len(counts) > 1 and max(counts.values()) > 1:
        return f"At least {number}: {listed([f'{count} {where(place)}' for place, count in counts.items()])}."
    return f"At least {number}{', ' if counts else ''}{listed([where(place) for place in counts])}."


_CHINESE_PLACES: dict[Place, str] = {"left": "左边", "centre": "中间", "right": "右边"}


def _people_in_chinese(facts: Facts, placed: bool) -> str:
    places = "、".join(dict.fromkeys(_CHINESE_PLACES[place] for place in (facts.places if placed else ())))
    return f"至少有{'两' if facts.people == 2 else facts.people}个人{f'，在{places}' if places else ''}。"


FACTS: dict[Language, FactWords] = {
    "en": FactWords(
        people=_people_in_english,
        nobody="Nobody is to be seen any more.",
        maybe="Possibly a person.",
        text=lambda lines: f"It reads: {quoted(' / '.join(lines), '“”')}.",
        code=lambda code: f"A code says {quoted(code, '“”')}.",
    ),
    "zh": FactWords(
        people=_people_in_chinese,
        nobody="现在看不到人了。",
        maybe="可能有人。",
        text=lambda lines: f"写的是：{quoted('，'.join(lines), '“”')}。",
        code=lambda code: f"二维码内容是{quoted(code, '“”')}。",
    ),
}
