"""Where speech begins, pauses and ends, whatever the chunks, in made sound and in real speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.detectors.silero import Silero
from pipelines.endings import Ending, EndingOptions
from pipelines.endpointer import Endpointer, HearingOptions, SpeechEvent
from pipelines.types import (
    Draft,
    Heard,
    SpeechPaused,
    SpeechStarted,
    Utterance,
)

WINDOW = 512 / SPEECH_RATE
USUAL = EndingOptions().usual
"""Seconds after which an utterance is over that nobody judged."""
Pattern = Sequence[tuple[bool, float]]


class Loudness:
    """A detector for which loud is speech."""

    window = 512

    def probability(self, window: Samples) -> float:
        return float(np.mean(window >= 0.5))

    def reset(self) -> None:
        pass


def sound(pattern: Pattern) -> Samples:
    """Loud and quiet stretches of so many seconds; no two samples are alike, so that a lost one is missed."""
    loud = np.concatenate([np.full(int(seconds * SPEECH_RATE), speech) for speech, seconds in pattern])
    return np.float32(2.0**-22) * np.arange(len(loud), dtype=np.float32) + np.where(loud, 0.5, 0.0).astype(np.float32)


def chunks(samples: Samples, sizes: Iterable[int] = (), start: float = 100.0) -> list[AudioChunk]:
    """The samples in chunks of these sizes, then of 50 ms."""
    cuts = np.cumsum([*sizes, *[800] * (len(samples) // 800 + 1)])
    pieces = np.split(samples, [cut for cut in cuts if cut < len(samples)])
    begins = np.cumsum([0, *[len(piece) for piece in pieces]])
    return [AudioChunk(piece, SPEECH_RATE, start + at / SPEECH_RATE) for piece, at in zip(pieces, begins, strict=False)]


def endpointer(**options: Any) -> Endpointer:
    return Endpointer(HearingOptions(**options), Loudness())


def heard(ears: Endpointer, sounds: Iterable[AudioChunk]) -> list[SpeechEvent]:
    return [event for chunk in sounds for event in ears.push(chunk)] + list(ears.flush())


def utterances_in(events: Iterable[object]) -> list[Utterance]:
    return [event for event in events if isinstance(event, Utterance)]


def test_a_sentence_is_told_of_at_its_first_sound_and_handed_over_after_the_pause() -> None:
    started, paused, draft, utterance = heard(endpointer(), chunks(sound([(False, 1), (True, 1), (False, 1)])))
    assert isinstance(started, SpeechStarted)
    assert isinstance(paused, SpeechPaused)
    assert paused.at == pytest.approx(102, abs=WINDOW)
    assert paused.spoke == pytest.approx(1, abs=2 * WINDOW)
    assert isinstance(draft, Draft)
    assert draft.pause is not None
    assert draft.ended_at == paused.at
    assert isinstance(utterance, Utterance)
    assert started.at == pytest.approx(101, abs=WINDOW)
    assert utterance.ended_at == pytest.approx(102, abs=WINDOW)
    assert utterance.started_at == pytest.approx(101 - 0.3, abs=2 * WINDOW)
    assert len(utterance.samples) / SPEECH_RATE == pytest.approx(0.3 + 1 + 0.3, abs=4 * WINDOW)


def test_speech_is_told_of_while_it_still_goes_on() -> None:
    ears = endpointer(start=0.12)
    told = [chunk.started_at for chunk in chunks(sound([(False, 1), (True, 5)])) if ears.push(chunk)]
    assert told[0] == pytest.approx(101.12, abs=0.1)


def test_the_utterance_comes_the_usual_wait_after_the_last_word() -> None:
    ears = endpointer()
    come = [c.started_at + c.seconds for c in chunks(sound([(True, 1), (False, 2)])) if utterances_in(ears.push(c))]
    assert come == [pytest.approx(101 + USUAL, abs=0.1)]


@pytest.mark.parametrize(("wait", "finished"), [(0.3, True), (1.4, False)])
def test_the_judgement_of_a_pause_makes_it_longer_or_shorter(wait: float, finished: bool) -> None:
    ears = endpointer()
    for chunk in chunks(sound([(True, 1), (False, 2)])):
        for event in ears.push(chunk):
            if isinstance(event, Draft):
                ears.judge(event.pause, Ending(wait, finished), Heard("so far"))
            if isinstance(event, Utterance):
                assert event.endpoint_at - event.ended_at == pytest.approx(wait, abs=2 * WINDOW)
                assert (event.finished, event.heard) == (finished, Heard("so far"))
                return
    pytest.fail("it never ended")


def test_a_judgement_that_comes_after_more_was_said_is_of_no_account() -> None:
    ears, told = endpointer(), list[SpeechEvent]()
    for chunk in chunks(sound([(True, 1), (False, 0.3), (True, 1), (False, 2)])):
        told += ears.push(chunk)
        if len([event for event in told if isinstance(event, SpeechStarted)]) == 2:
            (late, *_) = (event for event in told if isinstance(event, Draft))
            ears.judge(late.pause, Ending(0.21, finished=False), Heard("too late"))
    (utterance,) = utterances_in(told)
    assert (utterance.heard, utterance.finished) == (None, True)
    assert utterance.endpoint_at - utterance.ended_at == pytest.approx(USUAL, abs=2 * WINDOW)


def test_who_goes_on_after_a_pause_interrupts_again() -> None:
    events = heard(endpointer(), chunks(sound([(True, 1), (False, 0.35), (True, 1), (False, 1)])))
    kinds = [SpeechStarted, SpeechPaused, Draft, SpeechStarted, SpeechPaused, Draft, Utterance]
    assert [type(event) for event in events] == kinds


def test_whoever_is_not_hurried_may_pause_as_long_as_an_utterance_may_be() -> None:
    ears, told = endpointer(longest=8), list[SpeechEvent]()
    for chunk in chunks(sound([(True, 1), (False, 3), (True, 1), (False, 12)])):
        told += ears.push(chunk, unhurried=True)
    (utterance,) = utterances_in(told)
    assert (utterance.speech_at, utterance.ended_at) == pytest.approx((100, 105), abs=2 * WINDOW)
    assert utterance.endpoint_at < 100 + 8 + 0.1


def test_a_click_in_a_pause_neither_ends_it_nor_makes_it_longer() -> None:
    events = heard(endpointer(), chunks(sound([(True, 1), (False, 0.3), (True, 0.02), (False, 1)])))
    (utterance,) = utterances_in(events)
    assert utterance.ended_at == pytest.approx(101, abs=WINDOW)
    assert utterance.endpoint_at == pytest.approx(101 + USUAL, abs=2 * WINDOW)


def test_a_click_is_no_speech() -> None:
    assert heard(endpointer(start=0.12), chunks(sound([(False, 1), (True, 0.06), (False, 1)]))) == []


def test_what_is_too_short_for_a_word_is_told_of_and_is_no_utterance() -> None:
    events = heard(endpointer(start=0.05, shortest=0.2), chunks(sound([(False, 1), (True, 0.1), (False, 1)])))
    assert [type(event) for event in events] == [SpeechStarted, SpeechPaused]


def test_a_short_pause_does_not_end_a_sentence() -> None:
    events = heard(endpointer(), chunks(sound([(True, 1), (False, 0.15), (True, 1), (False, 1)])))
    assert [type(event) for event in events] == [SpeechStarted, SpeechPaused, Draft, Utterance]


def test_the_end_of_sound_ends_the_sentence_and_keeps_its_last_samples() -> None:
    said = sound([(True, 1.01)])
    (utterance,) = utterances_in(heard(endpointer(), chunks(said)))
    np.testing.assert_array_equal(utterance.samples, said)
    assert utterance.ended_at == pytest.approx(101, abs=WINDOW)


def test_nothing_is_kept_from_before_without_pre_roll() -> None:
    (utterance,) = utterances_in(heard(endpointer(pre_roll=0, tail=0), chunks(sound([(False, 3), (True, 1)]))))
    assert utterance.started_at == pytest.approx(103, abs=WINDOW)


def test_a_talk_without_pause_is_cut_where_it_is_quietest_and_the_rest_begins_anew() -> None:
    murmur = sound([(True, 8.5), (True, 0.1), (True, 6)])
    murmur[int(8.5 * SPEECH_RATE) : int(8.6 * SPEECH_RATE)] -= 0.4
    events = heard(endpointer(longest=10), chunks(murmur))
    first, second = utterances_in(events)
    assert [type(event) for event in events].count(SpeechStarted) == 1
    assert (first.finished, second.finished) == (False, True)
    assert first.started_at + len(first.samples) / SPEECH_RATE == pytest.approx(108.55, abs=0.06)
    np.testing.assert_array_equal(np.concatenate((first.samples, second.samples)), murmur)


def test_a_talk_that_ends_right_after_a_cut_leaves_no_utterance_of_silence() -> None:
    events = heard(endpointer(longest=2), chunks(sound([(True, 1.9), (False, 3)])))
    assert len(utterances_in(events)) == 1


@given(seconds=st.floats(5, 40), longest=st.floats(2, 15))
@settings(deadline=None, max_examples=25)
def test_no_sample_of_a_long_talk_is_lost_or_doubled(seconds: float, longest: float) -> None:
    said = sound([(True, seconds)])
    spoken = utterances_in(heard(endpointer(longest=longest), chunks(said)))
    np.testing.assert_array_equal(np.concatenate([utterance.samples for utterance in spoken]), said)
    assert all(len(utterance.samples) / SPEECH_RATE <= longest + 2 * WINDOW for utterance in spoken)


patterns = st.lists(st.tuples(st.booleans(), st.floats(0.01, 2)), min_size=1, max_size=8)


@given(pattern=patterns, sizes=st.lists(st.integers(0, 3000), max_size=60))
@settings(deadline=None, max_examples=60)
def test_the_same_sound_in_any_chunks_is_the_same_to_hear(pattern: Pattern, sizes: list[int]) -> None:
    said = sound(pattern)
    whole = heard(endpointer(longest=3), [AudioChunk(said, SPEECH_RATE, 100.0)])
    pieces = heard(endpointer(longest=3), chunks(said, sizes))
    assert [type(event) for event in whole] == [type(event) for event in pieces]
    for one, other in zip(utterances_in(whole), utterances_in(pieces), strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        assert (other.started_at, other.ended_at) == pytest.approx((one.started_at, one.ended_at), abs=1e-6)


def test_a_little_lost_sound_moves_the_times_of_what_follows() -> None:
    before, after = chunks(sound([(False, 1)])), chunks(sound([(True, 1), (False, 1)]), start=101.2)
    started, *_, utterance = heard(endpointer(), [*before, *after])
    assert isinstance(started, SpeechStarted)
    assert isinstance(utterance, Utterance)
    assert started.at == pytest.approx(101.2, abs=WINDOW)
    assert utterance.ended_at == pytest.approx(102.2, abs=WINDOW)


def test_a_gap_as_long_as_a_pause_parts_two_utterances() -> None:
    said = sound([(True, 1)])
    first, second = utterances_in(heard(endpointer(), [*chunks(said), *chunks(said, start=140.0)]))
    assert (first.ended_at, second.started_at) == pytest.approx((101, 140), abs=WINDOW)


def test_real_speech_is_cut_at_its_pauses(media: Path) -> None:
    spoken = utterances_in(heard_in(media / "audio" / "silero-test.wav"))
    assert 7 <= len(spoken) <= 12  # 9 when this was written
    assert 45 < sum(utterance.ended_at - utterance.started_at for utterance in spoken) < 60
    assert all(a.ended_at <= b.ended_at and a.started_at < b.started_at for a, b in pairwise(spoken))


@pytest.mark.parametrize("name", ["noise-sb-noise1.wav", "leopard-empty.wav"])
def test_real_noise_is_no_speech(media: Path, name: str) -> None:
    found = heard_in(media / "audio" / name)
    assert not [event for event in found if isinstance(event, Draft | Utterance)]
    assert len(found) <= 4, "a crack may make the assistant listen up"


def heard_in(path: Path) -> list[SpeechEvent]:
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == SPEECH_RATE
    return heard(Endpointer(HearingOptions(), Silero().load()), chunks(samples))
