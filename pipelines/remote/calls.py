"""Calls of tools as OpenAI-compatible servers stream them: offered, put together of their parts, and told of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.tools import Tool, ToolCall, ToolResult

MOST = 32
"""Calls of one answer; what a server sends beyond is passed over."""
LONGEST = 64 << 10
"""Letters of one call's arguments."""


@dataclass(slots=True)
class _Parts:
    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class Calls:
    """What is offered to the model, and the calls that come of it."""

    offered: Sequence[Tool] = ()
    _parts: list[_Parts] = field(default_factory=list)
    _open: dict[int, _Parts] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def clear(self) -> None:
        """Forget what came: the request is repeated."""
        self._parts.clear()
        self._open.clear()

    def add(self, parts: Sequence[Any]) -> None:
        """The parts of calls in one event. Servers differ: some leave out the index, or give all calls the same."""
        for part in parts:
            match part:
                case {"function": dict(function)}:
                    index = part.get("index")
                    self._add(index if isinstance(index, int) else -1, _text(part.get("id")), function)

    def made(self) -> Iterator[ToolCall]:
        """The calls, whole."""
        for number, parts in enumerate(self._parts, 1):
            yield _call(parts, number)

    def _add(self, index: int, id: str, function: dict[str, Any]) -> None:
        name, arguments = _text(function.get("name")), function.get("arguments")
        known = self._open.get(index)
        if known is None or (id and known.id and id != known.id) or (index < 0 and name):
            known = self._open[index] = _Parts(id, "", "")
            if len(self._parts) < MOST:
                self._parts.append(known)
        known.id, known.name = known.id or id, known.name or name
        if isinstance(arguments, dict):  # against the protocol, but seen
            arguments = json.dumps(arguments)
        known.arguments = (known.arguments + _text(arguments))[: LONGEST + 1]


def tools(offered: Sequence[Tool]) -> list[dict[str, Any]]:
    """As they stand in a request."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in offered
    ]


def steps(taken: Sequence[ToolResult]) -> list[dict[str, Any]]:
    """The messages that tell of calls and what came of them."""
    said: list[dict[str, Any]] = []
    for number, step in enumerate(taken, 1):
        id = step.call.id or f"call_{number}"
        function = {"name": step.call.name, "arguments": json.dumps(step.call.arguments, ensure_ascii=False)}
        said.append(
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": id, "type": "function", "function": function}],
            }
        )
        said.append({"role": "tool", "tool_call_id": id, "content": step.result})
    return said


def _call(parts: _Parts, number: int) -> ToolCall:
    arguments, problem = _arguments(parts.arguments)
    return ToolCall(parts.name, arguments, parts.id or f"call_{number}", problem)


def _arguments(text: str) -> tuple[dict[str, Any], str]:
    """The arguments, and what is wrong with them."""
    if len(text) > LONGEST:
        return {}, "the arguments are too long"
    try:
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return {}, "the arguments are no JSON"
    return (found, "") if isinstance(found, dict) else ({}, "the arguments are no JSON object")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
