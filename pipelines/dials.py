"""What is set while a session runs: whether it captions and speaks, how much it says, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from pydantic import Field

from devices.media import Options
from pipelines.news import Settings, Verbosity
from pipelines.remarks import TOPICS, Level, Topic
from pipelines.types import Emit


class SettingsOptions(Options):
    """What it is at the start."""

    captioning: bool = True
    """Whether pictures are put into words; else events are told of what moves, which is known at once."""
    speaking: bool = True
    """Whether answers are spoken; else they are only written."""
    verbosity: Verbosity = "normal"
    """How much is asked of each picture: `brief`: one short sentence; `normal`: one; `detailed`: several."""
    interval: float = Field(default=0.0, ge=0, le=3600)
    """Seconds between two captions of a camera at the least."""
    level: Level = "normal"
    """How much is said unasked: [speech] says how many words a minute that is; `off`: of what is seen, hazards only."""
    topics: tuple[Topic, ...] = TOPICS
    """What is talked about unasked."""
    rate: float = Field(default=1.0, ge=0.8, le=3.0)
    """How fast the voice speaks: 1 as it does by itself."""
    volume: float = Field(default=1.0, ge=0.0, le=2.0)
    """How loud: 1 as it is by itself."""
    voice: str = Field(default="", max_length=100)
    """Another voice than that of its section, where the backend has several."""
    paused: bool = False
    """Nothing is said unasked for now, but hazards."""


class Dials:
    """The present settings."""

    def __init__(self, options: SettingsOptions, emit: Emit) -> None:
        self._emit = emit
        self._changed: list[Callable[[], None]] = []
        self.now = Settings(asyncio.get_running_loop().time(), **options.model_dump())

    def set(self, **changed: bool | str | float | tuple[str, ...]) -> None:
        """Change some of them by name, and tell of it where they were another. Raises ValueError as the options do."""
        known = {name: getattr(self.now, name) for name in SettingsOptions.model_fields}
        wanted = SettingsOptions.model_validate(known | changed).model_dump()
        if wanted != known:
            self.now = replace(self.now, at=asyncio.get_running_loop().time(), **wanted)
            for take_it_up in self._changed:
                take_it_up()
            self._emit(self.now)

    def when_changed(self, changed: Callable[[], None]) -> None:
        """Call this at every change, before it is told."""
        self._changed.append(changed)
