"""What a model's answer reports of a picture: title, summary and labels, in whatever form it gives them, if it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipelines.chats.prompting import plain
from pipelines.refusals import refuses
from pipelines.reportwords import ASKED
from pipelines.wording import one_line, shortened

LONGEST = 8000
"""Characters of an answer that are read."""
LONGEST_TITLE = 60
LONGEST_LABEL = 40
MOST_LABELS = 12
MOST_BRACES = 16
"""Places of an answer in which JSON is looked for."""

_PLACEHOLDERS = {
    *(words for asked in ASKED.values() for words in asked.placeholders()),
    *("string", "title", "summary", "label", "labels", "none", "null", "n/a", "无"),
}
_YES = ("true", "yes", "1", "unchanged", "是")
_KEYS = {
    "title": ("title", "headline", "标题", "题目"),
    "summary": ("summary", "caption", "description", "摘要", "概述", "描述", "总结"),
    "labels": ("labels", "label", "tags", "objects", "标签", "物体"),
    "unchanged": ("unchanged", "无变化", "没有变化"),
}
_NAMES = {name: key for key, names in _KEYS.items() for name in names}
_KEY = "|".join(sorted(_NAMES, key=len, reverse=True))
_LINE = re.compile(rf"(?:^|[\n/|;；])[\s*_#>-]{{0,12}}({_KEY})[\s*_]{{0,4}}[:：][\s*_]*", re.IGNORECASE)
_BROKEN_OFF = re.compile(rf'"({_KEY})"\s*:\s*(\[[^\]{{}}]*|"(?:[^"\\]|\\.)*)', re.IGNORECASE)
_LEAD = re.compile(r"\A\s*(?:(?:sure|certainly|of course|okay|ok)\b[^:\n]*:|好的[^：:\n]*[：:])", re.IGNORECASE)
_CLAUSE = re.compile(r"[.,;:!?](?=\s|$)|[。，；：！？]|\s[–—-]\s")
_UNCHANGED = re.compile(
    r"(?:(?:the |this )?(?:scene|picture|image|view|it|everything) )?(?:is |has |have )?(?:still )?(?:the )?"
    r"(?:unchanged|not changed|same(?: as before)?)"
    r"|nothing (?:has |is )?changed|(?:there (?:is|are|was|were) )?no changes?(?: at all)?"
    r"|(?:画面|图片|场景|一切)?(?:与|和|跟)?(?:之前|上次|刚才)?(?:没有|没|无|未|不)(?:任何|什么|发生)*(?:变化|改变|变动|变)"
    r"|(?:画面|图片|场景)?(?:与|和|跟)?(?:之前|上次|刚才)?(?:一样|相同)"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What an answer tells of a picture."""

    title: str = ""
    summary: str = ""
    labels: tuple[str, ...] = ()
    unchanged: bool = False
    """It says that what was told before still holds."""


def report(answer: str, longest: int = 400) -> Report | None:
    """What the answer reports, its summary no longer than so many characters; None where it reports nothing.

    That is one which is empty, refuses, tells of an error, or is broken. Words in no form are the summary.
    """
    text = _LEAD.sub("", answer[:LONGEST], count=1).strip()
    if _says_unchanged(text):
        return Report(unchanged=True)
    if refuses(text):
        return None
    given = _given(text)
    unchanged = str(given.get("unchanged")).strip(" .。").casefold() in _YES
    title, summary = (_words(given.get(key)) for key in ("title", "summary"))
    if _says_unchanged(summary) or (_says_unchanged(title) and not summary):
        return Report(unchanged=True)
    if refuses(summary) or (not summary and (not title or refuses(title))):
        return Report(unchanged=True) if unchanged and not summary else None
    title = "" if refuses(title) or _says_unchanged(title) else title
    summary = shortened(summary or title, longest)
    title = shortened(title, LONGEST_TITLE) or first_clause(summary)
    return Report(title, summary, _labels(given.get("labels")), unchanged)


def first_clause(text: str) -> str:
    """What a sentence begins with, as a title."""
    return shortened(_CLAUSE.split(text, maxsplit=1)[0].strip() or text, LONGEST_TITLE)


def _given(text: str) -> dict[str, Any]:
    """From key to what stands there, in the first form that the text has."""
    for found in (_json(text), _salvaged(text), _lines(text)):
        if found:
            return found
    return {} if text.startswith(("{", "[", "`", "<")) else {"summary": text}


def _json(text: str) -> dict[str, Any]:
    decoder = json.JSONDecoder()
    for brace in islice(re.finditer(r"\{", text), MOST_BRACES):
        try:
            value, _ = decoder.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        if known := _known(value.items()):
            return known
    return {}


def _known(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {_NAMES[key.casefold()]: value for key, value in pairs if key.casefold() in _NAMES}


def _salvaged(text: str) -> dict[str, Any]:
    """JSON that broke off, at the longest answer say, as far as it came."""
    return _known((found[1], _as_far(found[2], found.end() == len(text))) for found in _BROKEN_OFF.finditer(text))


def _as_far(value: str, broke_off: bool) -> str:
    """A value of JSON without its mark; where it broke off, without the word that may be half."""
    try:
        value = json.loads(f'{value}"')
    except (ValueError, RecursionError):  # a list, or half an escape
        value = value.replace('\\"', '"').lstrip('"[')
    return f"{value.rpartition(' ')[0] or value}…" if broke_off else value


def _lines(text: str) -> dict[str, Any]:
    """`Title: … / Summary: … / Labels: …`, each on a line of its own or not."""
    keys = [*_LINE.finditer(text)]
    ends = [key.start() for key in keys[1:]] + [len(text)]
    return _known((key[1], text[key.end() : end]) for key, end in zip(keys, ends, strict=False))


def _words(value: Any) -> str:
    """A value as words of one line, without what a form's marks leave behind."""
    text = plain(value if isinstance(value, str) else "").strip(" \t\"'`*_“”")
    return "" if _bare(text) in _PLACEHOLDERS or not re.search(r"\w", text) else text


def _labels(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else re.split(r"[,，、;；/\n]", value) if isinstance(value, str) else []
    words = (shortened(label, LONGEST_LABEL) for label in _each(found) if not refuses(label))
    return tuple(dict.fromkeys(words))[:MOST_LABELS]


def _each(found: list[Any]) -> Iterator[str]:
    for one in found:
        label = _words(one).strip(" []{}()-.。").casefold()
        if label and label not in _PLACEHOLDERS:
            yield label


def _bare(text: str) -> str:
    return text.strip(" .。…!！<>[]{}()（）").casefold()


def _says_unchanged(text: str) -> bool:
    """Whether this is all that the text says."""
    if len(text) > 4 * LONGEST_TITLE:
        return False
    bare = one_line(re.sub(r"[\"'`*_“”‘’.。!！,，<>\[\]{}()]|json", " ", text.casefold()))
    return _UNCHANGED.fullmatch(bare) is not None
