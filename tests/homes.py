"""A session at home: its bridge to a broker, real or scripted, the feed between them, and all that was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.feed import Feed
from assistant.mqtt.bridge import Bridge
from assistant.mqtt.broker import connected
from assistant.mqtt.entities import Equipment
from assistant.mqtt.link import Connect
from assistant.mqtt.options import MqttOptions
from devices.media import Frame
from pipelines.controls import Controls
from pipelines.types import Caption, Event
from tests.mosquitto import Mosquitto
from tests.stage import Stage

WAITING = 4096
"""Events that wait for the bridge at the most, as in a session of the program."""


class Told(list[Event]):
    """All that was told; each goes to the feed at once."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed

    def append(self, event: Event) -> None:
        super().append(event)
        self._feed.emit(event)


@dataclass
class Home:
    """What a story does things to."""

    feed: Feed
    bridge: Bridge
    told: Told

    def tell(self, *events: Event) -> None:
        for event in events:
            self.told.append(event)


@dataclass
class AtHome(Stage):
    """A session of fakes whose controls and pictures go to a bridge."""

    bridge: Bridge | None = None

    def _attach(self, controls: Controls) -> None:
        super()._attach(controls)
        assert self.bridge is not None
        self.bridge.attach(controls)

    def _keep(self, frame: Frame, caption: Caption) -> None:
        super()._keep(frame, caption)
        assert self.bridge is not None
        self.bridge.kept(frame, caption)


def options(folder: Path, broker: Mosquitto | None = None, **more: Any) -> MqttOptions:
    """Of the node `home` with its outbox in that folder, at that broker; without one, at a scripted one."""
    place = {"host": broker.host, "port": broker.port} if broker else {"host": "broker"}
    outbox = {"file": folder / "outbox.db"} | more.pop("outbox", {})
    return MqttOptions.model_validate(place | {"node": "home", "outbox": outbox} | more)


@asynccontextmanager
async def home(given: MqttOptions, connect: Connect = connected, there: Equipment | None = None) -> AsyncIterator[Home]:
    """A bridge that runs, and waits for its session to be attached; it ends in order with the block."""
    feed = Feed()
    told = Told(feed)
    bridge = Bridge(given, there or Equipment(), told.append, connect=connect)
    await bridge.open()
    running = asyncio.create_task(bridge.run(feed.subscribe(WAITING)))
    try:
        yield Home(feed, bridge, told)
    finally:
        feed.close()
        await running
