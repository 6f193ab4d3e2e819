"""A chat on an OpenAI-compatible server, on this machine or elsewhere; it is sent the scene in words and no picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from pipelines.backends import Kind, Prompt
from pipelines.chats.prompting import messages
from pipelines.remote.options import ServerOptions


class OpenAi(ServerOptions):
    """Ollama, llama-server, vLLM, `transformers serve`, LM Studio, nexa, or a service."""

    kind: ClassVar[Kind] = "chat"

    max_tokens: int = Field(default=160, ge=1, le=32_000)
    """The longest answer; a word is one or two tokens."""

    def load(self) -> Any:
        """Ready at once: nothing is sent before the first question. Raises BackendError when the key is not there."""
        from pipelines.remote.fallback import steady

        return steady(RemoteChat(self), self)


class RemoteChat:
    """A server's language model as a Chat."""

    def __init__(self, options: OpenAi) -> None:
        from pipelines.remote.client import Server

        self._server, self._options = Server(options), options

    def reply(self, prompt: Prompt) -> Iterator[str]:
        """Pieces as they come, without thoughts; empty ones while nothing comes. Closing ends the connection."""
        said = [{"role": one["role"], "content": one["content"]} for one in messages(prompt)]
        return self._server.stream(said, self._options.max_tokens)
