"""Calls of a model saved against changes missed, on labelled clips, for each layer that keeps a model from being asked.

The model is an oracle that tells the label of a picture, for no real one is at hand: what is measured is what the
layers let through, not how well anything describes. Each clip is shown three times over, the second and third time
darker or brighter and with noise of their own, as the same things happen before a camera again and again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Frame
from pipelines.gate import GateOptions, KeyframeGate
from pipelines.novelty import Novelty, NoveltyOptions
from pipelines.types import Seen
from tests.benchmarks._report import data, report
from tests.benchmarks.gate import cuts, frames

FPS = 10.0
GAINS = (1.0, 0.93, 1.07)
"""Exposure of each showing."""
NOISE = 3.0
"""Grey levels of a sensor's noise, from the second showing on."""
BLACK = 5.0
"""Grey levels of a picture's mean, below which it shows nothing."""


@dataclass(frozen=True)
class Spell:
    """A time during which one thing is to be seen."""

    start: float
    end: float
    state: str
    slack: float = 0.0
    """Seconds by which the label may be off."""

    def holds(self, at: float) -> bool:
        """Whether it may be seen then."""
        return self.start - self.slack <= at <= self.end + self.slack

    def surely_holds(self, at: float) -> bool:
        return self.start + self.slack <= at <= self.end - self.slack


@dataclass(frozen=True)
class Clip:
    name: str
    frames: Sequence[Frame]
    spells: Sequence[Spell]
    black: frozenset[float]
    """When it shows nothing: between two scenes that fade, which look alike then."""

    def may_show(self, at: float) -> set[str]:
        return {spell.state for spell in self.spells if spell.holds(at)}

    def surely_shows(self, at: float) -> str:
        """Empty where a hand is at work, of which the labels say nothing, and where all is black."""
        return "" if at in self.black else next((spell.state for spell in self.spells if spell.surely_holds(at)), "")


@dataclass(frozen=True)
class Told:
    """A keyframe, and the one whose words it was given: its own where the model was asked."""

    at: float
    words_of: float

    @property
    def asked(self) -> bool:
        return self.at == self.words_of


def main() -> None:
    cv2.setNumThreads(1)
    media = data() / "media"
    truth = json.loads((media / "ground_truth.json").read_text())["videos"]
    names = ("intel-bottle-detection.mp4", "intel-car-detection.mp4", "psd-testvideo.mp4", "psd-counter.mp4")
    rows: dict[str, list[dict[str, Any]]] = {"gate": [], "anchored": [], "novelty": []}
    for name in names:
        clip = shown(media / "video", name, truth[name])
        rows["gate"] += gates(clip)
        keyframes = taken(clip, GateOptions())
        rows["anchored"] += anchored(clip, keyframes)
        rows["novelty"] += novelties(clip, keyframes)
    curves = {layer: curve(found) for layer, found in rows.items()}
    for layer, points in curves.items():
        print(f"\n{layer}: share of calls saved, changes missed, wrong scenes told")
        for point in points:
            print("  ".join(f"{key} {value}" for key, value in point.items()))
    default = NoveltyOptions()
    chosen = next(
        p for p in curves["novelty"] if (p["contrast"], p["familiar_s"]) == (default.contrast, default.familiar)
    )
    bars = [f"{chosen['missed']} changes missed by the novelty of the defaults"] * (chosen["missed"] > 0)
    bars += [f"{chosen['wrong']} scenes taken for another by the defaults"] * (chosen["wrong"] > 0)
    report("novelty", {"curves": curves, "default": chosen, "oracle": True}, bars)


