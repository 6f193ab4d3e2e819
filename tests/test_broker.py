"""The connection to a broker, on a real Mosquitto: who is let in, what goes through, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant.mqtt.broker import (
    LARGEST,
    BrokerLost,
    BrokerRefused,
    Connection,
    NotTaken,
    TooLarge,
    connected,
)
from assistant.mqtt.message import Message
from assistant.mqtt.options import PASSWORD
from tests.brokers import (
    REFUSED_VERSION,
    WILL,
    options,
    reading,
    refusal,
)
from tests.mosquitto import Mosquitto, running

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("silent")]


async def test_what_is_published_arrives_and_what_arrives_is_read(mosquitto: Mosquitto) -> None:
    with mosquitto.listening("omni/#") as heard:
        async with connected(options(mosquitto), WILL) as broker:
            assert broker.version == "5"
            await broker.subscribe("omni/camera/+/set")
            await broker.publish(Message("omni/camera/caption", "a cat, 猫".encode(), retain=True))
            await asyncio.to_thread(mosquitto.publish, "omni/camera/privacy/set", "ON")
            async for message in broker.messages():
                assert message == Message("omni/camera/privacy/set", b"ON")
                break
    assert heard.messages[0] == Message("omni/camera/caption", "a cat, 猫".encode())
    assert mosquitto.retained("omni/#") == {"omni/camera/caption": "a cat, 猫".encode()}


async def test_the_properties_of_mqtt_5_go_both_ways(mosquitto: Mosquitto) -> None:
    asked = Message("omni/camera/ask/set", b"?", False, 1, 30, "text/plain", "node-red/answers/7", b"\x00\xff")
    with mosquitto.listening("out") as heard:
        async with connected(options(mosquitto), WILL) as broker:
            await broker.subscribe("omni/+/ask/set")
            await broker.publish(asked)
            assert await anext(broker.messages()) == asked
            await broker.publish(Message("out", b"{}", content_type="application/json", correlation=b"\x00\xff"))
        answer = await asyncio.to_thread(heard.wait, 1)
    assert (answer[0].content_type, answer[0].correlation) == ("application/json", b"\x00\xff")


async def test_a_password_lets_in_and_only_the_right_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, users={"ada": "secret"}) as mosquitto:
        monkeypatch.setenv(PASSWORD, "secret")
        async with connected(options(mosquitto, username="ada"), WILL) as broker:
            await broker.publish(Message("x", b"1"))
        monkeypatch.setenv(PASSWORD, "wrong")
        said = await refusal(options(mosquitto, username="ada"))
        assert "mqtt.username" in said
        assert PASSWORD in said
        assert "wrong name or password, or ada" in said
        assert "without mqtt.username" in await refusal(options(mosquitto))


@pytest.mark.parametrize("kill", [True, False])
async def test_a_broker_that_goes_is_noticed_at_once_by_all_that_wait(mosquitto: Mosquitto, kill: bool) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        reader = asyncio.create_task(reading(broker))
        await broker.publish(Message("x", b"1"))
        began = time.monotonic()
        mosquitto.kill() if kill else mosquitto.stop()
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"2"))
        with pytest.raises(BrokerLost):
            await reader
        assert time.monotonic() - began < 0.5
    mosquitto.start()
    async with connected(options(mosquitto), WILL) as again:
        await again.publish(Message("x", b"2"))


async def test_after_the_end_nothing_is_published_any_more(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        mosquitto.kill()
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"1"))
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"2", qos=0))
        with pytest.raises(BrokerLost):
            await broker.subscribe("x")


async def test_a_broker_that_goes_in_the_moment_one_writes_is_no_fault_of_the_loop(mosquitto: Mosquitto) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: complaints.append(about))
    async with connected(options(mosquitto), WILL) as broker:
        mosquitto.kill()
        with pytest.raises(BrokerLost):
            await asyncio.create_task(broker.publish(Message("x", b"1")))
    assert not complaints


@pytest.mark.parametrize("asks", [True, False])
async def test_a_line_that_breaks_while_it_is_written_on(mosquitto: Mosquitto, asks: bool) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        broker._client._client.socket().shutdown(socket.SHUT_WR)
        with pytest.raises(BrokerLost):
            await (broker.subscribe("x") if asks else broker.publish(Message("x", b"1")))


async def test_the_will_is_told_unless_one_says_goodbye(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL):
        pass
    assert mosquitto.retained() == {}
    with mosquitto.listening(WILL.topic) as heard:
        with pytest.raises(RuntimeError):
            async with connected(options(mosquitto), WILL):
                raise RuntimeError("a bug")
        began = time.monotonic()
        assert await asyncio.to_thread(heard.wait, 1)
        assert time.monotonic() - began < 0.5
    assert mosquitto.retained() == {WILL.topic: b"offline"}


async def test_large_payloads_do_not_hurt(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        await broker.subscribe("in")
        for size in (5_000_000, LARGEST + 1, LARGEST):
            await asyncio.to_thread(mosquitto.publish, "in", bytes(size))
        assert len((await anext(broker.messages())).payload) == LARGEST
        assert (broker.dropped, broker.last_dropped) == (1, f"{LARGEST + 1} bytes on 'in': at most {LARGEST} are read")


async def test_more_than_anyone_reads_is_counted(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        await broker.subscribe("in")
        for number in range(300):
            await broker.publish(Message("in", str(number).encode()))
        await broker.subscribe("other")  # what came before its answer has come in by then
        assert broker.dropped == 300 - 256
        assert (await anext(broker.messages())).payload == b"0"


async def test_what_the_broker_forbids(tmp_path: Path) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic write omni/#\ntopic read allowed\n", encoding="utf-8")
    with running(tmp_path / "m", extra=(f"acl_file {rules}",)) as mosquitto:
        async with connected(options(mosquitto), WILL) as broker:
            with pytest.raises(NotTaken, match=r"does not take elsewhere \(not authorized\)"):
                await broker.publish(Message("elsewhere", b"1"))
        async with connected(options(mosquitto), WILL) as broker:  # this Mosquitto ends a connection that it told no
            await broker.publish(Message("omni/x", b"1"))
            for wrong in ("a/#/b", ""):
                with pytest.raises(BrokerRefused, match="no filter of topics"):
                    await broker.subscribe(wrong)


async def test_a_message_too_large_for_the_broker_does_not_end_the_connection(tmp_path: Path) -> None:
    with running(tmp_path, extra=("max_packet_size 20000",)) as mosquitto:
        async with connected(options(mosquitto), WILL) as broker:
            with pytest.raises(TooLarge, match="20001 bytes are more than the broker's 20000"):
                await broker.publish(Message("x", bytes(20_001)))
            await broker.publish(Message("x", bytes(19_900)))


async def test_3_1_1_says_what_it_can(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _old(mosquitto) as broker:
        await broker.subscribe("x")
        await broker.publish(Message("x", b"1", expires=3, response_topic="y", correlation=b"z"))
        assert await anext(broker.messages()) == Message("x", b"1")
        await asyncio.to_thread(mosquitto.publish, "x", bytes(5_000_000))
        await broker.publish(Message("x", b"2"))
        assert (await anext(broker.messages())).payload == b"2"
        assert broker.dropped == 1


@asynccontextmanager
async def _old(mosquitto: Mosquitto) -> AsyncIterator[Connection]:
    """A connection in 3.1.1, through someone who refuses MQTT 5 on the broker's behalf."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while told := await reader.read(65536):
            writer.write(told)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = await reader.read(2048)
        if told[told.index(b"MQTT") + 4] == 5:
            writer.write(REFUSED_VERSION["3.1.1"])
            return writer.close()
        there = await asyncio.open_connection("127.0.0.1", mosquitto.port)
        there[1].write(told)
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, connected(options(server.sockets[0].getsockname()[1]), WILL) as broker:
        assert broker.version == "3.1.1"
        yield broker
