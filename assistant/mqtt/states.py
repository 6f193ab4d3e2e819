"""What is so at present, as the broker retains it: the newest message of each topic, sent again where it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from assistant.mqtt.message import Message
from assistant.mqtt.payloads import payload, stored
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from pipelines.types import (
    Answer,
    Attention,
    CameraEvent,
    Caption,
    Event,
    Recovered,
    Reply,
    Settings,
    Transcript,
    Trouble,
)

SEEN = ("caption", "keyframe", "people")
"""Levels below a camera that tell what it saw: cleared when the cameras are covered."""
TOLD = ("answer", "reply", "transcript")
"""Levels below the node that may tell it as well."""

MOST_FORGOTTEN = 64
"""Cameras of earlier sessions that are forgotten in one."""


class Retained:
    """The newest message by topic, and which of them the broker does not have yet."""

    def __init__(self) -> None:
        self._newest: dict[str, Message] = {}
        self._due: dict[str, None] = {}
        self._changed, self._settled = asyncio.Event(), asyncio.Event()

    def put(self, topic: str, content: bytes, content_type: str = "") -> None:
        """It is so from now on; empty: it is forgotten. What the broker has already is not sent again.

        That something is forgotten is remembered: a broker that was killed may come back with it.
        """
        message = Message(topic, content, retain=True, content_type=content_type)
        if self._newest.get(topic) != message:
            self._newest[topic] = message
            self._due.pop(topic, None)
            self._due[topic] = None  # the last of them
            self._changed.set()

    def newest(self, topic: str) -> Message | None:
        return self._newest.get(topic)

    def known(self, message: Message) -> None:
        """The broker has it; it is sent again when a broker comes back."""
        self._newest[message.topic] = message
        self._due.pop(message.topic, None)

    def again(self, topic: str | None = None) -> None:
        """The broker may have lost this one, or everything."""
        self._due |= dict.fromkeys(self._newest if topic is None else [topic])
        self._changed.set()

    async def due(self) -> AsyncIterator[Message]:
        """What is to be sent, the newest of each topic; `sent` is to be told of each."""
        while True:
            self._settled.clear()
            while self._due:
                yield self._newest[next(iter(self._due))]
            self._settled.set()
            self._changed.clear()
            await self._changed.wait()

    async def emptied(self) -> None:
        """Return when everything was sent."""
        while self._due:
            self._settled.clear()
            await self._settled.wait()

    def sent(self, message: Message) -> None:
        """The broker has this one; a newer one of the same topic is still due."""
        if self._newest.get(message.topic) is message:
            self._due.pop(message.topic, None)


class States:
    """From events to what is retained."""

    def __init__(self, topics: Topics, clock: Clock, retained: Retained, pictures: bool) -> None:
        self.retained = retained
        self.cameras: tuple[str, ...] = ()
        self.online: dict[str, bool] = {}
        self._topics, self._clock = topics, clock
        self._pictured = topics if pictures else None
        self.covered, self._covered_at = False, float("-inf")
        """Whether the cameras are covered; and when that changed."""
        self._forgotten: set[str] = set()
        self._moving: dict[str, set[str]] = {}

    def begin(self, cameras: Sequence[str]) -> None:
        """The session runs, with these cameras."""
        self.cameras = tuple(cameras)
        for camera in cameras:
            self._moving[camera] = set()
            self._camera_is(camera, True)
            self._put(camera, "motion", b"OFF")
        if self.covered:
            self._clear()

    def end(self) -> None:
        """The session is over."""
        for camera in self.cameras:
            self._camera_is(camera, False)

    def forget(self, status: Message) -> None:
        """The broker kept the status of a camera: if there is no such camera any more, nothing of it is to be kept."""
        camera = status.topic.removeprefix(f"{self._topics.root}/").removesuffix("/status")
        if camera in self.cameras or not (status.retain and status.payload) or len(self._forgotten) == MOST_FORGOTTEN:
            return
        self._forgotten.add(camera)
        for name in ("status", "motion", *SEEN):
            self._put(camera, name, b"")

    def secret(self, captured_at: float) -> bool:
        """Whether what was seen then is nobody's business: the cameras are covered, or were since."""
        return self.covered or captured_at <= self._covered_at

    def discreet(self, event: Event) -> Event | None:
        """The event, as far as it is anybody's business: of what is a secret now, only that it is over.

        What was found by motion alone keeps its title, which tells of no picture.
        """
        match event:
            case CameraEvent() if not event.kind.startswith("camera_") and self.secret(event.captured_at):
                title = event.title if event.source == "motion" else ""
                wordless = replace(event, caption="", title=title, difference="", labels=())
                return replace(wordless, people=None, keyframe=None) if event.change == "end" else None
            case Answer() if event.captured_at is not None and self.secret(event.captured_at):
                return None
            case Transcript() if event.said_at <= self._covered_at:
                return None
            case Reply() if event.asked_at <= self._covered_at:
                return None
        return event

    def take(self, event: Event) -> None:
        match event:
            case Caption() if not self.secret(event.captured_at):
                self._put(event.camera, "caption", stored(payload(event, self._clock, self._pictured)))
                self._count(event.camera, event.facts.people if event.facts else None)
            case CameraEvent():
                self._event(event)
            case Attention():
                self._attention(event)
            case Settings():
                self.settings(event)
            case Trouble() | Recovered():
                camera = event.part.removeprefix("camera ")
                if camera != event.part and camera in self.cameras:
                    self._camera_is(camera, isinstance(event, Recovered))

    def picture(self, camera: str, captured_at: float, jpeg: bytes) -> None:
        """The keyframe of a caption."""
        if not self.secret(captured_at):
            self.retained.put(self._topics.camera(camera, "keyframe"), jpeg, "image/jpeg")

    def settings(self, settings: Settings) -> None:
        self._set("captioning", settings.captioning)
        self._set("speaking", settings.speaking)
        self._set("verbosity", settings.verbosity)
        self._set("interval", f"{settings.interval:g}")

    def _event(self, event: CameraEvent) -> None:
        if event.kind.startswith("camera_"):
            return
        moving = self._moving.setdefault(event.camera, set())
        moving.discard(event.id) if event.change == "end" else moving.add(event.id)
        self._put(event.camera, "motion", b"ON" if moving else b"OFF")
        if not self.secret(event.captured_at):
            self._count(event.camera, event.people)

    def _attention(self, attention: Attention) -> None:
        """Privacy is when there is something that could be captured, and nothing is."""
        able = [one for one in (attention.camera, attention.microphone) if one is not None]
        self._set("privacy", bool(able) and not any(able))
        if attention.microphone is not None:
            self._set("listening", attention.microphone)
        self.retained.put(self._topics.state("attention"), stored(payload(attention, self._clock)))
        covered = attention.camera is False or (attention.camera is None and attention.microphone is False)
        if covered != self.covered:
            self.covered, self._covered_at = covered, attention.at
        if covered:
            self._clear()

    def _clear(self) -> None:
        for camera in self.cameras:
            self._moving[camera].clear()
            self._put(camera, "motion", b"OFF")
            for name in SEEN:
                self._put(camera, name, b"")
        for name in TOLD:
            self.retained.put(self._topics.state(name), b"")

    def _count(self, camera: str, people: int | None) -> None:
        if people is not None:
            self._put(camera, "people", str(people).encode())

    def _camera_is(self, camera: str, online: bool) -> None:
        self.online[camera] = online
        self._put(camera, "status", b"online" if online else b"offline")

    def _set(self, name: str, value: bool | str) -> None:
        text = ("ON" if value else "OFF") if isinstance(value, bool) else value
        self.retained.put(self._topics.state(name), text.encode())

    def _put(self, camera: str, name: str, content: bytes) -> None:
        self.retained.put(self._topics.camera(camera, name), content)
