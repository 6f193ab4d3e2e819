"""Where a turn ends: what words and sound say about a pause."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipelines.endings import Ending, EndingOptions, complete, judged
from pipelines.types import Heard

OPTIONS = EndingOptions(shortest=0.3, usual=0.5, longest=1.4, sure=0.9)
SHORT, USUAL, LONG, MORE = Ending(0.3, True), Ending(0.5, True), Ending(1.4, True), Ending(1.4, False)

WHOLE = """what do you see?|how many people are there|could you please let me out of the box|what is it for|who are you
What's this?|tell me a story|Describe what you see.|what are you looking at|And what is this?|is there anyone|yes|Stop!
So, how many fingers am I holding up|Thank you.|It is red. What is it?|set a timer for five minutes|can you see my cup
read what is on the sign|Which one?|where is my cup|你看到了什么？
这是什么|有几个人|请告诉我这是哪里|好的。|你看得见我吗|谢谢"""
BEGUN = """and|So, um|I see the.|what do you|I want to|how many|what kind of|could you|tell me|because|Please.|is there
How many people are there and|what is the|I was looking at|Yes. And|when I was in…|I have a cup,|Well...|what is
please tell me|I would like|And|我想|因为|然后|你看到了什么然后|那个|请|就是|我有一个|嗯|今天，|帮我"""
OPEN = """the cat sat on the mat|I don't know what that is|in being comparatively modern|seven of clubs|!
我今天去了公园|nineteen twenty|we went to the park on Sunday.|看那边"""


def lines(text: str) -> list[str]:
    return [line for row in text.splitlines() for line in row.split("|")]


@pytest.mark.parametrize("text", lines(WHOLE))
def test_a_request_that_stands_for_itself_is_complete(text: str) -> None:
    assert complete(text) is True


@pytest.mark.parametrize("text", lines(BEGUN))
def test_words_that_ask_for_more_are_not_complete(text: str) -> None:
    assert complete(text) is False


@pytest.mark.parametrize("text", lines(OPEN))
def test_of_other_words_nothing_is_claimed(text: str) -> None:
    assert complete(text) is None


def test_without_words_and_without_a_model_the_pause_is_as_usual() -> None:
    assert judged(OPTIONS, None, None) == USUAL
    assert judged(OPTIONS, None, Heard("")) == USUAL
    assert judged(OPTIONS, None, Heard("the cat sat on the mat")) == USUAL


def test_words_alone_shorten_and_lengthen_the_pause() -> None:
    assert judged(OPTIONS, None, Heard("what do you see")) == SHORT
    assert judged(OPTIONS, None, Heard("what do you see and")) == MORE


def test_sound_alone_shortens_and_lengthens_the_pause() -> None:
    assert judged(OPTIONS, 0.9, None) == SHORT
    assert judged(OPTIONS, 0.8, None) == LONG
    assert judged(OPTIONS, 0.1, Heard("the cat sat on the mat")) == LONG


def test_only_words_hold_a_turn_back_beyond_its_pause() -> None:
    assert judged(OPTIONS, 0.0, Heard("the cat sat on the mat")).finished
    assert not judged(OPTIONS, 1.0, Heard("the cat sat on the")).finished


def test_words_that_ask_for_more_outweigh_a_voice_that_falls() -> None:
    assert judged(OPTIONS, 0.95, Heard("I want to")) == MORE


def test_a_complete_request_in_a_voice_that_goes_on_gets_the_usual_pause() -> None:
    assert judged(OPTIONS, 0.1, Heard("what do you see")) == USUAL
    assert judged(OPTIONS, 0.9, Heard("what do you see")) == SHORT


def test_waits_that_fall_are_refused_in_the_configuration() -> None:
    with pytest.raises(ValidationError, match="must not fall"):
        EndingOptions(shortest=0.6, usual=0.5)
