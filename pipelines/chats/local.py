"""A chat with a language model on this machine: any instruct model that transformers can load."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipelines import weights
from pipelines.backends import BackendError, BackendOptions, Prompt
from pipelines.chats.prompting import messages
from pipelines.language import causal
from pipelines.language.engine import Engine, Limits, Reader, stream
from pipelines.language.loading import Device, Precision, Threads
from pipelines.language.sampling import Sampling
from pipelines.language.spans import Tokens
from pipelines.language.thoughts import without_thoughts


class LocalOptions(BackendOptions):
    """What all chats on this machine can be told."""

    weights: str
    """The name they were pulled by, or a path."""
    max_tokens: int = Field(default=160, ge=1, le=4000)
    """The longest answer; a word is one or two tokens."""
    threads: Threads
    sampling: Sampling = Field(default_factory=Sampling)

    @property
    def limits(self) -> Limits:
        return Limits(self.max_tokens, self.sampling, copies=2)


class Transformers(LocalOptions):
    """The weights are a folder as `from_pretrained` takes it, with safetensors; or a GGUF file, or a folder with one.

    A GGUF file is unpacked, which takes time at each start and memory as for bfloat16; `llamacpp` reads it as it is.
    """

    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    extra: ClassVar[str] = "neural"

    device: Device = "auto"
    precision: Precision = "auto"

    def load(self) -> TextChat:
        """Load and warm the model, blocking for some seconds. Raises BackendError."""
        return TextChat(self._engine(weights.find(self.weights)), self.limits)

    def _engine(self, found: Path) -> Engine:
        files = [found] if found.is_file() else sorted(found.glob("*.gguf"))
        if not files or (found / "config.json").is_file():
            return causal.from_folder(found, self.threads, self.device, self.precision)
        if len(files) > 1:
            raise BackendError(f"{found} holds {len(files)} GGUF files: name one of them")
        from pipelines.language import gguf

        return gguf.placed(files[0], self.threads, self.device, self.precision)


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
