"""The embedded captioner on real photos: people over-counted, text invented, and the time that each part takes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Frame, Pixels
from pipelines.backends import load
from pipelines.captioners import light, motion, people, reading
from pipelines.captioners.embedded import Embedded
from tests.benchmarks._report import data, report

REPEATS = 7
WORD_FOUND = 0.8
"""How like the written word the read one is, 0 to 1, to count as read."""


def main() -> None:
    cv2.setNumThreads(1)
    media = data() / "media"
    truth = json.loads((media / "ground_truth.json").read_text())["images"]
    started = time.perf_counter()
    captioner = load(Embedded(), "captioner")
    ready = round(time.perf_counter() - started, 2)
    rows = [photo(captioner, media / "images" / name, truth[name]) for name in sorted(truth)]
    parts = milliseconds(captioner, rgb(media / "images" / "darknet-dog.jpg"))
    print(f"ready in {ready} s; CPU milliseconds of one thread for a 720p keyframe: {parts}")
    missed = [
        f"{row['photo']}: {row['people']} people counted, there are {row['persons']}" for row in rows if row["over"]
    ]
    missed += [f"{row['photo']}: invented {row['invented']}" for row in rows if row["invented"]]
    report("captioner", summary(rows) | {"finder": finder(), "ready_s": ready, "cpu_ms": parts, "photos": rows}, missed)


def photo(captioner: Any, path: Path, truth: dict[str, Any]) -> dict[str, Any]:
    """One photo against what is written about it. Text on a photo without text is invented."""
    seen = captioner.caption(Frame(rgb(path), 0.0, path.name))
    print(f"{path.name}: {seen.text}")
    facts, written = seen.facts, truth["text"]
    return {
        "photo": path.name,
        "persons": truth["persons"],
        "people": facts.people,
        "over": facts.people > truth["persons"],
        "invented": list(facts.text if written is None else unwritten(facts.text, written)) + list(facts.codes),
        "words_read": None if written is None else round(recall(facts.text, written), 3),
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures over all photos."""
    return {
        "photos_seen": len(rows),
        "over_counts": sum(row["over"] for row in rows),
        "exact_counts": sum(row["people"] == row["persons"] for row in rows),
        "presence_right": sum((row["people"] > 0) == (row["persons"] > 0) for row in rows),
        "lines_invented": sum(len(row["invented"]) for row in rows),
        "words_read": [row["words_read"] for row in rows if row["words_read"] is not None],
    }


def unwritten(lines: tuple[str, ...], written: str) -> list[str]:
    """Lines of which less than half the words stand in the text."""
    there = words(written)
    return [line for line in lines if sum(is_among(word, there) for word in words(line)) < len(words(line)) / 2]


def recall(lines: tuple[str, ...], written: str) -> float:
    """Share of the written words that were read."""
    read = words(" ".join(lines))
    return sum(is_among(word, read) for word in words(written)) / len(words(written))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def is_among(word: str, others: list[str]) -> bool:
    return any(SequenceMatcher(None, word, other).ratio() >= WORD_FOUND for other in others)


def milliseconds(captioner: Any, pixels: Pixels) -> dict[str, float]:
    """CPU time of each part and of the whole, for a picture of 1280×720."""
    hd = np.ascontiguousarray(cv2.resize(pixels, (1280, 720), interpolation=cv2.INTER_CUBIC))
    options, earlier = Embedded(), motion.glance(hd)
    text, codes, found = (
        reading.TextReader(options.text_side, options.text_score),
        reading.CodeReader(),
        people.finder(),
    )
    parts: dict[str, Callable[[], object]] = {
        "people": lambda: found.find(hd),
        "text": lambda: text.read(hd),
        "codes": lambda: codes.read(hd),
        "light, colours, blur": lambda: (light.light(hd), light.colours(hd), light.is_blurred(hd)),
        "motion": lambda: motion.motion(earlier, motion.glance(hd)),
        "whole": lambda: captioner.caption(Frame(hd, 0.0, "timed")),
    }
    return {name: cost(part) for name, part in parts.items()}


def cost(part: Callable[[], object]) -> float:
    """Median milliseconds of this thread's CPU time."""
    spent = []
    for _ in range(REPEATS):
        started = time.thread_time()
        part()
        spent.append((time.thread_time() - started) * 1e3)
    return round(float(np.median(spent)), 1)


def finder() -> str:
    """Which detectors of people are here."""
    return "neural" if isinstance(people.finder(), people.NeuralFinder) else "cascades"


def rgb(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    main()
