"""From a question to the sentences of its answer: the prompt, the chat, and what it may look up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

from pipelines.backends import BackendError, Chat, Exchange, Prompt, expect
from pipelines.memory import Memory
from pipelines.phrases import Phrases
from pipelines.precedence import Precedence
from pipelines.speaking import sentences
from pipelines.tracing import Trace
from pipelines.trouble import Patience
from pipelines.types import Transcript
from pipelines.worker import Worker

Sentences = AsyncGenerator[str, None]


@dataclass(frozen=True, slots=True)
class Mind:
    """The language model, its thread, and its patience with failures."""

    chat: Chat
    worker: Worker
    patience: Patience
    precedence: Precedence = field(default_factory=Precedence)
    """Captions wait while the answer's next piece is made."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one turn answers, and what it needs to know of the turns before."""

    asked: Transcript
    history: tuple[Exchange, ...]
    own: Phrases
    """The assistant's own words."""
    trace: Trace


class Answers:
    """Makes answers from what was seen and said."""

    def __init__(self, memory: Memory, mind: Mind | None) -> None:
        self._memory, self._mind = memory, mind

    async def to(self, request: Request) -> Sentences:
        """The sentences of one answer, each as soon as it is whole; closing it ends the work."""
        if self._mind is None:
            return
        mind, prompt, said = self._mind, self._prompt(request), False
        try:
            async with aclosing(mind.worker.iterate(lambda: mind.chat.reply(prompt))) as pieces:
                words = request.trace.first("first_token", _text(mind.precedence.urgent(pieces)))
                async for sentence in request.trace.first("first_sentence", sentences(words)):
                    said = True
                    yield sentence
            mind.patience.answered(mind.chat)
        except BackendError as error:
            mind.patience.failed(str(error))
            if not said and request.own.failed:
                yield request.own.failed

    def _prompt(self, request: Request) -> Prompt:
        scene = self._memory.scene()
        request.trace.rests_on(scene)
        # A file that is read fast runs ahead of the clock: what was seen last is then what is seen now.
        now = max(asyncio.get_running_loop().time(), *(caption.known_at for caption in scene), 0.0)
        return Prompt(request.own.system, request.history, scene, request.asked.text, now, self._memory.record())


async def _text(pieces: AsyncIterator[object]) -> AsyncIterator[str]:
    async for piece in pieces:
        yield expect(piece, str)
