"""One turn, as one task: sentences are made into sound while the one before is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from dataclasses import replace
from math import inf

from devices.lines import Lossless
from pipelines.policy import count
from pipelines.remarks import Priority, Remark
from pipelines.speaking import Aloud, Mouth
from pipelines.tracing import Trace
from pipelines.types import Reply, SpeechChunk, Transcript, TurnTrace

Sentences = AsyncGenerator[str, None]


Asked = Transcript | Remark
"""What a turn is about: a question to be answered, or a remark to be made."""


class Turn:
    """An answer on its way. Cancelling its task is interrupting it."""

    def __init__(self, asked: Asked, mouth: Mouth) -> None:
        self._said = asked if isinstance(asked, Transcript) else Transcript("", asked.at, source=asked.source)
        self.remark = None if isinstance(asked, Transcript) else asked
        """What is said by itself; None: somebody asked."""
        self.trace, self.aloud = Trace(self._said), Aloud(until=inf if self.remark is None else _until(self.remark))
        if self.remark is not None and self.remark.camera:
            self.trace.tells_of(self.remark.camera, self.remark.at)
        self._mouth = mouth
        self._task: asyncio.Task[None] | None = None
        self._over: Callable[[Turn, bool], None] | None = None
        """Called at its end."""

    @property
    def running(self) -> bool:
        """True from its beginning to its end."""
        return self._task is not None and not self._task.done()

    @property
    def question(self) -> Transcript | None:
        """What somebody asked."""
        return self._said if self._said.text else None

    @property
    def priority(self) -> Priority:
        """How urgent it is."""
        return Priority.ANSWER if self.remark is None else self.remark.priority

    def begin(self, group: asyncio.TaskGroup, answer: Sentences, over: Callable[[Turn, bool], None]) -> None:
        """Say the answer. `over` is called at its end, with whether it was cut."""
        self._over = over
        self._task = group.create_task(self._run(answer))

    async def interrupt(self) -> None:
        """End it; when this returns, `over` was called."""
        if self._task is not None and self.running:
            self._task.cancel()
            await self.over()
            self._ended(True)  # a task that is cancelled before its first step takes none

    async def over(self) -> None:
        """Return at its end."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def reply(self, cut: bool) -> Reply:
        """What was heard of it up to now."""
        now = asyncio.get_running_loop().time()
        began, said = self.aloud.began_at or now, self._said
        return Reply(self.aloud.text, said.text, said.said_at, began, now, cut, self.priority.word)

    def traced(self, cut: bool) -> TurnTrace:
        """When each of its steps happened."""
        trace = self.trace.end(self.aloud, cut=cut)
        return replace(trace, priority=self.priority.word, words=count(self.aloud.text))

    async def _run(self, answer: Sentences) -> None:
        cut, chunks = True, Lossless[SpeechChunk](1, "sentences")
        try:
            hazard = self.priority is Priority.HAZARD
            with self._mouth.over_all() if hazard else nullcontext():
                async with asyncio.TaskGroup() as parts:
                    parts.create_task(self._synthesize(answer, chunks))
                    parts.create_task(self._mouth.say(chunks, self.aloud, self.priority))
            cut = self.aloud.cut
        finally:
            self._ended(cut)

    def _ended(self, cut: bool) -> None:
        over, self._over = self._over, None
        if over is not None:
            over(self, cut)

    async def _synthesize(self, answer: Sentences, chunks: Lossless[SpeechChunk]) -> None:
        async with aclosing(answer):
            async for sentence in answer:
                chunk = await self._mouth.synthesize(sentence)
                self.trace.mark("synthesized_at")
                await chunks.put(chunk)
        chunks.close()


def _until(remark: Remark) -> float:
    return inf if remark.expires_at is None else remark.expires_at
