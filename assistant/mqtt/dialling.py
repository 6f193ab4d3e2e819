"""The way to a broker: name, TCP and TLS, none of which holds up the loop or outlives a cancelled task."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from assistant.mqtt.errors import BrokerLost, BrokerRefused
from assistant.mqtt.options import MqttOptions, TlsOptions
from devices.threads import apart

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


def place(options: MqttOptions) -> str:
    """The broker's address as people write it."""
    return options.place


async def dialled(options: MqttOptions) -> socket.socket:
    """A socket to the broker that does not block, encrypted with [mqtt.tls]; raises BrokerLost or BrokerRefused."""
    context = await apart("mqtt-tls", tls_context, options.tls) if options.tls else None
    try:
        async with asyncio.timeout(PATIENCE):
            line = await _reached(options)
            return await _encrypted(line, context, options) if context else line
    except TimeoutError:
        raise BrokerLost(f"no answer from {place(options)} in {PATIENCE:g} s: is mqtt.host right?") from None


async def _reached(options: MqttOptions) -> socket.socket:
    """A TCP connection to the first of its addresses that takes one."""
    addresses = await _addresses(options)
    error = OSError("it has no address")
    for family, kind, protocol, _, where in addresses:
        try:
            async with asyncio.timeout(max(1.0, PATIENCE / len(addresses))):
                return await _connected(socket.socket(family, kind, protocol), where)
        except OSError as failed:
            error = failed
    why = os.strerror(error.errno).lower() if error.errno else "it does not answer"
    raise BrokerLost(f"no broker at {place(options)} ({why}): start it, or correct mqtt.host and mqtt.port")


async def _connected(line: socket.socket, where: Any) -> socket.socket:
    with ExitStack() as unless_done:
        unless_done.callback(line.close)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, where)
        if line.getsockname() == line.getpeername():  # on a port for clients where nobody listens, now and then
            raise ConnectionRefusedError(errno.ECONNREFUSED, "")
        # Events are small and in a hurry: they must not wait until the last one was acknowledged.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        unless_done.pop_all()
    return line


async def _addresses(options: MqttOptions) -> list[Any]:
    """What the name stands for. A name server that hangs keeps a thread that nobody waits for."""
    host, port = options.address
    try:
        return await apart("mqtt-name", socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise BrokerLost(f"mqtt.host {host!r} has no address ({error.strerror}): is its name right?") from None
    except ValueError:
        raise BrokerRefused(f"mqtt.host {host!r} can be no host's name") from None


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """TLS 1.2 or newer with the host's name checked; reads files; BrokerRefused tells which one is no good."""
    try:
        return options.context()
    except ValueError as error:
        raise BrokerRefused(f"mqtt.{error}") from None


async def _encrypted(line: socket.socket, context: ssl.SSLContext, options: MqttOptions) -> socket.socket:
    with ExitStack() as unless_done:
        try:
            secure = context.wrap_socket(line, server_hostname=options.host, do_handshake_on_connect=False)
            unless_done.callback(secure.close)
            await _handshake(secure)
        except (OSError, ValueError) as error:
            line.close()
            raise _tls_trouble(error, options) from None
        unless_done.pop_all()
    return secure


async def _handshake(secure: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            return secure.do_handshake()
        except ssl.SSLWantReadError:
            await _ready(secure, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _ready(secure, loop.add_writer, loop.remove_writer)


async def _ready(line: socket.socket, add: Callable[..., Any], remove: Callable[..., Any]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    add(line, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        remove(line)


_MISMATCH, _EXPIRED = 62, 10
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH (64 for an address) and X509_V_ERR_CERT_HAS_EXPIRED."""


def _tls_trouble(error: OSError | ValueError, options: MqttOptions) -> BrokerLost | BrokerRefused:
    at = place(options)
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerRefused(f"the broker at {at} is not trusted: {_distrust(error, options)}")
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        reason = (error.reason or "no TLS").replace("_", " ").lower()
        return BrokerRefused(
            f"no TLS with {at} ({reason}): is mqtt.port the one for TLS, and is TLS 1.2 allowed there?"
        )
    if isinstance(error, OSError):
        return BrokerLost(f"{at} ended the connection while it was being encrypted: is mqtt.port the one for TLS?")
    return BrokerRefused(f"mqtt.host {options.host!r} can be in no certificate: {error}")


def _distrust(error: ssl.SSLCertVerificationError, options: MqttOptions) -> str:
    if error.verify_code in (_MISMATCH, _MISMATCH + 2):
        return f"its certificate is for another name than {options.host}; mqtt.host must be one that is in it"
    if error.verify_code == _EXPIRED:
        return "its certificate has expired"
    trusted = options.tls.ca if options.tls else None
    by = (
        f"mqtt.tls.ca {trusted} did not sign its certificate" if trusted else "its certificate is by no known authority"
    )
    return f"{by} ({error.verify_message}); name the right authority's file there"
