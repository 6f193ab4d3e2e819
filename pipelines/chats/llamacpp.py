"""A chat with a language model on this machine by llama.cpp: a GGUF file of 4 or 8 bits, and no torch."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipelines import weights
from pipelines.chats.local import LocalOptions, TextChat


class LlamaCpp(LocalOptions):
    """The weights are a GGUF file with a chat template, or a folder that holds one."""

    needs: ClassVar[tuple[str, ...]] = ("llama_cpp",)
    extra: ClassVar[str] = "llamacpp"

    context: int = Field(default=4096, ge=256, le=1_000_000)
    """The longest conversation in tokens; memory grows with it."""

    def load(self) -> TextChat:
        """Load and warm the model, blocking for a second or some. Raises BackendError."""
        from pipelines.language import llamacpp

        file = llamacpp.model_file(weights.find(self.weights))
        return TextChat(llamacpp.from_file(file, self.threads, self.context), self.limits)
