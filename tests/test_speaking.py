"""Sentences out of a stream of pieces: early, whole, and never cut where no sentence ends."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sentences import sentences
from tests import virtual


async def _pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def _split(*texts: str) -> list[str]:
    return [sentence async for sentence in sentences(_pieces(*texts))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I see two people. One is on the left.", ["I see two people.", "One is on the left."]),
        ("Dr. Smith is here. Hello!", ["Dr. Smith is here.", "Hello!"]),
        ("It is 3.5 metres. Really?", ["It is 3.5 metres.", "Really?"]),
        ('It reads "EXIT." Then a door.', ['It reads "EXIT."', "Then a door."]),
        ("我看到两个人。左边一个。", ["我看到两个人。", "左边一个。"]),
        ("One line\nAnother line", ["One line", "Another line"]),
        ("e.g. this stays whole. Yes.", ["e.g. this stays whole.", "Yes."]),
        ("no end", ["no end"]),
        ("   ", []),
    ],
)
async def test_sentences_end_where_a_person_would_pause(text: str, expected: list[str]) -> None:
    assert await _split(text) == expected


async def test_a_sentence_comes_before_the_answer_is_complete() -> None:
    stream = sentences(_pieces("First. ", "Sec", "ond"))
    assert await anext(stream) == "First."
    assert await anext(stream) == "Second"


async def test_a_sentence_without_end_is_cut_at_a_comma() -> None:
    text = "word " * 30 + "here, " + "word " * 40
    cut = await _split(text)
    assert cut[0].endswith("here,")
    assert " ".join(cut).split() == text.split()


@given(st.text(alphabet="ab .,!?。\n\"'", max_size=400), st.integers(1, 7))
def test_no_word_is_lost_however_the_stream_is_cut(text: str, size: int) -> None:
    async def story() -> None:
        whole = await _split(text)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        in_pieces = await _split(*pieces)
        assert "".join("".join(whole).split()) == "".join(text.split())
        assert "".join("".join(in_pieces).split()) == "".join(text.split())

    virtual.run(story())
