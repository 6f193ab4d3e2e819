"""A session whose broker is killed again and again, and a reader who was there all the time, counted."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from assistant.feed import Feed
from pipelines.types import CameraEvent
from tests.bridging import controls, happening
from tests.homes import Home, options
from tests.homes import home as bridged
from tests.mosquitto import Mosquitto

CAMERAS = ("door", "garden")
Key = tuple[str, str, int]
"""Camera, id and seq of an event: what makes it that one."""


@dataclass
class Reader:
    """What a subscriber with a session at the broker has read, and when."""

    events: list[tuple[Key, float]] = field(default_factory=list)
    """In the order in which they came, duplicates too, with seconds of the monotonic clock."""
    states: list[tuple[bytes, float]] = field(default_factory=list)
    """What the node's status became."""
    new: threading.Condition = field(default_factory=threading.Condition)

    def take(self, topic: str, payload: bytes) -> None:
        now = time.monotonic()
        with self.new:
            if topic.endswith("/event"):
                values = json.loads(payload)
                self.events.append(((values["camera"], values["id"], values["seq"]), now))
            else:
                self.states.append((payload, now))
            self.new.notify_all()

    def online_since(self, number: int) -> list[float]:
        """When the node was said to be online, without so many states before."""
        return [at for state, at in self.states[number:] if json.loads(state) == {"state": "online"}]

    def until(self, enough: Any, seconds: float) -> bool:
        with self.new:
            return self.new.wait_for(enough, seconds)


@contextmanager
def reading(broker: Mosquitto) -> Iterator[Reader]:
    """A reader whose session outlives its connection, and the broker where that keeps sessions."""
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    reader, subscribed = Reader(), threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, "reader", protocol=paho.MQTTv5)
    client.reconnect_delay_set(1, 1)
    client.on_message = lambda _client, _data, message: reader.take(message.topic, message.payload)
    client.on_subscribe = lambda *_: subscribed.set()
    kept = Properties(PacketTypes.CONNECT)
    kept.SessionExpiryInterval = 3600
    client.connect(broker.host, broker.port, clean_start=False, properties=kept)
    client.subscribe([(f"omni/home/{camera}/event", 1) for camera in CAMERAS] + [("omni/home/status", 1)])
    client.loop_start()
    assert subscribed.wait(5)
    try:
        yield reader
    finally:
        client.disconnect()
        client.loop_stop()


@asynccontextmanager
async def home(broker: Mosquitto, folder: Path, **more: Any) -> AsyncIterator[Home]:
    """A session with two cameras on that broker; it ends in order with the block."""
    async with bridged(options(folder, broker, **more)) as there:
        there.bridge.attach(controls(there.told.append, *CAMERAS))
        yield there


@dataclass
class Load:
    """Events at a steady pace, until it is cancelled."""

    feed: Feed
    every: float
    told: dict[Key, float] = field(default_factory=dict)
    """When each was told, in order."""

    async def run(self) -> None:
        while True:
            event = self.next(len(self.told))
            self.told[event.camera, event.id, event.seq] = time.monotonic()
            self.feed.emit(event)
            await asyncio.sleep(self.every)

    def next(self, number: int) -> CameraEvent:
        """Two cameras by turns, five tellings an event."""
        camera, turn = CAMERAS[number % 2], number // 2
        change = {0: "new", 4: "end"}.get(turn % 5, "update")
        return happening(f"{camera}-{turn // 5}", turn % 5, camera=camera, change=change)


@dataclass
class Outcome:
    told: int
    lost: int
    twice: int
    """Events that were read more than once: a reader may drop what it has seen, by id and seq."""
    disordered: int
    """Events that came, the first time, after a later one of the same camera."""
    back_after: list[float]
    """Seconds from the start of each broker to the node's being online there."""


async def restarts(
    broker: Mosquitto, folder: Path, kills: int, every: float, away: float, lives: float = 0.0
) -> Outcome:
    """Kill the broker so often under load and start it anew after at most `away` seconds; then it `lives` a while."""
    chance, back = random.Random(5), list[float]()
    with reading(broker) as reader:
        async with home(broker, folder) as house:
            load = Load(house.feed, every)
            loading = asyncio.create_task(load.run())
            await asyncio.to_thread(reader.until, lambda: bool(reader.events), 5)
            for _ in range(kills):
                await asyncio.sleep(lives + chance.uniform(0.2, 0.8))
                await asyncio.to_thread(broker.kill)
                await asyncio.sleep(chance.uniform(0.0, away))
                back.append(await asyncio.to_thread(_started, broker, reader))
            loading.cancel()
            await asyncio.to_thread(reader.until, lambda: {key for key, _ in reader.events} >= load.told.keys(), 15)
    return _counted(load, reader, back)


def _started(broker: Mosquitto, reader: Reader) -> float:
    """Seconds until it is online there; endless where it is not within half a minute."""
    before, began = len(reader.states), time.monotonic()
    broker.start()
    reader.until(lambda: bool(reader.online_since(before)), 30)
    return next(iter(reader.online_since(before)), float("inf")) - began


def _counted(load: Load, reader: Reader, back: list[float]) -> Outcome:
    read = [key for key, _ in reader.events]
    first, numbers = list(dict.fromkeys(read)), {key: number for number, key in enumerate(load.told)}
    disordered = 0
    for camera in CAMERAS:
        order = [numbers[key] for key in first if key[0] == camera]
        disordered += sum(after < before for before, after in pairwise(order))
    return Outcome(len(load.told), len(load.told.keys() - set(read)), len(read) - len(first), disordered, back)
