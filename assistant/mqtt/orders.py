"""What comes in from the broker: hostile until it is parsed, refused with a reason, and obeyed one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from assistant.mqtt import parsing
from assistant.mqtt.forms import FORMS, LookOrder, Order, Refused, ValueOrder
from assistant.mqtt.message import Message, Publish
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.replies import Back, Replies
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from devices.lines import Latest, Lossless
from pipelines.controls import Controls
from pipelines.types import Emit, Notice

MOST = 32
"""Orders that wait, and as many that are answered."""
A_SECOND = 4
"""Orders of one kind that are taken in a second."""


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
        self._held: dict[str, _Taken] = {}
        self._hurried = asyncio.Event()
        self._not_obeyed = Latest[tuple[_Taken, str]](MOST, "refused orders")
        self._answering: set[asyncio.Task[None]] = set()
        self._recent: dict[str, deque[float]] = {}
        self._flooded: set[str] = set()

    async def take(self, message: Message) -> None:
        """Put it on the line, or refuse it. Whatever it is, this neither waits nor raises."""
        name = self._name(message.topic)
        taken, too_many = self._read(name, message), self._too_many(name)
        if isinstance(taken.order, ValueOrder) and (too_many or name in self._held):
            self._hold(taken)
        elif too_many:
            self._refuse(taken, too_many, said=name in self._flooded)
            self._flooded.add(name)
        elif isinstance(taken.order, Refused):
            self._refuse(taken, str(taken.order))
        else:
            await self._line.put(taken)

    async def run(self) -> None:
        """Carry them out in the order in which they came, until cancelled; answers take as long as they take."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._let_go())
            group.create_task(self._tell_refused())
            async for taken in self._line:
                if isinstance(taken.order, LookOrder):
                    self._begin(group, self._answer(taken.order, taken.back))
                elif await self._obeyed(taken):
                    self._begin(group, self._replies.outcome(taken.name, "", taken.back))

    def _begin(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    def _hold(self, taken: _Taken) -> None:
        """Of a switch or a dial the last value counts: it is let go in a moment, unless a newer one comes."""
        if taken.name in self._held:
            self._refuse(self._held[taken.name], "a newer one came right after it", said=True)
        self._held[taken.name] = taken
        self._hurried.set()

    async def _let_go(self) -> None:
        """Put what was held on the line, a second later, until cancelled."""
        while True:
            await self._hurried.wait()
            await asyncio.sleep(1)
            while self._held and len(self._line) < MOST:
                await self._line.put(self._held.pop(next(iter(self._held))))
            if not self._held:
                self._hurried.clear()

    async def _tell_refused(self) -> None:
        async for taken, why in self._not_obeyed:
            await self._replies.outcome(taken.name, why, taken.back)

    def _name(self, topic: str) -> str:
        """Empty where there is no such order."""
        return next((name for name in FORMS if topic == self._topics.order(name)), "")

    def _too_many(self, name: str) -> str:
        """Why no more of its kind can be taken at present; empty where it can."""
        now = asyncio.get_running_loop().time()
        recent = self._recent.setdefault(name, deque(maxlen=A_SECOND))
        if len(recent) == A_SECOND and now - recent[0] < 1:
            return f"more than {A_SECOND} of them come in a second"
        recent.append(now)
        self._flooded.discard(name)
        full = len(self._line) == MOST or len(self._answering) >= MOST
        return "too many orders wait already" if full else ""

    def _read(self, name: str, message: Message) -> _Taken:
        """The order with its sender, or why it is refused."""
        back = Back(transaction=parsing.transaction(message.payload))
        try:
            back = self._replies.back(message, back.transaction)
            if message.retain:
                raise Refused("it was retained by the broker, and orders are for now: publish it without retain")
            if not name:
                raise Refused(f"there is no such order: there are {', '.join(FORMS)}")
            return _Taken(name, parsing.parsed(name, message.payload, self._replies.time()), back)
        except Refused as refused:
            return _Taken(name, refused, back)

    async def _obeyed(self, taken: _Taken) -> bool:
        """Do it; False where it is refused."""
        assert isinstance(taken.order, Order)
        try:
            await taken.order.obey(self._controls)
        except Refused as refused:
            self._refuse(taken, str(refused))
            return False
        return True

    async def _answer(self, question: LookOrder, back: Back) -> None:
        await self._replies.answer(await question.obey(self._controls), back)

    def _refuse(self, taken: _Taken, why: str, said: bool = False) -> None:
        """Tell whoever sent it, and whoever sits before this machine unless that was `said` already."""
        self.refused += 1
        if taken.back.wanted:
            self._not_obeyed.put((taken, why))
        if not said:
            order = f"the order {taken.name}" if taken.name else "an order"
            now = asyncio.get_running_loop().time()
            self._emit(Notice(f"{order} that came over MQTT is refused: {why}", now, "mqtt"))
