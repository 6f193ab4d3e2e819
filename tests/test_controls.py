"""What the outside may do to a session: have it speak, stop, repeat, write instead of speaking, and shut it off."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipelines.attention import AttentionOptions
from pipelines.dials import SettingsOptions
from pipelines.policy import MOST
from pipelines.switches import Present, Switches
from pipelines.types import Attention, Caption, Event, Reminder, Reply, SpeechStarted, Transcript, TurnTrace
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone
from tests.playing import Played, playing
from tests.stage import HELLO, SILENCE, Stage

LONG = "One two three four five six. Seven eight nine ten."


def talkative(**more: Any) -> Stage:
    """Answers at some length; its voice takes a tenth of a second for each letter."""
    return Stage(chat=FakeChat({"hello": LONG}), **more)


async def test_what_it_is_told_to_say_is_said_and_is_no_part_of_the_conversation() -> None:
    stage = talkative()
    async with playing(stage) as played:
        assert played.controls.conversation.say("Dinner is ready. Come down.")
        await asyncio.sleep(10)
        assert stage.conversation.history == []
    assert stage.said() == ["Dinner is ready. Come down."]
    assert stage.speaker is not None
    assert len(stage.speaker.plays) == 2, "a sentence at a time"


async def test_it_is_said_as_soon_as_nobody_talks() -> None:
    stage = talkative()
    async with playing(stage) as played:
        now = asyncio.get_running_loop().time()
        await played.hears("hello")
        await asyncio.sleep(1)
        played.controls.conversation.say("Dinner.")
        await asyncio.sleep(10)
    first, second = stage.told(Reply)
    assert (first.text, first.cut, second.text) == (LONG, False, "Dinner.")
    assert second.answered_at == pytest.approx(first.ended_at)
    assert first.answered_at == pytest.approx(now)


async def test_somebody_who_talks_is_not_talked_over() -> None:
    stage = Stage(chat=FakeChat({"hello": "Hi."}))
    async with playing(stage) as played:
        perceptions, now = played.session.perceptions, asyncio.get_running_loop().time
        await perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(0.1)
        played.controls.conversation.say("Dinner.")
        await asyncio.sleep(1)
        assert stage.said() == []
        await perceptions.put(Transcript("hello", now()))
        await asyncio.sleep(10)
    assert stage.said() == ["Hi.", "Dinner."]


async def test_no_more_is_taken_than_can_wait() -> None:
    stage = talkative()
    async with playing(stage) as played:
        await played.hears("hello")
        await asyncio.sleep(0.1)
        taken = [played.controls.conversation.say(str(number)) for number in range(MOST + 2)]
        assert taken == [True] * MOST + [False] * 2
    assert stage.said() == [LONG, *map(str, range(MOST))]


async def test_stopped_it_falls_silent_and_forgets_what_waited() -> None:
    stage = talkative()
    async with playing(stage) as played:
        await played.hears("hello")
        played.controls.conversation.say("Dinner.")
        await asyncio.sleep(1.0)
        at = asyncio.get_running_loop().time()
        await played.controls.conversation.stop()
        assert asyncio.get_running_loop().time() == at
        await asyncio.sleep(20)
        await played.hears("hello")
        await asyncio.sleep(20)
    cut, again = stage.told(Reply)
    assert (cut.cut, cut.ended_at) == (True, at)
    assert LONG.startswith(cut.text)
    assert again.text == LONG, "it listens as before"


async def test_a_timer_that_is_over_is_told_whatever_was_stopped_or_waits() -> None:
    stage = talkative()
    async with playing(stage) as played:
        perceptions, now = played.session.perceptions, asyncio.get_running_loop().time
        await played.hears("hello")
        for _ in range(MOST):
            played.controls.conversation.say("Dinner.")
        await perceptions.put(Reminder("The tea is ready.", now()))
        await asyncio.sleep(0.5)
        await played.controls.conversation.stop()
        await asyncio.sleep(20)
    assert stage.said()[1:] == ["The tea is ready."]
    assert [trace.source for trace in stage.told(TurnTrace)] == ["voice", "timer"]


async def test_it_repeats_what_was_heard_last() -> None:
    stage = talkative()
    async with playing(stage) as played:
        assert not played.controls.conversation.repeat()
        await played.hears("hello")
        await asyncio.sleep(1.0)
        await played.controls.conversation.stop()
        assert played.controls.conversation.repeat()
        await asyncio.sleep(10)
    heard, repeated = stage.said()
    assert LONG.startswith(heard)
    assert repeated == heard
    assert len(stage.conversation.history) == 1


async def test_while_it_does_not_speak_answers_are_written() -> None:
    stage = talkative()
    async with playing(stage) as played:
        played.controls.dials.set(speaking=False)
        began = asyncio.get_running_loop().time()
        await played.hears("hello")
        await asyncio.sleep(5)
        assert stage.speaker is not None
        assert stage.speaker.plays == []
        assert stage.told(Reply)[0].ended_at == began
        played.controls.dials.set(speaking=True)
        await played.hears("hello")
        await asyncio.sleep(10)
    assert stage.said() == [LONG, LONG]
    assert len(stage.speaker.plays) == 2


async def test_what_is_being_said_when_it_must_not_speak_goes_on_in_writing() -> None:
    stage = talkative()
    async with playing(stage) as played:
        await played.hears("hello")
        await asyncio.sleep(1.0)
        played.controls.dials.set(speaking=False)
        at = asyncio.get_running_loop().time()
        await asyncio.sleep(10)
    (reply,) = stage.told(Reply)
    assert (reply.text, reply.cut, reply.ended_at) == (LONG, False, at)
    assert stage.speaker is not None
    assert [ended for _, ended in stage.speaker.plays] == [at]


async def test_it_may_be_silent_from_the_start() -> None:
    class Silent(Stage):
        def _config(self) -> Any:
            return super()._config().model_copy(update={"settings": SettingsOptions(speaking=False)})

    stage = Silent()
    async with playing(stage) as played:
        await played.hears("hello")
    assert stage.said() == ["Hello there."]
    assert stage.speaker is not None
    assert stage.speaker.plays == []


def home(**more: Any) -> tuple[Switches, list[Event]]:
    told: list[Event] = []
    return Switches(AttentionOptions(**more), Present(), told.append), told


def on(switches: Switches) -> tuple[bool, bool]:
    return switches.attention.microphone, switches.attention.camera


async def test_privacy_is_all_off_and_back_is_what_was_on_before() -> None:
    switches, told = home(microphone=False)
    switches.privacy(True)
    switches.privacy(True)
    assert (on(switches), switches.private) == ((False, False), True)
    switches.privacy(False)
    switches.privacy(False)
    assert (on(switches), switches.private) == ((False, True), False)
    assert [event.private for event in told if isinstance(event, Attention)] == [True, False]


async def test_what_was_switched_off_at_the_machine_is_switched_on_there_only() -> None:
    switches, _ = home()
    switches.mute(microphone=False)
    switches.mute(camera=False)
    assert switches.private
    assert not switches.privacy(False)
    assert not switches.listen(True)
    assert on(switches) == (False, False)
    assert switches.privacy(True)
    switches.mute(camera=True)
    assert on(switches) == (False, True)
    assert switches.privacy(True)
    assert switches.privacy(False)
    assert on(switches) == (False, True)


async def test_what_was_muted_at_the_machine_in_privacy_is_off_after_it() -> None:
    switches, _ = home()
    switches.privacy(True)
    switches.mute(microphone=False)
    assert switches.back == (False, True)
    assert switches.privacy(False)
    assert on(switches) == (False, True)


async def test_a_microphone_that_is_switched_from_outside_comes_back_as_it_was_or_with_all_that_is_off() -> None:
    switches, _ = home()
    assert switches.listen(False)
    switches.privacy(True)
    switches.privacy(False)
    assert on(switches) == (False, True)
    deaf = Switches(AttentionOptions(), Present(camera=False), lambda event: None)
    deaf.listen(False)
    assert deaf.private
    assert deaf.privacy(False)
    assert deaf.attention.microphone


async def test_privacy_is_taken_up_again_with_what_was_muted_in_it() -> None:
    switches, _ = home()
    switches.mute(microphone=False)
    switches.privacy(True)
    assert switches.back == (False, True)
    later, _ = home()
    later.restore(*switches.back)
    assert (on(later), later.private, later.back) == ((False, False), True, (False, True))
    later.privacy(False)
    assert on(later) == (False, True)
    assert home()[0].back is None


async def test_what_the_configuration_switches_off_no_earlier_session_switches_on() -> None:
    switches, _ = home(camera=False)
    switches.restore(True, True)
    switches.privacy(False)
    assert on(switches) == (True, False)


async def test_what_is_switched_on_by_itself_ends_privacy() -> None:
    switches, _ = home()
    switches.privacy(True)
    switches.mute(microphone=True)
    assert not switches.private
    assert on(switches) == (True, False)
    switches.privacy(False)
    assert on(switches) == (True, True), "nobody muted the camera"


async def test_what_is_not_there_does_not_count() -> None:
    switches = Switches(AttentionOptions(), Present(microphone=False), lambda event: None)
    switches.mute(camera=False)
    assert switches.private


async def captions_and_words(played: Played, seconds: float) -> tuple[int, int]:
    """How many there are in so many seconds."""
    stage = played.stage
    before = len(stage.told(Caption)), len(stage.told(Transcript))
    await asyncio.sleep(seconds)
    return len(stage.told(Caption)) - before[0], len(stage.told(Transcript)) - before[1]


async def test_in_privacy_nothing_is_captured_for_real() -> None:
    microphone = FakeMicrophone([HELLO, SILENCE] * 40, live=True)
    camera = FakeCamera([number % 200 for number in range(600)], live=True)
    stage = Stage(cameras=[camera], microphone=microphone, speaker=None)
    async with playing(stage, after=3.0) as played:
        played.controls.switches.privacy(True)
        await asyncio.sleep(0.5)
        taken = camera.at
        assert await captions_and_words(played, 10) == (0, 0)
        assert camera.at == taken
        played.controls.switches.privacy(False)
        captions, words = await captions_and_words(played, 10)
        assert captions
        assert words
