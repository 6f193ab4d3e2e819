"""What a chat may call besides talking: the values that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a chat may call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """A JSON schema of type object."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A chat's wish to call a tool; stands among the pieces of its answer."""

    name: str
    arguments: dict[str, Any]
    id: str = ""
    """By which the chat knows its call again."""
    problem: str = ""
    """Why its arguments cannot be read, where that is so; it is told to the chat, and nothing is called."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A call and what came of it, as words for the chat."""

    call: ToolCall
    result: str
