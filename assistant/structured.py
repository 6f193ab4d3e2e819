"""Answers in a form that a JSON schema prescribes: what a model is told of it, and what is made of its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.config import ConfigError
from pipelines.backends import first_line
from pipelines.phrases import language_of

_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)
_ASKED = "Answer with nothing but JSON that fits this JSON schema:"
_ASKED_CHINESE = "只用符合下面 JSON Schema 的 JSON 回答，不要别的文字："
_AGAIN = "That did not fit: {}. Answer once more, with nothing but the JSON."
_AGAIN_CHINESE = "不符合要求：{}。请重新回答，只给出 JSON。"
MOST = 64
"""So many places of a text are tried, at most, at which JSON may begin."""


class Unfit(ValueError):
    """An answer that does not fit; the message is one clause and says why."""


class Schema:
    """A JSON schema from a file. What it refers to must stand in it: nothing is fetched."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError for a file that is no JSON schema."""
        import jsonschema
        import referencing

        try:
            self.content = json.loads(path.read_text(encoding="utf-8-sig"))
            kind = jsonschema.validators.validator_for(self.content, default=jsonschema.Draft202012Validator)
            kind.check_schema(self.content)
        except OSError as error:
            raise ConfigError(f"--schema {path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"--schema {path}: is not JSON: {first_line(error, named=False)}") from error
        except jsonschema.SchemaError as error:
            raise ConfigError(f"--schema {path}: is no JSON schema: {_clause(error)}") from error
        self._validator = kind(self.content, registry=referencing.Registry())

    def question(self, question: str) -> str:
        """The question with the schema after it, in its own language."""
        asked = _ASKED_CHINESE if language_of(question) == "zh" else _ASKED
        return f"{question}\n\n{asked}\n{json.dumps(self.content, ensure_ascii=False)}".strip()

    def again(self, question: str, why: str) -> str:
        """What is asked after an answer that did not fit."""
        return (_AGAIN_CHINESE if language_of(question) == "zh" else _AGAIN).format(why)

    def read(self, answer: str) -> Any:
        """The value in an answer that fits the schema, whatever stands around it. Raises Unfit."""
        import jsonschema
        import referencing.exceptions

        why = "there is no JSON in it"
        for number, value in enumerate(_values(_FENCE.sub("", answer))):
            try:
                self._validator.validate(value)
            except jsonschema.ValidationError as error:
                why = _clause(error) if number == 0 else why
            except (referencing.exceptions.Unresolvable, RecursionError) as error:
                raise ConfigError(f"--schema: a reference cannot be followed: {error}") from error
            else:
                return value
        raise Unfit(why)


def _clause(error: Any) -> str:
    """What a validator says, in one clause with its place."""
    place = ".".join(str(step) for step in error.absolute_path)
    said = " ".join(error.message.split())
    return f"{place}: {said[:160]}" if place else said[:160]


def _values(text: str) -> Iterator[Any]:
    """Each JSON value in a text, the whole text first; only objects and lists are looked for inside it."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    starts = [0, *(found.start() for found in re.finditer(r"[{\[]", text))]
    for start in starts[:MOST]:
        try:
            yield decoder.raw_decode(text[start:].lstrip())[0]
        except (ValueError, RecursionError):
            continue


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
