"""The tools that a chat may call: which there are, and one call run with its arguments checked and its time limited."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from devices.media import Options
from devices.threads import apart
from pipelines.backends import BackendError
from pipelines.chats.prompting import unmarked
from pipelines.schemas import LONGEST_COMPLAINT, ArgumentCheck, Unusable
from pipelines.tools import Tool, ToolCall, ToolResult
from pipelines.wording import one_line

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
"""What servers of language models take as the name of a tool."""


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
        self._checks: dict[str, tuple[dict[str, Any], ArgumentCheck]] = {}

    @property
    def tools(self) -> tuple[Tool, ...]:
        """What there is at present, always in the same order."""
        return tuple(ability.tool for ability in self._abilities().values())

    async def steps(self, calls: Sequence[ToolCall], said_at: float, left: int | None = None) -> tuple[ToolResult, ...]:
        """What the calls gave, in their order; they run side by side.

        A call that fails, or is one too many, gives one line that says why. `left`: how many may run; None: all.
        """
        async with asyncio.TaskGroup() as group:  # not one of them outlives the others
            running = [group.create_task(self._result(call, said_at)) for call in calls[:left]]
        results = [one.result() for one in running]
        results += [f"Error: not run: at most {self.options.calls} calls."] * (len(calls) - len(results))
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
        try:
            if wrong := call.problem or (await self._check(ability.tool)).complaint(call.arguments):
                return f"Error: {wrong}"
            async with asyncio.timeout(self.options.seconds):
                given = await ability.run(call.arguments, said_at)
        except TimeoutError:
            return f"Error: {call.name} gave nothing within {self.options.seconds:g} s."
        except (BackendError, Unusable) as error:
            return f"Error: {one_line(str(error))[:LONGEST_COMPLAINT]}"
        text = unmarked(given)
        cut = text[: self.options.characters]
        return f"{cut} […]" if len(text) > len(cut) else text or "(nothing)"

    async def _check(self, tool: Tool) -> ArgumentCheck:
        """Made once, beside the loop. Raises Unusable."""
        schema, check = self._checks.get(tool.name, (None, None))
        if check is None or schema != tool.parameters:
            # What it imports takes longer than the loop may stand.
            check = await apart("tools", ArgumentCheck, tool.parameters)
            self._checks[tool.name] = tool.parameters, check
        return check


def flaw(tool: Tool) -> str:
    """Why a tool cannot be offered; empty where it can."""
    if not NAME.fullmatch(tool.name):
        return "its name is none that servers of language models take"
    try:
        ArgumentCheck(tool.parameters)
    except Unusable as error:
        return str(error)
    return ""
