"""A chat with a language model on this machine, whatever runs it."""

from __future__ import annotations

from collections.abc import Generator

from pydantic import Field

from pipelines.backends import BackendError, Prompt
from pipelines.chats.prompting import messages
from pipelines.language.engine import Engine, Limits, Reader, stream
from pipelines.language.spans import Tokens
from pipelines.language.thoughts import without_thoughts
from pipelines.local import LocalOptions


class ChatOptions(LocalOptions):
    """What all chats on this machine can be told."""

    max_tokens: int = Field(default=160, ge=1, le=4000)
    """The longest answer; a word is one or two tokens."""

    @property
    def limits(self) -> Limits:
        return Limits(self.max_tokens, self.sampling)


class TextChat:
    """A language engine as a Chat."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self.reader, self._limits = Reader(engine), limits
        try:  # the first pass of all is slow: not in a turn
            self.reader.read(self.spans(Prompt("", (), (), "Hello", 0.0)))
        except BackendError as error:
            raise BackendError(f"it cannot be a chat: {error}") from error

    def reply(self, prompt: Prompt) -> Generator[str, None, None]:
        """A piece per token, of whole characters, so it may be empty. Closing ends the work in between."""
        return without_thoughts(stream(self.reader, self.spans(prompt), self._limits))

    def spans(self, prompt: Prompt) -> list[Tokens]:
        """The prompt as the model reads it."""
        engine = self.reader.engine
        said = [{"role": message["role"], "content": message["content"]} for message in messages(prompt)]
        return [Tokens(tuple(engine.encode(engine.chat(said))))]
