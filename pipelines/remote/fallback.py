"""A model on this machine that answers while the server is gone; the server is tried again after longer and longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, TypeVar

from devices.media import Frame
from pipelines import backends
from pipelines.backends import BackendError, Captioner, Chat, Loaded, Look, Looker, Prompt, ToolChat
from pipelines.remote.options import RemoteOptions
from pipelines.tools import ToolCall
from pipelines.types import Facts, Seen

T = TypeVar("T")

FIRST = 5.0
"""Seconds during which a server that failed is left alone; twice as long after each further failure."""
LONGEST = 300.0


class Retreat:
    """When to ask the server, and when only the model on this machine."""

    def __init__(self, stand_in: str, now: Callable[[], float] = time.monotonic) -> None:
        self._stand_in, self._now = stand_in, now
        self._pause, self._until = FIRST, -float("inf")
        self.trouble = ""
        """Why the server does not answer, and who does; empty while it does."""

    @property
    def over(self) -> bool:
        """Whether the server is to be asked now."""
        return self._now() >= self._until

    def failed(self, why: BackendError) -> None:
        self.trouble = f"{why}; {self._stand_in} answers, and the server is tried again from time to time"
        self._until, self._pause = self._now() + self._pause, min(self._pause * 2, LONGEST)

    def worked(self) -> None:
        self.trouble, self._pause = "", FIRST

    def pieces(self, server: Callable[[], Iterator[T]], local: Callable[[], Iterator[T]]) -> Generator[T, None, None]:
        """The server's answer; the other's when the server gives none. An answer that broke off is not begun anew."""
        if self.over:
            said = False
            try:
                with closing(_generator(server())) as answer:
                    for piece in answer:
                        said = said or bool(piece)
                        yield piece
                return self.worked()
            except BackendError as error:
                if said:
                    raise
                self.failed(error)
        yield from local()


class SteadyChat:
    """A Chat on a server with one on this machine behind it."""

    def __init__(self, server: Chat | ToolChat, local: Chat | ToolChat, retreat: Retreat) -> None:
        self._server, self._local, self._retreat = server, local, retreat

    @property
    def trouble(self) -> str:
        """Why the server does not answer; empty while it does."""
        return self._retreat.trouble

    @property
    def calls_tools(self) -> bool:
        """Whether whoever answers next can call tools."""
        return backends.calls_tools(self._server if self._retreat.over else self._local)

    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
        """The answer in pieces; some may be empty."""
        return self._retreat.pieces(lambda: self._server.reply(prompt), lambda: self._local.reply(prompt))


class SteadyLooker:
    """A Looker on a server with a captioner on this machine behind it, which need not be able to answer questions."""

    def __init__(self, server: Looker, local: Captioner, retreat: Retreat) -> None:
        self._server, self._local, self._retreat = server, local, retreat
        self.facts: Facts | None = None
        """What was stated one by one beside the last description, where the one who gave it can."""

    @property
    def trouble(self) -> str:
        """Why the server does not answer; empty while it does."""
        return self._retreat.trouble

    def caption(self, frame: Frame) -> Seen:
        """The caption at once; with facts where the captioner on this machine has them."""
        if self._retreat.over:
            try:
                seen = self._server.caption(frame)
            except BackendError as error:
                self._retreat.failed(error)
            else:
                self._retreat.worked()
                return seen
        return self._local.caption(frame)

    def describe(self, frame: Frame) -> Iterator[str]:
        """The caption in pieces."""
        self.facts = None
        return self._retreat.pieces(lambda: self._server.describe(frame), lambda: self._described(frame))

    def look(self, request: Look) -> Iterator[str]:
        """The answer in pieces. Raises BackendError when the server is gone and the other only knows captions."""
        return self._retreat.pieces(lambda: self._server.look(request), lambda: self._looked(request))

    def _described(self, frame: Frame) -> Iterator[str]:
        if isinstance(self._local, Looker):
            return self._local.describe(frame)
        seen = self._local.caption(frame)
        self.facts = seen.facts
        return iter((seen.text,))

    def _looked(self, request: Look) -> Iterator[str]:
        if isinstance(self._local, Looker):
            return self._local.look(request)
        raise BackendError(f"{self._retreat.trouble}; it gives captions and cannot answer questions")


def steady(server: Chat | ToolChat | Looker, options: RemoteOptions) -> Any:
    """The server's model, with the one behind it that the options name, which is loaded here.

    Raises BackendError when that one cannot be had.
    """
    if options.fallback is None:
        return server
    try:
        local = backends.loaded(options.fallback, options.kind)
    except BackendError as error:
        raise BackendError(f"fallback: {error}") from error
    retreat = Retreat(local.name)
    both: SteadyChat | SteadyLooker
    if isinstance(server, Looker):
        both = SteadyLooker(server, local.backend, retreat)
    else:
        both = SteadyChat(server, local.backend, retreat)
    notice = f"While the server is gone: {local.name}. {local.notice}" if local.notice else ""
    return Loaded(both, backends.name_of(options.kind, options), notice)


def _generator(pieces: Iterator[T]) -> Generator[T, None, None]:
    """Any iterator as one that can be closed."""
    yield from pieces
