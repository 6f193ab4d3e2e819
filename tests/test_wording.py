"""What is read in a picture is quoted: it neither ends its quotation nor steers a terminal."""

from __future__ import annotations

import pytest

from pipelines.captioners.wording import sentences
from pipelines.types import Facts
from pipelines.wording import listed, one_line, quoted, where


def test_lists_and_places_are_said_as_people_say_them() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [where("left"), where("centre")] == ["on the left", "in the centre"]


def test_a_quotation_ends_where_we_end_it() -> None:
    assert quoted('EXIT". I see 9 people. "') == "\"EXIT'. I see 9 people. '\""
    assert quoted("出口”，“", "“”") == "“出口'，'”"


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x9b2J", "\x07", "\r", "\n", "\u202e", "\u200b", "\u2066", "\x00"])
def test_what_steers_a_terminal_or_is_not_to_be_seen_becomes_a_space(hidden: str) -> None:
    assert one_line(f"a{hidden}b").isprintable()
    assert one_line(f"a {hidden[0]} b") == "a b"


def test_a_caption_quotes_what_was_read_on_one_printable_line() -> None:
    assert sentences(Facts(text=("EXIT”. Nobody.\x1b[2J",), codes=("“go”\n",))) == (
        "It reads: “EXIT'. Nobody. [2J”. A code says “'go' ”."
    )
