"""Narration held against scripts of what is true when, beside two simpler ways to narrate, and its delays on a clock.

All ways run in the same session with the same voice, on a clock that jumps and on which every model takes as long as it
was measured to take. What they say is judged by what is true, see `_narration_scores`. The delays to the first word,
of a hazard and of the stop key are measured on the real clock, see `_narration_delays`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from devices.media import Frame
from pipelines.backends import Captioner, Kind, Reader, Spotter, Voice
from pipelines.captioners.embedded import Embedded
from pipelines.policy import SpeechOptions
from pipelines.readers.rapid import RapidOcr
from pipelines.spots import Spots
from pipelines.spotters.fastestdet import FastestDet
from pipelines.voices.espeak import Espeak
from tests.benchmarks import _narration_delays as delays
from tests.benchmarks._narration_oracles import SECONDS
from tests.benchmarks._narration_pictures import Pasted, View, drawn
from tests.benchmarks._narration_runs import Remembered, Way, narrated, seconds_of
from tests.benchmarks._narration_scenes import clips, rendered
from tests.benchmarks._narration_scores import Score, scored
from tests.benchmarks._report import data, report
from tests.narrating import Script

EVERY = 5.0
"""Seconds between two captions that are simply read out."""
LAST = 3
CROWDED = ("busy", "visitors", "table", "sign")
"""Films in which more happens than there are words at the lower levels."""
BARS = {"announced": 0.9, "repeats": 0.02, "first_word_s": 0.7, "hazard_s": 0.15, "stop_s": 0.15}
SETTLED = 6.0
"""Seconds after which nothing is left to be said of a still scene."""


def main() -> None:
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the delays on the real clock")
    parser.add_argument("--say", action="store_true", help="print all that the narrator says")
    parser.add_argument("--only", default="", help="names of films, with commas between; all if there are none")
    parser.add_argument("--own", action="store_true", help="the narrator only, without the simpler ways")
    arguments = parser.parse_args()
    media, voice = data() / "media", Espeak().load()
    own = narrator(data() / "weights" / "fastestdet")
    print("seconds of one job:", {kind: round(seconds, 3) for kind, seconds in own.takes.items()})
    names = arguments.only.split(",") if arguments.only else []
    scripts = [one for one in [*rendered(), *clips(media)] if one.name in names or not names]
    chosen = [way for way in ways(own) if not (arguments.own and way.baseline)]
    scores = compared(scripts, chosen, voice, say=arguments.say)
    rows = {name: row(found) for name, found in scores.items()}
    table(rows)
    figures: dict[str, Any] = {"ways": rows, "takes_s": {kind: round(one, 4) for kind, one in own.takes.items()}}
    if not arguments.quick:
        figures |= timed(own, voice)
    report("narration", figures, missed(figures, scores["narrator"]))


def narrator(weights: Path) -> Way:
    """As the configuration of this application has it, with an object detector that knows things."""
    spotter = cast(Spotter, FastestDet(weights=str(weights)).load())
    reader, captioner = cast(Reader, RapidOcr().load()), cast(Captioner, Embedded().load())
    shown = Frame(
        np.asarray(drawn(View((Pasted("person", 0.3, 220),), sign="EXIT 12", sign_x=0.8)), np.uint8), 0.0, "film"
    )
    voice = Espeak().load()
    takes: dict[Kind, float] = {
        "spotter": seconds_of(lambda: spotter.spot(shown)),
        "reader": seconds_of(lambda: reader.read(shown)),
        "captioner": seconds_of(lambda: captioner.caption(shown)),
        "voice": seconds_of(lambda: voice.synthesize("A person on your left.")),
    }
    return Way("narrator", spotter, reader, captioner, takes=takes)


def ways(own: Way) -> list[Way]:
    """The narrator at three levels, and the simpler ones, which have no budget."""
    seen = replace(own, spotter=Remembered(cast(Spotter, own.spotter)), reader=Remembered(cast(Reader, own.reader)))
    slow = own.takes | {"captioner": SECONDS}
    model: dict[str, Any] = {"captioner": "oracle", "takes": slow}
    plain = Way("", captioner=own.captioner, takes=own.takes)
    return [
        seen,
        replace(seen, name="narrator, level normal", level="normal", only=CROWDED),
        replace(seen, name="narrator, level low", level="low", only=CROWDED),
        replace(seen, name="narrator, true captions", **model),
        replace(seen, name="narrator, true boxes", spotter="oracle", reader="oracle"),
        replace(plain, name=f"every {EVERY:g} s", every=EVERY),
        replace(plain, name=f"every {EVERY:g} s, true captions", every=EVERY, **model),
        replace(plain, name=f"not like the last {LAST}", last=LAST),
        replace(plain, name=f"not like the last {LAST}, true captions", last=LAST, **model),
    ]


def compared(
    scripts: Sequence[Script], chosen: Sequence[Way], voice: Voice, *, say: bool = False
) -> dict[str, list[Score]]:
    """All films told in all ways. The boxes that a place may rest on are those that the first way found."""
    scores: dict[str, list[Score]] = {way.name: [] for way in chosen}
    for script in scripts:
        looks: list[Spots] = []
        for way in (one for one in chosen if not one.only or script.name in one.only):
            told = narrated(script, way, voice)
            looks = looks or told.looks
            score = scored(script, told.said, told.looks or looks)
            scores[way.name].append(score)
            if say or not way.baseline:
                print(f"{script.name} | {way.name}: {len(score.announced)} of {len(script.changes)} {faults(score)}")
            for one in told.said if say and not way.baseline else ():
                print(f"    {one.seen_at:6.1f} {one.began_at:6.1f} {one.priority}: {one.text}")
    return scores


def faults(score: Score) -> dict[str, list[str]]:
    """What is wrong with it, by kind; nothing of the kinds of which there is none."""
    kinds = ("missed", "repeats", "unsupported", "doubted", "unbacked", "late")
    return {kind: found for kind in kinds if (found := getattr(score, kind))}


def row(scores: Sequence[Score]) -> dict[str, Any]:
    """One line of the table, over all films."""
    counted = [one for one in scores if one.script.scored]
    changes, told = sum(len(one.script.changes) for one in counted), sum(len(one.announced) for one in counted)
    late = [seconds for one in counted for seconds in one.delays]
    sentences, minutes = sum(len(one.said) for one in scores), sum(one.script.seconds for one in scores) / 60
    still = [one for score in scores if score.script.name == "still" for one in score.said if one.began_at > SETTLED]
    return {
        "changes": changes, "announced": round(told / changes, 3),
        "by_chance": round(sum(one.chance for one in counted) / changes, 3),
        "delay_s": {"median": delays.percentile(late, 0.5), "p95": delays.percentile(late, 0.95)},
        "sentences": sentences, "repeats": round(sum(len(one.repeats) for one in scores) / max(1, sentences), 3),
        "unsupported": round(sum(len(one.unsupported) for one in scores) / max(1, sentences), 3),
        "doubted_and_wrong": sum(len(one.doubted) for one in scores),
        "unbacked": sum(len(one.unbacked) for one in scores), "late": sum(len(one.late) for one in scores),
        "words_a_minute": round(sum(one.words for one in scores) / minutes, 1),
        "busiest_minute": max(one.busiest for one in scores), "said_in_still_scene": len(still),
    }  # fmt: skip


def table(rows: dict[str, dict[str, Any]]) -> None:
    heads = ("announced", "by_chance", "delay_s", "sentences", "repeats", "unsupported", "doubted_and_wrong",
             "unbacked", "late", "words_a_minute", "busiest_minute", "said_in_still_scene")  # fmt: skip
    print("\n" + " | ".join(("", *heads)))
    for name, found in rows.items():
        cells = [
            f"{one['median']:.1f}, p95 {one['p95']:.1f}" if isinstance(one, dict) else str(one)
            for one in map(found.get, heads)
        ]
        print(" | ".join((name, *cells)))
    print()


def timed(own: Way, voice: Voice) -> dict[str, Any]:
    """On the real clock."""
    words = asyncio.run(delays.first_words(own, voice))
    hazard = asyncio.run(delays.hazards(own, voice))
    stop = asyncio.run(delays.stops(own, voice))
    found = {
        "first_word": words,
        "hazard_s": {
            "median": delays.percentile(hazard, 0.5),
            "max": delays.percentile(hazard, 1.0),
            "of": len(hazard),
        },
        "stop_s": {"median": delays.percentile(stop, 0.5), "max": delays.percentile(stop, 1.0), "of": len(stop)},
    }
    for name, one in found.items():
        print(f"{name}: {one}")
    return found


def missed(figures: dict[str, Any], scores: Sequence[Score]) -> list[str]:
    """Which bars were not kept."""
    own, found = figures["ways"]["narrator"], []
    found += [f"{own['announced']:.0%} of changes announced"] * (own["announced"] < BARS["announced"])
    found += [f"{own['repeats']:.1%} of sentences repeat what is known"] * (own["repeats"] > BARS["repeats"])
    found += [f"{own['unbacked']} places without a box"] * (own["unbacked"] > 0)
    found += [f"{own['late']} begun after their time"] * (own["late"] > 0)
    found += [f"{own['said_in_still_scene']} sentences in a still scene"] * (own["said_in_still_scene"] > 0)
    for name, level in (("narrator", "high"), ("narrator, level normal", "normal"), ("narrator, level low", "low")):
        budget, busiest = SpeechOptions().budget(level), figures["ways"][name]["busiest_minute"]  # type: ignore[arg-type]
        found += [f"{busiest} words in a minute at the level {level}, over {budget}"] * (busiest > budget)
    if "first_word" in figures:
        first = figures["first_word"]
        found += [f"{first['told']} of {first['changes']} changes told in real time"] * (
            first["told"] < BARS["announced"] * first["changes"]
        )
        found += [f"{first['both_s']['p95']} s to the first word"] * (first["both_s"]["p95"] > BARS["first_word_s"])
        found += [f"{figures['hazard_s']['max']} s to a hazard"] * (figures["hazard_s"]["max"] > BARS["hazard_s"])
        found += [f"{figures['stop_s']['max']} s to silence"] * (figures["stop_s"]["max"] > BARS["stop_s"])
    return found


if __name__ == "__main__":
    main()
