"""The turns of a conversation: one that answers or tells, and one beside it: a hazard, or that it takes a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipelines.agenda import Agenda
from pipelines.past import ABOUT_ITSELF
from pipelines.remarks import Priority, Remark
from pipelines.sentences import sentences
from pipelines.speaking import Mouth
from pipelines.turn import Sentences, Turn
from pipelines.types import Transcript

WORKING = "working"
"""The key of the remark that an answer takes a while."""


class Turns:
    """Each runs as one task; there are two of them at the most."""

    def __init__(self, mouth: Mouth, agenda: Agenda, over: Callable[[Turn, bool], None]) -> None:
        """`over`: called at the end of each, with whether it was cut."""
        self._mouth, self._agenda, self._over = mouth, agenda, over
        self.group = asyncio.TaskGroup()
        """In here they run."""
        self._present: Turn | None = None
        self._beside: Turn | None = None
        """What is said over it, or while it makes no sound yet."""
        self._tell_at = 0.0
        """When it is to be told that the answer takes a while."""
        self._patience = 0.0

    @property
    def busy(self) -> bool:
        """Whether anything is answered or told, but a hazard."""
        return self._present is not None and self._present.running

    @property
    def thinks(self) -> bool:
        """Whether an answer is on its way of which nothing was heard yet."""
        turn = self._present
        return turn is not None and turn.running and turn.remark is None and not turn.aloud.begun

    @property
    def begun(self) -> bool:
        """Whether anything was heard of the present turn, or the one before."""
        return self._present is not None and self._present.aloud.begun

    @property
    def running(self) -> bool:
        """Whether anything is answered or told."""
        return bool(self._running)

    @property
    def speaks(self) -> Priority | None:
        """How urgent what is being said is; None: nothing is, or nothing is heard of it yet."""
        heard = [turn for turn in self._running if not (self.thinks and turn is self._present)]
        return max((turn.priority for turn in heard), default=None)

    @property
    def unanswered(self) -> Transcript | None:
        """What was asked and is not answered yet, not even in the first word."""
        return self._present.question if self._present is not None and self.thinks else None

    @property
    def deadline(self) -> float | None:
        """When it is to be told that an answer takes a while."""
        return self._tell_at if self._patience and self.thinks and self._mouth.present else None

    def answer(self, turn: Turn, answer: Sentences) -> None:
        """Begin an answer."""
        self._patience = self._agenda.policy.options.patience
        self._tell_at = asyncio.get_running_loop().time() + self._patience
        self._begin(turn, answer)

    async def tell(self, remark: Remark) -> None:
        """Say it now. What is said already is less urgent: an answer is held for a hazard, all else ends."""
        turn, holds = Turn(remark, self._mouth), self._agenda.policy.holds
        for other in self._running:
            if remark.priority is not Priority.WORKING and not holds(other.priority, remark.priority):
                await other.interrupt()
        self._begin(turn, sentences(_one(remark.text)))

    def tell_working(self, text: str) -> None:
        """The answer takes a while: whoever asked is told, and told again after twice that time."""
        now, self._patience = asyncio.get_running_loop().time(), 2 * self._patience
        self._tell_at = now + self._patience
        self._agenda.offer(Remark(text, Priority.WORKING, now, key=WORKING, asked=True, source=ABOUT_ITSELF))

    async def interrupt(self) -> None:
        """End the present turn, if there is one; when this returns, `over` was called."""
        ended = [turn for turn in self._running if turn.priority is not Priority.HAZARD]
        await asyncio.gather(*(turn.interrupt() for turn in ended))

    async def hush(self) -> None:
        """End the hazard that is being told."""
        if self._beside is not None:
            await self._beside.interrupt()

    async def fall_silent(self) -> None:
        """End what is being said, all at once."""
        await asyncio.gather(*(turn.interrupt() for turn in self._running))

    async def review(self) -> None:
        """End what nobody wants to hear any more, or may."""
        for turn in self._running:
            if turn.remark is not None and self._agenda.unwanted(turn.remark):
                await turn.interrupt()

    @property
    def _running(self) -> list[Turn]:
        return [turn for turn in (self._beside, self._present) if turn is not None and turn.running]

    def _begin(self, turn: Turn, answer: Sentences) -> None:
        beside = turn.priority is Priority.HAZARD or self.thinks
        turn.begin(self.group, answer, self._over)
        if beside:
            self._beside = turn
        else:
            self._present = turn


async def _one(sentence: str) -> Sentences:
    yield sentence
