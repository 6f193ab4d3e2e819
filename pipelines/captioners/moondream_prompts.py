"""How each revision of moondream2 is asked: plain words in 2024, tokens for each task in 2025."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.backends import BackendError, Exchange
from pipelines.captioners.split import PICTURE, Cut
from pipelines.language.engine import Engine

Length = Literal["short", "normal", "long"]
Task = Literal["detect", "point"]

BEGIN = "<|endoftext|>"
"""Begins a text and ends an answer, in both revisions."""
TEMPLATES: Mapping[str, Any] = {
    "caption": {"short": [1, 32708, 2, 12492, 3], "normal": [1, 32708, 2, 6382, 3], "long": [1, 32708, 2, 4059, 3]},
    "query": {"prefix": [1, 15381, 2], "suffix": [3]},
    "detect": {"prefix": [1, 7235, 476, 2], "suffix": [3]},
    "point": {"prefix": [1, 2581, 2], "suffix": [3]},
}
"""Those of 2025-06-21, for the tokenizer `starmie-v1`; a config.json may tell others."""

_CAPTIONS: Mapping[Length, str] = {
    "short": "What's going on? Respond with a single sentence.",
    "normal": "Describe this image.",
    "long": "Describe this image in detail.",
}
_OPEN, _CLOSE = "\ue001", "\ue002"
"""Between them a prompt holds tokens by their numbers; letters that no text of a person holds."""
_NUMBERS = re.compile(f"{_OPEN}([0-9 ]*){_CLOSE}")
_TURN = re.compile(r"Question: (.*?)\n\nAnswer: ?(.*?)\n\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Whole prompts, up to where the answer begins; `PICTURE` stands for the picture."""

    ask: Callable[[str, Sequence[Exchange]], str]
    """A question and what was asked before; an empty question asks for a short caption."""
    captions: Mapping[Length, str]
    blind: Callable[[str], str]
    """A question without a picture."""
    regions: Mapping[Task, Callable[[str], str]]
    """Where something is; empty in a revision that cannot tell."""
    whole: bool
    """Whether the rows of a picture attend to each other in both directions."""


def of_2024() -> Prompts:
    """Questions and answers in words."""

    def ask(question: str, history: Sequence[Exchange]) -> str:
        return f"{BEGIN}{PICTURE}\n\n{said(history)}Question: {question or _CAPTIONS['short']}\n\nAnswer:"

    captions = {length: ask(words, ()) for length, words in _CAPTIONS.items()}
    return Prompts(ask, captions, lambda question: f"{BEGIN}Question: {question}\n\nAnswer:", {}, False)


def of_2025(templates: Mapping[str, Any]) -> Prompts:
    """Tasks in tokens. Raises KeyError or TypeError where a template is missing or is none.

    The picture's own rows begin with `BEGIN`. The model was made for one question at a time: those before it are
    told in the same form, each with its answer.
    """

    tasks = ("query", "detect", "point")
    around = {name: [_numbers(templates[name][end]) for end in ("prefix", "suffix")] for name in tasks}

    def task(name: str, words: str) -> str:
        return _plain(words).join(around[name])

    def ask(question: str, history: Sequence[Exchange]) -> str:
        before = "".join(f"{task('query', one.asked)}{_plain(one.heard)}{BEGIN}" for one in history)
        return f"{PICTURE}{before}{task('query', question)}" if question else captions["short"]

    lengths: tuple[Length, ...] = ("short", "normal", "long")
    captions = {length: PICTURE + _numbers(templates["caption"][length]) for length in lengths}
    return Prompts(
        ask,
        captions,
        lambda question: BEGIN + task("query", question),
        {
            "detect": lambda words: f"{PICTURE}{task('detect', f' {words}')}",
            "point": lambda words: f"{PICTURE}{task('point', f' {words}')}",
        },
        whole=True,
    )


def cut(engine: Engine, before: str, after: str) -> Cut:
    """A prompt as tokens: its words as the tokenizer cuts them, its numbers as they are."""
    return _tokens(engine, before), _tokens(engine, after)


def said(history: Sequence[Exchange]) -> str:
    """A conversation as the `chat_history` of 2024."""
    return "".join(f"Question: {one.asked}\n\nAnswer: {one.heard}\n\n" for one in history)


def exchanges(chat_history: str) -> tuple[Exchange, ...]:
    """The conversation of a `chat_history`. Raises BackendError where it is none."""
    found = tuple(Exchange(asked, heard) for asked, heard in _TURN.findall(chat_history))
    if _TURN.sub("", chat_history).strip():
        raise BackendError(r'chat_history has the form "Question: …\n\nAnswer: …\n\n", for each question before')
    return found


def _tokens(engine: Engine, text: str) -> list[int]:
    parts = enumerate(_NUMBERS.split(text))
    return [one for at, part in parts for one in (map(int, part.split()) if at % 2 else engine.encode(part))]


def _numbers(ids: Sequence[int]) -> str:
    return f"{_OPEN}{' '.join(map(str, ids))}{_CLOSE}"


def _plain(words: str) -> str:
    """A person's words, in which no number of a token can stand."""
    return words.replace(_OPEN, " ").replace(_CLOSE, " ")
