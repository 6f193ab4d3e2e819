"""How questions about what is there now are asked and answered, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.chats.requests import Request, bare, recognise
from pipelines.gist import wanted
from pipelines.narration.labels import counted, plural, spoken
from pipelines.phrases import Language, language_of
from pipelines.spots import CODE, PERSON
from pipelines.wording import listed, quoted

Wish = Literal["describe", "side", "behind", "where", "count", "presence", "read"]

_SEES = r"(?: (?:do|can) you see)?"
_WHAT = r"^(?:and )?(?:what|who|is (?:there )?any(?:thing|one|body)|any(?:thing|one|body)|describe what)\b"
_SIDES = [
    re.compile(rf"{_WHAT}.*\b(?:(?:on|to|at) (?:my|the|your|our) )?{side}$")
    for side in (
        r"(?:on|to|at) (?:my|the|your|our) left(?: (?:hand )?side)?",
        r"(?:ahead(?: of (?:me|us|you))?|in front(?: of (?:me|us|you))?|before (?:me|us)|(?:in the|at the)"
        r" (?:middle|cent(?:er|re)))",
        r"(?:on|to|at) (?:my|the|your|our) right(?: (?:hand )?side)?",
    )
]
_BEHIND = re.compile(rf"{_WHAT}.*\bbehind (?:me|us|you|my back)$")
_WHERE = re.compile(r"^where (?:is|are) (?:(?:the|my|a|an|any|your|our) )?(?P<name>.+?)(?: now)?$")
_COUNT = re.compile(
    r"^how many (?P<name>\w+(?: \w+)?) (?:are|do|can)\b(?: there| here| you see| you)?(?: see| count)?$"
)
_THERE = re.compile(rf"^(?:is|are) there (?:a|an|any|some) (?P<name>\w+(?: \w+)?){_SEES}(?: here| there| ahead)?$")
_THERE_TOO = re.compile(r"^(?:do|can) you see (?:a|an|any|some|the|my) (?P<name>\w+(?: \w+)?)(?: here)?$")

_SIDES_ZH = [
    re.compile(rf"(?:{side})(?:都|还)?(?:有|是)?(?:些)?(?:什么|啥|谁|东西|人吗|人么)")
    for side in (
        r"左边|左侧|左面|左手边|左方",
        r"正?前面|正?前方|面前|中间",
        r"右边|右侧|右面|右手边|右方",
    )
]
_BEHIND_ZH = re.compile(r"(?:后面|背后|身后|后方)(?:都|还)?(?:有|是)?(?:什么|啥|谁|人)")
_WHERE_ZH = re.compile(
    r"^(?:请问)?(?:我的|那个|这个)?(?P<name>.+?)(?:现在)?在(?:哪里?|哪儿|哪边|什么(?:位置|地方|方向))"
)
_COUNT_ZH = re.compile(r"(?:几|多少)(?:个|只|张|把|本|台|辆|瓶|部|条|座)?(?P<name>[\u4e00-\u9fff]{1,6}?)[？?吗]*$")
_THERE_ZH = re.compile(r"^(?:这里|那里|画面里|现在)?有(?:没有)?(?P<name>[\u4e00-\u9fff]{1,6}?)(?:吗|么|没有)?[？?]*$")

_KNOWN: dict[Request | None, Wish] = {
    Request.DESCRIBE: "describe",
    Request.COUNT: "count",
    Request.PRESENCE: "presence",
    Request.READ: "read",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know."""

    wish: Wish
    side: int = -1
    """0, 1 or 2 for left, ahead and right, see `places.third`."""
    name: str = PERSON
    """What it is about, in the words of the question; people, where it names nothing."""


def asked(question: str) -> Asked | None:
    """None where it is no question that boxes and lines of text can answer."""
    return _in_chinese(question.strip(" 。.！!")) if language_of(question) == "zh" else _in_english(bare(question))


def _in_english(words: str) -> Asked | None:
    if _BEHIND.search(words):
        return Asked("behind")
    for side, pattern in enumerate(_SIDES):
        if pattern.search(words):
            return Asked("side", side)
    request = recognise(words)
    if request in _KNOWN and not (request is Request.READ and _WHERE.match(words)):
        return Asked(_KNOWN[request])
    wishes: tuple[tuple[Wish, re.Pattern[str]], ...] = (
        ("where", _WHERE), ("count", _COUNT), ("presence", _THERE), ("presence", _THERE_TOO),
    )  # fmt: skip
    return _named(words, wishes)


def _in_chinese(words: str) -> Asked | None:
    if _BEHIND_ZH.search(words):
        return Asked("behind")
    for side, pattern in enumerate(_SIDES_ZH):
        if pattern.search(words):
            return Asked("side", side)
    named = _named(words, (("where", _WHERE_ZH),))
    if named is not None:
        return named
    if (request := recognise(words)) in _KNOWN:
        return Asked(_KNOWN[request])
    return _named(words, (("count", _COUNT_ZH), ("presence", _THERE_ZH)))


