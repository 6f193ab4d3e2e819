"""Narration held against scripts of what is true when, beside two simpler ways to narrate, and its delays on a clock.

All ways run in the same session with the same voice, on a clock that jumps and on which every model takes as long as it
was measured to take. What they say is judged by what is true, see `_narration_scores`: a change is announced where the
person is told in time that something is another there, and named where it is also said what. The delays to the first
word, of a hazard, and of stopping are measured on the real clock, see `_narration_delays` and `keys`.
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

from assistant.config import read
from devices.media import Frame
from pipelines.backends import Captioner, Kind, Reader, Spotter, Voice
from pipelines.captioners.embedded import Embedded
from pipelines.policy import SpeechOptions
from pipelines.readers.rapid import RapidOcr
from pipelines.spots import Spots
from pipelines.spotters.fastestdet import FastestDet
from pipelines.voices.espeak import Espeak
from tests.benchmarks import _narration_delays as delays
from tests.benchmarks import _narration_tables as tables
from tests.benchmarks import keys
from tests.benchmarks._narration_oracles import SECONDS
from tests.benchmarks._narration_pictures import Pasted, View, drawn
from tests.benchmarks._narration_runs import Remembered, Way, narrated, seconds_of
from tests.benchmarks._narration_scenes import clips, rendered
from tests.benchmarks._narration_scores import Score, scored
from tests.benchmarks._report import REPOSITORY, data, report
from tests.narrating import Script

EVERY = 5.0
"""Seconds between two captions that are simply read out."""
LAST = 3
CROWDED, LONG = ("busy", "visitors"), ("busy", "still")
"""Films in which more happens than there are words at the lower levels; and those that take minutes."""
BARS = {"announced": 0.9, "repeats": 0.02, "first_word_s": 0.7, "hazard_s": 0.15, "stop_s": 0.15}
PEOPLE = ("visitors", "nearer", "walker", "frozen", "still")
"""Films of what a detector knows that knows people only."""
THINGS = ("table", "motorbike")
"""Films of what it can at most tell without a name."""
PRESSED = 6
"""Times that each of the keys that stop is pressed."""


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
    shipped = as_shipped(own)
    chosen = [way for way in [*ways(own), *shipped] if not (arguments.own and way.baseline)]
    scores = compared(scripts, chosen, voice, say=arguments.say)
    rows = {name: tables.row(found) for name, found in scores.items() if found}
    for name in (one for one in (own.name, *(way.name for way in shipped)) if scores.get(one)):
        tables.print_films(name, scores[name])
    tables.print_ways(rows)
    figures: dict[str, Any] = {"ways": rows, "takes_s": {kind: round(one, 4) for kind, one in own.takes.items()}}
    if not arguments.quick:
        figures |= timed(own, voice)
    report("narration", figures, missed(figures))


def narrator(weights: Path) -> Way:
    """As the configuration of this application has it, with an object detector that knows things."""
    spotter = cast(Spotter, FastestDet(weights=str(weights)).load())
    reader, captioner = cast(Reader, RapidOcr().load()), cast(Captioner, Embedded().load())
    voice, shown = Espeak().load(), frame()
    takes: dict[Kind, float] = {
        "spotter": seconds_of(lambda: spotter.spot(shown)),
        "reader": seconds_of(lambda: reader.read(shown)),
        "captioner": seconds_of(lambda: captioner.caption(shown)),
        "voice": seconds_of(lambda: voice.synthesize("A person on your left.")),
    }
    return Way("narrator", spotter, reader, captioner, takes=takes)


def frame() -> Frame:
    """One in which there is something for every model."""
    view = View((Pasted("person", 0.3, 220),), sign="EXIT 12", sign_x=0.8)
    return Frame(np.asarray(drawn(view), np.uint8), 0.0, "film")


def ways(own: Way) -> list[Way]:
    """The narrator at three levels, and the simpler ones, which have no budget."""
    seen = replace(own, spotter=Remembered(cast(Spotter, own.spotter)), reader=Remembered(cast(Reader, own.reader)))
    slow = own.takes | {"captioner": SECONDS}
    model: dict[str, Any] = {"captioner": "oracle", "takes": slow, "but": LONG}
    plain = Way("", captioner=own.captioner, takes=own.takes)
    return [
        seen,
        replace(seen, name="narrator, level normal", level="normal", only=CROWDED),
        replace(seen, name="narrator, level low", level="low", only=CROWDED),
        replace(seen, name="narrator, true captions", **model),
        replace(seen, name="narrator, true boxes", spotter="oracle", reader="oracle", but=LONG),
        replace(plain, name=f"every {EVERY:g} s", every=EVERY),
        replace(plain, name=f"every {EVERY:g} s, true captions", every=EVERY, **model),
        replace(plain, name=f"not like the last {LAST}", last=LAST),
        replace(plain, name=f"not like the last {LAST}, true captions", last=LAST, **model),
    ]


def as_shipped(own: Way) -> list[Way]:
    """With the configuration as it is shipped, whose detector knows people, and the level of words it begins with."""
    config = read(REPOSITORY / "configs" / "narration.toml")
    assert config.spotter is not None
    assert config.narration is not None
    people = cast(Spotter, config.spotter.load())
    takes = own.takes | {"spotter": seconds_of(lambda: people.spot(frame()))}
    reader = Remembered(cast(Reader, own.reader))
    narration = config.narration.model_copy(update={"introduction": False})
    way = replace(
        own, spotter=Remembered(people), reader=reader, takes=takes, narration=narration, level=config.settings.level
    )
    return [replace(way, name="as shipped, people", only=PEOPLE), replace(way, name="as shipped, things", only=THINGS)]


def compared(
    scripts: Sequence[Script], chosen: Sequence[Way], voice: Voice, *, say: bool = False
) -> dict[str, list[Score]]:
    """All films told in all ways. The boxes that a place may rest on are those that the first way found."""
    scores: dict[str, list[Score]] = {way.name: [] for way in chosen}
    for script in scripts:
        looks: list[Spots] = []
        for way in (one for one in chosen if one.tells(script.name)):
            told = narrated(script, way, voice)
            looks = looks or told.looks
            score = scored(script, told.said, told.looks or looks)
            scores[way.name].append(score)
            if say:
                print(
                    f"{script.name} | {way.name}: {len(score.announced)} of {len(script.changes)}", tables.faults(score)
                )
                for one in () if way.baseline else told.said:
                    print(f"    {one.seen_at:6.1f} {one.began_at:6.1f} {one.priority}: {one.text}")
    return scores


def timed(own: Way, voice: Voice) -> dict[str, Any]:
    """On the real clock."""
    found = {
        "first_word": asyncio.run(delays.first_words(own, voice)),
        "text": asyncio.run(delays.texts(own, voice)),
        "hazard_s": most(asyncio.run(delays.hazards(own, voice))),
        "stop_s": most(asyncio.run(delays.stops(own, voice))),
        "key_s": {name: most(seconds) for name, seconds in keys.pressed(PRESSED).items()},
    }
    for name, one in found.items():
        print(f"{name}: {one}")
    return found


def most(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": tables.percentile(seconds, 0.5), "max": tables.percentile(seconds, 1.0), "of": len(seconds)}


def missed(figures: dict[str, Any]) -> list[str]:
    """Which bars were not kept."""
    own, found = figures["ways"]["narrator"], []
    found += [f"{own['announced']:.0%} of changes announced"] * (own["announced"] < BARS["announced"])
    found += [f"{own['repeats']:.1%} of sentences repeat what is known"] * (own["repeats"] > BARS["repeats"])
    found += [f"{own['unbacked']} places without a box"] * (own["unbacked"] > 0)
    found += [f"{own['late']} begun after their time"] * (own["late"] > 0)
    found += [f"{own['said_in_still_scene']} sentences in a still scene"] * (own["said_in_still_scene"] > 0)
    for name, level in (("narrator", "high"), ("narrator, level normal", "normal"), ("narrator, level low", "low")):
        budget = SpeechOptions().budget(level)  # type: ignore[arg-type]
        busiest = figures["ways"].get(name, {"busiest_minute": 0})["busiest_minute"]
        found += [f"{busiest} words in a minute at the level {level}, over {budget}"] * (busiest > budget)
    return found + (_slow(figures) if "first_word" in figures else [])


def _slow(figures: dict[str, Any]) -> list[str]:
    first, found = figures["first_word"], []
    few = first["told"] < BARS["announced"] * first["changes"]
    found += [f"{first['told']} of {first['changes']} changes told in real time"] * few
    found += [f"{first['both_s']['p95']} s to the first word"] * (first["both_s"]["p95"] > BARS["first_word_s"])
    found += [f"{figures['hazard_s']['max']} s to a hazard"] * (figures["hazard_s"]["max"] > BARS["hazard_s"])
    for name, one in {"asked to": figures["stop_s"], **figures["key_s"]}.items():
        found += [f"{one['max']} s to silence ({name})"] * (one["max"] > BARS["stop_s"])
    return found


if __name__ == "__main__":
    main()
