"""The connection to an MQTT broker: MQTT 5, or 3.1.1 where it knows no better, and the one file that uses aiomqtt.

Of aiomqtt 2 its client is used as the state of the protocol, and its subscriptions. The rest is wired to the loop here,
by the documented callbacks of the paho client inside of it, since aiomqtt 2 connects in a thread that cannot be given
up, hears of no end before the broker's greeting, forgets the reason in an acknowledgement, and keeps all that comes in.

With aiomqtt 3 (seen as 3.0.0a1) paho goes, and with it 3.1.1. `Client` takes `ssl_context`, `keep_alive`,
`clean_start`, `max_packet_size`, a password of bytes and mqtt5's `Will`; `connected()` gives the broker's CONNACK with
its limits; `publish(topic, payload, qos=…, packet_id=next(client.packet_ids), message_expiry_interval=…, …)` and
`subscribe(pattern, max_qos=…)` raise NegativeAckError; `messages()` is a call, each to be acknowledged by `puback`;
MqttError becomes ConnectError, ProtocolError and NegativeAckError. So far, its TCP connect blocks the loop.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
import socket
import ssl
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from assistant.mqtt.dialling import address, dialled, place
from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused, NotTaken, TooLarge
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.packets import Version, client, connecting, flaw, publishing, received, size
from assistant.mqtt.refusals import OTHER_VERSION, TAKEN_OVER, TOO_LARGE, client_id, refusal, unanswered, who

__all__ = [
    "BrokerError",
    "BrokerLost",
    "BrokerRefused",
    "Connection",
    "NotTaken",
    "TooLarge",
    "address",
    "connected",
]

T = TypeVar("T")

LARGEST = 65_536
"""Bytes of a payload from the broker; larger ones are dropped unread."""
PATIENCE = 15.0
"""Seconds that the broker may take to acknowledge something."""
_WAITING = 256
"""Messages that came in and wait to be read."""
_CLOSED = "the connection ended"


@asynccontextmanager
async def connected(options: MqttOptions, will: Message) -> AsyncIterator[Connection]:
    """A connection with a clean session. Left by an exception or a cancellation, the broker publishes the will."""
    if importlib.util.find_spec("aiomqtt") is None:
        raise BrokerRefused('[mqtt] needs aiomqtt: pip install "omni-assistant[mqtt]"')
    connection = await _greeted(options, will)
    try:
        yield connection
        await connection.leave()
    finally:
        connection.hang_up()


async def _greeted(options: MqttOptions, will: Message) -> Connection:
    try:
        return await _greeted_in(options, will, "5")
    except _OtherVersion:
        return await _greeted_in(options, will, "3.1.1")


async def _greeted_in(options: MqttOptions, will: Message, version: Version) -> Connection:
    line = await dialled(options)
    try:
        connection = Connection(options, will, version, line)
    except ValueError as error:
        line.close()
        raise BrokerRefused(f"[mqtt] does not fit into MQTT: {error}") from None
    try:
        await connection.greet()
    except BaseException:
        connection.hang_up()
        raise
    return connection


class _OtherVersion(Exception):
    """The broker does not speak this version of MQTT, or does not say so but leaves."""


class Connection:
    """One connection, from the broker's greeting to its end, in the task and on the loop that opened it."""

    def __init__(self, options: MqttOptions, will: Message, version: Version, line: socket.socket) -> None:
        self.version = version
        self.dropped = 0
        """Messages that came in and were thrown away: too many, too large, or on no topic."""
        self.last_dropped = ""
        """What the last of them was."""
        self._options, self._line = options, line
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[str] = self._loop.create_future()
        self._greeting: asyncio.Future[tuple[Any, Any]] = self._loop.create_future()
        self._acknowledged: dict[int, asyncio.Future[Any]] = {}
        self._inbox: deque[Message] = deque()
        self._arrival: asyncio.Future[None] | None = None
        self._most = 0
        self._said = ""
        self._pulse: asyncio.TimerHandle | None = None
        self._client = client(options, will, version)
        self._paho = self._client._client
        self._wire()

    async def publish(self, message: Message) -> None:
        """Returns once the broker has it (QoS 1); raises BrokerLost, TooLarge, or NotTaken with the broker's reason."""
        if wrong := flaw(message):
            raise NotTaken(wrong)
        if self._most and size(message) > self._most:
            raise TooLarge(f"{message.topic}: {len(message.payload)} bytes are more than the broker's {self._most}")
        if self._gone.done():
            raise self._loss()
        try:
            more = publishing(message) if self.version == "5" else None
            sent = self._paho.publish(message.topic, message.payload, message.qos, message.retain, more)
        except ValueError as error:
            raise NotTaken(f"{message.topic[:80]!r} cannot be published: {error}") from None
        if sent.rc:
            raise self._loss()
        if message.qos:
            await self._acknowledgement(sent.mid, message)

    async def _acknowledgement(self, number: int, message: Message) -> None:
        self._acknowledged[number] = answer = self._loop.create_future()
        try:
            reason = await self._unless_gone(answer, PATIENCE)
        finally:
            del self._acknowledged[number]
        if reason.value == TOO_LARGE:
            raise TooLarge(f"{message.topic}: {len(message.payload)} bytes are more than the broker takes")
        if reason.is_failure:
            raise NotTaken(f"the broker does not take {message.topic} ({str(reason).lower()}): allow it there")

    async def subscribe(self, filter: str, qos: int = 1) -> None:
        """Returns once the broker has agreed; raises BrokerRefused where it does not."""
        from aiomqtt import MqttError

        if self._gone.done():
            raise self._loss()
        asked = asyncio.ensure_future(self._client.subscribe(filter, qos, timeout=math.inf))
        try:
            answers: Any = await self._unless_gone(asked, PATIENCE)
        except ValueError:
            raise BrokerRefused(f"{filter!r} is no filter of topics") from None
        except MqttError:
            raise self._loss() from None
        finally:
            asked.cancel()
        if any(answer.is_failure for answer in answers):
            raise BrokerRefused(f"the broker does not let {who(self._options)} read {filter}: allow it there")

    async def messages(self) -> AsyncIterator[Message]:
        """What comes in, oldest first; raises BrokerLost at the end of the connection, after what had come before."""
        while True:
            while not self._inbox:
                self._arrival = self._loop.create_future()
                await self._unless_gone(self._arrival, None)
            yield self._inbox.popleft()

    async def greet(self) -> None:
        """Says who we are, and waits for the broker's answer."""
        if self.version == "5":
            more = connecting(2 * LARGEST)
            self._paho.connect(*self._options.address, self._options.keepalive, clean_start=True, properties=more)
        else:
            self._paho.connect(*self._options.address, self._options.keepalive)
        self._beat()
        try:
            reason, limits = await self._unless_gone(self._greeting, PATIENCE)
        except BrokerLost:
            raise self._unanswered() from None
        if self.version == "5" and reason.value in OTHER_VERSION:
            raise _OtherVersion
        if reason.is_failure:
            raise refusal(reason.value, str(reason), self._options)
        self._most = getattr(limits, "MaximumPacketSize", 0)

    async def leave(self) -> None:
        """Says goodbye: the will is void."""
        if not self._gone.done():
            self._paho.disconnect()
            await asyncio.wait({self._gone}, timeout=0.3)

    def hang_up(self) -> None:
        """Ends it at once, however far it got."""
        self._end("it was left")
        if self._pulse:
            self._pulse.cancel()
        # The public ways to end it all wait for a packet to be written.
        self._paho._sock_close()
        self._line.close()

    def _wire(self) -> None:
        """Connects paho's callbacks with the loop: everything happens on its thread."""
        paho, loop = self._paho, self._loop
        vars(paho)["_create_socket_connection"] = lambda: self._line
        paho.on_socket_open = lambda _client, _data, line: loop.add_reader(line, self._read)
        paho.on_socket_close = lambda _client, _data, line: _forget(loop.remove_reader, line)
        paho.on_socket_register_write = lambda client, _data, line: loop.add_writer(line, client.loop_write)
        paho.on_socket_unregister_write = lambda _client, _data, line: _forget(loop.remove_writer, line)
        paho.on_connect = lambda _client, _data, _flags, reason, more: _settle(self._greeting, (reason, more))
        paho.on_disconnect = lambda _client, _data, flags, reason, _more: self._disconnected(flags, reason)
        paho.on_publish = lambda _client, _data, number, reason, _more: _settle(self._acknowledged.get(number), reason)
        paho.on_message = lambda _client, _data, message: self._take(message)
        paho.on_log = lambda _client, _data, level, text: self._note(level, text)

    def _read(self) -> None:
        from paho.mqtt.exception import MQTTException

        try:
            self._paho.loop_read()
            while isinstance(line := self._paho.socket(), ssl.SSLSocket) and line.pending():
                self._paho.loop_read()
        except (AssertionError, LookupError, TypeError, ValueError, struct.error, MQTTException):
            self._end("what the broker sends is no MQTT")
            self._paho._sock_close()

    def _beat(self) -> None:
        """Sends what keeps the connection alive, or finds out that it is not: paho counts the seconds."""
        if not self._paho.loop_misc():
            self._pulse = self._loop.call_later(1.0, self._beat)

    async def _unless_gone(self, wanted: asyncio.Future[T], seconds: float | None) -> T:
        either: set[asyncio.Future[Any]] = {wanted, self._gone}
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            return wanted.result()
        self._end(f"no answer within {seconds} s")
        raise self._loss()

    def _end(self, why: str) -> None:
        _settle(self._gone, why)

    def _loss(self) -> BrokerLost:
        why = self._gone.result() if self._gone.done() else "it ended"
        return BrokerLost(f"the broker at {place(self._options)} is lost: {why}")

    def _disconnected(self, flags: Any, reason: Any) -> None:
        if reason.value == TAKEN_OVER:
            self._end(
                f"another program calls itself {client_id(self._options)} there: give one of them another mqtt.node"
            )
        elif flags.is_disconnect_packet_from_server:
            self._end(f"it said {str(reason).lower()}")
        else:
            self._end(_CLOSED)

    def _note(self, level: int, text: str) -> None:
        from paho.mqtt.enums import LogLevel

        if level == LogLevel.MQTT_LOG_ERR:
            self._said = text

    def _take(self, message: Any) -> None:
        """Keeps what came in, unless it is none of what may."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return self._drop("a topic that is not UTF-8")
        if not topic or set(topic) & {"+", "#", "\0"}:
            return self._drop(f"a topic that is none: {topic[:80]!r}")
        if len(message.payload) > LARGEST:
            return self._drop(f"{len(message.payload)} bytes on {topic[:80]!r}: at most {LARGEST} are read")
        if len(self._inbox) == _WAITING:
            return self._drop(f"{topic[:80]!r}: too many at once")
        self._inbox.append(received(topic, message))
        _settle(self._arrival, None)

    def _drop(self, what: str) -> None:
        self.dropped, self.last_dropped = self.dropped + 1, what

    def _unanswered(self) -> Exception:
        why = self._gone.result()
        trouble = unanswered(why, self._said, self._options)
        if self.version == "5" and why == _CLOSED and isinstance(trouble, BrokerLost):
            return _OtherVersion()
        return trouble


def _settle(future: asyncio.Future[Any] | None, result: Any) -> None:
    if future and not future.done():
        future.set_result(result)


def _forget(remove: Callable[[Any], bool], line: Any) -> None:
    remove(line)
