"""How long it is waited after somebody has ended, against how often somebody is cut off who has not.

Human speech, cut at its natural pauses: wherever Silero hears no speech for 0.2 s. Each pause is judged there as while
the assistant runs, and is over after the wait that was judged, in whole windows of Silero (32 ms).

* Delay: from the end of speech by Silero to the decision, at the ends of turns and of sentences, where they are known.
* False cut-offs: the share of pauses within a sentence at which the decision would have come before the next word.
  "Strict" counts the pauses after which the same speaker began another sentence as well: there nobody but a human
  listener could know, and the assistant takes what follows into the pending question.

The curve gives for each judge, at most so many false cut-offs, the settings with the least mean delay. They are chosen
on the very pauses they are measured on, of which there are few, so that the curve flatters; the line "other speakers"
does not: there the settings for each speaker were chosen on all others. Words are taken from the transcript, without
punctuation, as a perfect transcriber of plain words would give them. "prosody" is the baseline: pitch and length of the
last syllable, fitted to the other speakers.

`python -m tests.benchmarks.endpoint [smart-turn.onnx]`; without the file, smart-turn as it was pulled, if it was.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import product
from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np

from devices.media import SPEECH_RATE
from pipelines import weights
from pipelines.detectors.silero import Silero
from pipelines.endings import EndingOptions, judged
from pipelines.turn_models.smart_turn import SmartTurn
from pipelines.types import Heard
from tests.benchmarks._prosody import cross_validated, ranked
from tests.benchmarks._report import data, report
from tests.pauses import SHORTEST, Pause, pauses

DELAY, CUT_OFF = 0.45, 0.05
"""The bar: the median delay, and the share of false cut-offs."""
WINDOW = 512 / SPEECH_RATE
SHORTEST_WAITS, LONGEST_WAITS = (0.3, 0.4, 0.5, 0.6, 0.8), (0.5, 0.6, 0.8, 1.0, 1.2, 1.4, 1.8, 2.6)
SURE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 0.95, 0.97)


class Case(NamedTuple):
    """A pause, and what is known of it when it is judged."""

    pause: Pause
    sound: float | None
    heard: Heard | None


class Result(NamedTuple):
    """What one way of judging makes of a set of pauses."""

    cut: float
    strict: float
    mean: float
    median: float
    p95: float


def decided(options: EndingOptions, case: Case, took: float) -> float:
    """Seconds from the end of speech to the decision that the turn is over."""
    wait = judged(options, case.sound, case.heard).wait
    return WINDOW * ceil(round(max(wait, SHORTEST + took) / WINDOW, 6))


def measured(options: EndingOptions, cases: Sequence[Case], took: float) -> Result:
    delays = [(case.pause, decided(options, case, took)) for case in cases]
    ends = np.array([delay for pause, delay in delays if pause.kind != "within"])
    within = [pause.length > delay for pause, delay in delays if pause.kind == "within"]
    strict = [pause.length > delay for pause, delay in delays if pause.kind != "end"]
    middle, late = np.percentile(ends, (50, 95))
    return Result(float(np.mean(within)), float(np.mean(strict)), float(ends.mean()), float(middle), float(late))


def settings(by_sound: bool) -> Iterator[EndingOptions]:
    """All that are tried: with a model, a short and a long wait and how sure it must be; without, the usual wait."""
    usual = EndingOptions().usual
    if by_sound:
        for short, long, sure in product(SHORTEST_WAITS, LONGEST_WAITS, SURE):
            if short <= long:
                yield EndingOptions(shortest=short, usual=min(max(usual, short), long), longest=long, sure=sure)
        return
    for wait in np.arange(0.3, 2.7, 0.1):
        short, long = min(EndingOptions().shortest, wait), max(EndingOptions().longest, wait)
        yield EndingOptions(shortest=short, usual=wait, longest=long)


def best(cases: Sequence[Case], took: float, share: float) -> EndingOptions | None:
    """The settings of least mean delay with at most so many false cut-offs; among equals the most patient."""
    chosen: tuple[tuple[float, ...], EndingOptions] | None = None
    for options in settings(any(case.sound is not None for case in cases)):
        found = measured(options, cases, took)
        order = (found.mean, found.cut, -options.shortest)
        if found.cut <= share and (chosen is None or order < chosen[0]):
            chosen = order, options
    return chosen[1] if chosen else None


def other_speakers(cases: Sequence[Case], took: float) -> dict[str, float]:
    """The same measures where the settings for each speaker are the best for all the others."""
    cut: list[bool] = []
    delays: list[float] = []
    for speaker in sorted({case.pause.speaker for case in cases}):
        options = best([case for case in cases if case.pause.speaker != speaker], took, CUT_OFF)
        for case in cases:
            if case.pause.speaker != speaker or options is None:
                continue
            delay = decided(options, case, took)
            if case.pause.kind == "within":
                cut.append(case.pause.length > delay)
            else:
                delays.append(delay)
    middle = float(np.median(delays))
    return {"cut": round(float(np.mean(cut)), 3), "mean s": rounded(np.mean(delays)), "median s": rounded(middle)}


def rounded(seconds: Any) -> float:
    return round(float(seconds), 3)


def shown(found: Result) -> dict[str, float]:
    return {
        "cut": round(found.cut, 3),
        "strict": round(found.strict, 3),
        "mean s": rounded(found.mean),
        "median s": rounded(found.median),
        "p95 s": rounded(found.p95),
    }


def upper(share: float, count: int) -> float:
    """The upper end of Wilson's 95 % interval for a share that was found in so many trials."""
    z = 1.96
    middle = share + z * z / (2 * count)
    return (middle + z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))) / (1 + z * z / count)


