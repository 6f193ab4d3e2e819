"""From the camera to the broker in real time: how soon the first text of an event is there, and whether ages are right.

    .venv/bin/python -m tests.benchmarks.event_latency [SECONDS]

Three clips run again and again as three cameras at 5 frames a second through the whole program, with the embedded
captioner at work, to a real Mosquitto and a reader. The first text of an event counts from the moment at which its
camera handed its first picture over: what began between two pictures began up to 200 ms before that. An age is compared
with what the wall's clock says of the picture that the message tells of, from its handing over to its arrival: one that
is too small was long on its way, one that is too large was handed over late. What a captioner adds comes as an update,
and is told beside.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant import app
from assistant.cli import take_short_turns
from assistant.config import Config
from assistant.parts import Devices, Outside, Real
from devices.lines import Latest
from devices.media import Camera, Frame
from pipelines.captioners.embedded import Embedded
from pipelines.types import CameraEvent, Caption, Event
from tests.benchmarks._report import data, report
from tests.benchmarks.cameras import Endless
from tests.homes import home, options
from tests.mosquitto import Mosquitto, running

CLIPS = ("intel-bottle-detection", "intel-car-detection", "psd-testvideo")
FPS, SECONDS = 5.0, 90.0
FIRST_TEXT, AGE = 300.0, 50.0
"""The bars, in milliseconds: the 95th percentile of first texts, and the most that any age may be off."""

Picture = tuple[str, float]
"""Camera, and seconds on the loop's clock."""


class Stamped(Latest[Frame]):
    """The way onto a line on which the time of day at which each picture came is noted."""

    def __init__(self, onward: Latest[Frame], stamps: dict[Picture, float]) -> None:
        super().__init__(onward.size, onward.name)
        self._onward, self._stamps = onward, stamps

    def put(self, item: Frame) -> None:
        self._stamps[item.camera, item.captured_at] = time.time()
        self._onward.put(item)


class KnownCamera(Endless):
    """A film that begins again and again, of each of whose pictures it is known when it was handed over."""

    def __init__(self, camera: Camera, stamps: dict[Picture, float]) -> None:
        super().__init__(camera)
        self._stamps = stamps

    async def run(self, frames: Latest[Frame]) -> None:
        await super().run(Stamped(frames, self._stamps))


@dataclass
class Known(Real):
    """The real parts, of whose pictures the times are noted."""

    stamps: dict[Picture, float] = field(default_factory=dict)

    async def open(self, config: Config) -> Devices:
        devices = await super().open(config)
        devices.cameras = [KnownCamera(camera, self.stamps) for camera in devices.cameras]
        return devices


@dataclass
class Arrived:
    """What a reader got, with the time of day."""

    messages: list[tuple[dict[str, Any], float]] = field(default_factory=list)

    def take(self, payload: bytes) -> None:
        now = time.time()
        self.messages += [(json.loads(payload), now)] if payload else []


@contextmanager
def reading(broker: Mosquitto) -> Iterator[Arrived]:
    arrived = Arrived()
    with broker.client() as client:
        client.on_message = lambda _client, _data, message: arrived.take(message.payload)
        client.subscribe([("omni/home/+/event", 1), ("omni/home/+/caption", 1)])
        yield arrived


async def main(seconds: float) -> None:
    folder = data() / "media" / "video"
    cameras = [{"name": name, "source": str(folder / f"{name}.mp4"), "fps": FPS} for name in CLIPS]
    config = Config.model_validate({"camera": cameras, "captioner": Embedded(), "events": {}})
    told, parts = list[Event](), Known()
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as broker, reading(broker) as arrived:
        async with home(options(Path(place), broker)) as there:
            listening = asyncio.create_task(_note(there.feed.subscribe(10_000), told))
            outside = Outside(kept=there.bridge.kept, attach=there.bridge.attach)
            session = asyncio.create_task(app.run(config, there.feed, outside, parts))
            await asyncio.wait([session], timeout=seconds)
            session.cancel()
            await asyncio.wait([session])
            await asyncio.sleep(1)
        await listening
    found = figures(told, arrived, parts.stamps)
    for name, value in found.items():
        print(f"{name:<32} {value}")
    report("event_latency", {"cameras": len(CLIPS), "fps": FPS, "seconds": seconds, **found}, missed(found))


async def _note(events: Latest[Event], told: list[Event]) -> None:
    told += [event async for event in events]


def figures(told: list[Event], arrived: Arrived, stamps: dict[Picture, float]) -> dict[str, Any]:
    """All in milliseconds."""
    known = {_key(event): event for event in told if isinstance(event, CameraEvent | Caption)}
    first, later, wrong = list[float](), list[float](), list[float]()
    for payload, at in arrived.messages:
        event = known[_name(payload)]
        if (taken := stamps.get((event.camera, event.captured_at))) is None:
            continue
        wrong.append(payload["age_ms"] - 1000 * (at - taken))
        if isinstance(event, CameraEvent) and event.change == "new":
            first.append(1000 * (at - stamps[event.camera, event.began_at]))
        elif isinstance(event, CameraEvent) and event.change == "update" and event.source != "motion":
            later.append(1000 * (at - taken))
    return {
        "first texts": len(first), "first text p50": _share(first, 50), "first text p95": _share(first, 95),
        "first text max": _share(first, 100),
        "captioned updates": len(later), "update p50": _share(later, 50), "update p95": _share(later, 95),
        "ages": len(wrong), "age off by p95": _share(np.abs(wrong), 95), "age off by max": _share(np.abs(wrong), 100),
        "age too small by": _share(np.negative(wrong), 100), "age too large by": _share(wrong, 100),
        "never arrived": len([one for one in known.values() if isinstance(one, CameraEvent)])
        - len([one for one, _ in arrived.messages if one["type"] == "camera_event"]),
    }  # fmt: skip


def _key(event: CameraEvent | Caption) -> tuple[str, str, int]:
    return (event.camera, event.id, event.seq) if isinstance(event, CameraEvent) else (event.camera, "", event.keyframe)


def _name(payload: dict[str, Any]) -> tuple[str, str, int]:
    return payload["camera"], payload.get("id", ""), payload["seq"] if "id" in payload else payload["keyframe"]


def _share(milliseconds: Any, percent: float) -> float:
    return round(float(np.percentile(milliseconds, percent)), 1)


def missed(found: dict[str, Any]) -> list[str]:
    bars = {
        f"first text after {found['first text p95']} ms (p95)": found["first text p95"] <= FIRST_TEXT,
        f"an age is off by {found['age off by max']} ms": found["age off by max"] <= AGE,
        f"{found['never arrived']} events never arrived": found["never arrived"] == 0,
    }
    return [bar for bar, kept in bars.items() if not kept]


if __name__ == "__main__":
    take_short_turns()
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
