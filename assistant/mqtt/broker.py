"""The connection to an MQTT broker, MQTT 5 or 3.1.1 where it knows no better: our messages on aiomqtt's client.

aiomqtt 2 connects in a thread, which nobody can give up and which says little of what went wrong. So the way is tried
first (`dialling`); then that thread is soon done, and an exit waits for it no longer than a few seconds.

With aiomqtt 3 (seen as 3.0.0a1) paho goes, and with it 3.1.1. `Client` takes `ssl_context`, `keep_alive`,
`clean_start`, `max_packet_size`, a password of bytes and mqtt5's `Will`; `connected()` gives the broker's CONNACK with
its limits; `publish(topic, payload, qos=…, packet_id=next(client.packet_ids), message_expiry_interval=…, …)` and
`subscribe(pattern, max_qos=…)` raise NegativeAckError; `messages()` is a call, each to be acknowledged by `puback`.
"""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, Literal

from assistant.mqtt.dialling import address, reached
from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused, NotTaken, TooLarge
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.refusals import client_id, lost, not_taken, other_version, unwelcome
from pipelines.remote.mqtt_reasons import who

if TYPE_CHECKING:
    from assistant.mqtt.client import Client

__all__ = ["BrokerError", "BrokerLost", "BrokerRefused", "Connection", "NotTaken", "TooLarge", "address", "connected"]

Version = Literal["5", "3.1.1"]

LARGEST = 65_536
"""Bytes of a payload from the broker; larger ones are dropped unread."""
PATIENCE = 15.0
"""Seconds that the broker may take to acknowledge something."""
_WAITING = 256
"""Messages that came in and wait to be read."""
_OVERHEAD = 64
"""Bytes of a packet that are neither topic nor payload nor the text of a property, at most."""
_MORE: dict[str, Any] = {
    "MessageExpiryInterval": None,
    "ContentType": "",
    "ResponseTopic": "",
    "CorrelationData": b"",
    "UserProperty": (),
}
"""MQTT 5's properties as the last fields of a message, and what they are without."""
_LATEST = 2**32 - 1
"""Seconds until a message expires, at most."""


@asynccontextmanager
async def connected(options: MqttOptions, will: Message) -> AsyncIterator[Connection]:
    """A connection with a clean session. Left by an exception or a cancellation, the broker publishes the will."""
    if importlib.util.find_spec("aiomqtt") is None:
        raise BrokerRefused('[mqtt] needs aiomqtt: pip install "omni-assistant[mqtt]"')
    context = await reached(options)
    async with AsyncExitStack() as stack:
        yield await _greeted(stack, options, will, context)


async def _greeted(
    stack: AsyncExitStack, options: MqttOptions, will: Message, context: SSLContext | None
) -> Connection:
    from aiomqtt import MqttError

    version: Version = "5"
    while True:
        try:
            client = _client(options, will, version, context)
            return Connection(options, await stack.enter_async_context(client), version)
        except MqttError as error:
            trouble = unwelcome(error, client.log.said, options)
            if version == "3.1.1" or not other_version(error, trouble):
                raise trouble from None
        except ValueError as error:
            raise BrokerRefused(f"[mqtt] does not fit into MQTT: {error}") from None
        version = "3.1.1"


def _client(options: MqttOptions, will: Message, version: Version, context: SSLContext | None) -> Client:
    from aiomqtt import ProtocolVersion, Will

    from assistant.mqtt.client import Client

    five = version == "5"
    return Client(
        *options.address,
        largest=LARGEST,
        identifier=client_id(options),
        protocol=ProtocolVersion.V5 if five else ProtocolVersion.V311,
        username=options.username or None,
        password=options.password if options.username else None,
        will=Will(will.topic, will.payload, will.qos, will.retain, _more(will, "WILLMESSAGE") if five else None),
        clean_session=None if five else True,
        timeout=PATIENCE,
        keepalive=options.keepalive,
        max_queued_incoming_messages=_WAITING,
        properties=_properties("CONNECT", {"MaximumPacketSize": 2 * LARGEST}) if five else None,
        tls_context=context,
        # Events are small and in a hurry: they must not wait until the last one was acknowledged.
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )


class Connection:
    """One connection, from the broker's greeting to its end, in the task and on the loop that opened it."""

    def __init__(self, options: MqttOptions, client: Client, version: Version) -> None:
        self.version = version
        self._options, self._client = options, client

    @property
    def dropped(self) -> int:
        """Messages that came in and were thrown away: too many, too large, or on no topic."""
        return self._client.dropped

    @property
    def last_dropped(self) -> str:
        """What the last of them was."""
        return self._client.last_dropped

    async def publish(self, message: Message) -> None:
        """Returns once the broker has it (QoS 1); raises BrokerLost, TooLarge, or NotTaken with the broker's reason."""
        from aiomqtt import MqttError

        if wrong := message.flaw:
            raise NotTaken(wrong)
        topic, most = message.topic, self._client.most
        if most and message.size + _OVERHEAD > most:
            raise TooLarge(f"{topic}: {len(message.payload)} bytes are more than the broker's {most}")
        more = _more(message, "PUBLISH") if self.version == "5" else None
        try:
            await self._client.publish(topic, message.payload, message.qos, message.retain, more)
        except ValueError as error:
            raise NotTaken(f"{topic[:80]!r} cannot be published: {error}") from None
        except MqttError as error:
            raise not_taken(error, message, self._options) from None

    async def subscribe(self, filter: str, qos: int = 1) -> None:
        """Returns once the broker has agreed; raises BrokerRefused where it does not."""
        from aiomqtt import MqttError

        try:
            answers: Any = await self._client.subscribe(filter, qos)
        except ValueError:
            raise BrokerRefused(f"{filter!r} is no filter of topics") from None
        except MqttError as error:
            raise lost(error, self._options) from None
        if any(answer.is_failure for answer in answers):
            raise BrokerRefused(f"the broker does not let {who(self._options)} read {filter}: allow it there")

    async def messages(self) -> AsyncIterator[Message]:
        """What comes in, oldest first; raises BrokerLost at the end of the connection, after what had come before."""
        from aiomqtt import MqttError

        try:
            async for message in self._client.messages:
                yield _received(message)
        except MqttError as error:
            raise lost(error, self._options) from None


def _more(message: Message, packet: str) -> Any:
    """What MQTT 5 says of a message beside its topic and payload."""
    expires = None if message.expires is None else min(max(message.expires, 0), _LATEST)
    texts = message.content_type, message.response_topic, message.correlation, [*message.properties]
    return _properties(packet, dict(zip(_MORE, (expires, *(text or None for text in texts)), strict=True)))


def _properties(packet: str, given: dict[str, Any]) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(getattr(PacketTypes, packet))  # type: ignore[no-untyped-call]
    for name, value in given.items():
        if value is not None:
            setattr(properties, name, value)
    return properties


def _received(message: Any) -> Message:
    more = [getattr(message.properties, name, nothing) for name, nothing in _MORE.items()]
    more[-1] = tuple(more[-1])
    return Message(message.topic.value, bytes(message.payload), message.retain, message.qos, *more)
