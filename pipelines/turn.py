"""One turn, as one task: sentences are made into sound while the one before is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from devices.lines import Lossless
from pipelines.speaking import Aloud, Mouth
from pipelines.tracing import Trace
from pipelines.types import Caption, Reminder, Reply, SpeechChunk, Transcript, TurnTrace

Sentences = AsyncGenerator[str, None]


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that a program wants said, or heard once more."""

    text: str
    at: float
    """Seconds on the loop's clock when it was wanted."""


Asked = Transcript | Caption | Reminder | Announcement
"""What a turn answers: a question, a change that is narrated, a timer, a program."""


class Turn:
    """An answer on its way. Cancelling its task is interrupting it."""

    def __init__(self, asked: Asked, mouth: Mouth) -> None:
        self._said = _as_said(asked)
        self.trace, self.aloud = Trace(self._said), Aloud()
        self._mouth = mouth
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """True from its beginning to its end."""
        return self._task is not None and not self._task.done()

    @property
    def question(self) -> Transcript | None:
        """What somebody asked."""
        return self._said if self._said.text else None

    def begin(self, group: asyncio.TaskGroup, answer: Sentences, over: Callable[[Turn, bool], None]) -> None:
        """Say the answer. `over` is called at its end, with whether it was cut."""
        self._task = group.create_task(self._run(answer, over))

    async def interrupt(self) -> None:
        """End it; when this returns, `over` was called."""
        if self._task is not None and self.running:
            self._task.cancel()
            await self.over()

    async def over(self) -> None:
        """Return at its end."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def reply(self, cut: bool) -> Reply:
        """What was heard of it up to now."""
        now = asyncio.get_running_loop().time()
        return Reply(self.aloud.text, self._said.text, self._said.said_at, self.aloud.began_at or now, now, cut)

    def traced(self, cut: bool) -> TurnTrace:
        """When each of its steps happened."""
        return self.trace.end(self.aloud, cut=cut)

    async def _run(self, answer: Sentences, over: Callable[[Turn, bool], None]) -> None:
        cut, chunks = True, Lossless[SpeechChunk](1, "sentences")
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._synthesize(answer, chunks))
                parts.create_task(self._mouth.say(chunks, self.aloud))
            cut = False
        finally:
            over(self, cut)

    async def _synthesize(self, answer: Sentences, chunks: Lossless[SpeechChunk]) -> None:
        async with aclosing(answer):
            async for sentence in answer:
                chunk = await self._mouth.synthesize(sentence)
                self.trace.mark("synthesized_at")
                await chunks.put(chunk)
        chunks.close()


def _as_said(asked: Asked) -> Transcript:
    """Where nobody said anything, one without words: when it came to be, and by what."""
    match asked:
        case Transcript():
            return asked
        case Caption():
            return Transcript("", asked.captured_at, source="camera")
        case Reminder():
            return Transcript("", asked.at, source="timer")
        case Announcement():
            return Transcript("", asked.at, source="program")
