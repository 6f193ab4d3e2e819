"""What was said: heard again, the one before, the one after, and letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipelines.spoken_log import BROWSES, MOST, Saying, SpokenLog, spelled


def log(*texts: str) -> SpokenLog:
    kept = SpokenLog()
    for number, text in enumerate(texts):
        kept.add(Saying(text, float(number)))
    return kept


def text(saying: Saying | None) -> str | None:
    return saying.text if saying is not None else None


def test_before_anything_was_said_there_is_nothing() -> None:
    kept = SpokenLog()
    assert (kept.at(0), kept.back(0), kept.forward(0), kept.before(), len(kept)) == (None, None, None, None, 0)


def test_one_goes_back_and_forward_and_no_further() -> None:
    kept = log("a", "b", "c")
    assert text(kept.at(3)) == "c"
    assert [text(kept.back(3)) for _ in range(4)] == ["b", "a", None, None]
    assert text(kept.at(4)) == "a"
    assert [text(kept.forward(4)) for _ in range(3)] == ["b", "c", None]


def test_who_went_back_stays_there_while_more_is_said_but_not_for_ever() -> None:
    kept = log("a", "b", "c")
    assert text(kept.back(10)) == "b"
    kept.add(Saying("d", 11))
    kept.add(Saying("e", 12))
    assert text(kept.at(13)) == "b"
    assert text(kept.forward(14)) == "c"
    assert text(kept.at(14 + BROWSES + 0.1)) == "e"
    assert text(kept.back(60)) == "d"


def test_what_was_said_before_is_the_one_before_the_last_wherever_one_is() -> None:
    kept = log("a", "b", "c")
    kept.back(3)
    kept.back(3)
    assert text(kept.before()) == "b"
    assert log("a").before() is None


@given(some.lists(some.sampled_from(["say", "back", "forward", "wait"]), max_size=3 * MOST))
def test_it_stays_within_what_is_kept(steps: list[str]) -> None:
    kept, now, said = SpokenLog(), 0.0, 0
    for step in steps * 3:
        now += BROWSES + 1 if step == "wait" else 0.1
        if step == "say":
            kept.add(Saying(str(said), now))
            said += 1
        elif step in ("back", "forward"):
            kept.back(now) if step == "back" else kept.forward(now)
        at = kept.at(now)
        assert len(kept) == min(said, MOST)
        assert (at is None) == (said == 0)
        assert at is None or said - MOST <= int(at.text) < said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("EXIT", "E, X, I, T."),
        ("Gate 9", "G, A, T, E, space, 9."),
        ("9-5, ok?", "9, hyphen, 5, comma, space, O, K, question mark."),
        ("a  b", "A, space, B."),
        ("出口", "出, 口."),
        ("ß→", "ß, rightwards arrow."),
    ],
)
def test_it_is_spelled_letter_by_letter(written: str, said: str) -> None:
    assert spelled(written) == said


def test_in_chinese_marks_have_chinese_names() -> None:
    assert spelled("出口 A。", "zh") == "出，口，空格，A，句号。"
