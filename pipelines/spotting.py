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
from pipelines.moving import EARLY, Motion
from pipelines.spots import Sought, Spot, Spots
from pipelines.trouble import Patience
from pipelines.worker import Worker

Find = Callable[[Frame], Sequence[Spot]]
Told = Callable[[Spots], None]


class SpottingOptions(Options):
    """How often a picture is looked at. Times are in seconds."""

    moving: float = Field(default=0.2, ge=0, le=10)
    """Between two looks for objects while something moves, at the least."""
    reading: float = Field(default=1.5, ge=0, le=60)
    """Between two looks for text while something moves: it is slow, and what moves can seldom be read."""
    still: float = Field(default=1.0, ge=0, le=600)
    """Between two looks while all is still: what was overlooked, or taken for something else, may be found now."""
    calm: float = Field(default=1.0, ge=0, le=60)
    """For so long after something moved the looks for objects follow each other as if it did: one that does not find
    what was there may err, and only the next ones tell that it is gone."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Share of the time for which a model may work on one camera: captions and speech need the processor, too."""

    def pause(self, sought: Sought, moves: bool) -> float:
        """Seconds between two looks, at the least."""
        if not moves:
            return self.still
        return self.moving if sought == "objects" else self.reading


@dataclass(slots=True)
class Spotting:
    """One camera and one model. The newest frame wins; cameras that share a model take turns in its thread.

    When all comes to rest, and at a keyframe, it looks at once.
    """

    sought: Sought
    find: Find
    worker: Worker
    patience: Patience
    told: Told
    options: SpottingOptions = field(default_factory=SpottingOptions)
    frames: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "spotting"))
    looks: int = 0
    """How many pictures it was given and has searched."""
    failed: int = 0
    _looked_at: float = -inf
    """When the newest picture was taken that was looked at, or waits to be."""
    _moves: bool = False
    _moved_at: float = -inf
    _spent: float = 0.0
    """Seconds that the last look took."""
    _hurried_until: float = -inf
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken."""
        at, moved, self._moves = frame.captured_at, self._moves, bool(motion.share)
        self._moved_at = at if self._moves else self._moved_at
        calmed = moved and not self._moves
        if keyframe or calmed or at - self._looked_at >= self._pause(at) - EARLY:
            self._looked_at = at
            self.frames.put(frame)

    def hurry(self, until: float) -> None:
        """Somebody waits for what is found, to aim the camera say: look as often as can be, up to that time."""
        self._hurried_until = until

    def cover(self) -> None:
        """Cameras are switched off: forget what waits."""
        self.frames.forget()
        self._looked_at = self._moved_at = self._hurried_until = -inf
        self._moves = False

    def close(self) -> None:
        """No frame will come any more."""
        self.frames.close()
        self._closing.set()

    async def run(self, shows: Callable[[float], bool]) -> None:
        """Until it is closed. `shows`: whether what was captured then may be looked at, and told."""
        async for frame in self.frames:
            if not shows(frame.captured_at):
                continue
            try:
                spots = await self._look(frame)
            except BackendError as error:
                self.failed += 1
                self.patience.failed(str(error))
                await self._rest()
                continue
            self.patience.worked()
            if shows(frame.captured_at):
                took = max(0.0, _now() - frame.captured_at)
                self.told(Spots(frame.camera, frame.captured_at, self.sought, spots, took))

    def counters(self, camera: str) -> dict[str, int]:
        """Looks, those that failed, and frames that a newer one took the place of."""
        told = {"looks": self.looks, "looks dropped": self.frames.dropped, "looks failed": self.failed}
        return {f"{camera} {self.sought} {name}": count for name, count in told.items() if count or name == "looks"}

    def _pause(self, at: float) -> float:
        lately = self.sought == "objects" and at - self._moved_at <= self.options.calm
        wanted = 0.0 if at < self._hurried_until else self.options.pause(self.sought, self._moves or lately)
        return max(wanted, self._spent / self.options.share)

    async def _look(self, frame: Frame) -> tuple[Spot, ...]:
        began = _now()
        found = await self.worker.call(self.find, frame)
        self.looks, self._spent = self.looks + 1, _now() - began
        if not isinstance(found, Sequence):  # a user's own backend may give anything
            raise BackendError(f"it gives a {type(found).__name__} where a list of spots is wanted")
        return tuple(expect(spot, Spot) for spot in found)

    async def _rest(self) -> None:
        """Before the next try; where it is closed meanwhile there is none."""
        tasks = [asyncio.ensure_future(self.patience.rest()), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
