"""Answers in a form that a JSON schema prescribes: what a model is told of it, and what is made of its words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unicodedata import category

from assistant import fitting
from assistant.config import ConfigError
from pipelines.phrases import language_of
from pipelines.wording import JOINERS, one_line

_ASKED = "Answer with nothing but JSON that fits this JSON schema:"
_ASKED_CHINESE = "只用符合下面 JSON Schema 的 JSON 回答，不要别的文字："
_AGAIN = "That did not fit: {}. Answer once more, with nothing but the JSON."
_AGAIN_CHINESE = "不符合要求：{}。请重新回答，只给出 JSON。"


class Unfit(ValueError):
    """An answer that does not fit; the message is one clause and says why."""


class Schema:
    """A JSON schema from a file. What it refers to must stand in it: nothing is fetched."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a file that is no JSON schema, or one that nothing can be checked with."""
        self._path = path
        try:
            self.content = fitting.parsed(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ConfigError(f"--schema {path}: cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"--schema {path}: is not UTF-8 text (byte {error.start})") from error
        except ValueError as error:
            raise ConfigError(f"--schema {path}: {error}") from error
        with self._in_time():
            if wrong := fitting.fault(self.content):
                raise ConfigError(f"--schema {path}: {wrong}")

    def question(self, question: str) -> str:
        """The question with the schema after it, in its own language."""
        asked = _ASKED_CHINESE if language_of(question) == "zh" else _ASKED
        return f"{question}\n\n{asked}\n{json.dumps(self.content, ensure_ascii=False)}".strip()

    def again(self, question: str, why: str) -> str:
        """What is asked after an answer that did not fit."""
        return (_AGAIN_CHINESE if language_of(question) == "zh" else _AGAIN).format(why)

    def read(self, answer: str) -> Any:
        """The value in an answer that fits the schema, whatever stands around it. Raises Unfit, or ConfigError."""
        with self._in_time():
            found = fitting.fitting(self.content, answer)
        if "value" not in found:
            raise Unfit(one_line(found["why"]))
        return found["value"]

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            yield
        except fitting.TooLong as error:
            why = f"took longer than {fitting.LONGEST:g} s to check and was given up: simplify its patterns"
            raise ConfigError(f"--schema {self._path}: {why}") from error


def shown(value: Any) -> str:
    """JSON for a person: letters as they are, but what a terminal would obey, or nobody sees, as `\\u…`."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(letter if letter == "\n" or _seen(letter) else json.dumps(letter)[1:-1] for letter in text)


def _seen(letter: str) -> bool:
    return letter.isprintable() or letter in JOINERS or category(letter) == "Zs"
