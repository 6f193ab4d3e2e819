"""Whether the event loop ever stands still, and sound is ever lost, while every model runs at once.

A busy minute: something new before the camera every second, someone who never stops talking, typed questions between.
On each core a process which does nothing but sleep and wake tells how late this machine lets anybody wake meanwhile: a
stall is ours unless one of them was held up, too, within it. `nice -n -15` before the command sets all before others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from assistant import app, config
from assistant.cli import take_short_turns
from assistant.feed import Feed
from assistant.parts import Outside
from devices.media import Frame
from pipelines.backends import BackendOptions, Look
from pipelines.types import Caption, Event, Health, PartialTranscript, Reply, Seen, Transcript
from pipelines.voices.espeak import Espeak
from tests import pulse
from tests.benchmarks._lag import BAR, Idle, Lag
from tests.benchmarks._report import report

SETTLE = 8.0
"""Seconds in which models are loaded and first used, before it is measured."""

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
        from pipelines.language.loading import ALONE
        from tests import test_busy_ears

        self._embedded = Embedded().load()
        with ALONE:
            self._looker = test_busy_ears.model()

    def caption(self, frame: Frame) -> Seen:
        return self._embedded.caption(frame)

    def describe(self, frame: Frame) -> Iterator[str]:
        yield from ("" for _ in self._looker.look(Look(frame, "what is it", max_tokens=40)))
        yield self.caption(frame).text

    def look(self, request: Look) -> Iterator[str]:
        yield from self.describe(request.frame)


CAPTIONERS = {"embedded": "embedded", "vlm": "tests.benchmarks.stalls:BusyVlm"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of measuring, per captioner")
    parser.add_argument("--captioner", choices=CAPTIONERS, action="append", help="all, if none is named")
    arguments = parser.parse_args()
    take_short_turns()
    figures: dict[str, Any] = {}
    missed: list[str] = []
    for name in arguments.captioner or CAPTIONERS:
        figures[name] = found = _measured(CAPTIONERS[name], arguments.seconds)
        print(name, json.dumps(found, indent=1))
        if ours := found["stalls_of_ours_ms"]:
            missed.append(f"{name}: {len(ours)} stalls over {BAR * 1000:.0f} ms are ours, up to {ours[0]} ms")
        if found["samples_lost"]:
            missed.append(f"{name}: {found['samples_lost']} samples lost")
        missed += [f"{name}: no {kind}" for kind, count in found["told"].items() if not count]
    report("stalls", figures, missed)


def _measured(captioner: str, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, pulse.server(Path(folder)) as server:
        film, speech = Path(folder) / "busy.mp4", Path(folder) / "speech.wav"
        _film(film, SETTLE + seconds + 5)
        _speech(speech, SETTLE + seconds + 5)
        others = [Idle(core) for core in sorted(os.sched_getaffinity(0))]
        talking = server.say(speech)
        try:
            found = asyncio.run(_session(captioner, film, seconds, others))
        finally:
            talking.kill()
            talking.wait()
            for other in others:
                other.end()
        return found


async def _session(captioner: str, film: Path, seconds: float, others: list[Idle]) -> dict[str, Any]:
    chosen = config.parse(_tables(captioner, film), "stalls")
    feed, lag = Feed(), Lag()
    events = feed.subscribe(100_000)
    running = asyncio.create_task(app.run(chosen, feed, Outside(_typed)))
    await asyncio.sleep(SETTLE)
    for other in others:
        other.line.send("begin")
    watching, before = asyncio.create_task(lag.watch()), time.process_time()
    with lag.named():
        await asyncio.sleep(seconds)
    cores = (time.process_time() - before) / seconds
    watching.cancel()
    for other in others:
        other.line.send("end")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    feed.close()
    told = [event async for event in events]
    machine = Lag([woke for other in others for woke in other.line.recv()])
    worst = sorted(lag.callbacks, reverse=True)[:6]
    return {
        "lag_ms": lag.figures(),
        "lag_of_idle_processes_ms": machine.figures(),
        "stalls_of_ours_ms": sorted((round(woke.late * 1000, 1) for woke in lag.alone(machine)), reverse=True),
        "samples_lost": next(event for event in reversed(told) if isinstance(event, Health)).counters["samples lost"],
        "cores_used": round(cores, 2),
        "told": {kind.__name__: _count(told, kind) for kind in (Caption, PartialTranscript, Transcript, Reply)},
        "collections_ms": [round(took * 1000, 1) for took in lag.collections],
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
