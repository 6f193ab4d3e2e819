"""What the assistant costs while nothing happens: a still, noisy 720p scene at 10 fps, and an open microphone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from tests.benchmarks._report import REPOSITORY, report

SETTLE, WATCHED = 15.0, 60.0
"""Seconds of running before the measurement, and of measuring."""
CPU_BAR, CAPTION_BAR = 25.0, 1
"""Percent of one core; captions after the first in five minutes."""


def main() -> None:
    seconds = 300.0 if "--five-minutes" in sys.argv else SETTLE + WATCHED
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "still.mp4"
        _film(clip, seconds + 5)
        figures = _watch(clip, seconds)
    missed = []
    if figures["cpu_percent_of_one_core"] > CPU_BAR:
        missed.append(f"cpu {figures['cpu_percent_of_one_core']} % > {CPU_BAR} %")
    if figures["captions_after_the_first"] > CAPTION_BAR:
        missed.append(f"{figures['captions_after_the_first']} captions after the first")
    for name, value in figures.items():
        print(f"{name:<28} {value}")
    report("idle", figures, missed)


def _watch(clip: Path, seconds: float) -> dict[str, float]:
    """Run the embedded assistant on the clip; its processor time from `SETTLE` on, and its captions."""
    command = [sys.executable, "-m", "assistant", "run", "--json", "--camera", str(clip)]
    command += ["--microphone", "silence", "--speaker", "none"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        usage = psutil.Process(process.pid)
        time.sleep(SETTLE)
        before, began = usage.cpu_times(), time.monotonic()
        time.sleep(seconds - SETTLE)
        after, elapsed = usage.cpu_times(), time.monotonic() - began
        memory = usage.memory_info().rss
        process.terminate()
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
    spent = after.user + after.system - before.user - before.system
    captions = sum(event["type"] == "caption" for event in events)
    return {
        "seconds": round(elapsed, 1),
        "cpu_percent_of_one_core": round(100 * spent / elapsed, 1),
        "rss_mb": round(memory / 1e6),
        "captions": captions,
        "captions_after_the_first": max(0, captions - 1),
    }


def _film(path: Path, seconds: float) -> None:
    """A room of flat surfaces under a sensor's noise, which no two frames share."""
    import cv2

    random = np.random.default_rng(0)
    room = np.full((720, 1280, 3), 140, np.uint8)
    for _ in range(12):
        corner, size = random.integers(0, (1000, 500)), random.integers(60, (280, 220))
        shade = tuple(int(value) for value in random.integers(30, 220, 3))
        cv2.rectangle(room, corner.tolist(), (corner + size).tolist(), shade, -1)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (1280, 720))
    noise = [random.normal(0, 5, room.shape) for _ in range(7)]
    for number in range(int(seconds * 10)):
        writer.write(np.clip(room + noise[number % len(noise)], 0, 255).astype(np.uint8))
    writer.release()


if __name__ == "__main__":
    main()
