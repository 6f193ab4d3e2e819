"""Why a broker does not let us in, or ended it, and what is to be done about it, in one line."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused, NotTaken, TooLarge
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from pipelines.remote.mqtt_reasons import not_let_in, refused

_UNSPECIFIED, _TAKEN_OVER, _TOO_LARGE = 0x80, 0x8E, 0x95
_OTHER_VERSION = {0x80, 0x81, 0x82, 0x84}
"""Reason codes with which a broker may answer a version of MQTT that it does not speak."""
_BUSY = {0x88, 0x89, 0x97, 0x9F}
_WHY = {
    0x85: "it does not take the client id {client}: choose another mqtt.node",
    0x9A: "it keeps no retained messages, which Home Assistant needs: allow them there",
    0x9B: "it does not take QoS 1: allow it there",
}
"""What only a bridge is told: by the reason codes of MQTT 5, section 2.4, to which those of 3.1.1 are translated."""


def client_id(options: MqttOptions) -> str:
    """The same each time; at most 23 of the characters that every broker must take, and a dash."""
    whole = f"{options.base}-{options.node}"
    plain = re.sub(r"[^0-9A-Za-z-]", "-", whole)
    if plain == whole and len(plain) <= 23:
        return plain
    return f"{plain[:14]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _code(error: Any) -> int:
    """The broker's reason in an error of aiomqtt's; 0 where it is none or only a number of paho's."""
    reason: Any = getattr(error, "rc", None)
    return int(reason.value) if hasattr(reason, "is_failure") else 0


def other_version(error: Exception, trouble: BrokerError) -> bool:
    """Whether the broker may not speak this version of MQTT: it may say so, or just leave."""
    from assistant.mqtt.client import Ended

    return _code(error) in _OTHER_VERSION or (isinstance(error, Ended) and isinstance(trouble, BrokerLost))


def unwelcome(error: Any, said: str, options: MqttOptions) -> BrokerError:
    """For a greeting that says no, or never came. `said`: what TLS had to say about it."""
    there, own = f"the broker at {options.place}", options.tls.certificate if options.tls else None
    if code := _code(error):
        meant = _WHY.get(code, "").format(client=client_id(options))
        kind = BrokerLost if code in _BUSY else BrokerRefused
        return kind(not_let_in(meant or refused(code, str(error.rc), options), options))
    if "ALERT" in said and ("CERTIFICATE" in said or "UNKNOWN_CA" in said):
        if own:
            return BrokerRefused(f"{there} does not take mqtt.tls.certificate {own}: is it by its authority?")
        return BrokerRefused(f"{there} asks for a certificate: name yours as mqtt.tls.certificate")
    hint = "" if options.tls else "; if that port is for TLS, add [mqtt.tls]"
    return BrokerLost(f"no greeting from {there}: {error}{hint}")


def not_taken(error: Any, message: Message, options: MqttOptions) -> BrokerError:
    """For an acknowledgement that says no, or never came."""
    if _code(error) == _TOO_LARGE:
        return TooLarge(f"{message.topic}: {len(message.payload)} bytes are more than the broker takes")
    if _code(error):
        return NotTaken(f"the broker does not take {message.topic} ({str(error.rc).lower()}): allow it there")
    return lost(error, options)


def lost(error: Any, options: MqttOptions) -> BrokerLost:
    """For a connection that ended, or on which nobody answers."""
    ended = error.__cause__ or error
    why = "the connection ended" if hasattr(ended, "rc") else str(error)
    if ended is not error and not hasattr(ended, "rc"):
        why = "what it sends is no MQTT"
    elif _code(ended) == _TAKEN_OVER:
        why = f"another program calls itself {client_id(options)} there: give one of them another mqtt.node"
    elif _code(ended) not in (0, _UNSPECIFIED):
        why = f"{why} ({str(ended.rc).lower()})"
    return BrokerLost(f"the broker at {options.place} is lost: {why}")
