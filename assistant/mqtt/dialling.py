"""The way to a broker, tried before aiomqtt takes it, in a thread that cannot be given up."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from typing import Any

from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused
from assistant.mqtt.options import MqttOptions
from devices.threads import apart
from pipelines.remote.mqtt_reasons import unreached

PATIENCE = 8.0
"""Seconds for all of it."""
_PLACE = re.compile(r"(?:\[(?P<six>[^]]*)\]|(?P<host>[^:/@\s\[\]]+))(?::(?P<port>\d{1,5}))?")


def address(text: str) -> dict[str, Any]:
    """`HOST`, `HOST:PORT` or `[IPV6]:PORT` as options of [mqtt]; a ValueError says what is wrong in a clause."""
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 192.168.1.10:1883 or [::1]:1883")
    host, port = match["six"] if match["six"] is not None else match["host"], match["port"]
    if match["six"] is not None and not _is_ipv6(host):
        raise ValueError(f"{host!r} is no IPv6 address")
    if port is None:
        return {"host": host}
    if not 1 <= int(port) <= 65535:
        raise ValueError(f"port {port} is not between 1 and 65535")
    return {"host": host, "port": int(port)}


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


async def reached(options: MqttOptions) -> ssl.SSLContext | None:
    """Connects, encrypted with [mqtt.tls], and hangs up; returns how to. Raises BrokerLost or BrokerRefused."""
    try:
        context = await apart("mqtt-tls", options.tls.context) if options.tls else None
    except ValueError as error:
        raise BrokerRefused(f"mqtt.{error}") from None
    try:
        async with asyncio.timeout(PATIENCE):
            await _tried(options, context)
    except OSError as error:
        raise _trouble(error, options) from None
    except ValueError:
        raise BrokerRefused(f"mqtt.host {options.host!r} can be no host's name") from None
    return context


async def _tried(options: MqttOptions, context: ssl.SSLContext | None) -> None:
    """Takes the first of its addresses that answers. A name server that hangs keeps a thread nobody waits for."""
    host, port = options.address
    error = OSError("it has no address")
    addresses = await apart("mqtt-name", socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    name = host if context else None
    for *_, where in addresses:
        try:
            async with asyncio.timeout(PATIENCE / len(addresses)):
                _, writer = await asyncio.open_connection(*where[:2], ssl=context, server_hostname=name)
            return writer.transport.abort()
        except OSError as failed:
            error = failed
    raise error


def _trouble(error: OSError, options: MqttOptions) -> BrokerError:
    kind = BrokerRefused if isinstance(error, ssl.SSLError) else BrokerLost
    return kind(unreached(error, options, PATIENCE))
