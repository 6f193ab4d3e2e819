"""A connection to an MQTT 5 broker that is kept up by a thread of its own: tried again after longer and longer."""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.backends import first_line
from pipelines.remote.mqtt_options import BrokerOptions
from pipelines.remote.mqtt_reasons import UNWELCOME, not_let_in, refused, unreached
from pipelines.wording import one_line

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 15.0
"""Seconds before the broker is tried again."""
STEADY = 5.0
"""Seconds that a connection must have lasted for the pauses to begin anew."""
KEEPALIVE = 15
"""Seconds; the broker takes for gone who is silent for half as long again."""
_PROPERTY = "job"
"""The name of the one user property that is known here."""
_NOBODY = 0x10
"""The reason with which a broker takes a message that nobody has subscribed to."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent or comes in, with what MQTT 5 tells beside the payload."""

    topic: str
    payload: bytes = b""
    user_property: str = ""
    """The value of the one that is called `job`."""
    response_topic: str = ""
    """Where the answer is wanted."""
    correlation: bytes = b""
    """What goes back with the answer as it is."""
    expires: int | None = None
    """Seconds after which it is not worth delivering."""


class Client(Protocol):
    """Who is told what happens on a connection: in its thread, in which nothing may be waited for."""

    def connected(self) -> None: ...

    def got(self, message: Message) -> None: ...

    def delivered(self, number: int, anybody: bool) -> None:
        """The broker has what was sent under this number; `anybody`: whether somebody has subscribed to it."""

    def away(self) -> None:
        """The broker is gone, was not reached, or refused: see `trouble`."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who the client is, and what it wants to get."""

    name: str
    """The client's, which no other one on the broker has."""
    filters: tuple[str, ...]
    """At first; see `subscribe`."""
    will: Message | None = None
    """What the broker says for it when it is gone without a word."""
    largest: int = 1 << 20
    """Bytes of a message that is taken."""


