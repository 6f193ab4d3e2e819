"""Camera events on labelled clips: changes reported, false events, events a walk-through, and how soon they are told.

Most of it runs on the clips' own clock. `--live` also runs two clips as two cameras in real time, with the embedded
captioner at work, and measures how soon the first text of each event is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from assistant import app
from assistant.config import Config
from assistant.feed import Feed
from devices.media import Frame, Pixels
from pipelines.backends import Captioner
from pipelines.captioners.embedded import Embedded
from pipelines.gate import KeyframeGate
from pipelines.news import CameraEvent
from pipelines.types import Caption, Event
from pipelines.watching import Post, Watch, WatchOptions
from tests.benchmarks._report import data, report
from tests.benchmarks.gate import Change, changes, frames, stills
from tests.rooms import noisy, room, walk, with_walker

RATES = (30.0, 10.0, 5.0)
WITHIN = 1.0
"""Seconds in which a change must be told of."""
COMPLETE = ("intel-bottle-detection.mp4", "intel-car-detection.mp4", "psd-counter.mp4")
"""Clips whose labels name all that happens; those of the film name its cuts only."""
LIVE = ("intel-bottle-detection", "intel-car-detection")
BARS = {"reported": 0.9, "false_per_minute": 1.0, "latency_p95": 0.3}


@dataclass
class Told:
    """What was told of one run."""

    events: list[CameraEvent]

    def take(self, event: Event) -> None:
        self.events += [event] if isinstance(event, CameraEvent) else []

    def of(self, *changes: str) -> list[CameraEvent]:
        return [event for event in self.events if event.change in changes]

    def moments(self) -> list[float]:
        """When the pictures were taken that texts tell of; of an end, the last moving one."""
        return [event.captured_at if event.ended_at is None else event.ended_at for event in self.events]

    def spans(self) -> list[tuple[float, float]]:
        """From the first to the last moving picture of each event."""
        return [(event.began_at, event.ended_at) for event in self.of("end") if event.ended_at is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--live", action="store_true", help="also in real time, which takes 40 s")
    live = parser.parse_args().live
    cv2.setNumThreads(1)
    media = data() / "media"
    truth = json.loads((media / "ground_truth.json").read_text())["videos"]
    captioner = Embedded().load()
    rows = [row for rate in RATES for row in asyncio.run(clips(media, truth, rate, None))]
    rows += asyncio.run(clips(media, truth, 10.0, captioner))
    walks = {rate: asyncio.run(walks_through(rate)) for rate in RATES}
    figures = {"clips": rows, "events_of_8_walks": walks, "events_in_5_idle_minutes": asyncio.run(idle(media))}
    figures |= {"first_text_p95_s": p95([one for row in rows for one in row["first_text_s"]])}
    figures |= summary(rows, truth)
    if live:
        figures["real_time"] = asyncio.run(in_real_time(media))
    for name, value in figures.items():
        print(f"{name:<28} {value}") if name != "clips" else None
    report("events", figures, missed(figures))


async def clips(media: Path, truth: dict[str, Any], rate: float, captioner: Captioner | None) -> list[dict[str, Any]]:
    """All clips at so many frames a second, each as a printed row."""
    rows = []
    for name, facts in sorted(truth.items()):
        told = await watched(frames(media / "video" / name, rate), captioner)
        labelled = changes(media / "video", name, facts)
        unreported = [change.at for change in labelled if not is_reported(change, told)]
        false = [span for span in told.spans() if name in COMPLETE and not is_labelled(span, name, facts)]
        row = {
            "clip": name, "fps": rate, "captioner": "embedded" if captioner else "none", "changes": len(labelled),
            "reported": len(labelled) - len(unreported), "unreported": unreported, "events": len(told.of("new")),
            "updates": len(told.of("update")), "false": [round(began, 1) for began, _ in false],
            "first_text_s": [round(event.captured_at - event.began_at, 3) for event in told.of("new")],
        }  # fmt: skip
        print("  ".join(f"{key} {value}" for key, value in row.items() if key != "first_text_s"))
        rows.append(row)
    return rows


async def watched(shown: Iterable[Frame], captioner: Captioner | None = None) -> Told:
    """What a watch tells of pictures, where each keyframe has its words at once, or none has any."""
    told, number = Told([]), 0
    gate, watch = KeyframeGate(), Watch(Post("clip", datetime.now(UTC)), WatchOptions(), told.take)
    for frame in shown:
        wanted = gate.wants(frame)
        watch.saw(frame, gate.motion, wanted)
        if wanted and captioner is not None:
            number, seen = number + 1, captioner.caption(frame)
            watch.captioned(Caption(seen.text, frame.camera, frame.captured_at, 0.0, number, seen.facts, source="vlm"))
        else:
            watch.unchanged(frame)
    watch.close()
    return told


def is_reported(change: Change, told: Told) -> bool:
    return any(-change.slack <= at - change.at <= change.slack + WITHIN for at in told.moments())


def is_labelled(span: tuple[float, float], name: str, truth: dict[str, Any]) -> bool:
    """Whether the labels tell of something that happens at the time of an event."""
    return any(span[0] <= ends and begins <= span[1] for begins, ends in happening(name, truth))


def happening(name: str, truth: dict[str, Any]) -> list[tuple[float, float]]:
    """From when to when something happens, widened by the labels' slack."""
    if "bottle_count" in truth:
        counts = truth["bottle_count"]
        return [(before[1] - 1.0, after[0] + 1.0) for before, after in pairwise(counts)]
    if "car_intervals" in truth:
        return [(begins - 0.7, ends + 0.7) for begins, ends in truth["car_intervals"]]
    return [(1.0, 1.2), (2.0, 2.2)]


