"""One to sixteen cameras at five frames a second through the real pipeline: their cost, and whether any starves.

    python -m tests.benchmarks.cameras                   # every number of cameras, some five minutes
    python -m tests.benchmarks.cameras --one 16          # one of them, as a line of JSON

The captioner is a scripted vision-language model of 200 ms, and every camera has a picture for it each second: from
five cameras on they have to share it. Everything else is what runs at home: gate, events, guards, frames kept for
questions. Each number of cameras runs in a process of its own; what they cost is what it takes beyond one whose only
camera shows a still of 64×64 pixels.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from assistant.app import Kit, assemble
from assistant.config import Config
from assistant.parts import Devices, Models
from devices.camera import CameraOptions, open_camera
from devices.lines import Latest
from devices.media import Camera, Frame
from devices.proxies import CameraProxy
from pipelines.backends import BackendOptions, Loaded, Look
from pipelines.gate import GateOptions
from pipelines.live import Session, live
from pipelines.novelty import NoveltyOptions
from pipelines.types import Caption, Event, Seen
from pipelines.watching import WatchOptions
from pipelines.worker import Worker
from tests.benchmarks._report import REPOSITORY, data, report

NUMBERS = (0, 1, 2, 4, 8, 16)
FPS, CAPTION = 5.0, 0.2
SETTLE, WATCHED = 8.0, 32.0
"""Seconds of running before the measurement, and of measuring."""
CLIPS = ("skv-bigbuckbunny.mp4", "intel-bottle-detection.mp4", "psd-testvideo.mp4", "intel-car-detection.mp4")
"""720p at 25, 640×360 at 30, 720p at 30 and 768×432 at 12.5 frames a second."""
MEMORY_BAR, GAP_BAR, GROWTH_BAR = 60.0, 2.0, 1.2
"""Megabytes a camera; longest gap between two captions to the median one; CPU of a camera among 16 to one among 4."""


class Endless(CameraProxy):
    """A film that begins again and again, and so is as live as a camera."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera)
        self.live = self.endless = True

    async def run(self, frames: Latest[Frame]) -> None:
        while True:
            await self._camera.run(frames)


@dataclass
class ScriptedModel:
    """A vision-language model that takes its time, and needs no processor for it."""

    calls: int = 0

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        self.calls += 1
        time.sleep(CAPTION)
        yield f"Picture {self.calls} of a street."

    def look(self, request: Look) -> Iterator[str]:
        self.calls += 1
        time.sleep(CAPTION)
        told = {"title": f"Picture {self.calls}", "summary": f"Picture {self.calls} of a street.", "labels": ["street"]}
        yield json.dumps({"unchanged": False} | told)


@dataclass
class Watched:
    """What a session told while it was measured."""

    captions: dict[str, list[float]] = field(default_factory=dict)
    """When each camera's were told."""

    def take(self, event: Event) -> None:
        if isinstance(event, Caption):
            self.captions.setdefault(event.camera, []).append(asyncio.get_running_loop().time())


def main() -> None:
    if "--one" in sys.argv:
        print(json.dumps(asyncio.run(one(int(sys.argv[-1])))), flush=True)
        os._exit(0)  # as the program ends: some thread may be inside of a decoder
    rows = [_apart(number) for number in NUMBERS]
    empty, rows = rows[0], rows[1:]
    for row in rows:
        row["cpu_a_camera"] = round((row["cpu_percent"] - empty["cpu_percent"]) / row["cameras"], 1)
        row["mb_a_camera"] = round((row["pss_mb"] - empty["pss_mb"]) / row["cameras"], 1)
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    report("cameras", {"without_cameras": empty, "rows": rows}, _missed(rows))


