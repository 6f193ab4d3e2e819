"""Brokers that refuse, forbid or send noise, and people who ask for answers on topics that are none."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.mqtt.broker import (
    BrokerLost,
    BrokerRefused,
    Connection,
    NotTaken,
    connected,
)
from assistant.mqtt.message import Message
from tests.brokers import (
    GREETED,
    PUBLISH,
    REFUSED_VERSION,
    SUBSCRIBE,
    WILL,
    fake,
    one_line,
    options,
    reading,
)
from tests.mosquitto import running

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("silent")]


@given(st.text(max_size=20), st.text(max_size=20), st.binary(max_size=20), st.integers(0, 2**33))
@settings(max_examples=60, deadline=None)
def test_what_someone_wants_an_answer_on_does_not_end_the_connection(
    hostile: Hostile, topic: str, response: str, correlation: bytes, expires: int
) -> None:
    """Mosquitto closes a connection over a bad topic, so none may reach it."""
    hostile.publish(Message(topic, b"1", False, 1, expires, response, response, correlation))
    hostile.publish(Message("fine", b"1"))


class Hostile:
    """A connection that lives as long as a whole test of Hypothesis."""

    def __init__(self, runner: asyncio.Runner, broker: Connection) -> None:
        self._runner, self._broker = runner, broker

    def publish(self, message: Message) -> None:
        async def publish() -> None:
            with contextlib.suppress(NotTaken):
                await self._broker.publish(message)

        self._runner.run(publish())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with running(tmp_path_factory.mktemp("mosquitto")) as mosquitto, asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()

        async def enter() -> Connection:
            return await stack.enter_async_context(connected(options(mosquitto), WILL))

        yield Hostile(runner, runner.run(enter()))
        runner.run(stack.aclose())


async def test_a_broker_that_lets_nobody_read_and_takes_no_more() -> None:
    """And says so in MQTT 5, after which the connection is as good as before."""

    def answer(told: bytes) -> bytes:
        if told[0] == SUBSCRIBE:
            return b"\x90\x04" + told[2:4] + b"\x00\x87"
        if told[0] == PUBLISH:
            return b"\x40\x04" + told[5:7] + b"\x97\x00"
        return b"\x20\x03\x00\x00\x00"

    async with fake(answer) as (there, _), connected(there, WILL) as broker:
        with pytest.raises(BrokerRefused, match=r"does not let someone without mqtt\.username read secret/#"):
            await broker.subscribe("secret/#")
        for _ in range(2):
            with pytest.raises(NotTaken, match=r"does not take x \(quota exceeded"):
                await broker.publish(Message("x", b"1"))


@pytest.mark.parametrize("how", REFUSED_VERSION)
async def test_a_broker_that_only_speaks_3_1_1(how: str) -> None:
    """It may say so in its own version or in the new one, or just leave."""

    def answer(told: bytes) -> bytes:
        return GREETED if told[told.index(b"MQTT") + 4] == 4 else REFUSED_VERSION[how]

    async with fake(answer) as (there, versions), connected(there, WILL) as broker:
        assert broker.version == "3.1.1"
        assert versions == [5, 4]


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        (0x85, BrokerRefused, "client id omni-camera"),
        (0x88, BrokerLost, "server unavailable"),
        (0x8A, BrokerRefused, "banned"),
        (0x9A, BrokerRefused, "retained"),
        (0x9F, BrokerLost, "connection rate"),
    ],
)
async def test_what_a_greeting_may_refuse(code: int, error: type[Exception], says: str) -> None:
    async with fake(lambda told: bytes((0x20, 3, 0, code, 0))) as (there, _):
        with pytest.raises(error, match=says) as told:
            async with connected(there, WILL):
                pass
    one_line(str(told.value))


async def test_two_of_one_name_are_told_so() -> None:
    async with (
        fake(lambda told: b"\x20\x03\x00\x00\x00\xe0\x02\x8e\x00") as (there, _),
        connected(there, WILL) as broker,
    ):
        with pytest.raises(BrokerLost, match="another program calls itself omni-camera"):
            await reading(broker)


async def test_no_broker_at_all_behind_the_port() -> None:
    async with fake(lambda told: b"HTTP/1.1 400 Bad Request\r\n\r\n", stays=False) as (there, _):
        with pytest.raises(BrokerLost, match="no greeting"):
            async with connected(there, WILL):
                pass


async def test_whatever_a_broker_sends_the_connection_ends_and_no_more() -> None:
    chance, before = random.Random(7), asyncio.all_tasks()
    noise = iter([chance.randbytes(chance.randrange(1, 60)) for _ in range(150)])
    bad_topic = b"\x30\x06\x00\x02\xff\xfe\x00x" + b"\x30\x06\x00\x02#\x2f\x00x"
    async with fake(lambda told: b"\x20\x03\x00\x00\x00" + bad_topic + next(noise), stays=False) as (there, _):
        for _ in range(150):
            async with asyncio.timeout(2), connected(there, WILL) as broker:
                with pytest.raises(BrokerLost):
                    await reading(broker)
                assert broker.dropped >= 2
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
