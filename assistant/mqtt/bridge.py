"""A session on the broker: its events in order, what is so at present, and what may be done to it from there."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.config import Config
from assistant.mqtt import payloads
from assistant.mqtt.account import Account
from assistant.mqtt.announced import Announced
from assistant.mqtt.broker import Connection, connected
from assistant.mqtt.courier import Courier
from assistant.mqtt.delivery import Delivery
from assistant.mqtt.discovery import Announcer
from assistant.mqtt.entities import Equipment
from assistant.mqtt.errors import BrokerLost, BrokerRefused
from assistant.mqtt.health import BridgeHealth
from assistant.mqtt.link import Connect, Link, first_of
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.orders import Orders
from assistant.mqtt.outbox import Entry
from assistant.mqtt.pictures import Pictures
from assistant.mqtt.privacy import PrivacyFile
from assistant.mqtt.retained import Retained
from assistant.mqtt.sending import Sender
from assistant.mqtt.states import States
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from devices.lines import Latest
from devices.media import Frame
from pipelines.controls import Controls
from pipelines.switches import Switches
from pipelines.trouble import Patience
from pipelines.types import Answer, CameraEvent, Caption, Emit, Event, Notice, Reply, Started, Transcript, type_name

FLUSH = 2.0
"""Seconds that what waits still has at the end of a session."""
HEALTH_EVERY = 10.0
"""Seconds between two accounts of how the session is."""


@dataclass(frozen=True, slots=True)
class _Session:
    """What there is once it runs."""

    announcer: Announcer
    orders: Orders
    switches: Switches


class Bridge:
    """Reads the feed; lives until that ends. To be made, opened and run on one loop."""

    def __init__(
        self,
        options: MqttOptions,
        there: Equipment,
        emit: Emit,
        connect: Connect = connected,
        memo: Announced | None = None,
    ) -> None:
        """`there`: what the configuration has; `memo`: where it was announced last."""
        self._memo = memo
        self._options, self._topics, self._emit, self._there = options, Topics(options.base, options.node), emit, there
        self._clock, self._account, self._retained = Clock(), Account(_now()), Retained()
        self._set_clock()
        self._states = States(options, self._clock, self._retained)
        self._sender = Sender(self._topics, self._time, emit)
        self._courier = Courier(options, self._time, Patience("mqtt.outbox", emit))
        self._delivery = Delivery(self._retained, self._courier, self._sender, options.keep)
        self._privacy = PrivacyFile(options, Patience("mqtt.privacy", emit))
        self._pictures = None if options.pictures == "none" else Pictures(options.max_side)
        self._session: asyncio.Future[_Session] = asyncio.get_running_loop().create_future()
        self._over = asyncio.Event()
        will = Message(self._topics.status, _IS_OFFLINE, retain=True)
        self._link = Link(options, will, Patience("mqtt", emit), connect)
        self._retained.put(will)  # until the session runs; the first to be sent

    def attach(self, controls: Controls) -> None:
        """The session runs: this is what may be done to it."""
        there = replace(self._there, microphone=controls.switches.present.microphone, voice=controls.speaks)
        announcer = Announcer(self._options, controls.cameras, there, self._memo)
        orders = Orders(self._options, controls, self._clock, self._publish, self._emit)
        self._session.set_result(_Session(announcer, orders, controls.switches))
        self._retained.put(Message(self._topics.status, _IS_ONLINE))
        self._states.begin(controls.cameras)
        self._states.settings(controls.dials.now)
        if self._privacy.restore(controls.switches):
            self._emit(
                Notice("privacy is on, as it was switched on over MQTT: nothing is seen and heard", _now(), "mqtt")
            )
        self._look_to_privacy()
        controls.switches.when_covered(self._look_to_privacy)

    def kept(self, frame: Frame, caption: Caption) -> None:
        """A keyframe and its caption; the picture is published soon."""
        if self._pictures is not None:
            self._pictures.put(frame, caption)

    async def open(self) -> None:
        """Raises BackendError where the outbox, or whether privacy is on, is not to be had."""
        await self._courier.open()
        self._privacy.open()

    async def run(self, events: Latest[Event]) -> None:
        """Until the line is closed, and what waited was sent or had its time."""
        works = [self._take_all(events), self._link.keep(self._serve), self._obey()]
        works += [self._courier.forget(), self._tell_health(events)]
        works += [] if self._pictures is None else [self._pictures.run(self._states.secret, self._states.picture)]
        try:
            await first_of(*works)
        finally:
            await self._courier.close()

    async def _take_all(self, events: Latest[Event]) -> None:
        """At the end say goodbye if somebody is there to hear it; else what waits is sent by the next session."""
        dropped = 0
        async for event in events:
            if events.dropped > dropped:
                dropped = events.dropped
                self._states.missed()
            await self._take(event)
        self._over.set()
        if self._link.up:
            await asyncio.sleep(2 * FLUSH)  # the link ends before, and everything with it

    async def _take(self, event: Event) -> None:
        self._account.take(event)
        if self._pictures is not None and isinstance(event, CameraEvent) and event.keyframe is not None:
            await self._pictures.made(event.camera)
        self._look_to_privacy()
        self._states.take(event)
        if (entry := self._entry(event)) is not None:
            await self._courier.put(entry)
        elif isinstance(event, CameraEvent) and event.change == "new":
            self._courier.hush(event.id)

    def _look_to_privacy(self) -> None:
        """At once, whatever waits on the feed before the news of it, or was dropped there."""
        if not self._session.done() or self._over.is_set():
            return
        covered, switches = self._states.covered, self._session.result().switches
        self._privacy.keep(switches)
        self._states.attention(switches.now)
        if self._states.covered and not covered:
            self._courier.withdraw()

    def _entry(self, event: Event) -> Entry | None:
        """The event as it is to be told; None where it is not."""
        match said := self._states.discreet(event):
            case CameraEvent():
                topic, private = self._topics.camera(said.camera, "event"), not said.kind.startswith("camera_")
                return Entry(topic, self._stored(said), said.change, private=private, event=said.id)
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
        self._sender.connection = connection
        try:
            await first_of(self._attend(connection), self._until_over())
        finally:
            self._sender.connection = None
            self._account.unread += connection.dropped
            self._account.last_unread = connection.last_dropped or self._account.last_unread
        if not self._over.is_set():
            raise BrokerLost("what serves the broker came to an end, and begins anew")

    async def _attend(self, connection: Connection) -> None:
        """Listen and announce the device, say what is so, then what happened, once there is a session.

        It listens first: who sees it online may give it orders.
        """
        session = await asyncio.shield(self._session)
        statuses = (self._topics.status, self._topics.camera("+", "status"))
        for wanted in (*statuses, self._topics.orders, *session.announcer.filters):
            try:
                await connection.subscribe(wanted)
            except BrokerRefused as error:  # what it may not hear must not keep it from telling
                self._sender.say_once(wanted, error)
        self._link.works()
        self._retained.again()

        await first_of(
            self._delivery.states(),
            self._delivery.events(),
            session.announcer.run(self._publish),
            self._read(connection, session),
        )

    async def _obey(self) -> None:
        await (await asyncio.shield(self._session)).orders.run()

    async def _read(self, connection: Connection, session: _Session) -> None:
        async for message in connection.messages():
            if message.topic == self._topics.status:
                self._heard_of_itself(message)
            elif message.topic in session.announcer.filters:
                await session.announcer.take(message)
            elif message.topic.endswith("/status"):
                self._states.forget(message)
            else:
                await session.orders.take(message)

    def _heard_of_itself(self, message: Message) -> None:
        """A late will, or somebody's mistake, must not stand."""
        if message.payload != _IS_ONLINE and not message.retain and not self._over.is_set():
            self._retained.again(self._topics.status)

    async def _publish(self, message: Message) -> None:
        """Raises BrokerLost where nobody can be told."""
        await self._sender.send(message)

    async def _tell_health(self, events: Latest[Event]) -> None:
        while True:
            report = payloads.health(self._report(events.dropped), self._clock)
            self._retained.put(Message(self._topics.health, payloads.stored(report)))
            await asyncio.sleep(HEALTH_EVERY)

    def _report(self, dropped: int) -> BridgeHealth:
        """`dropped`: events that came faster than they could be stored."""
        report, connection = self._account.report(_now(), self._states.online), self._sender.connection
        return replace(
            report,
            waiting=self._courier.waiting,
            lost=self._courier.lost + self._delivery.lost + dropped,
            orders_refused=self._session.result().orders.refused if self._session.done() else 0,
            messages_refused=self._sender.refused,
            unread=report.unread + (connection.dropped if connection else 0),
            last_unread=connection.last_dropped if connection and connection.last_dropped else report.last_unread,
            reconnects=max(0, self._link.times - 1),
        )

    async def _until_over(self) -> None:
        await self._over.wait()
        if not self._session.done():
            return
        with suppress(TimeoutError):  # the last of what happened first: after the goodbye nobody looks
            await asyncio.wait_for(self._courier.emptied(), FLUSH)
        self._states.end()
        self._retained.put(Message(self._topics.status, _IS_OFFLINE))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._retained.settled(), FLUSH / 2)

    def _time(self) -> datetime:
        """Of day, by the clock that the times in payloads come from."""
        return self._clock.time(_now()) or datetime.now(UTC)

    def _set_clock(self) -> None:
        """With each connection anew: a machine that slept, or just learned the time, had another one."""
        self._clock.take(Started(_now(), datetime.now(UTC).isoformat()))


async def opened(config: Config, file: Path, emit: Emit) -> Bridge:
    """The bridge of the configuration in `file`, with [mqtt]. Raises BackendError where the outbox is not to be had."""
    assert config.mqtt is not None
    sees = bool(config.camera) and config.captioner is not None
    events, narrates = bool(config.camera) and config.events is not None, config.narration is not None
    there = Equipment(sees, events, sees or config.chat is not None, narrates)
    bridge = Bridge(config.mqtt, there, emit, memo=Announced(config.mqtt, file))
    await bridge.open()
    return bridge


_IS_ONLINE, _IS_OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'


def _now() -> float:
    return asyncio.get_running_loop().time()
