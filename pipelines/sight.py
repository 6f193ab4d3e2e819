"""The captioner that all cameras share: whose turn it is, what it is asked of a keyframe, and what that costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from devices.media import Frame
from pipelines.backends import BackendError, Captioner, Factual, Looker, expect
from pipelines.budget import Budget
from pipelines.dials import Dials
from pipelines.precedence import Abreast, Precedence, Preemption
from pipelines.relief import Made, Relief
from pipelines.reporting import Reports
from pipelines.types import Seen
from pipelines.wording import one_line
from pipelines.worker import Worker


@dataclass(frozen=True, slots=True)
class Sight:
    """The captioner with its thread, and all that it has to heed."""

    captioner: Captioner
    worker: Worker
    precedence: Precedence = field(default_factory=Precedence)
    """What goes before a caption that is made piece by piece."""
    preemption: Preemption = field(default_factory=Preemption)
    """One picture at a time: a model that makes two captions by turns would mix them up."""
    relief: Relief | None = None
    """What takes work off the captioner when it is too slow; None: nothing does."""
    name: str = ""
    """What the captioner is known by."""
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Cameras take turns, in the order in which they asked: none starves."""
    lanes: int = 1
    """How many turns there are at once."""
    dials: Dials | None = None
    """What is set of it while it runs; None: everything is put into words."""
    budget: Budget = field(default_factory=Budget)
    """What it may be asked a minute."""
    reports: Reports | None = None
    """What keyframes are asked where events are told; None: what there is to see, and nothing else."""

    def abreast(self, lanes: int) -> Sight:
        """The same for a captioner that works on so many pictures at once, and on a question beside them."""
        if lanes == 1:
            return self
        return replace(self, lanes=lanes, turns=asyncio.Semaphore(lanes), preemption=Abreast())

    @property
    def wants_captions(self) -> bool:
        """Whether keyframes are put into words at present."""
        return self.dials is None or self.dials.now.captioning

    @property
    def detail(self) -> str:
        """How much is asked of a keyframe: what was told when less or more was asked is no answer to it."""
        return self.dials.now.verbosity if self.dials is not None and self.reports is not None else ""

    @property
    def relieved(self) -> bool:
        """Whether another captioner stands in for this one."""
        return self.relief is not None and self.relief.stands_in

    def least(self) -> float:
        """Seconds between two keyframes of a camera at the least."""
        relief = self.relief.least() if self.relief is not None else 0.0
        return max(relief, self.dials.now.interval if self.dials is not None else 0.0)

    def cover(self) -> None:
        """Cameras are switched off: forget what they showed, and what was said of it."""
        if self.relief is not None:
            self.relief.forget()
        if self.reports is not None:
            self.reports.clear()

    @asynccontextmanager
    async def turn(self, skipped: Callable[[], int]) -> AsyncIterator[None]:
        """In here one camera may ask once: the budget has room, where that is needed, and nobody is before it.

        `skipped`: keyframes of the camera that made way so far.
        """
        if self.relieved:  # who stands in costs nothing
            async with self.turns:
                yield
        else:
            async with self.budget.room(skipped), self.turns:
                yield

    async def seen(self, frame: Frame, *, patient: bool) -> Seen:
        """What is to be seen. Raises BackendError.

        A captioner that does not keep up is relieved, unless it is waited for, however long it takes (`patient`).
        """
        if self.relief is None or patient:
            seen, _ = await self._by_model(frame)
            return seen
        return await self.relief.caption(frame, self._by_model, self.worker)

    async def _by_model(self, frame: Frame) -> Made:
        """A caption of one camera after the other, and how long the model itself took."""
        return await self.preemption.patient(lambda: self._timed(frame))

    async def _timed(self, frame: Frame) -> Made:
        before, captioner = self._spent(), self.captioner
        charge, seen = self.budget.begin(caption=True), Seen("")
        try:
            if isinstance(captioner, Looker) and (self.lanes == 1 or self.reports is not None):
                seen = await self._described(frame, captioner)
            else:
                seen = expect(await self.worker.call(captioner.caption, frame), Seen)
        finally:
            self.budget.settle(charge, seen.text)
        return seen, self._spent() - before

    def _spent(self) -> float:
        """Seconds that the captioner has worked so far, as far as one picture is concerned."""
        return self.worker.spent if self.lanes == 1 else asyncio.get_running_loop().time()

    async def _described(self, frame: Frame, captioner: Looker) -> Seen:
        """A vision-language model's caption piece by piece, so that a question can go before it."""
        if self.reports is not None and (answer := await self._reported(frame, captioner, self.reports)) is not None:
            return self.reports.read(frame.camera, answer)
        text = await self._answered(lambda: captioner.describe(frame))
        # A captioner that steps in for a vision-language model may know facts as well.
        return Seen(one_line(text), captioner.facts if isinstance(captioner, Factual) else None)

    async def _reported(self, frame: Frame, captioner: Looker, reports: Reports) -> str | None:
        """The answer to what is asked where events are told; None where who steps in cannot be asked anything."""
        request = reports.request(frame)
        try:
            return await self._answered(lambda: captioner.look(request))
        except BackendError:
            if not isinstance(captioner, Factual):
                raise
            return None

    async def _answered(self, ask: Callable[[], Iterator[str]]) -> str:
        async with aclosing(self.worker.iterate(ask)) as pieces:
            return "".join([expect(piece, str) async for piece in self.precedence.patient(pieces)])
