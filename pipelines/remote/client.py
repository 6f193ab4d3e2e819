"""A client of OpenAI-compatible servers: one request, streamed, tried again while nothing was said."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.backends import BackendError, first_line
from pipelines.language.thoughts import without_thoughts
from pipelines.remote.calls import Calls, tools
from pipelines.remote.events import Failure, lines, pieces
from pipelines.remote.options import ServerOptions
from pipelines.remote.refusals import check
from pipelines.remote.waiting import STEP, Clock, Turns, apart

if TYPE_CHECKING:
    import httpx

FIRST_PAUSE = 0.5
"""Seconds before the first repetition; each further pause is twice as long."""
LONGEST_PAUSE = 20.0
"""Seconds that a server may have one wait before a repetition; when it wants more, the request has failed."""
LETTERS = 10
"""Of one token, on average; they are about four in English."""
NO_FORMS = {400, 422, 501}
"""Statuses with which servers refuse a request for the reason that it prescribes a form."""
DAY = 86_400.0
"""Seconds beyond which a wait is not counted for a person: headers name centuries."""

TURNS = Turns()


class Cut(Exception):
    """Nobody waits for this answer any more."""


class Wire:
    """The connection of one answer, which another thread can cut at any moment."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._cut = False

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Told by httpx of each step, in the thread that takes it; raising ends the request."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = details["return_value"].get_extra_info("socket")
            if self._cut:
                raise Cut

    def cut(self) -> None:
        """End the connection, also under a thread that waits at it."""
        self._cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Server:
    """One OpenAI-compatible server, as one backend talks to it. Nothing is sent before the first request."""

    def __init__(self, options: ServerOptions, clock: Clock | None = None) -> None:
        """Raises BackendError when the key is not there."""
        import httpx

        self._options, self._clock, self._key = options, clock or Clock(), options.secret()
        self._forms = True
        self._http = httpx.Client(
            headers={"Accept": "text/event-stream", "Accept-Encoding": "identity", "User-Agent": "omni-assistant"}
            | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            timeout=httpx.Timeout(options.read_timeout, connect=options.connect_timeout),
            # A connection of its own for each answer: closing the answer closes it, and none is met that went stale.
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,  # the key is for the server that was named
            trust_env=not options.local,  # a proxy has no business with what stays on this machine
        )

    def stream(
        self,
        messages: list[dict[str, Any]],
        max_tokens: int,
        calls: Calls | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> Generator[str, None, None]:
        """The answer in pieces, without thoughts; empty ones while nothing comes. Closing it closes the connection.

        What `calls` offers may be called; at the end it has the calls. A server that can is held to the JSON `schema`.
        Raises BackendError with one line that names the server.
        """
        body = {"model": self._options.model, "messages": messages, "stream": True, self._options.limit: max_tokens}
        if schema is not None and self._forms:
            body["response_format"] = form(schema)
        answer = without_thoughts(self._answer(body, Calls() if calls is None else calls))
        return self._bounded(answer, max_tokens)

    def _bounded(self, answer: Generator[str, None, None], max_tokens: int) -> Generator[str, None, None]:
        """A server may not keep to the limit, and what it says is spoken, remembered, and sent with later questions."""
        left = LETTERS * max_tokens
        with contextlib.closing(answer):
            for piece in answer:
                left -= len(piece)
                if left < 0:
                    raise BackendError(
                        f"{self._options.origin} says more than max_tokens = {max_tokens} allows: it is cut"
                    )
                yield piece

    def _answer(self, body: dict[str, Any], calls: Calls) -> Generator[str, None, None]:
        """The pieces as they come; asked for again after a failure, as long as none has come."""
        if self._options.temperature is not None:
            body["temperature"] = self._options.temperature
        if calls.offered:
            body["tools"] = tools(calls.offered)
        for attempt in itertools.count():
            said = False
            calls.clear()
            try:
                with contextlib.closing(self._once(body, calls)) as answer:
                    for piece in answer:
                        said = said or bool(piece)
                        yield piece
                return
            except Failure as error:
                pause = 0.0 if self._without_form(error, body) else self._pause(error, attempt)
                if said or pause is None:
                    raise BackendError(self._line(error)) from error
            yield from self._clock.wait(pause)

    def _without_form(self, error: Failure, body: dict[str, Any]) -> bool:
        """Whether the request is repeated without the form that the server may not know; then none is sent again."""
        if error.status not in NO_FORMS or body.pop("response_format", None) is None:
            return False
        self._forms = False
        return True

    def _pause(self, error: Failure, attempt: int) -> float | None:
        """Seconds until the request is repeated; None: it is not."""
        if not error.again or attempt >= self._options.retries or (error.wait or 0) > LONGEST_PAUSE:
            return None
        if error.wait is not None:
            return error.wait
        # Chance spreads the repetitions of all who were turned away together.
        return min(FIRST_PAUSE * float(2**attempt), LONGEST_PAUSE) * (0.5 + self._clock.chance() / 2)

    def _line(self, error: Failure) -> str:
        line = f"{self._options.origin} {error.line(self._key)}"
        if error.wait is not None and error.wait > LONGEST_PAUSE:
            later = f"in {error.wait:.0f} s" if error.wait < DAY else "a day from now or later"
            line += f" (it wants to be asked again {later})"
        return line

    def _once(self, body: dict[str, Any], calls: Calls) -> Generator[str, None, None]:
        """One request, when the server has a turn free."""
        until, wire = self._clock.now() + self._options.longest, Wire()
        while not TURNS.take(self._options.origin, self._options.parallel):
            self._be_over(until)
            yield from self._clock.wait(STEP)
        with contextlib.closing(apart(lambda: self._ask(body, calls, wire, until), wire.cut)) as answer:
            for piece in answer:
                # Nothing came: the thread may wait at headers or at an error's page, where no piece ends its patience.
                if not piece:
                    self._be_over(until)
                yield piece

    def _be_over(self, until: float) -> None:
        if self._clock.now() > until:
            raise Failure(f"has not come to an end in {self._options.longest:g} s")

    def _ask(self, body: dict[str, Any], calls: Calls, wire: Wire, until: float) -> Iterator[str]:
        """The pieces as they come, blocking. Gives the turn back when the server is done, whoever still reads."""
        import httpx

        try:
            extensions = {"trace": wire.trace}
            with self._http.stream("POST", self._options.endpoint, json=body, extensions=extensions) as response:
                check(response)
                yield from filter(None, pieces(lines(self._in_time(response.iter_raw(), until)), calls))
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        finally:
            TURNS.give(self._options.origin)

    def _in_time(self, chunks: Iterator[bytes], until: float) -> Iterator[bytes]:
        for chunk in chunks:
            self._be_over(until)
            yield chunk

    def _failure(self, error: httpx.HTTPError) -> Failure:
        """What went wrong on the way, and whether it may go better."""
        import httpx

        if isinstance(error, httpx.ConnectTimeout):
            return Failure(f"is not reached within {self._options.connect_timeout:g} s: is it running?")
        if isinstance(error, httpx.TimeoutException):
            return Failure(f"has said nothing for {self._options.read_timeout:g} s")
        if "CERTIFICATE_VERIFY" in str(error):
            return Failure("has a certificate that nobody vouches for: name a CA that does in SSL_CERT_FILE")
        if isinstance(error, httpx.ConnectError):
            return Failure(f"is not reached ({first_line(error, named=False)}): is it running?", again=True)
        return Failure("broke the connection", again=True)


def form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON schema as it stands in a request."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
