"""What is so at present, made of events, as the broker retains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.parsing import NONE
from assistant.mqtt.payloads import payload, stored, utc
from assistant.mqtt.retained import Retained
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
SPOKEN = ("reply", "transcript")
"""Levels below the node that are there only where speech is published."""
TOLD = ("answer", *SPOKEN)
"""Levels below the node that may tell it as well."""

MOST_FORGOTTEN = 64
"""Cameras of earlier sessions that are forgotten in one."""


class States:
    """From events to what is retained."""

    def __init__(self, options: MqttOptions, clock: Clock, retained: Retained) -> None:
        self.cameras: tuple[str, ...] = ()
        self.online: dict[str, bool] = {}
        self._topics, self._clock, self._retained = Topics(options.base, options.node), clock, retained
        self._pictured = self._topics if options.pictures != "none" else None
        self._expires, self._speech = round(options.keep * 3600), options.speech
        self.covered, self._covered_at = False, float("-inf")
        """Whether the cameras are covered; and when that changed."""
        self._forgotten: set[str] = set()
        self._moving: dict[str, set[str]] = {}
        """Ids of what goes on before each camera."""

    def begin(self, cameras: Sequence[str]) -> None:
        """The session runs, with these cameras."""
        self.cameras = tuple(cameras)
        for camera in cameras:
            self._moving[camera] = set()
            self._camera_is(camera, True)
            self._put(camera, "motion", b"OFF")
            if self._pictured is None:
                self._put(camera, "keyframe", b"")  # an earlier session may have left one
        for name in () if self._speech else SPOKEN:
            self._retained.put(Message(self._topics.state(name)))

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
        """The event, as far as it is anybody's business: of what is a secret now, only that something moved.

        What was found by motion alone keeps its title, which tells of no picture.
        """
        match event:
            case CameraEvent() if not event.kind.startswith("camera_") and self.secret(event.captured_at):
                title = event.title if event.source == "motion" else ""
                wordless = replace(event, kind="motion", caption="", title=title, difference="", labels=())
                unseen = replace(wordless, people=None, keyframe=None, confidence=None, described_at=None)
                return unseen if event.change == "end" else None
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
                people = event.facts.people if event.facts else None
                self._put(event.camera, "people", b"" if people is None else str(people).encode())
            case CameraEvent() if not event.kind.startswith("camera_"):
                self._event(event)
            case Settings():
                self.settings(event)
            case Trouble() | Recovered():
                camera = event.part.removeprefix("camera ")
                if camera != event.part and camera in self.cameras:
                    self._camera_is(camera, isinstance(event, Recovered))

    def picture(self, caption: Caption, jpeg: bytes) -> None:
        """The keyframe of a caption."""
        if not self.secret(caption.captured_at):
            time = self._clock.time(caption.captured_at)
            said = {"keyframe": str(caption.keyframe), "captured_at": utc(time) if time else ""}
            topic = self._topics.camera(caption.camera, "keyframe")
            message = Message(topic, jpeg, content_type="image/jpeg", properties=tuple(said.items()))
            self._retained.put(replace(message, expires=self._expires))

    def settings(self, settings: Settings) -> None:
        self._set("captioning", settings.captioning)
        self._set("speaking", settings.speaking)
        self._set("verbosity", settings.verbosity)
        self._set("interval", f"{settings.interval:g}")
        self._set("level", settings.level)
        self._set("topics", ",".join(settings.topics) or NONE)
        self._set("pause", settings.paused)
        self._set("rate", f"{settings.rate:g}")
        self._set("volume", f"{settings.volume:g}")

    def _event(self, event: CameraEvent) -> None:
        """Something moves until it is calm again, also where words to it are still to come."""
        moving, secret = self._moving.setdefault(event.camera, set()), self.secret(event.captured_at)
        moving.discard(event.id) if event.ended_at is not None or secret else moving.add(event.id)
        self._put(event.camera, "motion", b"ON" if moving else b"OFF")
        if event.people is not None and not secret:
            self._put(event.camera, "people", str(event.people).encode())

    def missed(self) -> None:
        """Events were dropped: the end of what went on may have been among them."""
        for camera, moving in self._moving.items():
            moving.clear()
            self._put(camera, "motion", b"OFF")

    def attention(self, attention: Attention) -> None:
        """Privacy is when there is something that could be captured, and nothing is."""
        able = [one for one in (attention.camera, attention.microphone) if one is not None]
        self._set("privacy", bool(able) and not any(able))
        if attention.microphone is not None:
            self._set("listening", attention.microphone)
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
            self._retained.put(Message(self._topics.state(name)))

    def _camera_is(self, camera: str, online: bool) -> None:
        self.online[camera] = online
        self._put(camera, "status", b"online" if online else b"offline")

    def _set(self, name: str, value: bool | str) -> None:
        text = ("ON" if value else "OFF") if isinstance(value, bool) else value
        self._retained.put(Message(self._topics.state(name), text.encode()))

    def _put(self, camera: str, name: str, content: bytes) -> None:
        expires = self._expires if content and name in SEEN else None
        self._retained.put(Message(self._topics.camera(camera, name), content, expires=expires))
