"""A session is asked and told over a real Mosquitto, in MQTT 5 and 3.1.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.types import Notice
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone
from tests.homes import AtHome, home, options
from tests.mosquitto import Heard, Mosquitto
from tests.playing import anything, playing
from tests.stage import Stage

pytestmark = pytest.mark.real_time


@asynccontextmanager
async def hall(broker: Mosquitto, folder: Path) -> AsyncIterator[Stage]:
    """A session of a camera and a microphone at that broker, which knows what to answer."""
    sees, silence = FakeCamera([10] * 200, "desk", live=True), [(0.1, 0.0)] * 600
    hears = FakeMicrophone(silence, live=True)
    chat = FakeChat(anything(lambda prompt: f"You asked: {prompt.question}"))
    async with home(options(folder, broker, node="hall")) as there:
        stage = AtHome(cameras=[sees], microphone=hears, chat=chat, events=there.told, bridge=there.bridge)
        async with playing(stage, after=0.1):
            try:
                yield stage
            finally:
                sees.shades = ()
                silence.clear()
                stage.switches.mute(True, True)  # they end while they are on


async def heard(of: Heard, topic: str, **wanted: Any) -> dict[str, Any]:
    """The first message there that says all this."""

    def found(messages: Any) -> list[dict[str, Any]]:
        told = [json.loads(message.payload) for message in messages if message.topic == topic and message.payload]
        return [one for one in told if wanted.items() <= one.items()]

    messages = await asyncio.to_thread(of.until, lambda messages: bool(found(messages)))
    return found(messages)[0]


async def test_a_question_in_mqtt_5_is_answered_where_that_is_wanted(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with mosquitto.listening("phone/inbox", "omni/hall/answer") as inbox:
        async with hall(mosquitto, tmp_path):
            await _ready(mosquitto)
            sender = {"ResponseTopic": "phone/inbox", "CorrelationData": b"\x01\x02"}
            await _send(mosquitto, "ask", "who is there?", **sender)
            answer = await heard(inbox, "phone/inbox", type="answer")
            assert answer["text"] == "You asked: who is there?"
            assert answer["age_ms"] is not None
            assert (await heard(inbox, "omni/hall/answer"))["text"] == answer["text"]
            (message,) = [message for message in inbox.messages if message.topic == "phone/inbox"]
            assert message.correlation == b"\x01\x02"
            await _send(mosquitto, "captioning", "maybe", **sender)
            assert (await heard(inbox, "phone/inbox", type="outcome"))["done"] is False


async def test_a_question_in_3_1_1_is_known_by_its_transaction(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with mosquitto.listening("omni/hall/answer", version="3.1.1") as inbox:
        async with hall(mosquitto, tmp_path):
            await _ready(mosquitto)
            for number, question in enumerate(("one", "two")):
                order = json.dumps({"question": question, "transaction": f"t{number}"})
                with mosquitto.client(version="3.1.1") as client:
                    client.publish("omni/hall/ask/set", order, 1).wait_for_publish(5)
            assert (await heard(inbox, "omni/hall/answer", transaction="t1"))["text"] == "You asked: two"
            assert (await heard(inbox, "omni/hall/answer", transaction="t0"))["text"] == "You asked: one"


async def test_a_state_changes_after_its_effect_and_not_by_what_was_retained(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await asyncio.to_thread(mosquitto.publish, "omni/hall/privacy/set", "ON", retain=True)
    with mosquitto.listening("omni/hall/privacy") as states:
        async with hall(mosquitto, tmp_path) as stage:
            await _ready(mosquitto)
            await asyncio.to_thread(states.wait)
            await _send(mosquitto, "ask", b"x" * 5_000_000)
            await _send(mosquitto, "say", b"\xff\xfe")
            await _send(mosquitto, "listening", "OFF")
            await _send(mosquitto, "privacy", "ON")
            told = await asyncio.to_thread(states.wait, 2)
            assert [message.payload for message in told] == [b"OFF", b"ON"]
            assert stage.switches.private
            notices = [event.text for event in stage.told(Notice)]
            assert any("the order privacy" in text and "retained" in text for text in notices)
            assert any("the order say" in text and "not UTF-8" in text for text in notices)


async def _ready(broker: Mosquitto) -> None:
    """The session has subscribed to orders: it answers."""
    with broker.listening("tests/ready") as inbox:
        while not inbox.messages:
            await _send(broker, "stop", "PRESS", ResponseTopic="tests/ready")
            await asyncio.to_thread(inbox.wait, 1, 0.3)


async def _send(broker: Mosquitto, name: str, payload: str | bytes, **v5: Any) -> None:
    def publish() -> None:
        broker.publish(f"omni/hall/{name}/set", payload, **v5)

    await asyncio.to_thread(publish)
