"""A text is read in stretches of one script, in pieces that a voice can bear, and without what is not for the ear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.voices.scripts import LONGEST, pieces, runs, script_of, speakable


def test_a_text_is_cut_where_the_script_changes() -> None:
    assert runs("The sign says 出口。 and EXIT.") == ["The sign says ", "出口。 ", "and EXIT."]
    assert runs("你好") == ["你好"]
    assert runs("  ") == []


@pytest.mark.parametrize(
    ("run", "language"),
    [
        ("hello", None),
        ("3.5 €", None),
        ("привет", None),
        ("你好", "zh"),
        ("こんにちは", "ja"),
        ("日本の", "ja"),
        ("안녕", "ko"),
    ],
)
def test_the_script_tells_the_language_where_it_can(run: str, language: str | None) -> None:
    assert script_of(run) == language


def test_commands_to_a_voice_are_taken_out() -> None:
    assert speakable("a\x01b [[x]] \x1b[31m") == "a b  x   [31m"
    assert len(speakable("word " * LONGEST)) <= LONGEST


@given(st.text(alphabet="ab ,.。你，\n", max_size=200), st.integers(1, 40))
def test_pieces_are_short_and_together_the_text(text: str, most: int) -> None:
    found = pieces(text, most)
    assert all(len(piece) <= most for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_pieces_end_at_punctuation_or_at_least_between_words() -> None:
    assert pieces("One two. Three, four five.", 12) == ["One two. ", "Three, ", "four five."]
    assert pieces("alpha beta gamma", 12) == ["alpha beta ", "gamma"]
    assert pieces("我看到两个人，一只狗。", 7) == ["我看到两个人，", "一只狗。"]
