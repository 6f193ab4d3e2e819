"""Whether an answer fits a JSON schema, found out in a process of its own: a schema's patterns may never end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import isfinite
from os import environ, pathsep
from typing import Any, NoReturn

LONGEST = 6.0
"""Seconds that one look at a schema or an answer may take; nearly all of it is for a slow machine to start Python."""
DEEPEST = 64
"""So many levels may lie in each other: those who check them go down by recursion."""
MOST = 64
"""So many places of a text are tried, at most, at which JSON may begin."""
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)


class TooLong(Exception):
    """It was given up after `LONGEST` seconds."""


def fault(schema: Any) -> str:
    """What is wrong with a schema, in one clause; empty: nothing. Raises TooLong."""
    return str(_apart({"schema": schema}).get("fault", ""))


def fitting(schema: Any, answer: str) -> dict[str, Any]:
    """The `value` in an answer that fits a schema without fault, or `why` there is none. Raises TooLong."""
    return _apart({"schema": schema, "answer": answer})


def parsed(text: str) -> Any:
    """JSON as it stands in its standard, without NaN and Infinity. Raises ValueError, with a clause about it."""
    try:
        value = _decoder().decode(text)
    except RecursionError:
        raise ValueError(f"is nested too deeply: at most {DEEPEST} levels") from None
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if _too_deep(value):
        raise ValueError(f"is nested too deeply: at most {DEEPEST} levels")
    return value


def main() -> None:
    """The process itself: a task comes in as JSON, what came of it goes out as such."""
    task = json.load(sys.stdin)
    answer = task.get("answer")
    print(json.dumps({"fault": _fault(task["schema"])} if answer is None else _fitting(task["schema"], answer)))


def _apart(task: dict[str, Any]) -> dict[str, Any]:
    """What another Python makes of a task; it ends with this one, when it takes too long, or at Ctrl-C."""
    command = [sys.executable, "-P", "-c", "from assistant.fitting import main; main()"]
    known = {**environ, "PYTHONPATH": pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command, input=json.dumps(task), capture_output=True, text=True, timeout=LONGEST, env=known
        )
    except subprocess.TimeoutExpired as error:
        raise TooLong from error
    with suppress(ValueError):
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    said = done.stderr.strip().splitlines()
    clause = f"it cannot be used for checking: {said[-1] if said else f'status {done.returncode}'}"
    return {"fault": clause, "why": clause}


def _fault(schema: Any) -> str:
    """See `fault`."""
    import jsonschema

    from assistant.references import unresolved

    if not isinstance(schema, dict | bool):
        return "is no JSON schema: it must be an object, {…}"
    if isinstance(schema, dict) and not isinstance(schema.get("$schema", ""), str):
        return "is no JSON schema: $schema is no address"
    try:
        kind = _kind(schema)
        kind.check_schema(schema)
        return unresolved(schema, str(kind.META_SCHEMA["$schema"]))
    except jsonschema.SchemaError as error:
        return f"is no JSON schema: {_clause(error)}"
    except RecursionError:
        return "is nested too deeply: write it with fewer levels"


def _fitting(schema: Any, answer: str) -> dict[str, Any]:
    """The first value in an answer that fits, whatever stands around it; else why the whole does not."""
    import jsonschema
    from referencing import Registry

    validator, why = _kind(schema)(schema, registry=Registry()), "there is no JSON in it"
    for number, value in enumerate(_values(_FENCE.sub("", answer))):
        try:
            validator.validate(value)
        except jsonschema.ValidationError as error:
            unfit = _clause(error)
        except ArithmeticError:
            unfit = "a number in it is too large"
        except RecursionError:
            unfit = "it is nested too deeply"
        else:
            return {"value": value}
        why = unfit if number == 0 else why
    return {"why": why}


def _kind(schema: Any) -> Any:
    """The validator of the draft that a schema names."""
    import jsonschema

    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)


def _clause(error: Any) -> str:
    """What a validator says, in one clause with its place."""
    place = ".".join(str(step) for step in error.absolute_path)
    said = " ".join(error.message.split())
    return f"{place[:160]}: {said[:160]}" if place else said[:160]


def _values(text: str) -> Iterator[Any]:
    """Each JSON value in a text, the whole text first; only objects and lists are looked for inside it."""
    decoder = _decoder()
    starts = [0, *(found.start() for found in re.finditer(r"[{\[]", text))]
    for start in starts[:MOST]:
        with suppress(ValueError, RecursionError):
            value = decoder.raw_decode(text[start:].lstrip())[0]
            if not _too_deep(value):
                yield value


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_no_number, parse_float=_finite)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _no_number(digits)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name[:40]} is no number that JSON can hold")


def _too_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        depth += 1
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
    return bool(level)


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
