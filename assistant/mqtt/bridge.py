"""A session on the broker: its events in order, what is so at present, and what may be done to it from there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from assistant.config import Config
from assistant.mqtt import payloads
from assistant.mqtt.account import Account
from assistant.mqtt.broker import Connection, connected
from assistant.mqtt.courier import Courier, Publish
from assistant.mqtt.discovery import Announcer
from assistant.mqtt.entities import Equipment
from assistant.mqtt.errors import BrokerError, BrokerLost, BrokerRefused, NotTaken
from assistant.mqtt.health import BridgeHealth
from assistant.mqtt.link import Connect, Link, first_of
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.orders import Orders
from assistant.mqtt.outbox import Entry
from assistant.mqtt.states import Retained, States
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from devices.lines import Latest
from devices.media import Frame
from devices.threads import DaemonThread
from pipelines import album
from pipelines.controls import Controls
from pipelines.trouble import Patience
from pipelines.types import Answer, CameraEvent, Caption, Emit, Event, Notice, Reply, Started, Transcript, type_name

FLUSH = 2.0
"""Seconds that what waits still has at the end of a session."""
HEALTH_EVERY = 10.0
"""Seconds between two accounts of how the session is."""


class Bridge:
    """Reads the feed; lives until that ends. To be made, opened and run on one loop."""

    def __init__(
        self, options: MqttOptions, there: Equipment, emit: Emit, cameras: int = 1, connect: Connect = connected
    ) -> None:
        """`there`: what the configuration has; `cameras`: how many."""
        self._options, self._topics, self._emit = options, Topics(options.base, options.node), emit
        self._clock, self._account = Clock(), Account(_now())
        self._set_clock()
        self._retained = Retained()
        shown = options.pictures != "none"
        self._states = States(self._topics, self._clock, self._retained, shown)
        self._courier = Courier(options, self._time, Patience("mqtt.outbox", emit))
        self._pictures = Latest[tuple[Frame, Caption]](2 * cameras + 2, "pictures") if shown else None
        self._there = there
        self._said: set[str] = set()
        self._announcer: Announcer | None = None
        self._orders: Orders | None = None
        self._connection: Connection | None = None
        self._attached, self._over = asyncio.Event(), asyncio.Event()
        will = Message(self._topics.status, _IS_OFFLINE, retain=True)
        self._link = Link(options, will, Patience("mqtt", emit), connect)
        self._retained.put(self._topics.status, _IS_OFFLINE)  # until the session runs; the first to be sent

    def attach(self, controls: Controls) -> None:
        """The session runs: this is what may be done to it."""
        there = replace(self._there, microphone=controls.switches.present.microphone, voice=controls.speaks)
        self._announcer = Announcer(self._options, controls.cameras, there)
        self._orders = Orders(self._options, controls, self._clock, self._answer, self._emit)
        self._retained.put(self._topics.status, _IS_ONLINE)
        self._states.begin(controls.cameras)
        self._states.settings(controls.dials.now)
        self._attached.set()

    def kept(self, frame: Frame, caption: Caption) -> None:
        """A keyframe and its caption; the picture is published soon."""
        if self._pictures is not None:
            self._pictures.put((frame, caption))

    async def open(self) -> None:
        """Raises BackendError where the outbox is not to be had."""
        await self._courier.open()

    async def run(self, events: Latest[Event]) -> None:
        """Until the line is closed, and what waited was sent or had its time."""
        beside = [self._courier.forget(), self._tell_health(), self._obey()]
        beside += [] if self._pictures is None else [self._show(self._pictures)]
        try:
            await first_of(self._take_all(events), self._link.keep(self._serve), *beside)
        finally:
            await self._courier.close()

    async def _take_all(self, events: Latest[Event]) -> None:
        """At the end say goodbye if somebody is there to hear it; else what waits is sent by the next session."""
        async for event in events:
            await self._take(event)
        self._states.end()
        self._retained.put(self._topics.status, _IS_OFFLINE)
        self._over.set()
        if self._link.up:
            await asyncio.sleep(2 * FLUSH)  # the link ends before, and everything with it

    async def _take(self, event: Event) -> None:
        self._account.take(event)
        covered = self._states.covered
        self._states.take(event)
        if self._states.covered and not covered:
            await self._courier.withdraw()
        if (entry := self._entry(event)) is not None:
            await self._courier.put(entry)

    def _entry(self, event: Event) -> Entry | None:
        """The event as it is to be told; None where it is not."""
        match said := self._states.discreet(event):
            case CameraEvent():
                topic, private = self._topics.camera(said.camera, "event"), not said.kind.startswith("camera_")
                return Entry(topic, self._stored(said), said.change, private=private)
            case Answer():
                return Entry(self._topics.state("answer"), self._stored(said), retain=True, private=True)
            case Transcript() | Reply() if self._options.speech:
                return Entry(self._topics.state(type_name(said)), self._stored(said), retain=True, private=True)
        return None

    def _stored(self, event: Event) -> bytes:
        topics = None if self._pictures is None else self._topics
        return payloads.stored(payloads.payload(event, self._clock, topics))

    async def _serve(self, connection: Connection) -> None:
        """All that is to be done on a connection, until it is lost or the session is over."""
        self._set_clock()
        self._account.reconnects = self._link.times - 1
        self._connection = connection
        try:
            await first_of(self._attend(connection), self._until_over())
        finally:
            self._connection = None

    async def _attend(self, connection: Connection) -> None:
        """Listen and announce the device, say what is so, then what happened, once there is a session.

        It listens first: who sees it online may give it orders.
        """
        await self._attached.wait()
        assert self._announcer is not None
        statuses = (self._topics.status, self._topics.camera("+", "status"))
        for wanted in (*statuses, self._topics.orders, *self._announcer.filters):
            try:
                await connection.subscribe(wanted)
            except BrokerRefused as error:  # what it may not hear must not keep it from telling
                self._say_once(wanted, error)
        self._link.works()
        self._retained.again()
        publish = partial(self._publish, connection)
        await first_of(
            self._retain(publish), self._deliver(publish), self._announcer.run(publish), self._read(connection)
        )

    async def _retain(self, publish: Publish) -> None:
        async for message in self._retained.due():
            await publish(message)
            self._retained.sent(message)

    async def _deliver(self, publish: Publish) -> None:
        async def deliver(message: Message) -> None:
            before = self._retained.newest(message.topic)
            await publish(message)
            if message.retain and self._retained.newest(message.topic) is before:  # and was not cleared meanwhile
                self._retained.known(message)

        await self._courier.deliver(deliver)

    async def _obey(self) -> None:
        await self._attached.wait()
        assert self._orders is not None
        await self._orders.run()

    async def _read(self, connection: Connection) -> None:
        assert self._announcer is not None
        assert self._orders is not None
        async for message in connection.messages():
            if message.topic == self._topics.status:
                self._heard_of_itself(message)
            elif message.topic.endswith("/status") and message.topic not in self._announcer.filters:
                self._states.forget(message)
            elif message.topic in self._announcer.filters:
                await self._announcer.take(message)
            else:
                await self._orders.take(message)

    def _heard_of_itself(self, message: Message) -> None:
        """A late will, or somebody's mistake, must not stand."""
        if message.payload != _IS_ONLINE and not message.retain and not self._over.is_set():
            self._retained.again(self._topics.status)

    async def _answer(self, message: Message) -> None:
        """Raises BrokerLost where nobody can be told."""
        if self._connection is None:
            raise BrokerLost("the broker is away")
        await self._publish(self._connection, message)

    async def _show(self, pictures: Latest[tuple[Frame, Caption]]) -> None:
        loop, side = asyncio.get_running_loop(), self._options.max_side
        with DaemonThread("pictures") as thread:
            async for frame, caption in pictures:
                if not self._states.secret(caption.captured_at):
                    jpeg = await loop.run_in_executor(thread, album.jpeg, frame, side)
                    self._states.picture(caption.camera, caption.captured_at, jpeg)

    async def _tell_health(self) -> None:
        while True:
            report = payloads.health(self._report(), self._clock)
            self._retained.put(self._topics.health, payloads.stored(report))
            await asyncio.sleep(HEALTH_EVERY)

    def _report(self) -> BridgeHealth:
        report, refused = self._account.report(_now(), self._states.online), self._orders.refused if self._orders else 0
        return replace(
            report,
            waiting=self._courier.waiting,
            lost=self._courier.lost,
            refused=report.refused + refused,
        )

    async def _until_over(self) -> None:
        await self._over.wait()
        if not self._attached.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH):
                await self._courier.emptied()
                await self._retained.emptied()

    async def _publish(self, connection: Connection, message: Message) -> None:
        """With its age at this moment. What the broker will never take is left out, counted, and said once."""
        try:
            await connection.publish(replace(message, payload=payloads.sent(message.payload, self._time())))
        except NotTaken as error:
            self._account.refused += 1
            self._say_once(message.topic, error)

    def _say_once(self, topic: str, error: BrokerError) -> None:
        if topic not in self._said:
            self._said.add(topic)
            self._emit(Notice(str(error), _now(), "mqtt"))

    def _time(self) -> datetime:
        """Of day, by the clock that the times in payloads come from."""
        return self._clock.time(_now()) or datetime.now(UTC)

    def _set_clock(self) -> None:
        """With each connection anew: a machine that slept, or just learned the time, had another one."""
        self._clock.take(Started(_now(), datetime.now(UTC).isoformat()))


async def opened(config: Config, emit: Emit) -> Bridge:
    """The bridge of a configuration with [mqtt]. Raises BackendError where the outbox is not to be had."""
    assert config.mqtt is not None
    sees = bool(config.camera) and config.captioner is not None
    there = Equipment(sees, bool(config.camera) and config.events is not None, sees or config.chat is not None)
    bridge = Bridge(config.mqtt, there, emit, len(config.camera))
    await bridge.open()
    return bridge


_IS_ONLINE, _IS_OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'


def _now() -> float:
    return asyncio.get_running_loop().time()
