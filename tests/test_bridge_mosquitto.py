"""A session on a real Mosquitto that is killed and comes back, full or empty."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.mqtt import link
from assistant.mqtt.broker import connected
from assistant.mqtt.discovery import config_topic
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from devices.media import Frame, Pixels
from pipelines.types import Caption, Notice, Recovered, Trouble
from tests.bridging import happening
from tests.fakes import frame
from tests.homes import Home
from tests.mosquitto import Mosquitto, running
from tests.restarting import home, reading, restarts

ANNOUNCED = config_topic(MqttOptions(host="broker", node="home"))
pytestmark = pytest.mark.real_time


async def test_a_broker_killed_under_load_loses_nothing_and_tells_nothing_twice(tmp_path: Path) -> None:
    with running(tmp_path, persistence=True) as broker:
        outcome = await restarts(broker, tmp_path, kills=2, every=0.02, away=0.2)
    assert outcome.told > 40
    assert (outcome.lost, outcome.disordered) == (0, 0)
    assert outcome.twice <= 2  # those whose acknowledgement the kill swallowed, known by id and seq
    assert max(outcome.back_after) < 2


async def test_a_broker_that_comes_back_empty_has_everything_again(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        async with home(broker, tmp_path) as house:
            now = asyncio.get_running_loop().time()
            caption = Caption("a cup", "door", now, 0.1, 1)
            house.bridge.kept(Frame(frame(90).pixels, now, "door"), caption)
            house.feed.emit(caption)
            house.feed.emit(happening("walk"))
            before = await _retained(broker, 12)
            await asyncio.to_thread(broker.restart, True)
            after = await _retained(broker, len(before))
            assert after.keys() == before.keys()
            assert after["omni/home/status"] == b'{"state":"online"}'
            assert after["omni/home/door/keyframe"].startswith(b"\xff\xd8")
            assert json.loads(after["omni/home/door/caption"])["text"] == "a cup"
            assert json.loads(after[ANNOUNCED])["components"]
        assert broker.retained("omni/home/status", "omni/home/+/status") == {
            "omni/home/status": b'{"state":"offline"}',
            "omni/home/door/status": b"offline",
            "omni/home/garden/status": b"offline",
        }


async def test_a_session_that_dies_is_offline_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as broker, broker.listening("omni/home/status") as heard:
        async with asyncio.timeout(10):
            dying = asyncio.create_task(_live(broker, tmp_path))
            await asyncio.to_thread(heard.until, lambda got: any(b"online" in one.payload for one in got))
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
            got = await asyncio.to_thread(heard.until, lambda got: b"offline" in got[-1].payload)
    assert got[-1].payload == b'{"state":"offline"}'


async def test_an_event_is_at_the_broker_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as broker, reading(broker) as reader:
        async with home(broker, tmp_path) as house:
            await asyncio.to_thread(reader.until, lambda: bool(reader.states), 5)
            took = []
            for number in range(20):
                began = time.monotonic()
                house.feed.emit(happening(str(number)))
                await asyncio.to_thread(reader.until, lambda wanted=number: len(reader.events) > wanted, 5)
                took.append(reader.events[-1][1] - began)
    assert sorted(took)[10] < 0.05


async def test_a_broker_that_is_absent_at_the_start_is_said_once_and_found_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "STEADY", 0.1)
    with running(tmp_path) as broker:
        broker.kill()
        async with home(broker, tmp_path) as house:
            house.feed.emit(happening("walk"))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(broker.start)
            with broker.listening("omni/home/status") as heard:
                got = await asyncio.to_thread(heard.until, lambda got: any(b"online" in one.payload for one in got))
            assert b"online" in got[-1].payload
            await asyncio.sleep(0.2)
            assert [event.part for event in house.told if isinstance(event, Trouble)] == ["mqtt"]
            assert [event.part for event in house.told if isinstance(event, Recovered)] == ["mqtt"]


async def test_pictures_at_which_the_broker_hangs_up_cost_no_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "SOONEST", 0.1)
    with running(tmp_path, extra=("message_size_limit 20000",)) as broker, reading(broker) as reader:
        async with home(broker, tmp_path) as house:
            for number in range(1, 4):
                _show(house, number, np.random.default_rng(number).integers(0, 255, (300, 300, 3), np.uint8))
                await asyncio.to_thread(reader.until, lambda wanted=number: len(reader.events) >= wanted, 5)
            assert [key for key, _ in reader.events] == [("door", "walk", number) for number in range(1, 4)]
            (said,) = [event.text for event in house.told if isinstance(event, Notice)]
            assert said.startswith("the broker hangs up whenever omni/home/door/keyframe comes with ")
            assert house.bridge._link.times == 4


async def test_a_picture_at_the_broker_says_which_it_is_and_expires(tmp_path: Path) -> None:
    with running(tmp_path) as broker, reading(broker) as reader:
        async with home(broker, tmp_path, keep=1) as house:
            _show(house, 7, frame(90).pixels)
            await asyncio.to_thread(reader.until, lambda: bool(reader.events), 5)
            looker = MqttOptions(host=broker.host, port=broker.port, node="looker")
            async with connected(looker, Message("gone")) as connection:
                await connection.subscribe("omni/home/door/keyframe")
                picture = await anext(aiter(connection.messages()))
    assert dict(picture.properties)["keyframe"] == "7"
    assert 3590 < (picture.expires or 0) <= 3600


def _show(house: Home, number: int, pixels: Pixels) -> None:
    """A keyframe with its caption, and the event that it is about."""
    now = asyncio.get_running_loop().time()
    house.bridge.kept(Frame(pixels, now, "door"), Caption("a cup", "door", now, 0.1, number))
    house.told.append(happening("walk", number, keyframe=number))


async def _retained(broker: Mosquitto, count: int) -> dict[str, bytes]:
    """What the broker keeps, once that is so much."""
    kept: dict[str, bytes] = {}
    for _ in range(40):
        kept = await asyncio.to_thread(broker.retained)
        if len(kept) >= count and ANNOUNCED in kept:
            break
        await asyncio.sleep(0.1)
    return kept


async def _live(broker: Mosquitto, folder: Path) -> None:
    async with home(broker, folder):
        await asyncio.sleep(60)