def plain(pause: Pause) -> Heard | None:
    """Its words without punctuation, where there is a transcript."""
    return Heard(re.sub(r"[^\w\s']", "", pause.words)) if pause.words else None


def timed(model: Any, found: Sequence[Pause]) -> tuple[list[float], float]:
    """What a turn model says of each pause, and the median of the seconds it takes."""
    said, took = [], []
    for pause in found:
        began = time.perf_counter()
        said.append(model.finished(pause.sound))
        took.append(time.perf_counter() - began)
    return said, float(np.median(took))


def curve(name: str, cases: Sequence[Case], took: float) -> dict[str, Any]:
    """Print and give the best settings for several shares of false cut-offs."""
    points: dict[str, Any] = {}
    print(f"{name}\n   cut-offs  strict  mean    median  p95     shortest usual longest sure")
    for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5):
        options = best(cases, took, share)
        if options is not None:
            point = measured(options, cases, took)
            print(
                f"   {point.cut:7.1%}  {point.strict:6.1%}  {point.mean:.3f}   {point.median:.3f}   {point.p95:.3f}"
                f"   {options.shortest:.2f}     {options.usual:.2f}  {options.longest:.2f}    {options.sure:.2f}"
            )
            points[f"at most {share:.0%}"] = shown(point)
    points["other speakers"] = other_speakers(cases, took)
    print(f"   other speakers: {points['other speakers']}")
    return points


def main() -> None:
    found = [pause for pause in pauses(data() / "media", Silero().load()) if pause.kind != "unclear"]
    within = sum(pause.kind == "within" for pause in found)
    words = [plain(pause) for pause in found]
    said: dict[str, tuple[Sequence[float | None], float]] = {
        "constant": ([None] * len(found), 0.0),
        "prosody": ([float(one) for one in cross_validated(found)], 0.0),
    }
    place = sys.argv[1] if len(sys.argv) > 1 else "smart-turn"
    if weights.is_here(place):
        said["smart-turn"] = timed(SmartTurn(weights=place).load(), found)
    figures: dict[str, Any] = {
        "pauses within sentences": within,
        "ends": len(found) - within,
        "speakers": len({pause.speaker for pause in found}),
        "took ms": {name: round(1000 * took, 1) for name, (_, took) in said.items() if took},
    }
    ended = np.array([pause.kind != "within" for pause in found])
    figures["an end held more likely than a pause within"] = {
        name: round(ranked(np.array(sounds, float), ended), 2)
        for name, (sounds, _) in said.items()
        if name != "constant"
    }
    for name, (sounds, took) in said.items():
        for heard, suffix in (([None] * len(found), ""), (words, " and words")):
            cases = [Case(*one) for one in zip(found, sounds, heard, strict=True)]
            figures[name + suffix] = curve(name + suffix, cases, took)
            figures[name + suffix]["defaults"] = shown(measured(EndingOptions(), cases, took))
            print(f"   defaults: {figures[name + suffix]['defaults']}")
    reached = figures.get("smart-turn and words", figures["constant and words"])
    figures["false cut-offs by default, 95 % upper bound"] = round(upper(reached["defaults"]["cut"], within), 3)
    bar = f"median delay at most {DELAY} s with at most {CUT_OFF:.0%} false cut-offs"
    missed = [
        f"{bar}, {how}"
        for how in ("defaults", "other speakers")
        if reached[how]["median s"] > DELAY or reached[how]["cut"] > CUT_OFF
    ]
    report("endpoint", figures, missed)


if __name__ == "__main__":
    main()
