"""The conversation: what was seen and said goes in, a turn comes out; interrupting a turn is cancelling it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import Field

from devices.lines import Lossless
from devices.media import Options
from pipelines.backends import BackendError, Chat, Exchange, Prompt, expect
from pipelines.memory import Memory
from pipelines.phrases import PHRASES, Language, Phrases, language_of
from pipelines.precedence import Precedence
from pipelines.speaking import Heard, Mouth, sentences
from pipelines.trouble import Patience
from pipelines.types import Caption, Emit, Perception, Reply, SpeechChunk, SpeechStarted, Transcript
from pipelines.worker import Worker

Sentences = AsyncGenerator[str, None]


class ConversationOptions(Options):
    language: Literal["auto", "en", "zh"] = "auto"
    """What the assistant speaks by itself; `auto`: what it was spoken to in, English at first."""
    system: str | None = None
    """The instructions that stand in front of every prompt; without them, the assistant's own in `language`."""
    history: int = Field(default=6, ge=0, le=100)
    """How many past exchanges a prompt holds at least; at twice as many the older half is forgotten."""
    unclear: str | None = None
    """Said when speech was heard but not understood, instead of the assistant's own words; empty: nothing is said."""
    failed: str | None = None
    """Said when the chat failed before its first sentence, instead of its own words; empty: nothing is said."""
    narrate: bool = False
    """Say every change aloud, without being asked."""
    duplex: Literal["auto", "half", "full"] = "auto"
    """Whether the microphone hears while the assistant speaks. `half`: it does not, because it would hear the
    assistant; `full`: it does, so that one can interrupt by voice (headphones); `auto`: `half` where both the
    microphone and the speaker are real devices."""


@dataclass(frozen=True, slots=True)
class Mind:
    """The language model, its thread, and its patience with failures."""

    chat: Chat
    worker: Worker
    patience: Patience
    precedence: Precedence = field(default_factory=Precedence)
    """Captions wait while the answer's next piece is made."""


class Conversation:
    """Takes perceptions one by one; at most one turn runs, as one task."""

    def __init__(
        self, options: ConversationOptions, memory: Memory, mind: Mind | None, mouth: Mouth, emit: Emit
    ) -> None:
        self.options, self.memory, self.mouth = options, memory, mouth
        self.history: list[Exchange] = []
        self._mind, self._emit = mind, emit
        self._turn: asyncio.Task[None] | None = None
        self._someone_talks = False
        self._spoken: Language = "en" if options.language == "auto" else options.language

    @property
    def busy(self) -> bool:
        """True while a turn runs."""
        return self._turn is not None and not self._turn.done()

    async def converse(self, perceptions: Lossless[Perception]) -> None:
        """Until the line is closed, and the last turn is over."""
        async with asyncio.TaskGroup() as turns:
            async for perception in perceptions:
                self._emit(perception)
                if isinstance(perception, Caption):
                    answer = self._narration(perception)
                else:
                    await self.interrupt()
                    answer = self._answer(perception)
                if answer is not None:
                    self._turn = turns.create_task(self._take_turn(perception, answer))

    async def interrupt(self) -> None:
        """End the present turn, if there is one; what was heard of it is in the history when this returns."""
        if self._turn is not None and not self._turn.done():
            self._turn.cancel()
            await asyncio.wait([self._turn])

    def _narration(self, caption: Caption) -> Sentences | None:
        new = self.memory.add(caption)
        quiet = not (self.busy or self._someone_talks)
        return _one(caption.text) if new and quiet and self.options.narrate else None

    def _answer(self, perception: SpeechStarted | Transcript) -> Sentences | None:
        self._someone_talks = isinstance(perception, SpeechStarted)
        if isinstance(perception, SpeechStarted):
            return None
        if perception.text:
            self._listen_to(perception)
            return self._think(perception)
        return _one(self._own.unclear) if self._own.unclear else None

    def _listen_to(self, asked: Transcript) -> None:
        """Speak as one is spoken to, where the configuration leaves that open."""
        if self.options.language == "auto":
            self._spoken = language_of(asked.text, otherwise=self._spoken)

    @property
    def _own(self) -> Phrases:
        """The assistant's own words in the language that is spoken; those of the configuration go before them."""
        told = self.options.model_dump(include={"system", "unclear", "failed"}, exclude_none=True)
        return replace(PHRASES[self._spoken], **told)

    async def _take_turn(self, asked: Perception, answer: Sentences) -> None:
        """One turn: sentences are made into sound while the one before is heard."""
        heard, cut = Heard(), True
        chunks = Lossless[SpeechChunk](1, "sentences")
        try:
            async with asyncio.TaskGroup() as turn:
                turn.create_task(self._synthesize(answer, chunks))
                turn.create_task(self.mouth.say(chunks, heard))
            cut = False
        finally:
            self._remember(asked, heard, cut)

    async def _synthesize(self, answer: Sentences, chunks: Lossless[SpeechChunk]) -> None:
        async with aclosing(answer):
            async for sentence in answer:
                await chunks.put(await self.mouth.synthesize(sentence))
        chunks.close()

    async def _think(self, asked: Transcript) -> Sentences:
        if self._mind is None:
            return
        mind, prompt, said = self._mind, self._prompt(asked), False
        try:
            async with aclosing(mind.worker.iterate(lambda: mind.chat.reply(prompt))) as pieces:
                async for sentence in sentences(_text(mind.precedence.urgent(pieces))):
                    said = True
                    yield sentence
            mind.patience.answered(mind.chat)
        except BackendError as error:
            mind.patience.failed(str(error))
            if not said and self._own.failed:
                yield self._own.failed

    def _prompt(self, asked: Transcript) -> Prompt:
        scene = self.memory.scene()
        # A file that is read fast runs ahead of the clock: what was seen last is then what is seen now.
        now = max(asyncio.get_running_loop().time(), *(caption.known_at for caption in scene), 0.0)
        return Prompt(self._own.system, tuple(self.history), scene, asked.text, now, self.memory.record())

    def _remember(self, asked: Perception, heard: Heard, cut: bool) -> None:
        now = asyncio.get_running_loop().time()
        text, asked_at = _question(asked)
        if text and heard.text:
            self.history.append(Exchange(text, heard.text))
        if len(self.history) > 2 * self.options.history:
            del self.history[: len(self.history) - self.options.history]
        self._emit(Reply(heard.text, text, asked_at, heard.began_at or now, now, cut))


def _question(asked: Perception) -> tuple[str, float]:
    """What was asked and when; a narrated caption was asked by nobody."""
    if isinstance(asked, Transcript):
        return asked.text, asked.said_at
    return "", asked.captured_at if isinstance(asked, Caption) else asked.at


async def _text(pieces: AsyncIterator[object]) -> AsyncIterator[str]:
    async for piece in pieces:
        yield expect(piece, str)


async def _one(sentence: str) -> Sentences:
    yield sentence
