"""Whether the event loop ever stands still, and sound is ever lost, while every model runs at once.

A busy minute: something new before the camera every second, someone who never stops talking, typed questions between.
A second process, which does nothing but sleep and wake, tells how late this machine lets anybody wake meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from assistant import app, config
from assistant.feed import Feed
from assistant.parts import Outside
from devices.media import Frame
from pipelines.backends import BackendOptions, Look
from pipelines.types import Caption, Event, Health, PartialTranscript, Reply, Seen, Transcript
from pipelines.voices.espeak import Espeak
from tests import pulse
from tests.benchmarks._report import report

BAR = 0.050
"""Seconds."""
STEP = 0.005
"""Seconds between two looks at the clock."""
SETTLE = 8.0
"""Seconds in which models are loaded and first used, before it is measured."""
LONG = 0.010
"""Seconds from which on a callback of the loop is named."""

SPOKEN = "what do you see. how many people are there. read the text. what changed. is it dark. tell me the time. "
TYPED = ("what do you see?", "how many people are there?", "what does it say?", "what just happened?")


class BusyVlm(BackendOptions):
    """A vision-language model of random weights beside the embedded captioner: it keeps its cores busy for seconds."""

    def load(self) -> Any:
        return _Both()


class _Both:
    """Both at work for each keyframe; the words are the embedded one's."""

    def __init__(self) -> None:
        from pipelines.captioners.embedded import Embedded

        self._looker: Any = None
        self._embedded = Embedded().load()

    def caption(self, frame: Frame) -> Seen:
        return self._embedded.caption(frame)

    def describe(self, frame: Frame) -> Iterator[str]:
        if self._looker is None:  # not beside a chat that loads: that changes torch's default type for all meanwhile
            from tests.test_busy_ears import model

            self._looker = model()
        yield from ("" for _ in self._looker.look(Look(frame, "what is it", max_tokens=40)))
        yield self.caption(frame).text

    def look(self, request: Look) -> Iterator[str]:
        yield from self.describe(request.frame)


CAPTIONERS = {"embedded": "embedded", "vlm": "tests.benchmarks.stalls:BusyVlm"}


