"""One to sixteen cameras at five frames a second through the real pipeline: their cost, and whether any starves.

    python -m tests.benchmarks.cameras                   # every number of cameras, some five minutes
    python -m tests.benchmarks.cameras --one 16          # one of them, as a line of JSON
    python -m tests.benchmarks.cameras --restless 16     # where one camera never rests, and questions are asked

The captioner is a scripted vision-language model of 200 ms, and every camera has a picture for it each second: from
five cameras on they have to share it. Everything else is what runs at home: gate, events, guards, frames kept for
questions. Each number of cameras runs in a process of its own; what they cost is what it takes beyond one whose only
camera shows a still of 64×64 pixels. The last row is not even: the first camera has a picture for the model five times
a second, and every three seconds somebody asks what there is to see.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from assistant.app import Kit, assemble
from assistant.config import Config
from assistant.parts import Devices, Models, Outside, Real
from devices.camera import CameraOptions, open_camera
from devices.lines import Latest
from devices.media import Camera, Frame
from devices.proxies import CameraProxy
from pipelines.backends import BackendOptions, Loaded, Look
from pipelines.controls import Controls
from pipelines.enquiries import Enquiry
from pipelines.gate import GateOptions, KeyframeGate
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
ASKED_EVERY = 3.0
MEMORY_BAR, GAP_BAR, GROWTH_BAR, SHARE_BAR, ANSWER_BAR = 60.0, 2.0, 1.2, 1.5, 1.0
"""Megabytes a camera; longest gap between two captions to the median one; CPU of a camera among 16 to one among 4;
captions of a restless camera to those of the median one; seconds until 95 of 100 questions are answered."""


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
class Uneven(Real):
    """The real parts, with gates of which the first wants every picture."""

    restless: bool
    controls: list[Controls] = field(default_factory=list)

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> KeyframeGate:
        if self.restless and camera == "camera 1":
            options = options.model_copy(update={"minimum": 0.0, "restless": 0.0, "heartbeat": 1 / FPS})
        return KeyframeGate(options, least)

    async def ask(self) -> list[float]:
        """Ask again and again, until cancelled; gives the seconds that each answer took."""
        took, (controls,) = list[float](), self.controls
        await asyncio.sleep(SETTLE)
        try:
            while True:
                answer = await controls.enquiries.ask(Enquiry("describe", camera=controls.cameras[-1]))
                took.append(answer.answered_at - answer.asked_at if answer.text else float("inf"))
                await asyncio.sleep(ASKED_EVERY)
        except asyncio.CancelledError:
            return took


@dataclass
class Watched:
    """What a session told while it was measured."""

    captions: dict[str, list[float]] = field(default_factory=dict)
    """When each camera's were told."""

    def take(self, event: Event) -> None:
        if isinstance(event, Caption):
            self.captions.setdefault(event.camera, []).append(asyncio.get_running_loop().time())


def main() -> None:
    if "--one" in sys.argv or "--restless" in sys.argv:
        print(json.dumps(asyncio.run(one(int(sys.argv[-1]), "--restless" in sys.argv))), flush=True)
        os._exit(0)  # as the program ends: some thread may be inside of a decoder
    empty, *rows = [_apart(number) for number in NUMBERS]
    uneven = _apart(NUMBERS[-1], "--restless")
    for row in (*rows, uneven):
        row["cpu_a_camera"] = round((row["cpu_percent"] - empty["cpu_percent"]) / row["cameras"], 1)
        row["mb_a_camera"] = round((row["pss_mb"] - empty["pss_mb"]) / row["cameras"], 1)
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    figures = {"without_cameras": empty, "rows": rows, "one_restless_and_questions": uneven}
    report("cameras", figures, _missed(rows) + _starved(uneven))


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


def _starved(row: dict[str, Any]) -> list[str]:
    share = row["restless_captions"] / row["median_captions"]
    missed = [f"one restless: the longest gap is {row['gap_ratio']} times the median"] * (row["gap_ratio"] > GAP_BAR)
    missed += [f"a restless camera has {share:.2f} times the captions of another"] * (share > SHARE_BAR)
    return missed + [f"answers after {row['answer_p95']} s"] * (row["answer_p95"] > ANSWER_BAR)


def _apart(number: int, how: str = "--one") -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.cameras", how, str(number)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


async def one(number: int, restless: bool = False) -> dict[str, Any]:
    """A session with so many cameras; none: what it takes by itself."""
    watched, parts = Watched(), Uneven(restless)
    with tempfile.TemporaryDirectory() as folder:
        session = _session([_camera(place) for place in range(number)] or [_thumbnail(Path(folder))], watched, parts)
        running = asyncio.create_task(live(session, watched.take))
        asking = asyncio.create_task(parts.ask()) if restless else None
        row = await _measured(session, number, watched, running)
        return row if asking is None else row | await _answered(asking, watched)


async def _answered(asking: asyncio.Task[list[float]], watched: Watched) -> dict[str, Any]:
    asking.cancel()
    took = await asking
    counts = {camera: len(told) for camera, told in watched.captions.items()}
    return {
        "restless_captions": counts.pop("camera 1", 0),
        "median_captions": statistics.median(counts.values()),
        "questions": len(took),
        "answer_p50": round(statistics.median(took), 2),
        "answer_p95": round(statistics.quantiles(took, n=20)[-1], 2),
    }


async def _measured(session: Session, number: int, watched: Watched, running: asyncio.Task[None]) -> dict[str, Any]:
    await asyncio.sleep(SETTLE)
    process, began, before = psutil.Process(), time.monotonic(), _spent()
    frames, since = _frames(session), asyncio.get_running_loop().time()
    await asyncio.wait([running], timeout=WATCHED)
    if running.done():
        await running  # it raises
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


def _session(options: Sequence[CameraOptions], watched: Watched, parts: Uneven) -> Session:
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
    outside = Outside(attach=parts.controls.append)
    return assemble(Kit(config, Devices(cameras, None, None, []), models, parts, outside), watched.take)


def _camera(place: int) -> CameraOptions:
    clip = data() / "media" / "video" / CLIPS[place % len(CLIPS)]
    return CameraOptions(name=f"camera {place + 1}", source=str(clip), fps=FPS)


def _thumbnail(folder: Path) -> CameraOptions:
    import cv2

    cv2.imwrite(str(folder / "still.png"), np.full((64, 64, 3), 90, np.uint8))
    return CameraOptions(name="still", source=str(folder / "still.png"), fps=FPS)


if __name__ == "__main__":
    main()
