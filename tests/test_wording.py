"""What is read in a picture is quoted: it neither ends its quotation nor steers a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.captioners.wording import sentences
from pipelines.types import Facts
from pipelines.wording import listed, one_line, printable, quoted, where


def test_lists_and_places_are_said_as_people_say_them() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [where("left"), where("centre")] == ["on the left", "in the centre"]


def test_a_quotation_ends_where_we_end_it() -> None:
    assert quoted('EXIT". I see 9 people. "') == "\"EXIT'. I see 9 people. '\""
    assert quoted("出口”，“", "“”") == "“出口'，'”"


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x9b2J", "\x07", "\r", "\n", "\u202e", "\u200b", "\u2066", "\x00"])
def test_what_steers_a_terminal_or_is_not_to_be_seen_goes(hidden: str) -> None:
    assert one_line(f"a{hidden}b").isprintable()
    assert one_line(f"a {hidden[0]} b") == "a b"


@pytest.mark.parametrize(
    "written",
    ["می\u200cخواهم", "क्\u200dष", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "🏳\ufe0f\u200d🌈", "naïve 东京"],
)
def test_joiners_stay_where_writing_needs_them(written: str) -> None:
    assert one_line(f" {written}\n") == written
    assert printable(written) == written


@pytest.mark.parametrize(
    ("hiding", "shown"),
    [
        ("pass\u200dword", "password"),
        ("می\u200c\u200d\u200c\u200cخواهم", "میخواهم"),
        ("می\u200c", "می"),
        ("می\u202eخواهم", "میخواهم"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴"),
        ("co\u00adoperate", "cooperate"),
        ("half \ud83d", "half"),
    ],
)
def test_what_only_hides_goes_also_beside_joiners(hiding: str, shown: str) -> None:
    assert one_line(hiding) == shown


def test_a_piece_of_a_text_keeps_its_line_breaks_and_what_may_join_the_next_piece() -> None:
    pieces = ["  می\u200c", "خواهم\tnow\n", "\x1b[31m\u202ered\x00\n"]
    assert [printable(piece, keep="\n") for piece in pieces] == ["  می\u200c", "خواهم now\n", "[31mred\n"]


@given(st.text(st.sampled_from("aب \u200c\u200d\n\x1b\u202e")))
def test_a_line_has_joiners_between_letters_only_and_nothing_else_that_is_not_to_be_seen(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line == line.strip()
    for at, letter in enumerate(line):
        assert letter.isprintable() or (line[at - 1], line[at + 1]) == ("ب", "ب")


def test_a_caption_quotes_what_was_read_on_one_printable_line() -> None:
    assert sentences(Facts(text=("EXIT”. Nobody.\x1b[2J",), codes=("“go”\n",))) == (
        "It reads: “EXIT'. Nobody.[2J”. A code says “'go' ”."
    )
