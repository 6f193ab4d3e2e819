"""Whole sessions narrate scripts: what changes is told soon and once, nothing is made up, and rest is silence."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from devices.media import Pixels
from pipelines.policy import SpeechOptions
from pipelines.remarks import Level
from tests.benchmarks._narration_oracles import HIGH, WIDE
from tests.benchmarks._narration_runs import Narrated, Way, narrated
from tests.benchmarks._narration_scores import Score, scored
from tests.fakes import FakeVoice
from tests.narrating import Script, Spell, State
from tests.rooms import HEIGHT, WIDTH, noisy, room

COLOURS = {"person": (180, 60, 60), "cup": (60, 160, 80), "cat": (200, 150, 60), "car": (40, 60, 190)}
LEFT, RIGHT = 0.2, 0.8
TAKES = {"spotter": 0.03, "reader": 0.2, "captioner": 1.5, "voice": 0.01}
NARRATOR = Way("narrator", "oracle", "oracle", takes=TAKES)  # type: ignore[arg-type]
SOON = 1.5
"""Seconds in which the fast tier tells of a change while nothing else is being said, on this clock."""


class Voice(FakeVoice):
    """As fast as people talk: 15 letters a second."""

    rate = 1500


def script(name: str, seconds: float, *timed: tuple[float, State]) -> Script:
    ends = [*(at for at, _ in timed[1:]), seconds]
    spells = tuple(Spell(at, end, state) for (at, state), end in zip(timed, ends, strict=True))
    return Script(name, seconds, spells, film(spells))


def film(spells: tuple[Spell, ...]) -> Callable[[float], Pixels]:
    """A room in which every thing is a block of its colour, and a text a white sign; with noise."""

    def frame(at: float) -> Pixels:
        state = [one.state for one in spells if one.start <= at + 1e-6][-1]
        return noisy(drawn(state), np.random.default_rng(round(at * 100)), 3.0)

    return frame


@cache
def drawn(state: State) -> Pixels:
    picture = room()
    for name, xs in state.things.items():
        for x in xs:
            left, right = round(((x or 0) - WIDE / 2) * WIDTH), round(((x or 0) + WIDE / 2) * WIDTH)
            picture[round((0.55 - HIGH / 2) * HEIGHT) : round((0.55 + HIGH / 2) * HEIGHT), left:right] = COLOURS[name]
    if state.texts:
        picture[50:75, 120:200] = 250
    if state.cropped:
        picture[50:75, 270:320] = 250
    return np.asarray(picture * (0.02 if state.camera == "dark" else 1), np.uint8)


def told(what: Script, way: Way = NARRATOR) -> tuple[Score, Narrated]:
    found = narrated(what, way, Voice())
    return scored(what, found.said, found.looks), found


ONE, TWO = State({"person": (LEFT,)}), State({"person": (LEFT, RIGHT)})
VISITORS = script("visitors", 40, (0, State()), (8, ONE), (16, TWO), (24, State({"person": (RIGHT,)})), (32, State()))
TABLE = script(
    "table", 40, (0, State()), (8, State({"cup": (RIGHT,)})), (16, State({"cup": (RIGHT,), "cat": (LEFT,)})),
    (24, State({"cat": (LEFT,)})), (32, State()),
)  # fmt: skip
SIGNS = script(
    "signs",
    40,
    (0, State()),
    (8, State(texts=("EXIT 12",))),
    (16, State()),
    (24, State(texts=("WET FLOOR",))),
    (32, State()),
)
NIGHT = script("night", 40, (0, State()), (12, State(camera="dark")), (26, State()))


@pytest.mark.parametrize("what", [VISITORS, TABLE], ids=lambda one: one.name)
def test_each_change_is_told_soon_and_once_and_with_nothing_made_up(what: Script) -> None:
    score, _ = told(what)
    assert score.missed == []
    assert max(score.delays) <= SOON
    assert (score.repeats, score.unsupported, score.unbacked, score.late) == ([], [], [], [])


def test_text_is_told_when_it_comes_and_exactly() -> None:
    score, _ = told(SIGNS)
    assert {change.at for change in score.announced} >= {8.0, 24.0}
    assert (score.repeats, score.unsupported, score.late) == ([], [], [])


def test_that_it_is_dark_is_told_once_and_when_it_is_over() -> None:
    score, _ = told(NIGHT)
    assert score.missed == []
    assert (score.repeats, score.unsupported) == ([], [])


def test_a_still_scene_is_described_once_and_then_there_is_silence() -> None:
    score, _ = told(script("still", 120, (0, ONE)))
    assert len(score.said) >= 1
    assert all(one.began_at < 6 for one in score.said)
    assert score.words <= 20


def test_true_captions_in_other_words_every_time_add_no_repetition() -> None:
    score, _ = told(VISITORS, Way("with a model", "oracle", "oracle", "oracle", takes=TAKES))  # type: ignore[arg-type]
    assert score.missed == []
    assert len(score.repeats) <= 0.02 * len(score.said)
    assert (score.unsupported, score.unbacked, score.late) == ([], [], [])


@pytest.mark.parametrize("level", ["low", "normal", "high"])
def test_where_too_much_happens_the_words_of_every_minute_are_kept_to(level: Level) -> None:
    round_of = [
        State(),
        ONE,
        TWO,
        State({"cup": (RIGHT,)}),
        State({"cup": (RIGHT,), "cat": (LEFT,)}),
        State({"cat": (LEFT,)}),
    ]
    busy = script("busy", 120, *((2.0 * number, round_of[number % len(round_of)]) for number in range(60)))
    score, _ = told(busy, Way("busy", "oracle", takes=TAKES, level=level))  # type: ignore[arg-type]
    assert 0 < score.busiest <= SpeechOptions().budget(level)
    assert (score.unbacked, score.late) == ([], [])


def test_captions_read_out_every_few_seconds_repeat_themselves_and_come_late() -> None:
    score, _ = told(VISITORS, Way("every 4 s", captioner="oracle", every=4.0, takes=TAKES))  # type: ignore[arg-type]
    assert len(score.repeats) > 0.02 * len(score.said)
    assert not score.delays or max(score.delays) > SOON


def test_captions_unlike_the_last_three_leave_changes_out() -> None:
    """What is told in words like those of before is taken for the same."""
    score, _ = told(VISITORS, Way("last 3", captioner="oracle", last=3, takes=TAKES))  # type: ignore[arg-type]
    assert score.missed