@dataclass
class Lag:
    """How late something that sleeps wakes, and which callbacks of the loop took long."""

    late: list[float] = field(default_factory=list)
    callbacks: list[tuple[float, float, str]] = field(default_factory=list)
    """Seconds, seconds of those on the processor, and what."""

    async def watch(self) -> None:
        while True:
            due = time.monotonic() + STEP
            await asyncio.sleep(STEP)
            self.late.append(time.monotonic() - due)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Time every callback of event loops meanwhile."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            began, worked = time.monotonic(), time.thread_time()
            run(handle)
            took = time.monotonic() - began
            if took > LONG:
                self.callbacks.append((took, time.thread_time() - worked, repr(handle)[:160]))

        asyncio.Handle._run = timed  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]

    def figures(self) -> dict[str, float]:
        p50, p99, p999, most = np.percentile(self.late, [50, 99, 99.9, 100]) * 1000
        found = {"median": p50, "p99": p99, "p99.9": p999, "max": most}
        return {name: round(float(value), 1) for name, value in found.items()} | {"samples": len(self.late)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of measuring, per captioner")
    parser.add_argument("--captioner", choices=CAPTIONERS, action="append", help="all, if none is named")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    missed: list[str] = []
    for name in arguments.captioner or CAPTIONERS:
        figures[name] = found = _measured(CAPTIONERS[name], arguments.seconds)
        print(name, json.dumps(found, indent=1))
        if found["lag_ms"]["max"] > BAR * 1000:
            missed.append(f"{name}: a stall of {found['lag_ms']['max']} ms > {BAR * 1000:.0f} ms")
        if found["samples_lost"]:
            missed.append(f"{name}: {found['samples_lost']} samples lost")
        missed += [f"{name}: no {kind}" for kind, count in found["told"].items() if not count]
    report("stalls", figures, missed)


def _measured(captioner: str, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, pulse.server(Path(folder)) as server:
        film, speech = Path(folder) / "busy.mp4", Path(folder) / "speech.wav"
        _film(film, SETTLE + seconds + 5)
        _speech(speech, SETTLE + seconds + 5)
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        other = multiprocessing.get_context("spawn").Process(target=_idle, args=(theirs,), daemon=True)
        other.start()
        talking = server.say(speech)
        try:
            found = asyncio.run(_session(captioner, film, seconds, ours))
        finally:
            talking.kill()
            talking.wait()
            other.kill()
            other.join()
        return found


async def _session(captioner: str, film: Path, seconds: float, other: Connection) -> dict[str, Any]:
    chosen = config.parse(_tables(captioner, film), "stalls")
    feed, lag = Feed(), Lag()
    events = feed.subscribe(100_000)
    running = asyncio.create_task(app.run(chosen, feed, Outside(_typed)))
    await asyncio.sleep(SETTLE)
    other.send("begin")
    watching, before = asyncio.create_task(lag.watch()), time.process_time()
    with lag.named():
        await asyncio.sleep(seconds)
    cores = (time.process_time() - before) / seconds
    watching.cancel()
    other.send("end")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    feed.close()
    told = [event async for event in events]
    machine = Lag(other.recv())
    worst = sorted(lag.callbacks, reverse=True)[:6]
    return {
        "lag_ms": lag.figures(),
        "lag_of_an_idle_process_ms": machine.figures(),
        "samples_lost": next(event for event in reversed(told) if isinstance(event, Health)).counters["samples lost"],
        "cores_used": round(cores, 2),
        "told": {kind.__name__: _count(told, kind) for kind in (Caption, PartialTranscript, Transcript, Reply)},
        "longest_callbacks_ms": [
            {"took": round(took * 1000, 1), "on_processor": round(worked * 1000, 1), "what": what}
            for took, worked, what in worst
        ],
    }


def _count(told: list[Event], kind: type) -> int:
    return sum(isinstance(event, kind) for event in told)


def _tables(captioner: str, film: Path) -> dict[str, Any]:
    return {
        "camera": [{"name": "desk", "source": str(film), "max_side": 1280}],
        "microphone": {"source": "default"},
        "speaker": {"sink": "default"},
        "captioner": {"backend": captioner},
        "detector": {"backend": "silero"},
        "transcriber": {"backend": "pocketsphinx"},
        "turn": {"backend": "constant"},
        "chat": {"backend": "embedded"},
        "voice": {"backend": "espeak"},
        "conversation": {"duplex": "full"},
    }


async def _typed() -> AsyncIterator[str]:
    number = 0
    while True:
        await asyncio.sleep(5)
        yield TYPED[number % len(TYPED)]
        number += 1


def _idle(line: Connection) -> None:
    """Sleep and wake between `begin` and `end`, and tell how late."""
    line.recv()
    late = []
    while not line.poll():
        due = time.monotonic() + STEP
        time.sleep(STEP)
        late.append(time.monotonic() - due)
    line.send(late)
    time.sleep(60)


def _film(path: Path, seconds: float) -> None:
    """Something else every second: shapes, and words to be read; 720p at 10 frames a second."""
    import cv2

    random = np.random.default_rng(0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (1280, 720))
    for number in range(round(seconds)):
        picture = np.full((720, 1280, 3), int(random.integers(60, 200)), np.uint8)
        for _ in range(8):
            corner, size = random.integers(0, (1000, 500)), random.integers(60, (280, 220))
            shade = tuple(int(value) for value in random.integers(30, 220, 3))
            cv2.rectangle(picture, corner.tolist(), (corner + size).tolist(), shade, -1)
        cv2.putText(picture, f"PLATFORM {number}", (200, 400), cv2.FONT_HERSHEY_SIMPLEX, 3, (255, 255, 255), 6)
        for _ in range(10):
            writer.write(picture)
    writer.release()


def _speech(path: Path, seconds: float) -> None:
    """Requests one after the other, with pauses to end them."""
    voice = Espeak().load()
    pieces: list[Any] = []
    for sentence in SPOKEN.split(". ")[:-1]:
        pieces += [voice.synthesize(sentence + "."), np.zeros(round(0.9 * voice.rate), np.float32)]
    once = np.concatenate(pieces)
    soundfile.write(path, np.tile(once, round(seconds * voice.rate / len(once)) + 1), voice.rate)


if __name__ == "__main__":
    main()
