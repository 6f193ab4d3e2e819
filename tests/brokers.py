"""What tests of the connection to a broker share: options, a scripted broker, and a terminal that stays silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assistant.mqtt.broker import (
    BrokerRefused,
    Connection,
    connected,
)
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from tests.mosquitto import Mosquitto

WILL = Message("omni/camera/status", b"offline", retain=True)
CONNECT, PUBLISH, SUBSCRIBE = 0x10, 0x32, 0x82

GREETED, REFUSED_VERSION = (
    b"\x20\x02\x00\x00",
    {"3.1.1": b"\x20\x02\x00\x01", "5": b"\x20\x03\x00\x84\x00", "none": b""},
)


def options(broker: Mosquitto | int, **more: Any) -> MqttOptions:
    port = broker if isinstance(broker, int) else broker.port
    return MqttOptions.model_validate({"host": "127.0.0.1", "port": port} | more)


def one_line(text: str) -> str:
    assert "\n" not in text
    assert len(text) < 250, text
    return text


async def refusal(given: MqttOptions) -> str:
    """Why there is no connection; one line."""
    with pytest.raises(BrokerRefused) as error:
        async with connected(given, WILL):
            pass
    return one_line(str(error.value))


async def reading(broker: Connection) -> None:
    async for _ in broker.messages():
        pass


@asynccontextmanager
async def fake(answer: Callable[[bytes], bytes], stays: bool = True) -> AsyncIterator[tuple[MqttOptions, list[int]]]:
    """A broker whose answer to each packet is scripted; and the versions it was asked for."""
    versions: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(2048):
            if told[0] == CONNECT:
                versions.append(told[told.index(b"MQTT") + 4])
            writer.write(said := answer(told))
            if not stays or not said:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield options(server.sockets[0].getsockname()[1]), versions
