"""A scripted broker for the bridge: it goes and comes back, takes what it takes, and keeps what is retained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused, TooLarge
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from pipelines.attention import AttentionOptions
from pipelines.controls import Controls
from pipelines.dials import Dials, SettingsOptions
from pipelines.switches import Present, Switches
from pipelines.types import CameraEvent, Emit


@dataclass
class FakeBroker:
    """Give its `connect` to a bridge."""

    up: bool = True
    refuses: BrokerError | None = None
    hides: str = "\0"
    """The beginning of filters that it does not let us subscribe."""
    most: int = 100_000
    """Bytes of a message that it takes."""
    hangs_up: int = 10**9
    """Bytes of a message at which it ends the connection instead."""
    takes: float = 0.001
    """Seconds until it acknowledges."""
    got: list[Message] = field(default_factory=list)
    """All it was ever sent, in order."""
    retained: dict[str, bytes] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """The topics of what it was sent, and `subscribed …`, as they came."""
    tries: int = 0
    _here: Connection | None = None

    @asynccontextmanager
    async def connect(self, options: MqttOptions, will: Message) -> AsyncIterator[Any]:
        self.tries += 1
        if self.refuses is not None:
            raise self.refuses
        if not self.up:
            raise BrokerLost("there is no broker at broker:1883")
        self._here, self.filters = Connection(self), []
        try:
            yield self._here
        except BaseException:
            if self.up:
                self.take(will)
            raise
        finally:
            self._here = None

    def take(self, message: Message) -> None:
        self.got.append(message)
        self.order.append(message.topic)
        if message.retain:
            self.retained[message.topic] = message.payload
        if not message.payload:
            self.retained.pop(message.topic, None)

    def go(self, *, empty: bool = False) -> None:
        """It ends without a word, and forgets everything if `empty`."""
        self.up = False
        if empty:
            self.retained.clear()
        if self._here is not None:
            self._here.end()

    @property
    def here(self) -> bool:
        """Whether somebody is connected."""
        return self._here is not None and not self._here.gone.is_set()

    def mute(self) -> None:
        """What comes in ends, as if nothing more would."""
        assert self._here is not None
        self._here.inbox.put_nowait(None)

    def drop(self) -> None:
        """It ends this connection, and takes the next one."""
        assert self._here is not None
        self._here.end()

    def send(self, message: Message) -> None:
        assert self._here is not None
        self._here.inbox.put_nowait(message)

    def on(self, topic: str) -> list[Message]:
        """What it was sent on that topic."""
        return [message for message in self.got if message.topic == topic]


class Connection:
    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self.inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.dropped, self.last_dropped = 0, ""

    def end(self) -> None:
        self.inbox.put_nowait(None)
        self.gone.set()

    async def publish(self, message: Message) -> None:
        if len(message.payload) > self._broker.most:
            raise TooLarge(f"{message.topic}: too large")
        if not self.gone.is_set():
            await asyncio.sleep(self._broker.takes)
        if len(message.payload) >= self._broker.hangs_up:
            self.end()
        if self.gone.is_set():
            raise BrokerLost("the broker is lost")
        self._broker.take(message)

    async def subscribe(self, filter: str) -> None:
        if filter.startswith(self._broker.hides):
            raise BrokerRefused(f"the broker does not let us read {filter}")
        self._broker.filters.append(filter)
        self._broker.order.append(f"subscribed {filter}")

    async def messages(self) -> AsyncIterator[Message]:
        while (message := await self.inbox.get()) is not None:
            yield message
        if self.gone.is_set():
            raise BrokerLost("the broker is lost")


def controls(emit: Emit, *cameras: str, settings: SettingsOptions | None = None) -> Controls:
    """What may be done to a session of switches and dials alone."""
    switches = Switches(AttentionOptions(), Present(), emit)
    dials = Dials(settings or SettingsOptions(), emit)
    return Controls(switches, dials, cast(Any, None), cast(Any, None), cameras, speaks=False)


def happening(name: str, seq: int = 0, **more: Any) -> CameraEvent:
    """An event before the camera `door`; the first of it is new, the others are updates, unless `more` says so."""
    now = asyncio.get_running_loop().time()
    values = {
        "change": "update" if seq else "new",
        "camera": "door",
        "kind": "motion",
        "caption": f"{name} {seq}",
        "title": "something moves",
        "began_at": now,
        "captured_at": now,
        "took": 0.1,
    }
    return CameraEvent(name, seq, **(values | more))
