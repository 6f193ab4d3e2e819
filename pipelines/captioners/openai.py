"""A vision-language model on an OpenAI-compatible server; each keyframe is sent there, made smaller, as JPEG."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pipelines.backends import Kind, Look
from pipelines.captioners.describing import Describing
from pipelines.captioners.options import CaptionOptions
from pipelines.chats.prompting import unmarked
from pipelines.remote.options import RemoteOptions, ServerOptions


class PictureOptions(RemoteOptions, CaptionOptions):
    """What all vision-language models on a server can be told."""

    kind: ClassVar[Kind] = "captioner"
    bilingual: ClassVar[bool] = True

    max_answer: int = Field(default=256, ge=1, le=32_000)
    """The longest answer to a question."""
    max_side: int = Field(default=768, ge=64, le=4096)
    """Pixels of the longer side of what is sent: more shows small things, costs time and, with some, money."""
    quality: int = Field(default=85, ge=20, le=95)
    """Of the JPEG that is sent."""


class OpenAi(ServerOptions, PictureOptions):
    """Ollama, llama-server, vLLM, `transformers serve`, LM Studio, nexa, or a service."""

    lanes: int = Field(default=1, ge=1, le=64)
    """How many keyframes the server is given at once, each of another camera: more than one is for a cluster. At most
    `parallel`, of which a question takes one more."""

    @model_validator(mode="after")
    def _lanes_fit(self) -> OpenAi:
        if self.lanes > 1 and self.parallel <= self.lanes:
            raise ValueError(
                f"lanes = {self.lanes} needs parallel = {self.lanes + 1} or more, for questions beside them"
            )
        if self.lanes > 1 and self.fallback is not None:
            raise ValueError("a model on this machine does one thing at a time: leave out lanes, or fallback")
        return self

    def load(self) -> Any:
        """Ready at once: nothing is sent before the first picture. Raises BackendError when the key is not there."""
        from pipelines.remote.fallback import steady

        return steady(RemoteLooker(self), self)


class RemoteLooker(Describing):
    """A server's vision-language model as a Looker."""

    def __init__(self, options: OpenAi) -> None:
        from pipelines.remote.client import Server

        self._server = Server(options)
        self.options: OpenAi = options
        self.lanes = options.lanes

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces, without thoughts; empty ones while nothing comes. Closing ends the connection."""
        from pipelines.remote.pictures import data_url

        picture = data_url(request.frame, self.options.max_side, self.options.quality)
        longest = request.max_tokens or self.options.max_answer
        yield from self._server.stream(conversation(picture, request), longest, schema=request.schema)


def conversation(picture: str, request: Look) -> list[dict[str, Any]]:
    """The messages: the picture stands in the first, whatever was asked about it since follows."""
    asked = [*(one.asked for one in request.history), request.question]
    said: list[dict[str, Any]] = []
    for number, question in enumerate(asked):
        said.append({"role": "user", "content": unmarked(question)})
        if number < len(request.history):
            said.append({"role": "assistant", "content": unmarked(request.history[number].heard)})
    image = {"type": "image_url", "image_url": {"url": picture}}
    said[0]["content"] = [image, {"type": "text", "text": said[0]["content"]}]
    return said