async def walks_through(rate: float) -> int:
    """Events of eight walks through a drawn room with noise; in half of them the figure stops for two seconds."""
    random, shown = np.random.default_rng(5), list[Pixels]()
    for number in range(8):
        shown += [room()] * round(6 * rate)
        crossing = list(walk(room(), 4 + number / 2, rate))
        middle = len(crossing) // 2
        pause = [with_walker(room(), 0.5)] * round(2 * rate) if number % 2 else []
        shown += [*crossing[:middle], *pause, *crossing[middle:]]
    pictures = [*shown, *[room()] * round(6 * rate)]
    told = await watched(Frame(noisy(one, random), number / rate, "room") for number, one in enumerate(pictures))
    return len(told.of("new"))


async def idle(media: Path) -> int:
    """Events in 5 minutes of a still at 10 fps: noise, flicker, and exposure that drifts by 20 %."""

    def shown() -> Iterator[Frame]:
        shots = stills(media, 8)
        for number in range(3000):
            gain = 1 + 0.2 * np.sin(2 * np.pi * number / 600) + 0.03 * (-1) ** number
            picture = np.asarray(cv2.convertScaleAbs(shots[number % 8], alpha=gain), np.uint8)
            yield Frame(picture, number / 10, "still")

    return len((await watched(shown())).of("new"))


async def in_real_time(media: Path) -> dict[str, Any]:
    """Two clips as two cameras at 5 fps with the embedded captioner: seconds from an event's first picture to words.

    The clock is the real one, from when the reader hands the picture over.
    """
    cameras = [{"name": name, "source": str(media / "video" / f"{name}.mp4"), "fps": 5} for name in LIVE]
    config = Config.model_validate({"camera": cameras, "captioner": Embedded(), "events": {}})
    feed, told, captions = Feed(), list[CameraEvent](), 0
    line = feed.subscribe(10_000)
    await app.run(config, feed)
    feed.close()
    async for event in line:
        captions += isinstance(event, Caption)
        told += [event] if isinstance(event, CameraEvent) else []
    return {
        "cameras": len(LIVE), "fps": 5, "captions": captions, "events": sum(event.change == "new" for event in told),
        "updates": sum(event.change == "update" for event in told),
        "first_text_s": sorted(round(soon(event), 3) for event in told if event.change == "new"),
        "first_text_p95_s": p95([soon(event) for event in told if event.change == "new"]),
        "update_median_s": round(float(np.median([event.took for event in told if event.change == "update"])), 2),
    }  # fmt: skip


def soon(event: CameraEvent) -> float:
    """Seconds from the first picture of an event to its first words."""
    return event.captured_at - event.began_at + event.took


def p95(seconds: list[float]) -> float:
    return round(float(np.percentile(seconds, 95)), 3)


def summary(rows: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    """Over all clips, by rate and captioner."""
    minutes = sum(truth[name]["duration"] for name in COMPLETE) / 60
    found: dict[str, Any] = {}
    for fps, captioner in dict.fromkeys((row["fps"], row["captioner"]) for row in rows):
        group = [row for row in rows if (row["fps"], row["captioner"]) == (fps, captioner)]
        labelled, reported = (sum(row[key] for row in group) for key in ("changes", "reported"))
        false = sum(len(row["false"]) for row in group)
        found[f"at {fps:g} fps, captioner {captioner}"] = {
            "changes": labelled, "reported": round(reported / labelled, 3),
            "false_per_minute": round(false / minutes, 2),
        }  # fmt: skip
    return found


def missed(figures: dict[str, Any]) -> list[str]:
    found = []
    for name, one in figures.items():
        if name.startswith("at "):
            bad = one["false_per_minute"] > BARS["false_per_minute"]
            found += [f"{one['false_per_minute']} false events a minute {name}"] * bad
            few = one["reported"] < BARS["reported"] and "embedded" in name
            found += [f"{one['reported']:.0%} of changes reported {name}"] * few
    for rate, count in figures["events_of_8_walks"].items():
        found += [f"{count} events of 8 walks at {rate:g} fps"] * (count != 8)
    found += ["events of an idle picture"] * (figures["events_in_5_idle_minutes"] > 0)
    latencies = [figures["first_text_p95_s"], figures.get("real_time", {}).get("first_text_p95_s", 0.0)]
    return found + [f"first text after {one} s" for one in latencies if one > BARS["latency_p95"]]


if __name__ == "__main__":
    main()
