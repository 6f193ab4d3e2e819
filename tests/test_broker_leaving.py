"""A way to a broker never holds anybody up: absent, silent, slow or left, it is over in time; and its address."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.mqtt import dialling
from assistant.mqtt.broker import (
    BrokerLost,
    address,
    connected,
)
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.refusals import client_id
from tests.brokers import (
    WILL,
    one_line,
    options,
    reading,
    refusal,
)
from tests.certificates import Authority
from tests.mosquitto import Mosquitto

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("silent")]


async def test_no_broker_there_is_to_be_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(BrokerLost, match=rf"no broker at 127.0.0.1:{port} \(.*refused\): start it, or correct"):
        async with connected(options(port), WILL):
            pass
    with pytest.raises(BrokerLost, match="has no address"):
        async with connected(options(port, host="nowhere.invalid"), WILL):
            pass
    assert "no host's name" in await refusal(options(port, host="a" * 80))


async def test_a_picture_that_the_broker_is_slow_to_take_holds_nobody_up(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        os.kill(mosquitto.pid, signal.SIGSTOP)
        picture = asyncio.create_task(broker.publish(Message("picture", bytes(20_000_000))))
        longest, last = 0.0, time.monotonic()
        for _ in range(100):
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert not picture.done()
        os.kill(mosquitto.pid, signal.SIGCONT)
        await picture
    assert longest < 0.2


async def leaves_nothing(doing: Awaitable[Any], after: float) -> None:
    """Cancelled after so many seconds it is over at once, and nothing goes on."""
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(doing)
    await asyncio.sleep(after)
    assert not task.done()
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert time.monotonic() - began < 0.1
    assert asyncio.all_tasks() == before


async def _stay(there: MqttOptions) -> None:
    async with connected(there, WILL) as broker:
        await reading(broker)


async def test_it_is_left_at_once_wherever_it_is(
    mosquitto: Mosquitto, trusted: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for after in (0.0, 0.001, 0.002, 0.003, 0.005, 0.02):
        await leaves_nothing(_stay(options(mosquitto)), after)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        port = silent.getsockname()[1]
        await leaves_nothing(_stay(options(port)), 0.05)
        await leaves_nothing(_stay(options(port, tls={"ca": str(trusted.ca)})), 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:  # has no place for one more
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            await leaves_nothing(_stay(options(port)), 0.05)
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hanging.wait(5))
    await leaves_nothing(_stay(options(mosquitto, host="a.name")), 0.05)
    hanging.set()


async def test_a_host_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "PATIENCE", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(BrokerLost, match=r"no answer from 127.0.0.1:\d+ in 0.1 s"),
    ):
        async with connected(options(silent.getsockname()[1], tls={}), WILL):
            pass


async def test_a_broker_that_falls_silent_is_given_up(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.mqtt.broker.PATIENCE", 0.1)
    async with connected(options(mosquitto), WILL) as broker:
        os.kill(mosquitto.pid, signal.SIGSTOP)
        try:
            with pytest.raises(BrokerLost, match="no answer within"):
                await broker.publish(Message("x", b"1"))
        finally:
            os.kill(mosquitto.pid, signal.SIGCONT)


def test_an_address_is_a_host_and_perhaps_a_port() -> None:
    assert address("192.168.1.10:1883") == {"host": "192.168.1.10", "port": 1883}
    assert address(" homeassistant.local ") == {"host": "homeassistant.local"}
    assert address("[::1]:8883") == {"host": "::1", "port": 8883}
    for wrong in ("", ":1883", "a:b", "a:0", "a:65536", "::1", "[1.2.3.4]:5", "mqtt://a:1", "me@a:1", "a b", "a:1:2"):
        with pytest.raises(ValueError) as error:  # noqa: PT011
            address(wrong)
        one_line(str(error.value))


@given(st.text(max_size=40))
def test_any_address_is_one_or_is_refused(text: str) -> None:
    try:
        options_of = MqttOptions.model_validate(address(text))
    except ValueError:
        return
    assert options_of.host


def test_a_client_id_that_every_broker_takes_and_that_is_the_same_each_time() -> None:
    assert client_id(options(1)) == "omni-camera"
    others = [
        options(1, node=node) for node in ("küche", "kuche", "a-very-long-name-indeed-1", "a-very-long-name-indeed-2")
    ]
    ids = [client_id(other) for other in others]
    assert len(set(ids)) == len(ids)
    assert all(len(name) <= 23 and name.isascii() for name in ids)
