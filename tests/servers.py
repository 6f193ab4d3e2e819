"""Servers for tests, on 127.0.0.1: one that speaks like OpenAI's or misbehaves, as scripts say, and one like nexa's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Script = Callable[["Exchange"], None]
"""What a server does with one request."""


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: ChatServer) -> None:
        self.server, self._handler = server, handler
        self.path, self.headers = handler.path, dict(handler.headers)
        self.body: dict[str, Any] = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self._handler.wfile.write(part)


class ChatServer:
    """While entered, answers one request after the other as its scripts say; the last one is for all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.asked: list[Exchange] = []
        self.released = threading.Event()
        """Set: scripts that hang go on."""
        self.left = threading.Event()
        """Set when a client went away before the end of its answer."""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def start(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                exchange = Exchange(self, server)
                server.asked.append(exchange)
                script = server.scripts[min(len(server.asked), len(server.scripts)) - 1]
                try:
                    script(exchange)
                except OSError:
                    server.left.set()

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the terminal of the tests clean."""

        return Handler


def event(text: str | None, finish: str | None = None) -> bytes:
    """A piece of an answer as it is sent."""
    delta = {} if text is None else {"content": text}
    return b"data: " + json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def says(*pieces: str) -> Script:
    """A whole answer."""
    return sends(*(event(piece) for piece in pieces), event(None, "stop"), DONE)


def sends(*parts: bytes, kind: str = "text/event-stream", status: int = 200, **headers: str) -> Script:
    """These bytes, whatever they are, and the end of the connection."""

    def script(exchange: Exchange) -> None:
        exchange.head(status, kind, **headers)
        exchange.send(*parts)

    return script


def refuses(status: int, message: str = "", **headers: str) -> Script:
    """An error, as such servers word it."""
    body = json.dumps({"error": {"message": message}}).encode() if message else b""
    return sends(body, kind="application/json", status=status, **headers)


def lingers(*first: bytes) -> Script:
    """These bytes, and then signs of life until the client goes away or the test releases it."""

    def script(exchange: Exchange) -> None:
        exchange.head()
        exchange.send(*first)
        while not exchange.server.released.wait(0.01):
            exchange.send(b": still here\n\n")

    return script


def stalls(*first: bytes) -> Script:
    """These bytes, if any, and then nothing until the test releases it."""

    def script(exchange: Exchange) -> None:
        if first:
            exchange.head()
            exchange.send(*first)
        exchange.server.released.wait(20)

    return script


def dawdles(first: bytes, part: bytes) -> Script:
    """These bytes as they stand, status line and all, and then a few more again and again for two seconds."""

    def script(exchange: Exchange) -> None:
        exchange.send(first)
        for _ in range(100):
            exchange.server.released.wait(0.02)
            exchange.send(part)

    return script


def endless(part: bytes) -> Script:
    """The same bytes for ever."""

    def script(exchange: Exchange) -> None:
        exchange.head()
        while True:
            exchange.send(part)

    return script


def answering(messages: Callable[[Mapping[str, Any]], list[str]]) -> Any:
    """A server like nexa's, started: each request is answered with these messages as they stand. Has `url`."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import ServerConnection, serve

    def handle(connection: ServerConnection) -> None:
        try:
            for message in messages(json.loads(connection.recv())):
                connection.send(message)
            if not server.finish.wait(0):
                connection.recv()  # until the client closes
        except ConnectionClosed:
            server.left.set()

    server: Any = serve(handle, "127.0.0.1", 0, max_size=8 << 20)
    server.left, server.finish = threading.Event(), threading.Event()
    server.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws/process-image/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def token(text: str) -> str:
    return json.dumps({"status": "generating", "token": text})


COMPLETE = json.dumps({"status": "complete"})
