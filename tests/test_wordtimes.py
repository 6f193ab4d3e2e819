"""What was heard of a sentence, to the word, whether the voice tells when it says each or not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.media import Samples
from pipelines.types import Word
from pipelines.wordtimes import estimated, heard_until, start_of_word, tokens

RATE = 16000
TEXT = 'Yes, I see 2 people: "Anna" and Bob.'


def hum(*seconds: float) -> Samples:
    """Sound and silence in turn, as long as told."""
    parts = [np.full(round(length * RATE), 0.1 * (i % 2 == 0), np.float32) for i, length in enumerate(seconds)]
    return np.concatenate(parts)


def spaced(text: str) -> tuple[Word, ...]:
    """Each word half a second, one after the other."""
    return tuple(Word(token.text, i / 2, (i + 1) / 2) for i, token in enumerate(tokens(text)))


def test_a_word_is_what_is_said_in_one_breath() -> None:
    assert [token.text for token in tokens("I don't owe you $3,000.50, a well-known 50% & more...")] == [
        "I", "don't", "owe", "you", "$3,000.50", "a", "well-known", "50%", "&", "more"
    ]  # fmt: skip
    assert [token.text for token in tokens("牌子上写着 EXIT，2个。")] == [*"牌子上写着", "EXIT", "2", "个"]


def test_what_was_heard_is_the_beginning_as_it_is_written() -> None:
    words = spaced(TEXT)
    assert heard_until(TEXT, words, 0.2) == ""
    assert heard_until(TEXT, words, 0.3) == "Yes,"
    assert heard_until(TEXT, words, 2.4) == "Yes, I see 2 people:"
    assert heard_until(TEXT, words, 2.8) == 'Yes, I see 2 people: "Anna"'
    assert heard_until(TEXT, words, 9.9) == TEXT
    assert heard_until("出口在左边。", spaced("出口在左边。"), 1.1) == "出口"


def test_words_that_come_twice_are_told_apart() -> None:
    text = "the cat and the hat"
    assert heard_until(text, spaced(text), 1.8) == "the cat and the"


def test_a_word_that_the_text_does_not_have_does_no_harm() -> None:
    assert heard_until("one two", (Word("one", 0, 1), Word("uno", 1, 2), Word("two", 2, 3)), 1.9) == "one"


def test_nothing_is_known_to_be_heard_without_words() -> None:
    assert heard_until("...", (), 1.0) == ""


def test_it_goes_on_at_the_word_in_which_it_was_held() -> None:
    words = (Word("one", 0.1, 0.5), Word("two", 0.8, 1.2))
    assert [start_of_word(words, at) for at in (0, 0.3, 0.6, 1.0, 1.5)] == [0.1, 0.1, 0.8, 0.8, 1.5]


def test_an_estimate_covers_the_sound_and_not_the_silence_around_it() -> None:
    words = estimated("one one", np.concatenate([hum(0), np.zeros(RATE, np.float32), hum(1, 1)]), RATE)
    assert [(word.text, round(word.start, 1), round(word.end, 1)) for word in words] == [
        ("one", 1.0, 1.5),
        ("one", 1.5, 2.0),
    ]


def test_a_pause_is_taken_for_the_comma_that_is_nearest() -> None:
    words = estimated("Well, I would not say that, no.", hum(0.6, 0.3, 1.2, 0.4, 0.4), RATE)
    starts = {word.text: round(word.start, 1) for word in words}
    assert (starts["I"], starts["no"]) == (0.9, 2.5)
    assert [round(word.end, 1) for word in words if word.text in ("Well", "that")] == [0.6, 2.1]


def test_figures_take_as_long_as_their_words() -> None:
    words = estimated("room 1234 here", hum(3), RATE)
    assert words[1].end - words[1].start > 1.5


def test_no_sound_has_no_words_and_silence_is_shared_out_evenly() -> None:
    assert estimated("one two", hum(0), RATE) == ()
    assert estimated("", hum(1), RATE) == ()
    assert [word.end for word in estimated("one one", np.zeros(RATE, np.float32), RATE)] == [0.5, 1.0]


@given(st.text(max_size=40), st.lists(st.floats(0, 0.5), max_size=6))
@settings(deadline=None, max_examples=150)
def test_any_text_over_any_sound_grows_word_by_word(text: str, seconds: list[float]) -> None:
    sound = hum(0.05, *seconds)
    words = estimated(text, sound, RATE)
    times = [time for word in words for time in (word.start, word.end)]
    assert all(0 <= time <= len(sound) / RATE + 1e-6 for time in times)
    assert [word.start for word in words] == sorted(word.start for word in words)
    heard = [heard_until(text, words, at / 50) for at in range(200)]
    assert all(text.startswith(part) for part in heard)
    assert heard == sorted(heard, key=len)


ENGLISH = (
    'Yes, I see 2 people: "Anna" and (maybe) Bob — 50% sure.',
    "I see a person sitting at a desk, and a dog on the floor behind them.",
    "Your cup was on the left of the table about twelve minutes ago; somebody took it since.",
    "It costs $3,000.50, and it leaves at 10:30 from platform 9.",
    "The sign says EXIT in green letters, next to an extraordinarily complicated photograph.",
    "The sign says 出口 and EXIT.",
    "No.",
)
CHINESE_TEXTS = (
    "你好，我看到左边有两个人。",
    "牌子上写着：出口在左边，有25个人。",
    "刚才桌子上有一个红色的杯子，现在不见了。",
    "这是 iPhone，不是 Android 手机。",
)


@pytest.mark.parametrize("text", [*ENGLISH, *CHINESE_TEXTS])
def test_at_every_moment_the_estimate_is_at_most_a_word_off(text: str) -> None:
    """The truth is espeak-ng's own account of when it says each word."""
    pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")
    from pipelines.voices.espeak import Espeak

    voice = Espeak(voice="cmn" if text in CHINESE_TEXTS else "en-us").load()
    said = voice.speak(text)
    guessed = estimated(text, said.samples, voice.rate)
    assert [word.text for word in said.words] == [word.text for word in guessed] == [one.text for one in tokens(text)]
    for hundredth in range(100 * len(said.samples) // voice.rate + 2):
        true, guess = (heard_until(text, words, hundredth / 100) for words in (said.words, guessed))
        assert abs(len(tokens(guess)) - len(tokens(true))) <= 1, (hundredth / 100, true, guess)
    assert guess == true == text


@pytest.mark.parametrize("text", [ENGLISH[1], CHINESE_TEXTS[0]])
def test_held_at_any_moment_it_goes_on_without_a_word_lost_or_said_twice(text: str) -> None:
    """What was heard whole before (but for an instant), and the words from where it goes on, are the sentence."""
    words = spaced(text)
    for hundredth in range(50 * len(words)):
        at = hundredth / 100
        again = start_of_word(words, at)
        before, after = (
            [word for word in words if word.end <= at + 0.03],
            [word for word in words if word.start >= again],
        )
        assert (*before, *after) == words
