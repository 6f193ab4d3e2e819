"""Asking servers that misbehave, on a clock that only waiting moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines.backends import BackendError
from pipelines.chats.openai import OpenAi
from pipelines.remote.client import Server
from pipelines.remote.waiting import Clock
from tests.servers import ChatServer, Script, says

pytest.importorskip("httpx")

OK = says("Two ", "eggs.")


class Watch:
    """A clock that only waiting moves, so that no test waits."""

    def __init__(self) -> None:
        self.at = 0.0
        self.clock = Clock(lambda: self.at, self._sleep, lambda: 1.0)

    def _sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def serve() -> Iterator[Callable[..., ChatServer]]:
    """Starts servers that end with the test."""
    servers: list[ChatServer] = []

    def start(*scripts: Script) -> ChatServer:
        servers.append(ChatServer(*scripts).start())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


Serve = Callable[..., ChatServer]


def ask(server: ChatServer, watch: Watch, **options: Any) -> str:
    client = Server(OpenAi(url=server.url, model="m", **options), watch.clock)
    return "".join(client.stream([{"role": "user", "content": "Do I have eggs?"}], 20))


def line(server: ChatServer, watch: Watch, **options: Any) -> str:
    with pytest.raises(BackendError) as caught:
        ask(server, watch, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("127.0.0.1:")
    return text
