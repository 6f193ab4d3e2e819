"""Our messages as those of aiomqtt and of the paho client inside of it, and back."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING, Any, Literal

from assistant.mqtt.message import Message
from assistant.mqtt.options import PASSWORD, MqttOptions
from assistant.mqtt.refusals import client_id

if TYPE_CHECKING:
    import aiomqtt

Version = Literal["5", "3.1.1"]

_NO_TOPIC = re.compile(r"[+#\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|^\$|^$")
"""What MQTT 5 (1.5.4, 4.7) forbids or lets a broker end the connection for, and its own topics."""
_LONGEST = 65_535
"""Bytes of any text in a packet."""
_LATEST = 2**32 - 1
"""Seconds until a message expires, at most."""
_OVERHEAD = 64
"""Bytes of a packet that are neither topic nor payload nor the text of a property, at most."""


def client(options: MqttOptions, will: Message, version: Version) -> aiomqtt.Client:
    """Not connected yet. A ValueError says what MQTT cannot express."""
    import aiomqtt

    five = version == "5"
    properties = publishing(will, "WILLMESSAGE") if five else None
    return aiomqtt.Client(
        *options.address,
        identifier=client_id(options),
        protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
        username=options.username or None,
        password=os.environ.get(PASSWORD) if options.username else None,
        will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain, properties),
        clean_session=None if five else True,
        # One that no handler ever sees: Python would print its warnings on the terminal.
        logger=logging.Logger("mqtt", logging.CRITICAL + 1),
    )


def connecting(largest: int) -> Any:
    """What MQTT 5 tells the broker of us: bytes of the largest packet it may send."""
    properties = _properties("CONNECT")
    properties.MaximumPacketSize = largest
    return properties


def publishing(message: Message, packet: str = "PUBLISH") -> Any:
    """What MQTT 5 says of a message beside its topic and payload."""
    properties = _properties(packet)
    given = {
        "MessageExpiryInterval": None if message.expires is None else min(max(message.expires, 0), _LATEST),
        "ContentType": message.content_type or None,
        "ResponseTopic": message.response_topic or None,
        "CorrelationData": message.correlation or None,
    }
    for name, value in given.items():
        if value is not None:
            setattr(properties, name, value)
    return properties


def _properties(packet: str) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    return Properties(getattr(PacketTypes, packet))  # type: ignore[no-untyped-call]


def received(topic: str, message: Any) -> Message:
    """A message of paho's as one of ours."""
    more = message.properties
    return Message(
        topic,
        bytes(message.payload),
        message.retain,
        message.qos,
        getattr(more, "MessageExpiryInterval", None),
        getattr(more, "ContentType", ""),
        getattr(more, "ResponseTopic", ""),
        getattr(more, "CorrelationData", b""),
    )


def flaw(message: Message) -> str:
    """Why no broker would take it, since where to answer comes from outside; empty where it may be sent."""
    for topic in (message.topic, message.response_topic or message.topic):
        if _NO_TOPIC.search(topic) or len(topic.encode()) > _LONGEST:
            return f"{topic[:80]!r} is no topic to publish to"
    longest = max(len(message.content_type.encode(errors="replace")), len(message.correlation))
    return "" if longest <= _LONGEST else f"{message.topic}: its properties are too long"


def size(message: Message) -> int:
    """Bytes of its packet, at most."""
    texts = (message.topic, message.content_type, message.response_topic)
    return len(message.payload) + len(message.correlation) + sum(len(text.encode()) for text in texts) + _OVERHEAD