class Connection:
    """One client of one broker."""

    def __init__(self, options: BrokerOptions, wants: Subscription, client: Client) -> None:
        """Raises ValueError where the files of `tls` cannot be used."""
        self._options, self._wants, self._client = options, wants, client
        self._filters = dict.fromkeys(wants.filters)
        self._ended = threading.Event()
        self._since: float | None = None
        """When messages began to come; None: they do not."""
        self._greeted = False
        """Whether the broker has said anything on the present connection."""
        self.trouble = f"the broker at {options.place} has not answered yet"
        """Why there is no connection; empty while there is one."""
        self.refused = False
        """Whether one of both does not want the other: no name or password, no permission, or no trust."""
        self._paho = self._made()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    @property
    def place(self) -> str:
        """The broker as people write it."""
        return self._options.place

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def send(self, message: Message, qos: int = 1) -> int:
        """Hand a message over; its number, under which its delivery is told."""
        sent = self._paho.publish(message.topic, message.payload, qos, properties=_properties(message))
        return int(sent.mid)

    def subscribe(self, wanted: str) -> None:
        """Want this, too; whatever is sent after it comes to the broker after it."""
        self._filters[wanted] = None
        self._paho.subscribe(wanted, 1)

    def unsubscribe(self, wanted: str) -> None:
        """Want it no longer; some of it may still be under way."""
        self._filters.pop(wanted, None)
        self._paho.unsubscribe(wanted)

    def close(self) -> None:
        """Say what is still to be said, and good-bye."""
        self._ended.set()
        self._paho.disconnect()
        if self._thread.ident is not None:
            self._thread.join(2.0)

    def _made(self) -> Any:
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            self._wants.name,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,  # `_run` does that, and knows why it was necessary
        )
        if self._options.username:
            client.username_pw_set(self._options.username, self._options.password)
        if self._options.tls is not None:
            client.tls_set_context(self._options.tls.context())
        if self._wants.will is not None:
            client.will_set(self._wants.will.topic, self._wants.will.payload, 1)
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_message, client.on_publish = self._got, self._delivered
        # Where this is set only the connection's thread writes: two at once would mix up long messages.
        client.on_socket_register_write = lambda *_: None
        return client

    def _run(self) -> None:
        """Until closed."""
        pause = FIRST_PAUSE
        while not self._ended.is_set():
            self._since, self._greeted = None, False
            self._once()
            if self._ended.is_set():
                return
            self._client.away()
            steady = self._since is not None and time.monotonic() >= self._since + STEADY
            pause = FIRST_PAUSE if steady else min(pause * 2, LONGEST_PAUSE)
            self._ended.wait(pause * random.uniform(0.75, 1.0))  # not all clients of a broker at once

    def _once(self) -> None:
        """Connect, and stay as long as it lasts."""
        from paho.mqtt import MQTTException

        host, port = self._options.address
        try:
            self._paho.connect(host, port, KEEPALIVE, clean_start=True, properties=self._wishes())
            while not self._paho.loop():
                _hasten(self._paho.socket())
        except (OSError, ValueError, MQTTException) as error:
            self.refused = isinstance(error, ssl.SSLCertVerificationError)
            self.trouble = self._why(error)
        else:
            self.trouble = (self._greeted and self.trouble) or self._broken()

    def _broken(self) -> str:
        if self._greeted:
            return f"the broker at {self.place} broke the connection"
        hint = "" if self._options.tls else "; if that port is for TLS, add [mqtt.tls] to the file, or [captioner.tls]"
        return f"no greeting from the broker at {self.place}{hint}"

    def _why(self, error: Exception) -> str:
        if isinstance(error, OSError):
            return unreached(error, self._options, self._paho.connect_timeout)
        return f"the broker at {self.place} is not reached: {one_line(first_line(error, named=False))}"

    def _wishes(self) -> Any:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.MaximumPacketSize = self._wants.largest + (64 << 10)
        return wishes

    def _connected(self, paho: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        self._greeted, self.refused = True, reason.value in UNWELCOME
        if reason.is_failure:
            self.trouble = not_let_in(refused(reason.value, str(reason), self._options), self._options)
            return
        if self._ended.is_set():  # it was closed while it connected
            paho.disconnect()
            return
        paho.subscribe([(wanted, 1) for wanted in tuple(self._filters)])

    def _subscribed(self, paho: Any, _data: Any, _number: int, reasons: Any, _more: Any) -> None:
        """Only now messages come."""
        self.refused = any(reason.is_failure for reason in reasons)
        if self.refused:
            self.trouble = (
                f"the broker at {self.place} does not let us subscribe to {' and '.join(tuple(self._filters))}"
            )
            paho.disconnect()
            return
        if self._since is None:
            self._since, self.trouble = time.monotonic(), ""
            self._client.connected()

    def _got(self, _paho: Any, _data: Any, message: Any) -> None:
        more = message.properties
        values = [value for name, value in getattr(more, "UserProperty", ()) if name == _PROPERTY]
        try:
            topic = str(message.topic)
        except UnicodeDecodeError:
            topic = ""
        got = Message(
            topic,
            bytes(message.payload),
            user_property=values[0] if len(values) == 1 else "",
            response_topic=getattr(more, "ResponseTopic", ""),
            correlation=getattr(more, "CorrelationData", b""),
        )
        self._client.got(got)

    def _delivered(self, _paho: Any, _data: Any, number: int, reason: Any, _more: Any) -> None:
        self._client.delivered(number, reason.value != _NOBODY)


def _hasten(line: Any) -> None:
    """Neither side may wait for the other before it sends a small message: it would be 40 ms for each.

    Linux forgets the second option again and again.
    """
    for option in ("TCP_NODELAY", "TCP_QUICKACK"):
        if line is not None and hasattr(socket, option):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), 1)


def _properties(message: Message) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    more = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if message.user_property:
        more.UserProperty = (_PROPERTY, message.user_property)
    if message.response_topic:
        more.ResponseTopic = message.response_topic
    if message.correlation:
        more.CorrelationData = message.correlation
    if message.expires is not None:
        more.MessageExpiryInterval = message.expires
    return more
