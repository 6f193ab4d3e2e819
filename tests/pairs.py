"""The list of questions and scenes that chats are measured on, and the judge of an answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.backends import Exchange, Prompt
from pipelines.phrases import ENGLISH
from pipelines.types import Caption, Facts

NOW = 1000.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in one scene."""

    kind: str
    prompt: Prompt
    must: list[list[str]]
    """A right answer holds one of each list."""
    must_not: list[str]
    held_out: bool
    """Not used for tuning the rules: written before them, and only counted since."""

    def right(self, answer: str) -> bool:
        """True if the answer holds all it must and nothing it must not, word for word."""
        return all(any(_holds(answer, term) for term in terms) for terms in self.must) and not any(
            _holds(answer, term) for term in self.must_not
        )


def pairs() -> list[Pair]:
    """All pairs of `tests/data/questions.json`."""
    listed = json.loads((Path(__file__).parent / "data" / "questions.json").read_text(encoding="utf-8"))
    scenes = {name: scene(captions) for name, captions in listed["scenes"].items()}
    return [_pair(pair, scenes) for pair in listed["pairs"]]


def scene(captions: list[dict[str, Any]]) -> tuple[Caption, ...]:
    """Captions as a chat is given them, from their ages, texts and facts."""
    return tuple(
        Caption(
            text=caption["text"],
            camera=caption.get("camera", "camera"),
            captured_at=NOW - caption["age"],
            took=0.1,
            keyframe=number,
            facts=_facts(caption["facts"]) if "facts" in caption else None,
            still_at=NOW - caption["still"] if "still" in caption else None,
        )
        for number, caption in enumerate(captions, start=1)
    )


def _facts(values: dict[str, Any]) -> Facts:
    frozen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return Facts(**frozen)


def _pair(pair: dict[str, Any], scenes: dict[str, tuple[Caption, ...]]) -> Pair:
    history = tuple(Exchange(asked, heard) for asked, heard in pair.get("history", []))
    prompt = Prompt(ENGLISH.system, history, scenes[pair["scene"]], pair["question"], NOW)
    return Pair(pair["kind"], prompt, pair["must"], pair["must_not"], pair.get("held_out", False))


def _holds(answer: str, term: str) -> bool:
    if not term.isascii():
        return term in answer
    return re.search(rf"(?<![a-z0-9]){re.escape(term.lower())}(?![a-z0-9])", answer.lower()) is not None
