"""Who is listened to: the state alone, moved by calls, switches and what goes on."""

from __future__ import annotations

from math import inf

import pytest

from pipelines.attention import LONGEST, AttentionOptions, AttentionState
from pipelines.types import (
    Called,
    Mode,
    Reply,
    SpeechPaused,
    SpeechStarted,
    Transcript,
)


def attending(mode: Mode) -> AttentionState:
    """Begun at 100 s, awake for 8 s."""
    return AttentionState(AttentionOptions(mode=mode), 100.0)


def reply(ended_at: float, asked: str = "what is that", cut: bool = False) -> Reply:
    return Reply("A cup.", asked, 0.0, 0.0, ended_at, cut)


def test_open_listens_to_everyone_and_text_to_nobody() -> None:
    everyone, nobody = attending("open"), attending("text")
    assert everyone.awake(100.0)
    assert everyone.awake(1e9)
    assert everyone.hears
    assert not nobody.awake(100.0)
    assert not nobody.hears


def test_the_wake_word_is_wanted_until_it_was_said_and_again_after_a_silence() -> None:
    state = attending("wake")
    assert not state.awake(101.0)
    state.call(102.0)
    assert state.falls_asleep_at == 110.0
    assert [state.awake(at) for at in (101.9, 102.0, 109.9, 110.0)] == [False, True, True, False]


def test_a_conversation_keeps_it_awake_until_a_while_after_the_last_word() -> None:
    state = attending("wake")
    state.call(102.0)
    state.take(SpeechStarted(109.0))
    assert state.awake(109.0 + LONGEST - 0.1)  # someone may talk for long
    state.take(SpeechPaused(112.0, 3.0))
    assert state.falls_asleep_at == 120.0
    state.take(Transcript("what is that", 112.0))
    assert state.awake(140.0)  # thinking, speaking
    state.take(reply(150.0))
    assert state.falls_asleep_at == 158.0


def test_an_answer_that_is_interrupted_does_not_let_it_sleep_in_the_midst_of_what_interrupts() -> None:
    state = attending("wake")
    state.call(102.0)
    state.take(Transcript("what is that", 104.0))
    state.take(SpeechStarted(106.0))
    state.take(reply(106.5, cut=True))
    assert state.awake(106.5 + 20)
    state.take(SpeechPaused(127.0, 21.0))
    state.take(Transcript("and that", 127.0))
    state.take(reply(127.2, cut=True))  # told late
    assert state.awake(140.0)
    state.take(reply(141.0, asked="and that"))
    assert state.falls_asleep_at == 149.0


def test_a_cough_keeps_it_awake_no_longer_than_any_speech() -> None:
    state = attending("wake")
    state.call(102.0)
    state.take(SpeechStarted(105.0))
    state.take(SpeechPaused(105.3, 0.3))
    state.take(Transcript("", 105.3))
    assert state.falls_asleep_at == pytest.approx(113.3)


def test_asleep_nothing_wakes_it_but_the_word() -> None:
    state = attending("wake")
    for event in (SpeechStarted(101.0), Transcript("hello", 102.0), reply(103.0), Called(103.0)):
        state.take(event)
        assert not state.awake(104.0)
    state.take(Transcript("what is that", 104.0, source="keyboard"))
    assert not state.awake(104.0)


def test_narration_does_not_keep_it_awake() -> None:
    state = attending("wake")
    state.call(102.0)
    state.take(reply(109.0, asked=""))
    assert state.falls_asleep_at == 110.0


def test_the_key_counts_what_is_said_between_press_and_release() -> None:
    state = attending("push")
    assert not state.counts(100.5, 100.6)
    state.call(102.0)
    assert state.counts(101.99, 102.02)  # the chunk in which it was pressed
    assert state.counts(500.0, 500.1)
    state.release(104.0)
    assert state.counts(103.9, 104.1)  # captured before the release, told after it
    assert not state.counts(104.0, 104.1)
    assert not state.awake(104.0)
    assert state.falls_asleep_at is None


@pytest.mark.parametrize("mode", ["open", "text"])
def test_where_nobody_has_to_call_a_call_changes_nothing(mode: Mode) -> None:
    state = attending(mode)
    before = state.told(105.0)
    state.call(102.0)
    state.release(103.0)
    assert state.told(105.0) == before
    assert state.called_at == -inf


def test_what_was_said_before_a_switch_does_not_count_after_it() -> None:
    state = attending("push")
    state.switch("open", 110.0)
    assert not state.counts(109.0, 109.1)
    assert state.counts(110.0, 110.1)
    state.switch("wake", 120.0)
    assert not state.counts(120.0, 120.1)


def test_just_after_a_call_sound_is_urgent_whatever_the_assistant_was_saying() -> None:
    state = attending("push")
    state.call(102.0)
    assert [state.urgent(at) for at in (101.9, 102.0, 102.9, 103.1)] == [False, True, True, False]


def test_options_that_make_no_sense_are_refused() -> None:
    for wrong in ({"mode": "shout"}, {"awake_for": 0}, {"awake_for": -1}, {"volume": 1}):
        with pytest.raises(ValueError, match="validation error"):
            AttentionOptions.model_validate(wrong)
