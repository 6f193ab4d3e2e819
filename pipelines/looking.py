"""Looks on demand: a question is put to the vision-language model itself, on the frame of the moment it was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pydantic import Field

from devices.media import Frame, Options
from pipelines.backends import BackendError, Look, Looker, expect
from pipelines.breaking import Breakable
from pipelines.framering import FrameRing
from pipelines.seeing import Eye
from pipelines.sight import Sight
from pipelines.trouble import Patience
from pipelines.types import Emit, Looked
from pipelines.wording import mentions, one_line

MISSES = 3
"""Looks in a row beyond the budget, after which it is no use to wait for it."""
BRIEFLY = 0.2
"""Seconds that an answer then waits."""


class LookingOptions(Options):
    """How a question about the picture is looked into. Times are in seconds."""

    budget: float = Field(default=1.2, ge=0, le=60)
    """An answer waits so long for the look; later it starts from what was seen before, and is corrected.

    Where the last three looks took longer it waits for 0.2 s only, until one is as quick as this again."""
    longest: float = Field(default=15.0, gt=0, le=300)
    """A look that takes longer is given up."""
    max_tokens: int = Field(default=60, ge=1, le=4000)
    """The longest answer of a look; a word is one or two tokens."""
    back: float = Field(default=8.0, ge=0, le=60)
    """So far back frames are kept, to look at what was shown when it was said."""
    every: float = Field(default=0.25, ge=0, le=10)
    """Between two of them."""
    megabytes: float = Field(default=24.0, gt=0, le=4096)
    """How much memory those of one camera may take; where that is too little, fewer of the older ones are kept."""

    def ring(self) -> FrameRing:
        """An empty ring for one camera."""
        return FrameRing(self.every, self.back, self.megabytes)


class PendingLook:
    """One look on its way."""

    def __init__(self, look: Coroutine[Any, Any, Looked | None], told: Callable[[Looked], None]) -> None:
        self._late = False
        self._task = asyncio.create_task(self._taken(look, told))

    async def within(self, seconds: float) -> Looked | None:
        """What is seen if it is known in so many seconds; what comes later is late."""
        await asyncio.wait([self._task], timeout=seconds)
        self._late = not self._task.done()
        return None if self._late else self._task.result()

    async def at_last(self) -> Looked | None:
        """What is seen, late as it is; None where nothing came of it."""
        return await self._task

    async def end(self) -> None:
        """Nobody waits for it any more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _taken(self, look: Coroutine[Any, Any, Looked | None], told: Callable[[Looked], None]) -> Looked | None:
        looked = await look
        if looked is not None:
            looked = replace(looked, late=self._late)
            told(looked)
        return looked


class Looks:
    """Puts questions to the vision-language model."""

    def __init__(self, options: LookingOptions, eyes: tuple[Eye, ...], sight: Sight, emit: Emit) -> None:
        self.options, self._eyes, self._sight = options, eyes, sight
        self._looker = sight.captioner if isinstance(sight.captioner, Looker) else None
        self._emit, self._patience = emit, Patience("look", emit)
        self._missed = 0
        self._under_way = Breakable()

    @property
    def budget(self) -> float:
        """Seconds that an answer waits for a look, where it can start from something else."""
        return min(self.options.budget, BRIEFLY) if self._missed >= MISSES else self.options.budget

    def begin(
        self, question: str, moment: float, told: Callable[[Looked], None], camera: str = "", *, only: bool = False
    ) -> PendingLook | None:
        """Begin to look at what was shown at that time, in seconds on the loop's clock; None: there is no picture.

        `told` is given what was found, when it is. `camera`: which one, where the question names none; `only`:
        whatever it names.
        """
        looker, frame = self._looker, self._frame("" if only else question, moment, camera, only)
        if looker is None or frame is None:
            return None
        request = Look(frame, question, max_tokens=self.options.max_tokens)
        look = self._under_way.run(self._look(looker, request))
        return PendingLook(look, lambda looked: self._tell(looked, told))

    async def look(self, question: str, moment: float, camera: str = "") -> Looked | None:
        """The same, to its end."""
        pending = self.begin(question, moment, lambda looked: None, camera)
        if pending is None:
            return None
        try:
            return await pending.at_last()
        finally:
            await pending.end()

    def cover(self) -> None:
        """Cameras are switched off: nothing comes of the looks that are under way."""
        self._under_way.break_off()

    def _tell(self, looked: Looked, told: Callable[[Looked], None]) -> None:
        told(looked)
        self._emit(looked)

    def _frame(self, question: str, moment: float, camera: str, only: bool) -> Frame | None:
        """Of the camera that the question names, else of `camera`, else, if not `only`, of any that shows anything."""
        named = [eye for eye in self._eyes if mentions(question, eye.camera.name)]
        named.sort(key=lambda eye: len(eye.camera.name), reverse=True)
        preferred = [eye for eye in self._eyes if eye.camera.name == camera]
        others = () if only else self._eyes
        rings = [eye.ring for eye in [*named, *preferred, *others] if eye.ring is not None]
        return next((frame for ring in rings if (frame := ring.at(moment)) is not None), None)

    async def _look(self, looker: Looker, request: Look) -> Looked | None:
        began, longest = asyncio.get_running_loop().time(), self.options.longest
        try:
            async with asyncio.timeout(longest), self._sight.preemption.first():
                text = await self._answer(looker, request)
        except TimeoutError:
            self._patience.failed(f"the question was not answered within {longest:g} s")
            return None
        except BackendError as error:
            self._patience.failed(str(error))
            return None
        finally:
            took = asyncio.get_running_loop().time() - began
            self._missed += took > self.options.budget
        self._missed = 0 if took <= self.options.budget else self._missed
        self._patience.worked()
        return Looked(request.question, text, request.frame.camera, request.frame.captured_at, took)

    async def _answer(self, looker: Looker, request: Look) -> str:
        charge, text = self._sight.budget.begin(caption=False), ""
        try:
            async with aclosing(self._sight.worker.iterate(lambda: looker.look(request))) as pieces:
                async for piece in self._sight.precedence.urgent(pieces):
                    text += expect(piece, str)
        finally:
            self._sight.budget.settle(charge, f"{request.question} {text}")
        return one_line(text)
