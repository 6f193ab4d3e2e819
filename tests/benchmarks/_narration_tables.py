"""What narrations are worth, as tables: one row for each way over all films, and one for each film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.benchmarks._narration_scores import Score

SETTLED = 6.0
"""Seconds after which nothing is left to be said of a still scene."""
HEADS = (
    "announced", "by_chance", "named", "named_by_chance", "delay_s", "sentences", "repeats", "unsupported",
    "doubted_and_wrong", "unbacked", "late", "words_a_minute", "busiest_minute", "said_in_still_scene",
)  # fmt: skip
"""`announced`: told in time that something changed there; `named`: and what it is."""
FAULTS = ("repeats", "unsupported", "doubted", "unbacked", "late")


def row(scores: Sequence[Score]) -> dict[str, Any]:
    """One line of the table, over all films."""
    counted = [one for one in scores if one.script.scored]
    changes = max(1, sum(len(one.script.changes) for one in counted))
    late = [seconds for one in counted for seconds in one.delays]
    sentences, minutes = sum(len(one.said) for one in scores), sum(one.script.seconds for one in scores) / 60
    still = [one for score in scores if score.script.name == "still" for one in score.said if one.began_at > SETTLED]
    return {
        "changes": sum(len(one.script.changes) for one in counted),
        "announced": round(sum(len(one.announced) for one in counted) / changes, 3),
        "by_chance": round(sum(one.chance for one in counted) / changes, 3),
        "named": round(sum(len(one.named) for one in counted) / changes, 3),
        "named_by_chance": round(sum(one.chance_named for one in counted) / changes, 3),
        "delay_s": {"median": percentile(late, 0.5), "p95": percentile(late, 0.95)},
        "sentences": sentences, "repeats": round(sum(len(one.repeats) for one in scores) / max(1, sentences), 3),
        "unsupported": round(sum(len(one.unsupported) for one in scores) / max(1, sentences), 3),
        "doubted_and_wrong": sum(len(one.doubted) for one in scores),
        "unbacked": sum(len(one.unbacked) for one in scores), "late": sum(len(one.late) for one in scores),
        "words_a_minute": round(sum(one.words for one in scores) / minutes, 1),
        "busiest_minute": max(one.busiest for one in scores), "said_in_still_scene": len(still),
    }  # fmt: skip


def faults(score: Score) -> dict[str, list[str]]:
    """What is wrong with it, by kind; nothing of the kinds of which there is none."""
    return {kind: found for kind in ("missed", *FAULTS) if (found := getattr(score, kind))}


def print_ways(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """One line each."""
    print("\n" + " | ".join(("way", "changes", *HEADS)))
    for name, found in rows.items():
        cells = [
            f"{one['median']:.1f}, p95 {one['p95']:.1f}" if isinstance(one, dict) else str(one)
            for one in map(found.get, ("changes", *HEADS))
        ]
        print(" | ".join((name, *cells)))


def print_films(name: str, scores: Sequence[Score]) -> None:
    """What was told in each film, and what was not, for who wants to mend it."""
    print(f"\n{name}: film | changes | announced | named | faults | missed | told without a name")
    for one in scores:
        if one.script.scored:
            wrong = ", ".join(f"{len(found)} {kind}" for kind, found in faults(one).items() if kind != "missed")
            cells = (len(one.script.changes), len(one.announced), len(one.named), wrong or "none")
            print(
                " | ".join(
                    (one.script.name, *map(str, cells), ", ".join(one.missed) or "-", ", ".join(one.unnamed) or "-")
                )
            )


def percentile(seconds: Sequence[float], share: float) -> float:
    """0 where there are none."""
    return round(float(np.quantile(seconds, share)), 3) if seconds else 0.0
