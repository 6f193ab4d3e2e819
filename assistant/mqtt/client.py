"""aiomqtt's client with the gaps closed that would lose events, hold somebody up, or be read on the terminal.

aiomqtt 2.5 hears of no end before the broker's greeting and forgets one that comes with it, waits on after the end,
drops the reason in an acknowledgement, takes a message that it cannot read for the end, writes on sockets that are
closed, and says goodbye always, so that no will is published. The methods overridden are not public, hence
`aiomqtt<3`; each stands for itself, and goes when aiomqtt does what it does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import aiomqtt
from aiomqtt import MqttCodeError, MqttError

T = TypeVar("T")

_GOODBYE = 0.3
"""Seconds that the broker may take to hear it."""
_CONNECTING = 3.0
"""Seconds for TCP, and again for TLS, in a thread that cannot be given up: the address was just tried."""


class Ended(MqttError):
    """The connection is over; its cause says why."""


class Client(aiomqtt.Client):
    """One connection: used once."""

    def __init__(self, host: str, port: int, *, largest: int, **more: Any) -> None:
        """`largest`: bytes of a payload, beyond which one that comes in is dropped."""
        self.log = _Log("mqtt", logging.ERROR)
        super().__init__(host, port, logger=self.log, **more)
        self._client.connect_timeout = _CONNECTING
        self._largest = largest
        self._refused: dict[int, Any] = {}
        self.most = 0
        """Bytes of a packet that the broker takes; 0: any."""
        self.dropped, self.last_dropped = 0, ""

    async def __aenter__(self) -> Client:
        """Cancelled or refused it leaves nothing behind; and an end that came with the greeting is not forgotten."""
        ended = self._disconnected
        entering = asyncio.ensure_future(super().__aenter__())
        try:
            await asyncio.wait({entering})
            entering.result()
        except BaseException:
            entering.add_done_callback(self._hang_up)
            self._on_disconnect(None, None, None, None)
            await asyncio.wait({entering})
            raise
        self._disconnected = ended
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Says goodbye, unless left by an exception: then the broker publishes the will."""
        self.timeout = _GOODBYE
        try:
            if kind is None:
                with suppress(MqttError):
                    await super().__aexit__(None, None, None)
        finally:
            self._hang_up()

    def _hang_up(self, *last: asyncio.Future[Any]) -> None:
        """Ends it at once, however far it got."""
        for done in (self._disconnected, *last):
            if done.done() and not done.cancelled():
                done.exception()  # nobody else may ask for it
        # The public ways to end it wait for a packet to be written, and void the will.
        self._client._sock_close()

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109  as it is overridden
        """Waits no longer than the connection lasts."""
        wanted = asyncio.ensure_future(fut)
        either: set[asyncio.Future[Any]] = {wanted, self._disconnected}
        try:
            await asyncio.wait(either, timeout=timeout or self.timeout, return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
        finally:
            wanted.cancel()
        if self._disconnected.done():
            raise Ended("the connection ended") from self._disconnected.exception()
        raise MqttError(f"no answer within {self.timeout:g} s")

    def _on_connect(self, *given: Any) -> None:
        """Keeps what the broker takes."""
        self.most = getattr(given[-1], "MaximumPacketSize", 0)
        super()._on_connect(*given)

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        """Counts before the greeting as well."""
        if not self._disconnected.done():
            self._disconnected.set_exception(MqttCodeError(reason_code))
            self._disconnected.exception()  # nobody else may ask for it

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        """Keeps the reason."""
        if reason_code.is_failure and mid in self._pending_publishes:
            self._refused[mid] = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @contextmanager
    def _pending_call(self, mid: int, value: T, pending_dict: dict[int, T]) -> Iterator[None]:
        """Raises what the broker had against it."""
        with super()._pending_call(mid, value, pending_dict):
            yield
        if reason := self._refused.pop(mid, None):
            raise MqttCodeError(reason)

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        """Drops what is none, is too large, or too much."""
        try:
            if len(message.payload) > self._largest:
                what = f"{len(message.payload)} bytes on {message.topic[:80]!r}: at most {self._largest} are read"
            elif self._queue.full():
                what = f"{message.topic[:80]!r}: too many at once"
            else:
                return super()._on_message(client, userdata, message)
        except ValueError:
            what = "a message on a topic that is none"
        self.dropped, self.last_dropped = self.dropped + 1, what

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        """Not of a socket that is closed by then: the loop would complain, or write on another of that number."""

        def register() -> None:
            if sock.fileno() > -1:
                self._loop.add_writer(sock, client.loop_write)

        self._loop.call_soon_threadsafe(register)


class _Log(logging.Logger):
    """What would be printed on the terminal: the last of it is kept."""

    said = ""

    def handle(self, record: logging.LogRecord) -> None:
        self.said = record.getMessage()
