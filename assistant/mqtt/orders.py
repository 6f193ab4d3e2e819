"""What comes in from the broker: hostile until it is parsed, refused with a reason, and obeyed one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import get_args

from assistant.mqtt import forms
from assistant.mqtt.effects import obey
from assistant.mqtt.forms import FORMS, Ask, Look, Order, Refused
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.replies import Back, Publish, Replies
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from devices.lines import Lossless
from pipelines.controls import Controls
from pipelines.enquiries import Enquiry
from pipelines.news import Command
from pipelines.types import Emit, Notice

MOST = 32
"""Orders that wait, and as many that are answered."""
A_SECOND = 4
"""Orders of one kind that are taken in a second."""
_COMMANDS: dict[str, Command] = {command: command for command in get_args(Command)}


@dataclass(frozen=True, slots=True)
class _Taken:
    """One order, or why it is refused."""

    name: str
    order: Order | Refused
    back: Back


class Orders:
    """Takes messages from `<root>/<name>/set` and carries out what they say. Made and run on one loop."""

    def __init__(self, options: MqttOptions, controls: Controls, clock: Clock, publish: Publish, emit: Emit) -> None:
        """`publish` may raise BrokerError: then nobody gets this one reply."""
        self.refused = 0
        """Orders that were not obeyed."""
        self._topics, self._controls, self._emit = Topics(options.base, options.node), controls, emit
        self._replies = Replies(options, clock, publish)
        self._line = Lossless[_Taken](MOST, "orders")
        self._answering: set[asyncio.Task[None]] = set()
        self._recent: dict[str, deque[float]] = {}
        self._flooded: set[str] = set()

    async def take(self, message: Message) -> None:
        """Put it on the line, or refuse it. Whatever it is, this neither waits nor raises."""
        name = self._name(message.topic)
        if not self._in_time(name):
            return
        taken = self._read(name, message)
        if len(self._line) == MOST or len(self._answering) >= MOST:
            self._refuse(name, "too many orders wait already")
        else:
            await self._line.put(taken)

    async def run(self) -> None:
        """Carry them out in the order in which they came, until cancelled; answers take as long as they take."""
        async with asyncio.TaskGroup() as group:
            async for taken in self._line:
                if isinstance(taken.order, Look):
                    work = self._answer(taken, taken.order)
                else:
                    work = self._replies.outcome(taken.name, await self._why_not(taken), taken.back)
                task = group.create_task(work)
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    def _name(self, topic: str) -> str:
        """Empty where there is no such order."""
        return next((name for name in FORMS if topic == self._topics.order(name)), "")

    def _in_time(self, name: str) -> bool:
        """Whether there were not too many of its kind in the last second; said once where there are."""
        now = asyncio.get_running_loop().time()
        recent = self._recent.setdefault(name, deque(maxlen=A_SECOND))
        if len(recent) == A_SECOND and now - recent[0] < 1:
            self._refuse(name, f"more than {A_SECOND} of them come in a second", said=name in self._flooded)
            self._flooded.add(name)
            return False
        recent.append(now)
        self._flooded.discard(name)
        return True

    def _read(self, name: str, message: Message) -> _Taken:
        """The order with its sender, or why it is refused."""
        back = Back(transaction=forms.transaction(message.payload))
        try:
            back = self._replies.back(message, back.transaction)
            if message.retain:
                raise Refused("it was retained by the broker, and orders are for now: publish it without retain")
            if not name:
                raise Refused(f"there is no such order: there are {', '.join(FORMS)}")
            return _Taken(name, forms.parsed(name, message.payload, self._replies.time()), back)
        except Refused as refused:
            return _Taken(name, refused, back)

    async def _why_not(self, taken: _Taken) -> str:
        """Do it; empty where it is done."""
        try:
            if isinstance(taken.order, Refused):
                raise taken.order
            await obey(taken.name, taken.order, self._controls)
        except Refused as refused:
            self._refuse(taken.name, str(refused))
            return str(refused)
        return ""

    async def _answer(self, taken: _Taken, order: Look) -> None:
        question = order.question if isinstance(order, Ask) else ""
        enquiry = Enquiry(_COMMANDS[taken.name], question, order.camera, source="mqtt", transaction=order.transaction)
        await self._replies.answer(await self._controls.enquiries.ask(enquiry), taken.back)

    def _refuse(self, name: str, why: str, said: bool = False) -> None:
        self.refused += 1
        if not said:
            order = f"the order {name}" if name else "an order"
            now = asyncio.get_running_loop().time()
            self._emit(Notice(f"{order} that came over MQTT is refused: {why}", now, "mqtt"))
