"""A chat with any instruct model that transformers can load."""

from __future__ import annotations

from pathlib import Path

from pipelines import weights
from pipelines.backends import BackendError
from pipelines.chats.local import ChatOptions, TextChat
from pipelines.language import causal
from pipelines.language.engine import Engine
from pipelines.local import TorchOptions


class Transformers(TorchOptions, ChatOptions):
    """The weights are a folder as `from_pretrained` takes it, with safetensors; or a GGUF file, or a folder with one.

    A GGUF file is unpacked, which takes time at each start and memory as for bfloat16; `llamacpp` reads it as it is.
    """

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
