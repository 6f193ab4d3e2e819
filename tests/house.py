"""A house whose orders come over MQTT: real switches and dials, a scripted conversation, and all that came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assistant.mqtt.errors import BrokerLost
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.orders import Orders
from assistant.traces import Clock
from pipelines.attention import AttentionOptions
from pipelines.controls import Controls
from pipelines.dials import Dials, SettingsOptions
from pipelines.enquiries import Enquiry
from pipelines.news import Answer
from pipelines.switches import Present, Switches
from pipelines.types import Event, Notice, Started
from pipelines.wording import printable

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPTIONS = MqttOptions(host="localhost", node="hall")


@dataclass
class Talk:
    """A conversation that notes what it is told to do."""

    told: list[str] = field(default_factory=list)
    full: bool = False
    silent: str = ""
    adjustable: bool = True

    @property
    def mouth(self) -> Talk:
        return self

    def say(self, text: str) -> bool:
        self.told.append(text)
        return not self.full

    def repeat(self) -> bool:
        return self.say("again")

    async def stop(self) -> None:
        self.told.append("stop")


@dataclass
class Desk:
    """Answers each question after so many seconds."""

    takes: float = 2.0
    asked: list[Enquiry] = field(default_factory=list)

    async def ask(self, enquiry: Enquiry) -> Answer:
        now = asyncio.get_running_loop().time
        self.asked.append(enquiry)
        at = now()
        await asyncio.sleep(self.takes)
        text = f"answer to {enquiry.question or enquiry.command}"
        return Answer(
            enquiry.command, enquiry.question, text, at, now(), enquiry.camera, at, "mqtt", enquiry.transaction
        )


class House:
    """Orders with a session behind them, and all that came of them."""

    def __init__(self, present: Present | None = None, speaks: bool = True, narrates: bool = True) -> None:
        self.events: list[Event] = []
        self.published: list[Message] = []
        self.lost = False
        self.talk, self.desk = Talk(), Desk()
        self.switches = Switches(AttentionOptions(), present or Present(), self.events.append)
        self.dials = Dials(SettingsOptions(), self.events.append)
        self.at_start = self.state
        session = self.switches, self.dials, self.talk, self.desk
        controls = Controls(*session, ("desk",), speaks, narrates)  # type: ignore[arg-type]
        clock = Clock()
        clock.take(Started(asyncio.get_running_loop().time(), NOON.isoformat()))
        self.orders = Orders(OPTIONS, controls, clock, self._publish, self.events.append)

    async def _publish(self, message: Message) -> None:
        if self.lost:
            raise BrokerLost("it is gone")
        self.published.append(message)

    @property
    def state(self) -> dict[str, Any]:
        """All that can be switched and set."""
        attention, now = self.switches.attention, self.dials.now
        set_to = {name: getattr(now, name) for name in SettingsOptions.model_fields}
        return {"microphone": attention.microphone, "camera": attention.camera, **set_to}

    def changed(self) -> dict[str, Any]:
        return {name: value for name, value in self.state.items() if value != self.at_start[name]}

    def replies(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload) for message in self.published]

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def why(self, name: str = "") -> str:
        """Why the one order was refused."""
        (notice,) = self.notices()
        head, why = notice.split(" that came over MQTT is refused: ")
        assert head == (f"the order {name}" if name else "an order")
        assert printable(notice) == notice
        return why

    async def given(self, name: str, payload: str | bytes = "PRESS", wait: float = 5.0, **more: Any) -> None:
        """Somebody publishes it."""
        content = payload if isinstance(payload, bytes) else payload.encode()
        await self.orders.take(Message(f"omni/hall/{name}/set", content, **more))
        await asyncio.sleep(wait)


@asynccontextmanager
async def house(*given: Any, **more: Any) -> AsyncIterator[House]:
    home = House(*given, **more)
    running = asyncio.create_task(home.orders.run())
    try:
        yield home
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait([running])
