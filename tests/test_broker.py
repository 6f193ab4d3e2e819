"""The connection to a broker, on a real Mosquitto: who is let in, what goes through, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.mqtt import dialling
from assistant.mqtt.broker import (
    LARGEST,
    BrokerLost,
    BrokerRefused,
    Connection,
    NotTaken,
    TooLarge,
    address,
    connected,
)
from assistant.mqtt.message import Message
from assistant.mqtt.options import PASSWORD, MqttOptions
from assistant.mqtt.refusals import client_id
from tests.mosquitto import Authority, Mosquitto, authority, running

pytestmark = pytest.mark.real_time
WILL = Message("omni/camera/status", b"offline", retain=True)


@pytest.fixture(autouse=True)
def _clean(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No password from outside, and not a word on the terminal, whatever happens to the connection."""
    monkeypatch.delenv(PASSWORD, raising=False)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    yield
    assert capfd.readouterr() == ("", "")
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 2, "sockets were left open"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("authority"))


def options(broker: Mosquitto | int, **more: Any) -> MqttOptions:
    port = broker if isinstance(broker, int) else broker.port
    return MqttOptions.model_validate({"host": "127.0.0.1", "port": port} | more)


async def refusal(given: MqttOptions) -> str:
    """Why there is no connection; one line."""
    with pytest.raises(BrokerRefused) as error:
        async with connected(given, WILL):
            pass
    return one_line(str(error.value))


def one_line(text: str) -> str:
    assert "\n" not in text
    assert len(text) < 250, text
    return text


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


async def test_tls_with_a_certificate_of_its_own_authority(tmp_path: Path, trusted: Authority) -> None:
    with running(tmp_path, tls=trusted) as mosquitto:
        for host in ("127.0.0.1", "localhost"):
            async with connected(options(mosquitto, host=host, tls={"ca": str(trusted.ca)}), WILL) as broker:
                await broker.publish(Message("big", bytes(1_000_000), retain=True))
        assert len(mosquitto.retained("big")["big"]) == 1_000_000


async def test_a_broker_that_is_not_trusted_is_told_in_a_line(tmp_path: Path, trusted: Authority) -> None:
    strange = authority(tmp_path, "strange")
    with running(tmp_path / "m", tls=trusted) as mosquitto:
        said = await refusal(options(mosquitto, tls={"ca": str(strange.ca)}))
        assert "strange.pem did not sign its certificate" in said
        assert "is by no known authority" in await refusal(options(mosquitto, tls={}))
        assert "asks" not in said
        with pytest.raises(BrokerLost, match=r"add \[mqtt.tls\]"):
            async with connected(options(mosquitto), WILL):
                pass


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path, trusted: Authority) -> None:
    with running(tmp_path, tls=trusted, names="elsewhere.example") as mosquitto:
        said = await refusal(options(mosquitto, tls={"ca": str(trusted.ca)}))
    assert "another name than 127.0.0.1" in said


async def test_a_broker_that_asks_for_a_certificate(tmp_path: Path, trusted: Authority) -> None:
    strange = authority(tmp_path, "strange")
    with running(tmp_path / "m", tls=trusted, client_certificates=True) as mosquitto:

        def tls(certificate: Path | None = None, key: Path | None = None) -> MqttOptions:
            files = {"ca": trusted.ca, "certificate": certificate, "key": key}
            return options(mosquitto, tls={name: str(file) for name, file in files.items() if file})

        async with connected(tls(*trusted.certificate("camera")), WILL) as broker:
            await broker.publish(Message("x", b"1"))
        assert "asks for a certificate" in await refusal(tls())
        assert "does not take mqtt.tls.certificate" in await refusal(tls(*strange.certificate("thief")))
        assert "cannot be read" in await refusal(tls(tmp_path / "absent.pem"))
        assert "do not fit" in await refusal(tls(trusted.certificate("a")[0], trusted.certificate("b")[1]))


async def test_an_authority_s_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello", encoding="utf-8")
    assert "PEM" in await refusal(options(1, tls={"ca": str(tmp_path / "ca.pem")}))
    assert "No such file" in await refusal(options(1, tls={"ca": str(tmp_path / "no.pem")}))


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


@pytest.mark.parametrize("kill", [True, False])
async def test_a_broker_that_goes_is_noticed_at_once_by_all_that_wait(mosquitto: Mosquitto, kill: bool) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        reading = asyncio.create_task(_reading(broker))
        await broker.publish(Message("x", b"1"))
        began = time.monotonic()
        mosquitto.kill() if kill else mosquitto.stop()
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"2"))
        with pytest.raises(BrokerLost):
            await reading
        assert time.monotonic() - began < 0.5
    mosquitto.start()
    async with connected(options(mosquitto), WILL) as again:
        await again.publish(Message("x", b"2"))


async def _reading(broker: Connection) -> None:
    async for _ in broker.messages():
        pass


async def test_after_the_end_nothing_is_published_any_more(mosquitto: Mosquitto) -> None:
    async with connected(options(mosquitto), WILL) as broker:
        mosquitto.kill()
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"1"))
        with pytest.raises(BrokerLost):
            await broker.publish(Message("x", b"2", qos=0))
        with pytest.raises(BrokerLost):
            await broker.subscribe("x")


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


CONNECT, PUBLISH, SUBSCRIBE = 0x10, 0x32, 0x82
GREETED, REFUSED_VERSION = (
    b"\x20\x02\x00\x00",
    {"3.1.1": b"\x20\x02\x00\x01", "5": b"\x20\x03\x00\x84\x00", "none": b""},
)


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
            await _reading(broker)


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
                    await _reading(broker)
                assert broker.dropped >= 2
    assert asyncio.all_tasks() == before


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
        await _reading(broker)


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
