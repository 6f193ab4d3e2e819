"""Sentences of a language model that claim what was not seen are found; others pass."""

from __future__ import annotations

import pytest

from pipelines.captionwords import people_in, spoken_age
from pipelines.chats.claims import in_sentences, invented
from pipelines.types import Caption, Facts
from pipelines.wording import listed

PEOPLE = Caption("I see at least 2 people.", "camera", 0.0, 0.1, 1, Facts(people=2, text=("EXIT",), colours=("red",)))
DOG = Caption("A brown dog lies on a sofa next to a window.", "camera", 0.0, 0.1, 1)


def split(*pieces: str) -> list[str]:
    return [sentence for sentence in in_sentences(iter(pieces)) if sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "I see three people.",
        "There are 5 people in the room.",
        "I see nobody.",
        "I can see a cat.",
        'The sign says "OPEN".',
        "The camera shows a man with a hat.",
        "You are wearing a blue shirt.",
        "This is a cat.",
        "That animal is a dog.",
        "I have seen 10 cars.",
        "I've seen two cars.",
        "There is a cup here.",
        "He is wearing a long coat.",
        "There are keys on the table.",
        "The dog is sitting on a chair.",
        "Your keys are on the desk.",
    ],
)
def test_an_invention_is_found(sentence: str) -> None:
    assert invented(sentence, [PEOPLE], about_scene=False)


@pytest.mark.parametrize(
    "sentence",
    [
        "I see two people.",
        "I can see at least one person.",
        'The sign says "EXIT".',
        "I see mostly red in the picture.",
    ],
)
def test_what_was_seen_may_be_said(sentence: str) -> None:
    assert not invented(sentence, [PEOPLE], about_scene=True)


@pytest.mark.parametrize(
    "sentence",
    [
        "The capital of France is Paris.",
        "Once upon a time there was a fox who lived in a forest.",
        "Boil the egg in water for ten minutes.",
        "Many people like music.",
        "A camera is a device that takes pictures.",
        "That is a great question.",
        "This is a type of scattering.",
        "The Louvre is in Paris.",
        "The fox was sitting under a tree.",
        "There are seven days in a week.",
    ],
)
def test_talk_that_is_not_about_the_scene_passes(sentence: str) -> None:
    assert not invented(sentence, [PEOPLE], about_scene=False)


def test_what_is_said_of_a_scene_that_was_not_shown_is_a_guess_even_if_it_is_right() -> None:
    assert invented("I see two people.", [PEOPLE], about_scene=False)
    assert not invented("I see two people.", [PEOPLE], about_scene=True)


def test_where_the_scene_was_asked_about_every_sentence_is_held_against_it() -> None:
    assert not invented("The dog is on the sofa.", [DOG], about_scene=True)
    assert invented("The cat is on the sofa.", [DOG], about_scene=True)


def test_pieces_become_sentences_and_an_unfinished_last_one_is_left_out() -> None:
    assert split("One. T", "wo! 1. Three? And th") == ["One.", "Two!", "1. Three?"]
    assert split("only this") == ["only this"]
    assert split("Take:\n* **Eggs**\n- Milk.") == ["Take: Eggs Milk."]
    assert split("好的。再", "见。") == ["好的。", "再见。"]


def test_a_piece_that_ends_no_sentence_gives_an_empty_one_at_once() -> None:
    pieces = iter(["One", " and", " two. "])
    sentences = in_sentences(pieces)
    assert next(sentences) == ""
    assert next(pieces) == " and"  # no more than one was taken
    assert list(sentences) == ["One two."]


def test_a_sentence_has_no_control_characters() -> None:
    assert split("\x1b[2JHello\x07 there.") == ["[2JHello there."]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Three people sit at a table.", 3),
        ("A woman and two men talk.", 2),
        ("Nobody is there.", 0),
        ("I see no people.", 0),
        ("The person walks.", 1),
        ("A dog runs.", None),
    ],
)
def test_people_are_counted_out_of_words_and_never_twice(text: str, count: int | None) -> None:
    assert people_in(text) == count


def test_lists_and_ages_are_said_as_people_say_them() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert [spoken_age(age) for age in (-9, 1, 1.6, 130, 7200)] == [
        "just now", "just now", "2 seconds ago", "2 minutes ago", "2 hours ago",
    ]  # fmt: skip
