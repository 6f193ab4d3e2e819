"""Which chat answers what: rules alone, the language model alone, and the two together, on the same questions.

`python -m tests.benchmarks.chats` needs the weights (`omni models pull smollm2`) and some minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from pipelines.backends import BackendError, Chat
from pipelines.chats.claims import in_sentences, invented
from pipelines.chats.embedded import Later, RulesFirst
from pipelines.chats.grounded import Rules
from pipelines.chats.requests import about_scene
from pipelines.chats.smollm2 import SmolLM2
from tests.benchmarks._report import report
from tests.pairs import Pair, pairs

CHATS = ("grounded", "smollm2", "embedded")


@dataclass
class Run:
    """One chat's answers to all pairs."""

    answers: list[str] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    """Seconds to the first words."""
    pieces: int = 0
    seconds: float = 0.0


def run(chat: Chat, asked: list[Pair]) -> Run:
    """Ask every pair of one chat, in order."""
    done = Run()
    for pair in asked:
        began = time.perf_counter()
        pieces, first = [], 0.0
        for piece in chat.reply(pair.prompt):
            pieces.append(piece)
            first = first or (time.perf_counter() if piece else 0.0)
        ended = time.perf_counter()
        done.firsts.append((first or ended) - began)
        done.answers.append("".join(pieces))
        done.pieces += len(pieces)
        done.seconds += ended - began
    return done


def table(asked: list[Pair], runs: dict[str, Run], chosen: Callable[[Pair], bool]) -> dict[str, int]:
    """Print right answers by kind of request; the sums by chat."""
    kinds = dict.fromkeys(pair.kind for pair in asked if chosen(pair))
    print(f"{'':22}{'pairs':>6}" + "".join(f"{name:>10}" for name in runs))
    places = [place for place, pair in enumerate(asked) if chosen(pair)]
    for kind in kinds:
        _row(kind, asked, runs, [place for place in places if asked[place].kind == kind])
    return _row("all", asked, runs, places)


def _row(title: str, asked: list[Pair], runs: dict[str, Run], places: list[int]) -> dict[str, int]:
    right = {name: sum(asked[at].right(done.answers[at]) for at in places) for name, done in runs.items()}
    print(f"{title:22}{len(places):6}" + "".join(f"{count:10}" for count in right.values()))
    return right


def claims(asked: list[Pair], done: Run) -> dict[str, int]:
    """What the check of claims does to the language model's own answers: wrong ones it cuts, right ones it spoils."""
    counts = {"wrong": 0, "wrong_cut": 0, "right": 0, "right_spoiled": 0}
    for pair, answer in zip(asked, done.answers, strict=True):
        of_scene = about_scene(pair.prompt.question)
        sentences = list(filter(None, in_sentences(iter([answer]))))
        kept = [sentence for sentence in sentences if not invented(sentence, pair.prompt.scene, of_scene)]
        if pair.right(answer):
            counts["right"] += 1
            counts["right_spoiled"] += not pair.right(" ".join(kept))
        else:
            counts["wrong"] += 1
            counts["wrong_cut"] += len(kept) < len(sentences)
    return counts


def figures(asked: list[Pair], runs: dict[str, Run], threads: int) -> dict[str, Any]:
    """All that is reported, the tables printed on the way."""
    print("\nright answers, wordings that the rules were tuned on")
    tuned = table(asked, runs, lambda pair: not pair.held_out)
    print("\nright answers, wordings held out")
    held_out = table(asked, runs, lambda pair: pair.held_out)
    alone = runs["smollm2"]
    found: dict[str, Any] = {
        "pairs": len(asked),
        "right": tuned,
        "right_held_out": held_out,
        "first_piece_ms": {name: round(1000 * median(done.firsts), 1) for name, done in runs.items()},
        "first_sentence_of_open_talk_ms": round(1000 * median(_open(asked, runs["embedded"])), 1),
        "tokens_per_second": round(alone.pieces / alone.seconds, 1),
        "threads": threads,
        "claims": claims(asked, alone),
    }
    print(f"\nfirst piece, median ms: {found['first_piece_ms']}   smollm2 tokens/s: {found['tokens_per_second']}")
    print(f"first sentence of open talk, embedded, median ms: {found['first_sentence_of_open_talk_ms']}")
    print(f"claims checked in smollm2's answers: {found['claims']}")
    return found


def _open(asked: list[Pair], done: Run) -> list[float]:
    """Seconds to the first checked sentence, where the language model was asked."""
    return [first for pair, first in zip(asked, done.firsts, strict=True) if pair.kind == "open"]


def main(verbose: bool) -> None:
    asked = pairs()
    rules = Rules(lambda: datetime(2026, 3, 14, 15, 9))
    began = time.perf_counter()
    try:
        chosen = SmolLM2(max_tokens=60)
        model = chosen.load()
    except BackendError as error:
        sys.exit(str(error))
    ready = time.perf_counter() - began
    chats: dict[str, Chat] = {"grounded": rules, "smollm2": model, "embedded": RulesFirst(rules, Later(lambda: model))}
    runs = {name: run(chat, asked) for name, chat in chats.items()}
    if verbose:
        _show(asked, runs)
    found = figures(asked, runs, chosen.threads) | {"load_s": round(ready, 1)}
    right = {name: found["right"][name] + found["right_held_out"][name] for name in CHATS}
    worse = [name for name in CHATS if right["embedded"] < right[name]]
    report("chats", found, [f"embedded is worse than {name} alone" for name in worse])


def _show(asked: list[Pair], runs: dict[str, Run]) -> None:
    for place, pair in enumerate(asked):
        for name, done in runs.items():
            mark = "right" if pair.right(done.answers[place]) else "WRONG"
            print(f"{mark} {pair.kind} | {pair.prompt.question} | {name}: {done.answers[place]!r}")


if __name__ == "__main__":
    main(verbose="--verbose" in sys.argv)
