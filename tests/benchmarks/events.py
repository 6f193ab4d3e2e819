"""Camera events on labelled clips: changes reported, false events, and events a walk-through.

A change is reported where a message tells of a picture of its time; no message counts for two changes. What that finds
by chance is measured too: how many the same messages would report if all labels were at other times, for 24 rotations
of the labels through their clip. All runs on the clips' own clock, where words take no time; how soon
an event is on a broker in real time, `event_latency` measures.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Frame, Pixels
from pipelines.backends import Captioner
from pipelines.captioners.embedded import Embedded
from pipelines.gate import KeyframeGate
from pipelines.news import CameraEvent
from pipelines.types import Caption, Event
from pipelines.watching import Watch, WatchOptions, event_ids
from tests.benchmarks._report import data, report
from tests.benchmarks.gate import Change, changes, frames, stills
from tests.rooms import noisy, room, walk, with_walker

RATES = (30.0, 10.0, 5.0)
WITHIN = 1.0
"""Seconds in which a change must be told of."""
COMPLETE = ("intel-bottle-detection.mp4", "intel-car-detection.mp4", "psd-counter.mp4")
"""Clips whose labels name all that happens; those of the film name its cuts only."""
ROTATIONS = 24
BARS = {"reported": 0.9, "false_per_minute": 1.0}


@dataclass
class Told:
    """What was told of one run, and at what time of the clip."""

    events: list[CameraEvent] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    now: float = 0.0

    def take(self, event: Event) -> None:
        if isinstance(event, CameraEvent):
            self.events.append(event)
            self.at.append(self.now)

    def of(self, *changes: str) -> list[CameraEvent]:
        return [event for event in self.events if event.change in changes]

    def moments(self) -> list[float]:
        """When the pictures were taken that texts tell of; of an end, the last moving one."""
        return [event.captured_at if event.ended_at is None else event.ended_at for event in self.events]

    def spans(self) -> list[tuple[float, float]]:
        """From the first to the last moving picture of each event."""
        return [(event.began_at, event.ended_at) for event in self.of("end") if event.ended_at is not None]


def main() -> None:
    cv2.setNumThreads(1)
    media = data() / "media"
    truth = json.loads((media / "ground_truth.json").read_text())["videos"]
    captioner = Embedded().load()
    rows = [row for rate in RATES for row in asyncio.run(clips(media, truth, rate, None))]
    rows += asyncio.run(clips(media, truth, 10.0, captioner))
    walks = {rate: asyncio.run(walks_through(rate)) for rate in RATES}
    figures = {"clips": rows, "events_of_8_walks": walks, "events_in_5_idle_minutes": asyncio.run(idle(media))}
    figures |= summary(rows, truth)
    for name, value in figures.items():
        print(f"{name:<28} {value}") if name != "clips" else None
    report("events", figures, missed(figures))


async def clips(media: Path, truth: dict[str, Any], rate: float, captioner: Captioner | None) -> list[dict[str, Any]]:
    """All clips at so many frames a second, each as a printed row."""
    rows = []
    for name, facts in sorted(truth.items()):
        told = await watched(frames(media / "video" / name, rate), captioner)
        labelled = changes(media / "video", name, facts)
        found = matched(labelled, told.moments())
        late = [told.at[number] - change.at for change, number in found.items()]
        false = [span for span in told.spans() if name in COMPLETE and not is_labelled(span, name, facts)]
        row: dict[str, Any] = {
            "clip": name, "fps": rate, "captioner": "embedded" if captioner else "none", "changes": len(labelled),
            "reported": len(found), "by_chance": by_chance(labelled, told.moments(), facts["duration"]),
            "unreported": [change.at for change in labelled if change not in found],
            "told_after_s": [round(seconds, 1) for seconds in late],
            "events": len(told.of("new")), "updates": len(told.of("update")),
            "false": [round(began, 1) for began, _ in false],
        }  # fmt: skip
        shown = row | {"by_chance": round(float(np.mean(row["by_chance"])), 1)}
        print("  ".join(f"{key} {value}" for key, value in shown.items() if key != "told_after_s"))
        rows.append(row)
    return rows


async def watched(shown: Iterable[Frame], captioner: Captioner | None = None) -> Told:
    """What a watch tells of pictures, where each keyframe has its words at once, or none has any."""
    told, number = Told(), 0
    gate, watch = KeyframeGate(), Watch("clip", event_ids("clip", datetime.now(UTC)), WatchOptions(), told.take)
    for frame in shown:
        wanted, told.now = gate.wants(frame), frame.captured_at
        watch.saw(frame, gate.motion, wanted)
        if wanted and captioner is not None:
            number, seen = number + 1, captioner.caption(frame)
            watch.captioned(Caption(seen.text, frame.camera, frame.captured_at, 0.0, number, seen.facts, source="vlm"))
        else:
            watch.unchanged(frame)
    watch.close()
    return told


def matched(labelled: Sequence[Change], moments: Sequence[float]) -> dict[Change, int]:
    """The changes that are reported, each with the number of the message that does it: as many as is possible."""
    free, found = sorted(range(len(moments)), key=moments.__getitem__), dict[Change, int]()
    for change in sorted(labelled, key=lambda change: change.at + change.slack):
        fits = (n for n in free if -change.slack <= moments[n] - change.at <= change.slack + WITHIN)
        if (number := next(fits, None)) is not None:
            found[change] = number
            free.remove(number)
    return found


def by_chance(labelled: Sequence[Change], moments: Sequence[float], duration: float) -> list[int]:
    """How many of the changes would be reported, were they at other times of the clip; one count each rotation."""
    counts = []
    for number in range(1, ROTATIONS + 1):
        by = duration * number / (ROTATIONS + 1)
        counts.append(len(matched([replace(change, at=(change.at + by) % duration) for change in labelled], moments)))
    return counts


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


def summary(rows: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    """Over all clips, by rate and captioner."""
    minutes = sum(truth[name]["duration"] for name in COMPLETE) / 60
    found: dict[str, Any] = {}
    for fps, captioner in dict.fromkeys((row["fps"], row["captioner"]) for row in rows):
        group = [row for row in rows if (row["fps"], row["captioner"]) == (fps, captioner)]
        labelled, reported = (sum(row[key] for row in group) for key in ("changes", "reported"))
        chance = np.sum([row["by_chance"] for row in group], axis=0) / labelled
        late = [seconds for row in group for seconds in row["told_after_s"]]
        false = sum(len(row["false"]) for row in group)
        found[f"at {fps:g} fps, captioner {captioner}"] = {
            "changes": labelled, "reported": round(reported / labelled, 3),
            "by_chance": {"mean": round(float(chance.mean()), 3), "max": round(float(chance.max()), 3)},
            "told_after_s": {"median": round(float(np.median(late)), 1), "max": round(max(late), 1)},
            "false_per_minute": round(false / minutes, 2),
        }  # fmt: skip
    return found


def missed(figures: dict[str, Any]) -> list[str]:
    found = []
    for name, one in figures.items():
        if name.startswith("at "):
            bad = one["false_per_minute"] > BARS["false_per_minute"]
            found += [f"{one['false_per_minute']} false events a minute {name}"] * bad
            found += [f"{one['reported']:.0%} of changes reported {name}"] * (one["reported"] < BARS["reported"])
    for rate, count in figures["events_of_8_walks"].items():
        found += [f"{count} events of 8 walks at {rate:g} fps"] * (count != 8)
    return found + ["events of an idle picture"] * (figures["events_in_5_idle_minutes"] > 0)


if __name__ == "__main__":
    main()
