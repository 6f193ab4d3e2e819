"""Whether the arguments of a call fit the schema of its tool, checked so that no schema from elsewhere takes long."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.wording import one_line

DEEPEST = 32
"""So many levels of a schema, or of arguments, may lie in each other."""
LONGEST = 32_000
"""Characters of a schema."""
MOST = 100_000
"""The parts of a schema times those of arguments: what checking takes at most."""
LONGEST_COMPLAINT = 300

_KEPT = frozenset(
    {
        "type", "enum", "const", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "minItems", "maxItems",
    }
)  # fmt: skip
"""What is checked of a schema besides its inner ones. The rest the tool checks itself: patterns and references can be
written so that checking them never ends, and nothing can interrupt Python's `re`."""

_TOLD = ("description", "title", "$comment")


class Unusable(ValueError):
    """A schema that nothing can be checked with; the message is one line."""


class ArgumentCheck:
    """The schema of one tool, ready to be asked. Fetches nothing."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Imports jsonschema. Raises Unusable."""
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError

        if (parts := _parts(schema)) is None or len(json.dumps(schema)) > LONGEST:
            raise Unusable("its parameters are too large for a JSON schema")
        kept = checkable(schema)
        try:
            Draft202012Validator.check_schema(kept)
        except SchemaError as error:
            raise Unusable(_short(f"its parameters are no JSON schema: {error.message}")) from error
        if schema.get("type") != "object":
            raise Unusable("its parameters are no object")
        self._parts, self._validator = parts, Draft202012Validator(kept)

    def complaint(self, arguments: dict[str, Any]) -> str:
        """What is wrong with the arguments, in one line; empty where nothing is."""
        from jsonschema.exceptions import best_match

        parts = _parts(arguments)
        if parts is None or parts * self._parts > MOST:
            return "the arguments have too many parts"
        wrong = best_match(self._validator.iter_errors(arguments))
        if wrong is None:
            return ""
        place = ".".join(str(step) for step in wrong.absolute_path)
        return _short(f"{place}: {wrong.message}" if place else wrong.message)


def checkable(schema: Any) -> Any:
    """The schema without what is not checked; it refuses nothing that the whole one takes."""
    if not isinstance(schema, dict):
        return schema
    kept = {word: value for word, value in schema.items() if word in _KEPT}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        kept["properties"] = {name: checkable(inner) for name, inner in properties.items()}
    if "additionalProperties" in schema and "patternProperties" not in schema:
        kept["additionalProperties"] = checkable(schema["additionalProperties"])
    if "items" in schema and "prefixItems" not in schema and not isinstance(schema["items"], list):
        kept["items"] = checkable(schema["items"])
    for word in ("anyOf", "allOf"):
        if isinstance(schema.get(word), list):
            kept[word] = [checkable(inner) for inner in schema[word]]
    return kept


def described(schema: Any, clean: Callable[[str], str]) -> Any:
    """The schema with every description and title in it cleaned: a model is given these to read."""
    if isinstance(schema, list):
        return [described(inner, clean) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    told = {word: clean(value) for word, value in schema.items() if word in _TOLD and isinstance(value, str)}
    return {word: told.get(word, described(inner, clean)) for word, inner in schema.items()}


def _parts(value: Any) -> int | None:
    """How many values it is made of; None where they lie too deep in each other."""
    level, count = [value], 0
    for _ in range(DEEPEST):
        if not level:
            return count
        count += len(level)
        level = [inner for one in level for inner in _inside(one)]
    return None


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()


def _short(text: str) -> str:
    return one_line(text)[:LONGEST_COMPLAINT]
