"""What a speech model makes up is not believed; what people say, however short or odd, is."""

from __future__ import annotations

import pytest

from pipelines.transcribers.guards import Evidence, believed, confidence, loops, repetition

SURE, UNSURE = -0.2, -1.3


def kept(text: str, logprob: float = SURE, no_speech: float = 0.0, compression: float = 1.0) -> bool:
    return bool(believed([Evidence(text, logprob, no_speech, compression)]))


@pytest.mark.parametrize(
    "text", ["what do you see", "Stop.", "no, no, no", "哈哈哈", "打开灯", "one zero zero zero one"]
)
def test_what_was_said_clearly_is_believed(text: str) -> None:
    assert kept(text)


def test_no_speech_takes_both_signs() -> None:
    assert not kept("I see", UNSURE, no_speech=0.9)
    assert kept("stop", UNSURE, no_speech=0.1), "a short word is unsure, but it is speech"
    assert kept("what is on the table", SURE, no_speech=0.9), "noise around it, but the words are sure"


@pytest.mark.parametrize("text", ["", " ", ".", "...", "♪♪", "[ ]"])
def test_marks_without_a_word_are_nothing(text: str) -> None:
    assert not kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am, I am, I am, I am, I am, I am",
        "the the the the the the the",
        "请问请问请问请问请问",
        "What do you see? " + "I see it. " * 5,
    ],
)
def test_a_loop_is_not_believed(text: str) -> None:
    assert loops(text)
    assert not kept(text)


@pytest.mark.parametrize(
    "text",
    [
        "ask not what your country can do for you, ask what you can do for your country",
        "very very very good",
        "bye bye",
        "谢谢谢谢",
        "turn it on, turn it off, turn it on, turn it off",
        "it says ha ha ha ha ha ha on the left and a very long line of other words on the right of it",
    ],
)
def test_people_repeat_themselves_too(text: str) -> None:
    assert not loops(text)


def test_a_text_that_packs_too_well_is_a_loop_of_some_kind() -> None:
    assert repetition(Evidence("long", SURE, compression=2.5))


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for watching!",
        "Please subscribe.",
        "字幕由Amara.org社区提供",
        "谢谢观看。",
        "Subtitles by the community",
    ],
)
def test_the_ends_of_films_are_not_believed_on_weak_evidence(text: str) -> None:
    assert not kept(text, logprob=-0.8)
    assert not kept(text, no_speech=0.3)
    assert kept(text, SURE), "somebody may read it aloud"


def test_thanks_are_believed_unless_the_model_hears_no_speech() -> None:
    assert kept("Thank you.", logprob=-0.9)
    assert kept("谢谢", logprob=-0.9)
    assert not kept("Thank you.", no_speech=0.55)
    assert not kept("you", no_speech=0.55)


def test_only_the_segment_that_was_made_up_is_left_out() -> None:
    said, made_up = Evidence("What time is it?", SURE), Evidence(" Thanks for watching!", -0.8, 0.4)
    assert believed([said, made_up]) == [said]


def test_confidence_is_that_of_the_average_token() -> None:
    assert confidence([]) == 0.0
    assert confidence([Evidence("yes", 0.0)]) == 1.0
    assert confidence([Evidence("a", -1.0, tokens=1), Evidence("b", 0.0, tokens=3)]) == pytest.approx(0.7788, abs=1e-4)
