"""The espeak voice: any text becomes sound or none, quickly, from any thread, and in the script's own voice."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.media import Samples
from pipelines.backends import Adjustable, BackendError, Manner, TimedVoice, Voice
from pipelines.voices.espeak import TAIL, Espeak, EspeakVoice
from pipelines.voices.scripts import LONGEST
from pipelines.wordtimes import tokens

pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    return Espeak().load()


def seconds(voice: EspeakVoice, text: str) -> float:
    return len(voice.synthesize(text)) / voice.rate


def test_a_sentence_is_a_second_of_sound_that_begins_at_once(voice: EspeakVoice) -> None:
    assert isinstance(voice, Voice)
    said = voice.synthesize("I see at least two people.")
    assert said.dtype == np.float32
    assert voice.rate == 22050
    assert 1 < len(said) / voice.rate < 3
    assert 0.1 < np.abs(said).max() <= 1
    assert np.flatnonzero(np.abs(said) > 0.02)[0] < 0.08 * voice.rate


def test_nothing_to_say_is_no_sound(voice: EspeakVoice) -> None:
    for text in ("", "  \n", "...", "\x00\x01\x1b"):
        assert len(voice.synthesize(text)) == 0


def test_marks_that_mean_something_to_espeak_are_only_text(voice: EspeakVoice) -> None:
    """`[[..]]` would be phoneme names, a tag SSML, \\x01 an embedded command for the voice's speed."""
    plain = seconds(voice, "hello there my friend")
    assert seconds(voice, "hello there \x01450S my friend") > plain
    assert seconds(voice, "[[_:_:_:_:_:_:_:_:_:]] hello there my friend") > plain
    assert seconds(voice, 'hello <break time="9s"/> there my friend') < 9


def test_chinese_is_read_in_chinese_and_not_spelled(voice: EspeakVoice) -> None:
    chinese = "你好，我看到左边有两个人。"
    assert 1 < seconds(voice, chinese) < 5
    assert seconds(voice, f"The sign says {chinese} and EXIT.") < 8
    assert seconds(voice, "こんにちは") < 3
    assert seconds(voice, "안녕하세요") < 3


def test_a_very_long_text_ends_after_a_bearable_time(voice: EspeakVoice) -> None:
    assert 30 < seconds(voice, "word " * LONGEST) < 120


def test_faster_and_louder_are_what_they_say(voice: EspeakVoice) -> None:
    text = "how many people are in the room"
    fast, loud = Espeak(words_per_minute=340).load(), Espeak(volume=180).load()
    assert seconds(fast, text) < 0.7 * seconds(voice, text)
    assert energy(loud.synthesize(text)) > 1.5 * energy(voice.synthesize(text))


@pytest.mark.parametrize(
    "text",
    ["I see a person at a desk, and a dog on the floor.", "你好，我看到左边有两个人。", "It says EXIT 出口 twice."],
)
def test_it_tells_when_it_says_each_word(voice: EspeakVoice, text: str) -> None:
    """A word ends where the sound of the words up to it would, were they all there is to say."""
    assert isinstance(voice, TimedVoice)
    said = voice.speak(text)
    words = tokens(text)
    assert [word.text for word in said.words] == [word.text for word in words]
    assert len(said.samples) / voice.rate == pytest.approx(seconds(voice, text), abs=0.05)
    for word, token in zip(said.words, words, strict=True):
        alone = seconds(voice, text[: token.end]) - TAIL
        assert word.end == pytest.approx(alone, abs=0.25), word


def test_words_end_before_the_pause_that_follows(voice: EspeakVoice) -> None:
    first, then, *_ = voice.speak("Yes, there are two.").words
    assert then.start - first.end > 0.08


def test_numbers_and_signs_are_words_with_a_time_of_their_own(voice: EspeakVoice) -> None:
    """espeak-ng tells of `3,000.50` in five parts, some of which stand nowhere in the text."""
    words = voice.speak("It costs $3,000.50 & 10 % more, well-known.").words
    assert [word.text for word in words] == ["It", "costs", "$3,000.50", "&", "10", "%", "more", "well-known"]
    assert words[2].end - words[2].start > 1
    assert [word.start for word in words] == sorted(word.start for word in words)


def energy(samples: Samples) -> float:
    return float(np.mean(samples**2))


@pytest.mark.parametrize("name", ["en-us", "en-gb", "en-gb+f4", "de", "cmn"])
def test_voices_go_by_their_language(name: str) -> None:
    assert seconds(Espeak(voice=name).load(), "hello there") > 0.3


def test_a_voice_that_is_not_there_is_told_of_when_loading() -> None:
    with pytest.raises(BackendError, match="no voice called 'klingonese'"):
        Espeak(voice="klingonese").load()
    with pytest.raises(ValidationError):
        Espeak(words_per_minute=5)


def test_two_voices_in_two_threads_do_not_mix(voice: EspeakVoice) -> None:
    fast = Espeak(voice="en-us+f3", words_per_minute=400).load()
    lengths: dict[EspeakVoice, list[float]] = {voice: [], fast: []}

    def speak(one: EspeakVoice) -> None:
        lengths[one].extend(seconds(one, "what do you see in front of you") for _ in range(20))

    threads = [threading.Thread(target=speak, args=(one,)) for one in lengths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(lengths[fast]) < 0.6 * min(lengths[voice])


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_any_text_at_all_can_be_spoken(text: str) -> None:
    said = Espeak().load().speak(text)
    assert said.samples.dtype == np.float32
    assert not len(said.samples) or np.abs(said.samples).max() <= 1
    assert all(0 <= word.start <= word.end <= len(said.samples) / 22050 + 0.1 for word in said.words)


def test_it_speaks_as_fast_as_it_is_told(voice: EspeakVoice) -> None:
    """Its own words a minute hold up to about three times: what it is told is what comes."""
    text = "There are two people in front of the door, and a dog is on the floor to the left of them."
    own = Espeak().load()
    assert isinstance(own, Adjustable)
    usual = seconds(own, text)
    for rate in (0.8, 1.5, 2.0, 3.0):
        own.adjust(Manner(rate))
        assert usual / seconds(own, text) == pytest.approx(rate, rel=0.15)
        assert own.speak(text).words[-1].end == pytest.approx(seconds(own, text), abs=TAIL)
    own.adjust(Manner())
    assert seconds(own, text) == pytest.approx(usual, rel=0.03)


def test_it_speaks_with_another_voice_and_stays_with_its_own_where_there_is_no_such() -> None:
    text, own = "one two three, there are two people in front of the door", Espeak().load()
    usual = seconds(own, text)
    own.adjust(Manner(voice="de"))
    german = seconds(own, text)
    assert german == pytest.approx(seconds(Espeak(voice="de").load(), text), rel=0.03)
    assert german != pytest.approx(usual, rel=0.03)
    with pytest.raises(BackendError, match="no voice called 'klingonese': use a language"):
        own.adjust(Manner(voice="klingonese"))
    assert seconds(own, text) == pytest.approx(german, rel=0.03)
    own.adjust(Manner(voice="zh"))
    assert seconds(own, "左边有人") == pytest.approx(seconds(Espeak(voice="cmn").load(), "左边有人"), rel=0.03)
    own.adjust(Manner())
    assert seconds(own, text) == pytest.approx(usual, rel=0.03)
