"""The fast tier: frames of one camera given to an object detector, or to a reader of text, whenever one is worth it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from pydantic import Field

from devices.lines import Latest
from devices.media import Frame, Options
from pipelines.backends import BackendError, expect
from pipelines.moving import Motion
from pipelines.spots import Sought, Spot, Spots
from pipelines.trouble import Patience
from pipelines.worker import Worker

Find = Callable[[Frame], Sequence[Spot]]
Told = Callable[[Spots], None]


class SpottingOptions(Options):
    """How often a picture is looked at. Times are in seconds."""

    moving: float = Field(default=0.2, ge=0, le=10)
    """Between two looks while something moves, at the least."""
    still: float = Field(default=1.0, ge=0, le=600)
    """The same while all is still: what was overlooked, or taken for something else, may be found now."""


@dataclass(slots=True)
class Spotting:
    """One camera and one model. The newest frame wins; cameras that share a model take turns in its thread."""

    sought: Sought
    find: Find
    worker: Worker
    patience: Patience
    told: Told
    options: SpottingOptions = field(default_factory=SpottingOptions)
    frames: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "spotting"))
    _looked_at: float = -inf
    """When the newest picture was taken that was looked at, or waits to be."""
    _motion: bool = False

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken."""
        at, moves = frame.captured_at, bool(motion.share)
        calmed, self._motion = self._motion and not moves, moves
        if keyframe or calmed or at - self._looked_at >= (self.options.moving if moves else self.options.still):
            self._looked_at = at
            self.frames.put(frame)

    def cover(self) -> None:
        """Cameras are switched off: forget what waits."""
        self.frames.forget()
        self._looked_at = -inf

    async def run(self, shows: Callable[[float], bool]) -> None:
        """Until the line is closed. `shows`: whether what was captured then may be looked at, and told."""
        async for frame in self.frames:
            if not shows(frame.captured_at):
                continue
            try:
                found = await self.worker.call(self.find, frame)
                spots = tuple(expect(spot, Spot) for spot in found)
                self.patience.worked()
            except BackendError as error:
                self.patience.failed(str(error))
                await self.patience.rest()
                continue
            if shows(frame.captured_at):
                took = max(0.0, asyncio.get_running_loop().time() - frame.captured_at)
                self.told(Spots(frame.camera, frame.captured_at, self.sought, spots, took))
