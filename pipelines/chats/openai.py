"""A chat on an OpenAI-compatible server, on this machine or elsewhere; it is sent the scene in words and no picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from pipelines.backends import Kind, Prompt
from pipelines.chats.prompting import messages
from pipelines.remote.options import ServerOptions
from pipelines.tools import ToolCall


class OpenAi(ServerOptions):
    """Ollama, llama-server, vLLM, `transformers serve`, LM Studio, nexa, or a service."""

    kind: ClassVar[Kind] = "chat"

    max_tokens: int = Field(default=160, ge=1, le=32_000)
    """The longest answer; a word is one or two tokens."""
    tools: bool = False
    """True: its model can call tools, and is offered those of the assistant and of the tool servers; most models of
    today can, but servers refuse the request where one cannot."""

    def load(self) -> Any:
        """Ready at once: nothing is sent before the first question. Raises BackendError when the key is not there."""
        from pipelines.remote.fallback import steady

        return steady(RemoteChat(self), self)


class RemoteChat:
    """A server's language model as a Chat."""

    def __init__(self, options: OpenAi) -> None:
        from pipelines.remote.client import Server

        self._server, self._options = Server(options), options

    @property
    def calls_tools(self) -> bool:
        """As the options say."""
        return self._options.tools

    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
        """Pieces as they come, without thoughts, and at the end the calls of tools; empty pieces while nothing comes.

        Closing ends the connection.
        """
        from pipelines.remote.calls import Calls, steps

        calls = Calls(prompt.tools)
        told = prompt.steps if prompt.tools else ()  # a server that is offered no tools may refuse to be told of them
        said = messages(replace(prompt, steps=()) if told else prompt)
        yield from self._server.stream([dict(one) for one in said] + steps(told), self._options.max_tokens, calls)
        yield from calls.made()