def curve(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all clips with the same setting as one point."""
    points: dict[str, dict[str, Any]] = {}
    for row in rows:
        setting = {key: value for key, value in row.items() if key not in ("clip", *COUNTS)}
        point = points.setdefault(json.dumps(setting), setting | dict.fromkeys(COUNTS, 0))
        for key in COUNTS:
            point[key] += row[key]
    for point in points.values():
        point["saved"] = round(1 - point["calls"] / point["of"], 3)
    return list(points.values())


COUNTS = ("calls", "of", "changes", "missed", "wrong")


def gates(clip: Clip) -> Iterator[dict[str, Any]]:
    """The pixel gate at several settings; saved against a call for every frame."""
    for contrast in (6.0, 12.0, 24.0, 48.0):
        for area in (0.002, 0.006, 0.02, 0.06):
            keyframes = taken(clip, GateOptions(contrast=contrast, area=area))
            told = [Told(frame.captured_at, frame.captured_at) for frame in keyframes]
            yield {"contrast": contrast, "area": area} | counts(clip, told, len(clip.frames))


def anchored(clip: Clip, keyframes: Sequence[Frame]) -> Iterator[dict[str, Any]]:
    """An oracle that says "unchanged" where it sees what it told last, and with some chance where it does not.

    What is saved are captions: the model is called for each keyframe.
    """
    for careless in (0.0, 0.1, 0.3):
        random, last, told = np.random.default_rng(1), -1.0, list[Told]()
        for frame in keyframes:
            at = frame.captured_at
            same = bool(shows := clip.surely_shows(at)) and shows == clip.surely_shows(last)
            unchanged = last >= 0 and (same or random.random() < careless)
            last = last if unchanged else at
            told.append(Told(at, last))
        yield {"says_unchanged_wrongly": careless} | counts(clip, told, len(keyframes))


def novelties(clip: Clip, keyframes: Sequence[Frame]) -> Iterator[dict[str, Any]]:
    """Scenes known again, at several settings; saved against a call for every keyframe."""
    for contrast in (6.0, 12.0, 24.0, 36.0, 48.0, 72.0):
        for familiar in (10.0, 60.0, 300.0):
            novelty, told = Novelty(NoveltyOptions(contrast=contrast, familiar=familiar)), list[Told]()
            for frame in keyframes:
                at, sighting = frame.captured_at, novelty.find(frame)
                if (known := novelty.known(sighting)) is None:
                    novelty.learn(sighting, Seen(repr(at)))
                told.append(Told(at, float(known.text) if known else at))
            yield {"contrast": contrast, "familiar_s": familiar} | counts(clip, told, len(keyframes))


def counts(clip: Clip, told: Sequence[Told], of: int) -> dict[str, Any]:
    """Calls made; spells that no keyframe of theirs tells; and scenes that were told for another."""
    missed = [
        spell
        for spell in clip.spells
        if not any(spell.holds(one.at) and spell.state in clip.may_show(one.words_of) for one in told)
    ]
    pairs = [(clip.surely_shows(one.at), clip.surely_shows(one.words_of)) for one in told if not one.asked]
    wrong = [pair for pair in pairs if all(pair) and pair[0] != pair[1]]
    return {
        "clip": clip.name,
        "calls": sum(one.asked for one in told),
        "of": of,
        "changes": len(clip.spells),
        "missed": len(missed),
        "wrong": len(wrong),
    }


def taken(clip: Clip, options: GateOptions) -> list[Frame]:
    """The clip's keyframes."""
    gate = KeyframeGate(options)
    return [frame for frame in clip.frames if gate.wants(frame)]


def shown(folder: Path, name: str, truth: dict[str, Any]) -> Clip:
    """A clip, three times over."""
    once, random = list(frames(folder / name, FPS)), np.random.default_rng(7)
    length = once[-1].captured_at + 1 / FPS
    found, spells = list[Frame](), labelled(folder, name, truth, length)
    for number, gain in enumerate(GAINS):
        for frame in once:
            noise = random.normal(0, NOISE * bool(number), frame.pixels.shape)
            pixels = np.clip(frame.pixels * gain + noise, 0, 255).astype(np.uint8) if number else frame.pixels
            found.append(replace(frame, pixels=pixels, captured_at=frame.captured_at + number * length))
    again = [
        replace(spell, start=spell.start + number * length, end=spell.end + number * length)
        for number in range(len(GAINS))
        for spell in spells
    ]
    black = frozenset(frame.captured_at for frame in found if frame.pixels.mean() < BLACK)
    seen = [frame.captured_at for frame in found if frame.captured_at not in black]
    return Clip(name, found, [spell for spell in again if any(spell.holds(at) for at in seen)], black)


def labelled(folder: Path, name: str, truth: dict[str, Any], length: float) -> list[Spell]:
    """What the labels say is to be seen, and when."""
    if "bottle_count" in truth:
        return [Spell(start, end, f"{count} bottles", 1.0) for start, end, count in truth["bottle_count"]]
    if "car_intervals" in truth:
        cars = truth["car_intervals"]
        roads = zip([0.0, *(end for _, end in cars)], [*(start for start, _ in cars), length], strict=True)
        empty = [Spell(start, end, "road", 0.7) for start, end in roads]
        return [*empty, *(Spell(start, end, f"car {number}", 0.7) for number, (start, end) in enumerate(cars))]
    marks = [1.0, 2.0] if name == "psd-counter.mp4" else cuts(folder, name, truth)
    ends = zip([0.0, *marks], [*marks, length], strict=True)
    return [Spell(start, end - 1e-6, f"scene {number}") for number, (start, end) in enumerate(ends)]


if __name__ == "__main__":
    main()
