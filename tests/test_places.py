"""Where something is, in words: by its box and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.narration.places import EDGES, WORDS, Style, position, third
from pipelines.phrases import Language
from pipelines.spots import Box


def at(x: float) -> Box:
    return Box(x - 0.05, 0.2, x + 0.05, 0.8)


@pytest.mark.parametrize(
    ("style", "language", "words"),
    [
        ("side", "en", ["on your left", "ahead", "on your right"]),
        ("clock", "en", ["at 11 o'clock", "at 12 o'clock", "at 1 o'clock"]),
        ("none", "en", ["", "", ""]),
        ("side", "zh", ["你左边", "前方", "你右边"]),
        ("clock", "zh", ["11点钟方向", "12点钟方向", "1点钟方向"]),
        ("none", "zh", ["", "", ""]),
    ],
)
def test_left_ahead_and_right(style: Style, language: Language, words: list[str]) -> None:
    assert [position(at(x), style, language) for x in (0.1, 0.5, 0.9)] == words


def test_an_hour_on_the_clock_is_half_of_what_a_camera_sees() -> None:
    assert [third(at(x), "clock") for x in (0.24, 0.26, 0.74, 0.76)] == [0, 1, 1, 2]


def test_what_lies_on_an_edge_stays_where_it_was() -> None:
    last = 0
    found = []
    for x in (0.30, 0.34, 0.37, 0.39, 0.34, 0.30, 0.27):
        last = third(at(x), "side", last)
        found.append(last)
    assert found == [0, 0, 0, 1, 1, 1, 0]


@given(x=st.floats(0, 1), size=st.floats(0.01, 1), style=st.sampled_from(sorted(EDGES)))
def test_how_large_a_box_is_says_nothing_of_where_it_is(x: float, size: float, style: Style) -> None:
    box = Box(x - size / 2, 0, x + size / 2, size)
    assert position(box, style, "en") == WORDS["en"][style][third(at(box.x), style)]
    assert not any(word in position(box, style, "en") for word in ("near", "far", "close"))
