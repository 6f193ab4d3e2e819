"""Tool servers, watched, and out of a recording: which tools they had when, and what calls of them gave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from assistant.parts import Server
from assistant.recordings.forms import NEWS
from assistant.recordings.journal import Journal, Line
from assistant.recordings.played_models import PlayedModel
from assistant.recordings.reading import Recording
from assistant.recordings.values import NEVER, digest
from devices.lines import Lossless
from pipelines.backends import BackendError
from pipelines.toolbox import Ability
from pipelines.tools import Tool
from pipelines.types import Emit, Perception

EARLY = 1.0
"""Seconds before a change of the tools was noticed in which it may have come."""

Clock = Callable[[], float]
_Run = Callable[[dict[str, Any], float], Awaitable[str]]


class WatchedServer:
    """The server itself."""

    def __init__(self, name: str, server: Server, journal: Journal, clock: Clock) -> None:
        self._name, self._server, self._journal, self._clock = name, server, journal, clock
        self._told: list[Line] = []

    def abilities(self) -> Sequence[Ability]:
        found = self._server.abilities()
        tools = [asdict(one.tool) for one in found]
        if tools != self._told:
            self._told = tools
            self._journal.line("tools", at=self._clock(), server=self._name, tools=tools)
        return [replace(one, run=self._watched(one)) for one in found]

    async def run(self, perceptions: Lossless[Perception]) -> None:
        await self._server.run(perceptions)

    def _watched(self, ability: Ability) -> _Run:
        async def run(arguments: dict[str, Any], said_at: float) -> str:
            began = self._clock()
            told: Line = {"kind": self._name, "method": ability.tool.name, "at": began, "digest": digest((arguments,))}
            end: Line = {"took": NEVER}
            try:
                given = await ability.run(arguments, said_at)
                end = {"took": self._clock() - began, "gave": given}
            except BackendError as error:
                end = {"took": self._clock() - began, "error": str(error)}
                raise
            finally:
                self._journal.line("call", **told, **end)
            return given

        return run


class PlayedServer:
    """A server that is not there: its tools and its news come when they came."""

    def __init__(self, name: str, recording: Recording, clock: Clock, emit: Emit) -> None:
        self._name, self._recording, self._clock, self._emit = name, recording, clock, emit
        self._changes = [line for line in recording.lines("tools") if line["server"] == name]
        self._took = 0.0
        self.calls = PlayedModel(name, recording, clock, self._take, {})

    def abilities(self) -> Sequence[Ability]:
        known = [line["tools"] for line in self._changes if line["at"] <= self._clock() + EARLY]
        return [Ability(Tool(**tool), self._played(tool["name"])) for tool in (known[-1] if known else ())]

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Tell what the server told of itself."""
        for event in self._recording.events:
            kind = NEWS.get(event["type"])
            if kind is not None and event.get("part") == self._name:
                await asyncio.sleep(event["at"] - self._clock())
                self._emit(kind(**{name: value for name, value in event.items() if name != "type"}))

    def _played(self, name: str) -> _Run:
        async def run(arguments: dict[str, Any], said_at: float) -> str:
            self._took = 0.0
            try:
                return str(self.calls.call(name, arguments))
            finally:
                await asyncio.sleep(self._took)

        return run

    def _take(self, seconds: float) -> None:
        self._took = seconds
