"""Why a broker does not let us in, and what is to be done about it, in one line."""

from __future__ import annotations

import hashlib
import re

from assistant.mqtt.dialling import place
from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused
from assistant.mqtt.options import PASSWORD, MqttOptions

OTHER_VERSION = {0x80, 0x81, 0x82, 0x84}
"""Reason codes with which a broker may answer a version of MQTT that it does not speak."""
TAKEN_OVER = 0x8E
TOO_LARGE = 0x95

_BUSY = {0x88, 0x89, 0x97, 0x9F}
_NOT_YOU = "wrong name or password, or {user} may not connect: check mqtt.username and export {password}=…"
_WHY = {
    0x85: "it does not take the client id {client}: choose another mqtt.node",
    0x86: _NOT_YOU,
    0x87: _NOT_YOU,
    0x8A: "{user} is banned there",
    0x9A: "it keeps no retained messages, which Home Assistant needs: allow them there",
    0x9B: "it does not take QoS 1: allow it there",
}
"""By the reason codes of MQTT 5, section 2.4, to which those of 3.1.1 are translated."""


def client_id(options: MqttOptions) -> str:
    """The same each time; at most 23 of the characters that every broker must take, and a dash."""
    whole = f"{options.base}-{options.node}"
    plain = re.sub(r"[^0-9A-Za-z-]", "-", whole)
    if plain == whole and len(plain) <= 23:
        return plain
    return f"{plain[:14]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def who(options: MqttOptions) -> str:
    return options.username or "someone without mqtt.username"


def refusal(code: int, said: str, options: MqttOptions) -> BrokerError:
    """For a greeting that says no."""
    kind = BrokerLost if code in _BUSY else BrokerRefused
    why = _WHY.get(code, f"it says {said.lower()}")
    why = why.format(client=client_id(options), password=PASSWORD, user=who(options))
    return kind(f"the broker at {place(options)} does not let us in: {why}")


def unanswered(why: str, alert: str, options: MqttOptions) -> BrokerError:
    """For a greeting that never came. `alert`: what TLS had to say about it."""
    at, own = place(options), options.tls.certificate if options.tls else None
    if "ALERT" in alert and ("CERTIFICATE" in alert or "UNKNOWN_CA" in alert):
        if own:
            return BrokerRefused(
                f"the broker at {at} does not take mqtt.tls.certificate {own}: is it by its authority?"
            )
        return BrokerRefused(f"the broker at {at} asks for a certificate: name yours as mqtt.tls.certificate")
    hint = "" if options.tls else "; if that port is for TLS, add [mqtt.tls]"
    return BrokerLost(f"no greeting from the broker at {at}: {why}{hint}")