def _missed(rows: list[dict[str, Any]]) -> list[str]:
    few, many = (next(row for row in rows if row["cameras"] == number) for number in (4, 16))  # the same clips
    growth = many["cpu_a_camera"] / few["cpu_a_camera"]
    missed = [f"a camera among 16 takes {growth:.2f} times the CPU of one among 4"] * (growth > GROWTH_BAR)
    missed += [f"{row['cameras']} cameras: {row['fps']} frames a second" for row in rows if row["fps"] < 0.95 * FPS]
    for row in rows:
        if row["mb_a_camera"] > MEMORY_BAR:
            missed.append(f"{row['cameras']} cameras: {row['mb_a_camera']} MB a camera, over {MEMORY_BAR:g}")
        if row["gap_ratio"] > GAP_BAR:
            missed.append(f"{row['cameras']} cameras: the longest gap is {row['gap_ratio']} times the median")
    return missed


def _apart(number: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.cameras", "--one", str(number)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


async def one(number: int) -> dict[str, Any]:
    """A session with so many cameras; none: what it takes by itself."""
    watched = Watched()
    with tempfile.TemporaryDirectory() as folder:
        session = _session([_camera(place) for place in range(number)] or [_thumbnail(Path(folder))], watched)
        running = asyncio.create_task(live(session, watched.take))
        return await _measured(session, number, watched, running)


async def _measured(session: Session, number: int, watched: Watched, running: asyncio.Task[None]) -> dict[str, Any]:
    await asyncio.sleep(SETTLE)
    process, began, before = psutil.Process(), time.monotonic(), _spent()
    frames, since = _frames(session), asyncio.get_running_loop().time()
    await asyncio.sleep(WATCHED)
    spent, elapsed = _spent() - before, time.monotonic() - began
    row = {
        "cameras": number,
        "cpu_percent": round(100 * spent / elapsed, 1),
        "pss_mb": round(process.memory_full_info().pss / 1e6, 1),
        "threads": process.num_threads(),
    }
    if number:
        taken, dropped = (after - first for first, after in zip(frames, _frames(session), strict=True))
        row |= {"fps": round(taken / elapsed / number, 2), "dropped": dropped}
        row |= _gaps([[at for at in told if at >= since] for told in watched.captions.values()], number)
    running.cancel()
    await asyncio.wait([running])
    return row


def _gaps(told: list[list[float]], number: int) -> dict[str, float]:
    """The longest and the median gap between two captions of one camera, over all cameras."""
    each = [later - earlier for times in told for earlier, later in pairwise(times)]
    if len(told) < number or not each:
        return {"captions": 0, "gap_median": 0.0, "gap_max": 0.0, "gap_ratio": float("inf")}
    median, longest = statistics.median(each), max(each)
    return {
        "captions": sum(len(times) for times in told),
        "fewest": min(len(times) for times in told),
        "most": max(len(times) for times in told),
        "gap_median": round(median, 2),
        "gap_max": round(longest, 2),
        "gap_ratio": round(longest / median, 2),
    }


def _frames(session: Session) -> tuple[int, int]:
    lines = [eye.frames for eye in session.eyes]
    return sum(line.accepted for line in lines), sum(line.dropped for line in lines)


def _spent() -> float:
    """Seconds of processor time."""
    return time.process_time()


def _session(options: Sequence[CameraOptions], watched: Watched) -> Session:
    config = Config(
        camera=tuple(options),
        captioner=BackendOptions(),
        events=WatchOptions(),
        gate=GateOptions(minimum=1.0, restless=1.0, heartbeat=1.0),
        novelty=NoveltyOptions(familiar=0),  # a film that begins again shows nothing new
    )
    models = Models()
    models.loaded["captioner"], models.workers["captioner"] = Loaded(ScriptedModel(), "scripted"), Worker("captioner")
    cameras: list[Camera] = [Endless(open_camera(one)) for one in options]
    return assemble(Kit(config, Devices(cameras, None, None, []), models), watched.take)


def _camera(place: int) -> CameraOptions:
    clip = data() / "media" / "video" / CLIPS[place % len(CLIPS)]
    return CameraOptions(name=f"camera {place + 1}", source=str(clip), fps=FPS)


def _thumbnail(folder: Path) -> CameraOptions:
    import cv2

    cv2.imwrite(str(folder / "still.png"), np.full((64, 64, 3), 90, np.uint8))
    return CameraOptions(name="still", source=str(folder / "still.png"), fps=FPS)


if __name__ == "__main__":
    main()
