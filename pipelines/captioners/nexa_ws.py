"""OmniVision behind nexa's websocket, `/ws/process-image/`: a picture and one prompt go in, tokens come out."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pipelines.backends import BackendError, Look
from pipelines.captioners.describing import Describing
from pipelines.captioners.openai import PictureOptions
from pipelines.chats.prompting import unmarked
from pipelines.remote.events import LARGEST, Failure, told
from pipelines.remote.waiting import STEP, Clock
from pipelines.wording import one_line, printable

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LEAD = (" ", " \n", "\n", "<|im_start|>", "assistant")
"""Tokens that the server sends before its answer and that are none of it."""
LONGEST_LEAD = 3


class NexaWs(PictureOptions):
    """A server that speaks as the public demo of OmniVision does. It knows one picture and one question: what was
    asked before is not sent."""

    needs: ClassVar[tuple[str, ...]] = ("websockets",)
    schemes: ClassVar[tuple[str, ...]] = ("ws", "wss")
    bilingual: ClassVar[bool] = False

    task: str = "instruct"
    """What the server calls this kind of request; its demo knows one."""

    def load(self) -> Any:
        """Ready at once: nothing is sent before the first picture."""
        from pipelines.remote.fallback import steady

        return steady(NexaLooker(self), self)


class NexaLooker(Describing):
    """The server's model as a Looker."""

    def __init__(self, options: NexaWs, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self.options: NexaWs = options

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces; empty ones while nothing comes. Closing ends the connection.

        Raises BackendError with one line that names the server.
        """
        try:
            with self._connection() as connection:
                connection.send(self._request(request))
                yield from self._answer(connection)
        except Failure as error:
            raise BackendError(f"{self.options.origin} {error.line()}") from error

    @contextmanager
    def _connection(self) -> Iterator[ClientConnection]:
        """The connection, all that goes wrong with it told as a Failure."""
        from websockets.exceptions import ConnectionClosed, InvalidHandshake
        from websockets.sync.client import connect

        options = self.options
        try:
            own, limit = self._socket(), options.connect_timeout
            with connect(options.url, sock=own, open_timeout=limit, close_timeout=0.1) as connection:
                yield connection
        except ConnectionClosed as error:
            raise Failure(f"broke off in the middle of its answer ({error})") from error
        except (InvalidHandshake, EOFError, ValueError) as error:  # the last: it sends one elsewhere
            raise Failure(f"is no such server: check `url` ({one_line(str(error))[:120]})") from error
        except TimeoutError as error:
            raise Failure(f"is not reached within {options.connect_timeout:g} s: is it running?") from error
        except OSError as error:
            raise Failure(f"is not reached ({error}): is it running?") from error

    def _socket(self) -> socket.socket:
        # One of our own: with it no proxy is asked and no redirect is followed.
        address = urlsplit(self.options.url)
        port = address.port or (443 if address.scheme == "wss" else 80)
        return socket.create_connection((address.hostname, port), self.options.connect_timeout)

    def _request(self, request: Look) -> str:
        from pipelines.remote.pictures import data_url

        return json.dumps(
            {
                "image": data_url(request.frame, self.options.max_side, self.options.quality),
                "prompt": unmarked(request.question),
                "task": self.options.task,
                "max_tokens": request.max_tokens or self.options.max_answer,
            }
        )

    def _answer(self, connection: ClientConnection) -> Iterator[str]:
        """The tokens without those that lead up to the answer."""
        leading, taken = LONGEST_LEAD, 0
        for message in self._messages(connection):
            taken += len(message)
            if taken > LARGEST:
                raise Failure("sends more than any answer is long")
            token = _token(message) if message else ""
            if token is None:
                return
            if token in LEAD and leading:
                leading -= 1
                continue
            leading = leading if not token else 0
            yield printable(token, keep="\n")

    def _messages(self, connection: ClientConnection) -> Iterator[str | bytes]:
        """What the server sends, with empty strings while it sends nothing."""
        began = last = self._clock.now()
        while True:
            try:
                message = connection.recv(timeout=STEP)
                last = self._clock.now()
            except TimeoutError:
                message = ""
            yield message
            if self._clock.now() - last > self.options.read_timeout:
                raise Failure(f"has said nothing for {self.options.read_timeout:g} s")
            if self._clock.now() - began > self.options.longest:
                raise Failure(f"has not come to an end in {self.options.longest:g} s")


def _token(message: str | bytes) -> str | None:
    """The token that a message brings; None: the answer is complete. Raises Failure."""
    try:
        event: Any = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise Failure("sends a message that is no JSON") from error
    match event:
        case {"status": "generating", "token": str(token)}:
            return token
        case {"status": "complete"}:
            return None
        case {"status": "error", **more}:
            raise Failure("says", told(more) or "an error without a word")
    raise Failure("sends a message that is no part of an answer", told(event))
