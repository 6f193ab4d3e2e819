"""Captions are told without identity, age, kind or mood, and without places that no box bears out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.narration import neutralwords, placewords
from pipelines.narration.neutral import neutral
from pipelines.narration.situation import Situation, Thing
from pipelines.spots import Box
from tests.captions import ENGLISH, TOLD, TOLD_IN_CHINESE

RIGHT, LEFT = Box(0.7, 0.4, 0.9, 0.6), Box(0.1, 0.4, 0.3, 0.6)


def there(label: str, box: Box) -> Situation:
    return Situation("hall", (Thing(1, label, box, 0.9, 0.0, 1.0),), known_at=1.0)


@pytest.mark.parametrize(("caption", "told"), TOLD)
def test_people_are_people_and_the_sentence_stays_whole(caption: str, told: str) -> None:
    assert neutral(caption, "en") == told


@pytest.mark.parametrize(("caption", "told"), TOLD_IN_CHINESE)
def test_the_same_in_chinese(caption: str, told: str) -> None:
    assert neutral(caption, "zh") == told


@pytest.mark.parametrize(
    ("caption", "situation", "told"),
    [
        ("A bottle is on the left.", there("bottle", LEFT), "A bottle is on the left."),
        ("A bottle is on the left.", there("bottle", RIGHT), "There is a bottle."),
        ("A bottle is on the left.", there("cup", LEFT), "There is a bottle."),
        ("A man is sitting on the right.", there("person", RIGHT), "A person is sitting on the right."),
        ("A bottle is in the background.", there("bottle", LEFT), "There is a bottle."),
        ("A bottle is next to a cup.", there("bottle", LEFT), "There is a bottle. There is a cup."),
    ],
)
def test_a_place_stays_where_a_box_bears_it_out(caption: str, situation: Situation, told: str) -> None:
    assert neutral(caption, "en", situation) == told


def test_a_place_that_is_borne_out_stays_in_chinese_too() -> None:
    assert neutral("左边有一个瓶子。", "zh", there("bottle", LEFT)) == "左边有一个瓶子。"
    assert neutral("左边有一个瓶子。", "zh", there("bottle", RIGHT)) == "有一个瓶子。"


SUBJECTS = ["A man", "The young woman", "Two boys", "He", "A happy couple", "An elderly Asian lady", "A bottle", "They"]
DOINGS = [
    "is smiling at the camera", "looks sad and is sitting on a sofa", "wears a red hat", "stands next to a white car",
    "is in his 30s", "has a serious expression on her face and holds a cup", "are laughing behind the counter",
    "is on the left side of the image", "seems to be happy, near a tree", "is at 3 o'clock", "walks his dog",
]  # fmt: skip
ENDS = [
    "",
    ", suggesting joy",
    " in the background",
    " with a smile",
    " and his son is crying",
    ", with a lamp above her",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(*map(st.sampled_from, (SUBJECTS, DOINGS, ENDS))), min_size=1, max_size=3))
def test_no_banned_word_is_ever_left_and_what_is_left_are_whole_sentences(parts: list[tuple[str, str, str]]) -> None:
    holds_to_it(neutral(" ".join(f"{who} {does}{end}." for who, does, end in parts), "en"))


@pytest.mark.parametrize("caption", ENGLISH)
def test_captions_as_models_write_them_keep_to_it_too(caption: str) -> None:
    holds_to_it(neutral(caption, "en"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["en", "zh"]))
def test_no_text_is_too_strange(text: str, language: str) -> None:
    neutral(text, "en" if language == "en" else "zh")


def test_what_is_read_stays_to_the_letter() -> None:
    assert neutral('A sign says "Young men on the left".', "en") == 'A sign says "Young men on the left".'


def holds_to_it(told: str) -> None:
    if not told:
        return
    unquoted = "".join(told.split('"')[::2])
    assert neutralwords.BANNED.search(unquoted) is None, told
    assert placewords.BANNED.search(unquoted) is None, told
    for sentence in told.removesuffix(".").split(". "):
        assert sentence[0].isupper() or sentence[0].isdigit() or not sentence[0].isalpha(), told
        assert len(sentence.split()) >= 2, told
        assert not sentence.endswith((" is", " are", " and", " with", ",", " the", " a")), told
    assert told.endswith("."), told
