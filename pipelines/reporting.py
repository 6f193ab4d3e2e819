"""What a vision-language model is asked of a keyframe where events are told: title, summary and labels in one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from devices.media import Frame
from pipelines import gist
from pipelines.backends import Look
from pipelines.chats.prompting import plain
from pipelines.dials import Dials
from pipelines.news import Verbosity
from pipelines.phrases import Language
from pipelines.reportform import LONGEST_TITLE, first_clause, report
from pipelines.reportwords import ASKED
from pipelines.types import Facts, Seen
from pipelines.wording import quoted, shortened

LONGEST_ANCHOR = 300
"""Characters of the last caption that a model is shown."""
MOST_IN_A_ROW = 3
"""Answers "unchanged" after which the picture is described anew: a small model may be too fond of the word."""


@dataclass(frozen=True, slots=True)
class Length:
    """How much is asked for."""

    tokens: int
    """Of the whole answer, with what the form takes."""
    summary: int
    """Characters of the summary at the most."""


LENGTHS: dict[Verbosity, Length] = {
    "brief": Length(96, 160),
    "normal": Length(160, 400),
    "detailed": Length(400, 1200),
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "unchanged": {"type": "boolean"},
        "title": {"type": "string"},
        "summary": {"type": "string"},
        "labels": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["unchanged", "title", "summary", "labels"],
    "additionalProperties": False,
}
"""The form of a report, for servers that can hold a model to it."""


@dataclass(frozen=True, slots=True)
class _Last:
    """What was told last of a camera."""

    verbosity: Verbosity
    seen: Seen
    in_a_row: int
    """How often it was said to be unchanged since."""


class Reports:
    """Asks for reports, reads them, and remembers what was told last of each camera."""

    def __init__(self, dials: Dials, language: Language = "en", wish: str = "") -> None:
        """`wish`: what is asked of each picture, where that is another thing than what there is to be seen."""
        self._dials, self._language, self._wish = dials, language, wish
        self._last: dict[str, _Last] = {}

    def request(self, frame: Frame) -> Look:
        """The question about a keyframe."""
        asked, verbosity, last = ASKED[self._language], self._verbosity, self._anchor(frame.camera)
        anchor = asked.anchor.format(quoted(shortened(plain(last.text), LONGEST_ANCHOR), "“”")) if last else ""
        form = {"title": asked.title, "summary": asked.summaries[verbosity], "labels": [asked.label] * 2}
        shown = json.dumps({"unchanged": False} | form if last else form, ensure_ascii=False)
        question = "\n".join(filter(None, (self._wish or asked.picture, anchor, asked.form, shown)))
        return Look(frame, question, max_tokens=LENGTHS[verbosity].tokens, schema=SCHEMA)

    def read(self, camera: str, answer: str) -> Seen:
        """What the answer to that tells; of one that says "unchanged", what was told last.

        No text where it tells nothing: it is empty or broken, refuses, or is the text of an error.
        """
        last = self._anchor(camera)
        found = report(answer, LENGTHS[self._verbosity].summary)
        if found is None or (found.unchanged and not found.summary and last is None):
            return Seen("")
        if last is not None and found.unchanged and (not found.summary or gist.same(last.text, found.summary)):
            return replace(last, unchanged=True)
        return Seen(found.summary, title=found.title, labels=found.labels)

    def told(self, camera: str, seen: Seen) -> None:
        """This was told of the camera's newest keyframe."""
        if seen.facts is None and seen.text:
            before = self._last.get(camera)
            in_a_row = before.in_a_row + 1 if seen.unchanged and before is not None else 0
            self._last[camera] = _Last(self._verbosity, replace(seen, unchanged=False), in_a_row)
        else:  # by another captioner, which steps in: nothing that this one said
            self._last.pop(camera, None)

    def clear(self) -> None:
        """Forget what was told."""
        self._last.clear()

    def titled(self, seen: Seen) -> Seen:
        """With a title and labels: by rule where the captioner, that knows facts only, gave none."""
        return titled(seen, self._language)

    @property
    def _verbosity(self) -> Verbosity:
        """How much is asked for."""
        return self._dials.now.verbosity

    def _anchor(self, camera: str) -> Seen | None:
        """What was told last, where as much is asked for now as was then."""
        last = self._last.get(camera)
        if last is None or last.verbosity != self._verbosity or last.in_a_row >= MOST_IN_A_ROW:
            return None
        return last.seen


def titled(seen: Seen, language: Language = "en") -> Seen:
    """The same with a title and labels, where it has none: of facts by rule, else of its words."""
    if not seen.text or seen.title:
        return seen
    facts = seen.facts or Facts()
    title = shortened(_title(facts, _TITLES[language]) or first_clause(seen.text), LONGEST_TITLE)
    kinds = {"person": facts.people, "text": facts.text, "code": facts.codes}
    named = dict.fromkeys([*facts.labels, *(kind for kind, there in kinds.items() if there)])
    return replace(seen, title=title, labels=seen.labels or tuple(named))


_TITLES: dict[Language, Mapping[str, str]] = {
    "en": {
        "one": "One person",
        "people": "{} people",
        "maybe": "Possibly a person",
        "text": "Text: {}",
        "code": "Code: {}",
        "dark": "Darkness",
        "nobody": "Nobody",
        "and": ", ",
    },
    "zh": {
        "one": "一个人",
        "people": "{}个人",
        "maybe": "可能有人",
        "text": "文字：{}",
        "code": "码：{}",
        "dark": "一片漆黑",
        "nobody": "没有人",
        "and": "，",
    },
}


def _title(facts: Facts, words: Mapping[str, str]) -> str:
    """What tells most: people and what is written there, else that there is nobody, or nothing to be seen."""
    people = words["one"] if facts.people == 1 else words["people"].format(facts.people) if facts.people else ""
    written = words["text"].format(facts.text[0]) if facts.text else ""
    written = written or (words["code"].format(facts.codes[0]) if facts.codes else "")
    if told := words["and"].join(filter(None, (people, written))):
        return told
    if facts.maybe_people:
        return words["maybe"]
    if facts.light == "dark":
        return words["dark"]
    return words["nobody"] if facts.people == 0 else ""
