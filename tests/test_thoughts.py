"""What a reasoning model thinks aloud is not said, however its marks are cut into pieces."""

from __future__ import annotations

from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.thoughts import without_thoughts


def pieces(text: str, size: int, closed: list[bool]) -> Generator[str, None, None]:
    try:
        for start in range(0, len(text), size):
            yield text[start : start + size]
    finally:
        closed.append(True)


def heard(text: str, size: int = 1) -> str:
    return "".join(without_thoughts(pieces(text, size, [])))


@given(size=st.integers(1, 30))
def test_a_thought_is_left_out_however_it_is_cut(size: int) -> None:
    assert (
        heard("<think>\nShe asks. 2 < 3.\n</think>\n\nIt is red. <b>Really</b>.", size) == "It is red. <b>Really</b>."
    )


@given(text=st.text("<thinkabc/> \n", max_size=40), size=st.integers(1, 9))
def test_a_text_without_a_thought_is_whole(text: str, size: int) -> None:
    if "<think>" not in text:
        assert heard(text, size) == text.lstrip()


def test_a_thought_without_an_end_says_nothing() -> None:
    assert heard("<think>and on and on") == ""


def test_a_mark_that_was_only_begun_is_said_at_the_end() -> None:
    assert heard("a <thi") == "a <thi"


def test_closing_ends_the_work() -> None:
    closed: list[bool] = []
    answer = without_thoughts(pieces("one two", 1, closed))
    next(answer)
    answer.close()
    assert closed == [True]
