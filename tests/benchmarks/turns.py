"""What the pipeline itself costs a turn, beside pipecat-ai with the same scripted parts, how it is interrupted, and
how old what its answers rest on is at their first word.

`--pipecat PYTHON` names an interpreter that has pipecat-ai; without it that comparison counts as missed.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from tests.benchmarks import _evidence, _interrupting
from tests.benchmarks._report import report
from tests.benchmarks._scripted import WINDOW, Script, ours, theirs

OVERHEAD_BAR, RATIO_BAR = 0.020, 1 / 3
"""Seconds, p95; and our median against that of pipecat-ai."""
SILENCE_BAR, RESUME_BAR = 0.150, 0.300
"""Seconds: from the first sample of interrupting speech, p95; from the last sample of a passing noise, always."""
EVIDENCE_BAR = 1.5
"""Seconds, p95."""
CHANGES = {"before the question": (0.0, 1.0), "during the question": (-0.6, -0.05)}
"""When the picture changes, in seconds before the question's first sound."""


def cases(turns: int) -> dict[str, Script]:
    return {
        "transcribed within the silence": Script(turns),
        "transcribed after the silence": Script(turns, gap=56, transcriber=0.6),
    }


def overhead(turn: dict[str, float], script: Script, *, counts_itself: bool) -> float:
    """Seconds until the first sound that no scripted part took, from the chunk of silence on that made it possible.

    `counts_itself`: the end of a turn is known from the sound; else by a timer that starts with the pause. That chunk
    is counted from when it came, be the scripted microphone late or not; so the timer may be as late as timers were.
    """
    rest = (script.endpoint - script.pause) * WINDOW
    ended = turn["ended"] if counts_itself else turn["paused"] + rest + turn["timers_late"]
    return turn["audio"] - max(ended, turn["paused"] + turn["transcriber"]) - turn["chat"] - turn["voice"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipecat", help="an interpreter that has pipecat-ai")
    parser.add_argument("--turns", type=int, default=20, help="of each kind")
    parser.add_argument("--interruptions", type=int, default=8, help="of each kind, at a PulseAudio server; 0: none")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    missed: list[str] = []
    _compare(arguments.turns, arguments.pipecat, figures, missed)
    if arguments.interruptions:
        _interrupt(arguments.interruptions, figures, missed)
    _see(figures, missed)
    report("turns", figures, missed)


def _compare(turns: int, python: str | None, figures: dict[str, Any], missed: list[str]) -> None:
    """The sides take turns, so that what else the machine does meets both."""
    sides: dict[str, list[float]] = {}
    for name, script in cases(turns).items():
        for side, told in _sides(script, python).items():
            seconds = [overhead(turn, script, counts_itself=side == "ours") for turn in told]
            print(f"{side:24} {name:32} {_figures(seconds)}")
            sides.setdefault(side, []).extend(seconds)
    figures["overhead_ms"] = {side: _figures(seconds) for side, seconds in sides.items()}
    if (worst := figures["overhead_ms"]["ours"]["p95"]) > OVERHEAD_BAR * 1000:
        missed.append(f"overhead p95 {worst} ms > {OVERHEAD_BAR * 1000:.0f} ms")
    if python is None:
        missed.append("pipecat-ai: not compared, name an interpreter that has it with --pipecat")
        return
    medians = {side: statistics.median(seconds) for side, seconds in sides.items()}
    figures["ratio_of_medians"] = {
        side: round(medians["ours"] / median, 2) for side, median in medians.items() if side != "ours"
    }
    for side, ratio in figures["ratio_of_medians"].items():
        if ratio > RATIO_BAR:
            missed.append(f"{ratio} of the overhead of {side} > {RATIO_BAR:.2f}")


def _interrupt(many: int, figures: dict[str, Any], missed: list[str]) -> None:
    """Speech into an answer, and sounds that are no speech."""
    done = _interrupting.run(_interrupting.trials(many))
    silent = [trial.silent_after for trial in done if trial.name == "speech"]
    figures["barge_in_to_silence_ms"] = _figures(silent)
    if (worst := figures["barge_in_to_silence_ms"]["p95"]) > SILENCE_BAR * 1000:
        missed.append(f"barge-in to silence p95 {worst} ms > {SILENCE_BAR * 1000:.0f} ms")
    for name in _interrupting.PASSING:
        passing = [trial for trial in done if trial.name == name]
        on = [trial.on_after for trial in passing]
        clean = sum(trial.whole == list(range(_interrupting.WORDS)) for trial in passing)
        broken = sum(trial.broken for trial in passing)
        resumed = [seconds for seconds in on if seconds < inf]
        figures[name] = {"resumed": len(resumed), "of": many, "no_word_lost_or_repeated": clean}
        figures[name]["words_in_pieces"] = broken
        figures[name] |= {"to_sound_ms": _figures(resumed)} if resumed else {}
        if max(on) > RESUME_BAR or clean < many:
            missed.append(f"{name}: {len(resumed)} of {many} resumed, {clean} clean, worst {max(on) * 1000:.0f} ms")
        print(f"{name:8} {figures[name]}")


def _see(figures: dict[str, Any], missed: list[str]) -> None:
    """Questions about a picture that has just changed, on the virtual clock."""
    every: list[float] = []
    for name, (first, last) in CHANGES.items():
        rested = _evidence.rested(np.linspace(first, last, 21).tolist())
        ages = [one.age for one in rested]
        figures[f"evidence_age_ms, changed {name}"] = _figures(ages) | {"anew": sum(one.anew for one in rested)}
        print(f"evidence, changed {name:20} {figures[f'evidence_age_ms, changed {name}']}")
        every += ages
    if (worst := _figures(every)["p95"]) > EVIDENCE_BAR * 1000:
        missed.append(f"evidence at the first word p95 {worst} ms > {EVIDENCE_BAR * 1000:.0f} ms")


def _sides(script: Script, python: str | None) -> dict[str, list[dict[str, float]]]:
    told = {"ours": ours(script)}
    if python is not None:
        told["pipecat-ai"] = theirs(script, python)
        told["pipecat-ai, no threads"] = theirs(replace(script, threads=False), python)
    return told


def _figures(seconds: list[float]) -> dict[str, float]:
    """Milliseconds."""
    median, p95 = np.percentile(seconds, [50, 95]) * 1000
    return {"median": round(float(median), 2), "p95": round(float(p95), 2), "of": len(seconds)}


if __name__ == "__main__":
    main()
