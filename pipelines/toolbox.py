"""The tools that a chat may call: which there are, and one call run with its arguments checked and its time limited."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from pydantic import Field

from devices.media import Options
from devices.threads import DaemonThread
from pipelines.backends import BackendError
from pipelines.chats.prompting import unmarked
from pipelines.tools import Tool, ToolCall, ToolResult
from pipelines.wording import one_line

P = ParamSpec("P")
T = TypeVar("T")

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
"""What servers of language models take as the name of a tool."""
LONGEST_COMPLAINT = 300


class ToolsOptions(Options):
    """How far a chat that calls tools may go in one answer."""

    rounds: int = Field(default=4, ge=1, le=50)
    """How often it is asked again with what its calls gave."""
    calls: int = Field(default=8, ge=1, le=200)
    """How many calls it may make."""
    seconds: float = Field(default=10.0, gt=0, le=600)
    """A call that takes longer has failed."""
    characters: int = Field(default=2000, ge=100, le=100_000)
    """What a call gives is cut off after so many."""


@dataclass(frozen=True, slots=True)
class Ability:
    """A tool, and what does it."""

    tool: Tool
    run: Callable[[dict[str, Any], float], Awaitable[str]]
    """Takes checked arguments and when the question was said, in seconds on the loop's clock. Raises BackendError."""


class Toolbox:
    """Abilities by name; those of tool servers come and go."""

    def __init__(self, options: ToolsOptions, abilities: Iterable[Callable[[], Sequence[Ability]]]) -> None:
        """`abilities`: each gives the ones that it has at present; of two with one name the first counts."""
        self.options, self._sources = options, tuple(abilities)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What there is at present, always in the same order."""
        return tuple(ability.tool for ability in self._abilities().values())

    async def steps(self, calls: Sequence[ToolCall], said_at: float) -> tuple[ToolResult, ...]:
        """All calls, side by side, in their order. A call that fails gives one line that says why."""
        results = await asyncio.gather(*(self._result(call, said_at) for call in calls))
        return tuple(ToolResult(call, result) for call, result in zip(calls, results, strict=True))

    def _abilities(self) -> dict[str, Ability]:
        found: dict[str, Ability] = {}
        for source in self._sources:
            for ability in source():
                found.setdefault(ability.tool.name, ability)
        return found

    async def _result(self, call: ToolCall, said_at: float) -> str:
        """What came of it, as data: without anything that a model could take for its own marks."""
        abilities = self._abilities()
        ability = abilities.get(call.name)
        if ability is None:
            return f"Error: there is no tool {one_line(call.name)[:64]!r}; there are {', '.join(abilities) or 'none'}."
        if wrong := call.problem or await apart(complaint, ability.tool.parameters, call.arguments):
            return f"Error: {wrong}"
        try:
            async with asyncio.timeout(self.options.seconds):
                given = await ability.run(call.arguments, said_at)
        except TimeoutError:
            return f"Error: {call.name} gave nothing within {self.options.seconds:g} s."
        except BackendError as error:
            return f"Error: {one_line(str(error))[:LONGEST_COMPLAINT]}"
        text = unmarked(given)
        cut = text[: self.options.characters]
        return f"{cut} […]" if len(text) > len(cut) else text or "(nothing)"


async def apart(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What is done in a thread of its own: what it imports, and odd schemas, take longer than the loop may stand."""
    with DaemonThread("tools") as thread:
        return await asyncio.get_running_loop().run_in_executor(thread, lambda: work(*args, **kwargs))


def complaint(schema: dict[str, Any], arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments, in one line; empty where nothing is. Nothing is fetched for it."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        wrong = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(arguments))
    except (Unresolvable, RecursionError, re.error):
        return ""  # who wrote the schema checks the arguments as well
    if wrong is None:
        return ""
    place = ".".join(str(step) for step in wrong.absolute_path)
    return one_line(f"{place}: {wrong.message}" if place else wrong.message)[:LONGEST_COMPLAINT]


def flaw(tool: Tool) -> str:
    """Why a tool cannot be offered; empty where it can."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    if not NAME.fullmatch(tool.name):
        return "its name is none that servers of language models take"
    try:
        Draft202012Validator.check_schema(tool.parameters)
    except SchemaError as error:
        return one_line(f"its parameters are no JSON schema: {error.message}")[:LONGEST_COMPLAINT]
    return "" if tool.parameters.get("type") == "object" else "its parameters are no object"
