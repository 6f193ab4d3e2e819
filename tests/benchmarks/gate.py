"""The keyframe gate on real video: calls made against changes caught, its cost, and how idle it is on a still scene."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Frame
from pipelines.gate import KeyframeGate
from pipelines.thumbnails import thumbnail
from tests.benchmarks._report import data, report

RATES = (30.0, 10.0)
"""Frames a second at most, as a camera's cap would make them."""
WITHIN = 1.0
"""Seconds in which a change must be taken."""
VISIBLE = 2.0
"""Grey levels of mean difference at which a change can be seen."""
HD = (1280, 720)


@dataclass(frozen=True)
class Change:
    """Something that the labels say has changed."""

    at: float
    """Seconds."""
    slack: float = 0.0
    """Seconds by which the label may be off."""


def main() -> None:
    cv2.setNumThreads(1)
    media = data() / "media"
    truth = json.loads((media / "ground_truth.json").read_text())["videos"]
    rows = [clip(media / "video" / name, changes(media / "video", name, truth[name]), rate)
            for name in sorted(truth) for rate in RATES]  # fmt: skip
    cost, idle = milliseconds(media), idle_captions(media)
    print(
        f"one 720p frame: {cost} ms (median, one thread); idle still, 5 min at 10 fps: {idle} captions after the first"
    )
    missed = [f"{row['clip']} at {row['fps']:g} fps: {row['missed']} s not taken within {WITHIN:g} s"
              for row in rows if row["missed"]]  # fmt: skip
    missed += [f"{cost} ms a 720p frame, over 1 ms"] * (cost > 1) + [f"{idle} idle captions, over 1"] * (idle > 1)
    report("gate", {"clips": rows, "ms_per_720p_frame": cost, "idle_captions_in_5_min": idle}, missed)


def clip(path: Path, labelled: list[Change], rate: float) -> dict[str, Any]:
    """One video through the gate, as a printed row."""
    gate, taken, shown = KeyframeGate(), [], 0
    for frame in frames(path, rate):
        shown += 1
        if gate.wants(frame):
            taken.append(frame.captured_at)
    delays = {change.at: delay(change, taken) for change in labelled}
    missed = [at for at, found in delays.items() if found is None]
    worst = max((found for found in delays.values() if found is not None), default=None)
    row = {"clip": path.name, "fps": rate, "frames": shown, "calls": len(taken), "changes": len(labelled),
           "caught": len(labelled) - len(missed), "worst_delay_s": worst, "missed": missed}  # fmt: skip
    print("  ".join(f"{key} {value}" for key, value in row.items()))
    return row


def delay(change: Change, taken: list[float]) -> float | None:
    """Seconds from the label to its keyframe (0 where the label's slack puts it before); None if there is none."""
    late = [at - change.at for at in taken if -change.slack <= at - change.at <= change.slack + WITHIN]
    return round(max(0.0, late[0]), 2) if late else None


def changes(folder: Path, name: str, truth: dict[str, Any]) -> list[Change]:
    """All that the labels of a clip call a change after its first frame."""
    if name == "psd-counter.mp4":  # its note: the colour changes at frames 11 and 21, counted from 1
        return [Change(1.0), Change(2.0)]
    found = [Change(at) for at in cuts(folder, name, truth)]
    found += [Change(interval[0], 1.0) for interval in truth.get("bottle_count", [])[1:]]
    found += [Change(at, 0.7) for interval in truth.get("car_intervals", []) for at in interval]
    return found


def cuts(folder: Path, name: str, truth: dict[str, Any]) -> list[float]:
    """Seconds of every cut of every list there is.

    A list marks the middle of a fade, in the black, where nothing is to be seen yet: such a cut counts from the
    first frame that looks different.
    """
    marks = set(truth.get("hard_cuts_frames", []))
    for golden in (folder / "goldens").glob(name.removeprefix("psd-") + ".*.json"):
        marks |= set(json.loads(golden.read_text())["cuts"])
    scenes = folder / name.replace(".mp4", "_scenes.csv")
    if scenes.is_file():
        rows = csv.reader(scenes.read_text().splitlines())
        marks |= {int(float(row[2])) for row in rows if len(row) == 4 and re.fullmatch(r"[1-9]\d*", row[0])}
    if not marks:
        return []
    fps, lumas = brightness(folder / name)
    return sorted({round(first_visible(lumas, mark) / fps, 3) for mark in marks})


def first_visible(lumas: list[np.ndarray], mark: int) -> int:
    """The first frame from `mark` on that differs from the frame before `mark`."""
    before = lumas[mark - 1]
    return next(n for n in range(mark, len(lumas)) if np.abs(lumas[n] - before).mean() >= VISIBLE)


def brightness(path: Path) -> tuple[float, list[np.ndarray]]:
    """Frames per second and every frame's thumbnail luma."""
    film = cv2.VideoCapture(str(path))
    fps, lumas = film.get(cv2.CAP_PROP_FPS), []
    while film.grab():
        lumas.append(thumbnail(film.retrieve()[1])[0])
    return fps, lumas


def frames(path: Path, rate: float) -> Iterator[Frame]:
    """A clip's frames, `rate` a second at most."""
    film = cv2.VideoCapture(str(path))
    fps, number, due = film.get(cv2.CAP_PROP_FPS), 0, 0.0
    while film.grab():
        at = number / fps
        if at >= due - 0.5 / fps:
            yield Frame(cv2.cvtColor(film.retrieve()[1], cv2.COLOR_BGR2RGB), at, path.stem)
            due += 1 / rate
        number += 1


def stills(media: Path, count: int) -> list[np.ndarray]:
    """The same 720p photo `count` times, each with its own sensor noise."""
    photo = cv2.resize(cv2.imread(str(media / "images" / "darknet-dog.jpg")), HD)
    random = np.random.default_rng(1)
    return [np.clip(photo + random.normal(0, 6, photo.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def milliseconds(media: Path) -> float:
    """Median cost of one 720p frame."""
    gate, spent = KeyframeGate(), []
    shots = stills(media, 8)
    for number in range(400):
        started = time.perf_counter()
        gate.wants(Frame(shots[number % 8], number / 10, "still"))
        spent.append((time.perf_counter() - started) * 1e3)
    return round(float(np.median(spent)), 3)


def idle_captions(media: Path) -> int:
    """Keyframes after the first in 5 minutes of a still at 10 fps: noise, flicker, and exposure that drifts by 20 %."""
    gate, shots, count = KeyframeGate(), stills(media, 8), 0
    for number in range(3000):
        gain = 1 + 0.2 * np.sin(2 * np.pi * number / 600) + 0.03 * (-1) ** number
        picture = cv2.convertScaleAbs(shots[number % 8], alpha=gain)
        count += gate.wants(Frame(picture, number / 10, "still"))
    return count - 1


if __name__ == "__main__":
    main()
