"""What is wrong with options that were given, in one line for a person."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_PLAIN = {
    "tuple_type": 'should be a list, as in ["a", "b"]',
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
}
"""What a person who writes TOML would not know by its name in Python."""


def first_mistake(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first mistake of several; `model` is what was to be made, where nearest right keys shall be named."""
    return mistake(error.errors()[0], model)


def mistake(error: ErrorDetails, model: type[BaseModel] | None = None, prefix: Sequence[str] = ()) -> str:
    """One mistake: its place (after `prefix`), what is wrong, and the nearest right key."""
    place = ".".join(str(step) for step in (*prefix, *error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key{_nearest(error, model)}"
    message = _PLAIN.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if not place:
        return message
    given = error["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float) and _harmless(repr(given)) else ""
    return f"{place}: {message}{shown}"


def _nearest(error: ErrorDetails, model: type[BaseModel] | None) -> str:
    known = sorted(_fields(model, error["loc"][:-1])) if model else []
    if not known:
        return ""
    near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"


def _harmless(given: str) -> bool:
    """Short enough to be shown, and no address, which may hold a password."""
    return len(given) < 60 and "://" not in given


def _fields(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at `path` may have; numbers and names of a table's entries lead no deeper."""
    for step in path:
        if step not in model.model_fields:
            continue
        annotation = model.model_fields[str(step)].annotation
        inner = [one for one in _arguments(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)


def _arguments(annotation: Any) -> list[Any]:
    """The annotation and all types inside it."""
    return [annotation, *(inner for one in get_args(annotation) for inner in _arguments(one))]