def _named(words: str, wishes: Sequence[tuple[Wish, re.Pattern[str]]]) -> Asked | None:
    found = ((wish, pattern.search(words)) for wish, pattern in wishes)
    return next((Asked(wish, name=match["name"]) for wish, match in found if match is not None), None)


def names(name: str, label: str) -> bool:
    """Whether somebody may call a thing of that label so; by colours and the like nothing is known here."""
    if language_of(name) == "zh" and spoken(label, "zh") in name:
        return True
    words, of = wanted(name) or {PERSON}, wanted(spoken(label, "en"))
    return bool(of) and (words <= of or (label != PERSON and words == of))


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """Sentences in one language. A part is what is there and its place, which may be empty."""

    cannot: str
    part: Callable[[str, int, str, bool], str]
    """A label, how many, where, and whether it is doubtful."""
    several: Callable[[str, Sequence[str]], str]
    """A part without a place, and where they are."""
    there: Callable[[Sequence[str]], str]
    """All that is there, from parts."""
    nothing: str
    at: Callable[[str, Sequence[str]], str]
    """What is there, and the place it was asked for."""
    nothing_at: Callable[[str], str]
    where: Callable[[str, Sequence[str]], str]
    """Of one thing, or several of a name: the parts."""
    none: Callable[[str], str]
    """Nothing of that name is seen."""
    nobody: str
    yes: Callable[[str], str]
    text: Callable[[str], str]
    """A line as a part."""
    reads: Callable[[Sequence[tuple[str, str, bool]]], str]
    """Lines and codes: which of both, what stands there, and whether it is partly covered."""
    unread: str
    boxes: Callable[[str, str], str]
    """The line of a note: the age, and what is there."""


def _part(label: str, number: int, place: str, doubtful: bool) -> str:
    thing = "one person" if label == PERSON and number == 1 else counted(label, number, "en")
    return f"{'possibly ' if doubtful else ''}{thing}{' ' * bool(place)}{place}"


def _part_in_chinese(label: str, number: int, place: str, doubtful: bool) -> str:
    return f"{place}{'可能' if doubtful else ''}有{counted(label, number, 'zh')}"


def _reads(lines: Sequence[tuple[str, str, bool]]) -> str:
    read = [f"{quoted(text, '“”')}{', partly covered' * covered}" for kind, text, covered in lines if kind != CODE]
    codes = [f"A code says {quoted(text, '“”')}." for kind, text, _ in lines if kind == CODE]
    return " ".join([f"It reads: {'; '.join(read)}."] * bool(read) + codes)


def _reads_in_chinese(lines: Sequence[tuple[str, str, bool]]) -> str:
    read = [f"{quoted(text, '“”')}{'，被遮住了一部分' * covered}" for kind, text, covered in lines if kind != CODE]
    codes = [f"二维码内容是{quoted(text, '“”')}。" for kind, text, _ in lines if kind == CODE]
    return "".join([f"写的是：{'；'.join(read)}。"] * bool(read) + codes)


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _none(name: str) -> str:
    known = "anyone" if name == PERSON else f"any {plural(name) if not name.endswith('s') else name}"
    return f"I don't see {known}."


WORDS: dict[Language, AnswerWords] = {
    "en": AnswerWords(
        cannot="I can't tell from here.",
        part=_part,
        several=lambda part, places: f"{part}: {listed(places)}",
        there=lambda parts: f"{_capital(listed(parts))}.",
        nothing="I see nothing that I can name.",
        at=lambda place, parts: f"{_capital(place)}: {listed(parts)}.",
        nothing_at=lambda place: f"I see nothing that I can name {place}.",
        where=lambda name, parts: f"{_capital(listed(parts))}.",
        none=_none,
        nobody="I see nobody.",
        yes=lambda told: f"Yes: {told[:1].lower()}{told[1:]}",
        text=lambda line: f"text {quoted(line, '“”')}",
        reads=_reads,
        unread="I see no text that I can read.",
        boxes=lambda age, told: f"Where things are, {age}, and nothing else is known of places: {told}",
    ),
    "zh": AnswerWords(
        cannot="我从这里看不出来。",
        part=_part_in_chinese,
        several=lambda part, places: f"{part}：{'、'.join(places)}",
        there=lambda parts: f"{'，'.join(parts)}。",
        nothing="没有看到我能认出的东西。",
        at=lambda place, parts: f"{place}：{'，'.join(parts)}。",
        nothing_at=lambda place: f"{place}没有看到我能认出的东西。",
        where=lambda name, parts: f"{'，'.join(parts)}。",
        none=lambda name: "没有看到人。" if name == PERSON else f"没有看到{name}。",
        nobody="没有看到人。",
        yes=lambda told: f"有：{told}",
        text=lambda line: f"文字{quoted(line, '“”')}",
        reads=_reads_in_chinese,
        unread="没有看到能读的文字。",
        boxes=lambda age, told: f"东西的位置（{age}，其他位置不知道）：{told}",
    ),
}
