"""A chat with a language model on this machine by llama.cpp: a GGUF file of 4 or 8 bits, and no torch."""

from __future__ import annotations

from pipelines import weights
from pipelines.chats.local import ChatOptions, TextChat
from pipelines.local import GgufOptions


class LlamaCpp(GgufOptions, ChatOptions):
    """The weights are a GGUF file with a chat template, or a folder that holds one."""

    def load(self) -> TextChat:
        """Load and warm the model, blocking for a second or some. Raises BackendError."""
        from pipelines.language import llamacpp

        file = llamacpp.model_file(weights.find(self.weights))
        return TextChat(llamacpp.from_file(file, self.threads, self.context), self.limits)
