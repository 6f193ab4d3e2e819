"""A hazard is said over everything: over answers, which go on after it, over captions, and over who talks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from devices.speaker import Nowhere
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.types import (
    PartialTranscript,
    Reminder,
    Reply,
    SpeechPaused,
    SpeechStarted,
    Transcript,
    Trouble,
    TurnTrace,
    Unsaid,
)
from tests.fakes import FakeChat, FakeMicrophone, FakeTranscriber, FakeVoice
from tests.playing import Played, playing
from tests.stage import SILENCE, Stage

LONG = "One two three four five six. Seven eight nine ten."
CAR = "Watch out, a car."
AT_ONCE = 0.15
"""Seconds."""


class Tape(Nowhere):
    """Plays in steps of 20 ms, and keeps when each sound began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.plays: list[tuple[float, float, int]] = []
        """Began, ended, and samples of the whole."""

    async def play(self, samples: Any, rate: int) -> None:
        began = now()
        try:
            await super().play(samples, rate)
        finally:
            self.plays.append((began, now(), len(samples)))

    def sounding(self, start: float, end: float) -> float:
        """Seconds of sound in that time."""
        return sum(max(0.0, min(end, ended) - max(start, began)) for began, ended, _ in self.plays)


def now() -> float:
    return asyncio.get_running_loop().time()


def stage(**more: Any) -> tuple[Stage, Tape]:
    tape = Tape()
    return Stage(chat=FakeChat({"hello": LONG}), speaker=tape, **more), tape  # type: ignore[arg-type]


def offers(played: Played, text: str, priority: Priority = Priority.HAZARD, **more: Any) -> bool:
    return played.controls.conversation.agenda.offer(Remark(text, priority, now(), **more))


async def test_an_answer_gives_way_to_a_hazard_at_once_and_goes_on_at_the_word_at_which_it_was_held() -> None:
    for tenths in range(1, 48, 3):
        play, tape = stage(takes={"voice": 0.08})
        async with playing(play) as played:
            await played.hears("hello")
            await asyncio.sleep(tenths / 10)
            at = now()
            offers(played, CAR)
            await asyncio.sleep(20)
        hazard, answer = play.told(Reply)
        assert (hazard.text, hazard.priority, hazard.cut, hazard.asked) == (CAR, "hazard", False, "")
        assert (answer.text, answer.cut, answer.asked) == (LONG, False, "hello")
        assert [one.heard for one in play.conversation.history] == [LONG]
        assert tape.sounding(at + AT_ONCE, hazard.answered_at) == 0, "the answer is silent"
        assert hazard.answered_at - at <= AT_ONCE
        assert tape.sounding(hazard.answered_at, hazard.ended_at) == pytest.approx(0.1 * len(CAR), abs=0.03)
        spoken = sum(ended - began for began, ended, _ in tape.plays) - 0.1 * len(CAR)
        longest_word = 0.1 * len("three ")
        assert -0.05 <= spoken - 0.1 * (len(LONG) - 1) <= longest_word


async def test_where_nothing_is_resumed_the_answer_ends_at_the_hazard() -> None:
    play, _ = stage(sections={"speech": SpeechOptions(resume=False)})
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        at = now()
        offers(played, CAR)
        await asyncio.sleep(20)
    answer, hazard = play.told(Reply)
    assert (answer.cut, answer.ended_at, hazard.text) == (True, at, CAR)
    assert [one.heard for one in play.conversation.history] == [answer.text]


async def test_several_hazards_are_told_one_after_the_other_before_the_answer_goes_on() -> None:
    play, _ = stage()
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        for number in range(3):
            offers(played, f"Hazard {number}.")
        await asyncio.sleep(20)
    assert play.said() == ["Hazard 0.", "Hazard 1.", "Hazard 2.", LONG]


async def test_a_hazard_is_said_into_what_a_person_says_and_a_caption_is_not() -> None:
    play, _ = stage()
    async with playing(play) as played:
        perceptions = played.session.perceptions
        await perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(0.1)
        at = now()
        offers(played, CAR)
        offers(played, "A cup.", Priority.CAPTION, topic="objects", camera="desk")
        await asyncio.sleep(7)
        assert play.said() == [CAR]
        assert play.told(Reply)[0].answered_at - at <= AT_ONCE
        (unsaid,) = play.told(Unsaid)
        assert unsaid == Unsaid("A cup.", "caption", "expired", at + 6, "objects", "desk")
        await perceptions.put(Transcript("hello", now()))
        await asyncio.sleep(10)
    assert play.said() == [CAR, LONG]


async def test_a_hazard_ends_a_caption() -> None:
    play, tape = stage()
    async with playing(play) as played:
        offers(played, "A cup stands on the table.", Priority.CAPTION)
        await asyncio.sleep(1)
        at = now()
        offers(played, CAR)
        await asyncio.sleep(10)
    caption, hazard = play.told(Reply)
    assert (caption.priority, caption.cut, caption.ended_at) == ("caption", True, at)
    assert (hazard.text, hazard.answered_at) == (CAR, at)
    assert tape.sounding(at, now()) == pytest.approx(0.1 * len(CAR), abs=0.03), "it does not go on"
    assert [(one.priority, one.words) for one in play.told(TurnTrace)] == [("caption", 3), ("hazard", 4)]


@pytest.mark.parametrize("priority", [Priority.ANSWER, Priority.HAZARD])
async def test_whatever_is_said_ends_a_smaller_one_and_waits_for_one_like_it(priority: Priority) -> None:
    play, _ = stage()
    async with playing(play) as played:
        for text, urgent in (("A change.", Priority.CHANGE), ("A caption.", Priority.CAPTION), ("First.", priority)):
            offers(played, text, urgent)
            await asyncio.sleep(0.3)
        offers(played, "Second.", priority)
        await asyncio.sleep(5)
    assert [(one.priority, one.cut) for one in play.told(Reply)][-2:] == [(priority.word, False)] * 2
    assert play.said()[-2:] == ["First.", "Second."]


async def by_key(played: Played) -> None:
    await played.controls.conversation.stop()


async def by_voice(played: Played) -> None:
    await played.hears("stop")


@pytest.mark.parametrize("stopped", [by_key, by_voice])
@pytest.mark.parametrize("after", [0.01, 0.04, 0.5])
async def test_who_wants_silence_has_it_at_once_from_hazard_and_answer(
    stopped: Callable[[Played], Any], after: float
) -> None:
    play, tape = stage(takes={"voice": 0.05})
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        offers(played, CAR)
        offers(played, "A cup.", Priority.CAPTION)
        offers(played, "Dinner.", Priority.ANSWER)
        await asyncio.sleep(after)
        at = now()
        await stopped(played)
        await asyncio.sleep(20)
        assert tape.sounding(at + AT_ONCE, now()) == 0
        assert max(ended for _, ended, _ in tape.plays) <= at + AT_ONCE, "no sound, however short"
        assert all(one.cut for one in play.told(Reply))
        assert {(one.text, one.why) for one in play.told(Unsaid)} >= {("A cup.", "withdrawn"), ("Dinner.", "withdrawn")}
        offers(played, "Another one.")
        await asyncio.sleep(3)
    assert play.said()[-1] == "Another one."


async def test_a_stop_that_is_still_being_said_ends_a_hazard() -> None:
    play, tape = stage()
    async with playing(play) as played:
        offers(played, CAR)
        await asyncio.sleep(0.5)
        await played.session.perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(0.3)
        at = now()
        await played.session.perceptions.put(PartialTranscript("stop", at))
        await asyncio.sleep(3)
        assert tape.plays[-1][1] == at
        await played.session.perceptions.put(Transcript("stop", now()))


async def test_a_cough_holds_no_hazard_and_other_words_end_none() -> None:
    play, _ = stage()
    async with playing(play) as played:
        offers(played, CAR)
        await asyncio.sleep(0.5)
        await played.hears("hello")
        await asyncio.sleep(20)
    assert [(one.text, one.cut) for one in play.told(Reply)] == [(CAR, False), (LONG, False)]


async def test_by_ear_stop_is_silence_before_the_word_is_over() -> None:
    book = FakeTranscriber({0.1: "hello", 0.5: "stop"})
    microphone = FakeMicrophone([(0.5, 0.1), (1.6, 0.0), (0.35, 0.5), *[SILENCE] * 4])
    play, tape = stage(microphone=microphone, transcriber=book)
    await play.run()
    began = play.told(SpeechStarted)[1].at
    assert tape.sounding(began + AT_ONCE, began + 60) == 0


async def test_what_was_made_into_sound_too_late_is_not_begun() -> None:
    """Somebody talks while the voice works on a caption, and in the end has said nothing."""
    play, tape = stage(takes={"voice": 1.0})
    async with playing(play) as played:
        offers(played, "A cup.", Priority.CAPTION, fact="cup")
        await asyncio.sleep(0.5)
        await played.session.perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(5.6)
        await played.session.perceptions.put(Transcript("", now()))
        await asyncio.sleep(5)
        assert (play.said(), tape.plays) == ([], [])
        assert [(one.text, one.why) for one in play.told(Unsaid)] == [("A cup.", "expired")]
        offers(played, "A cup.", Priority.CAPTION, fact="cup")
        await asyncio.sleep(5)
    assert play.said() == ["A cup."], "it was not told by then"


async def test_what_is_cut_before_its_first_step_is_told_of_and_paid_for_by_nobody() -> None:
    play, _ = stage()
    async with playing(play) as played:
        agenda = played.controls.conversation.agenda
        offers(played, "A cup stands on the table.", Priority.CAPTION)
        await asyncio.gather(*(played.controls.conversation.stop() for _ in range(3)))
        for _ in range(5):
            await asyncio.sleep(0)
            await played.controls.conversation.stop()
        assert agenda.policy.spent(now()) == 0
        await asyncio.sleep(1)
    assert play.said() == []
    (unsaid,) = play.told(Unsaid)
    assert unsaid.why in ("cut", "withdrawn")


async def test_a_question_ends_a_caption_and_no_hazard() -> None:
    play, _ = stage()
    async with playing(play) as played:
        offers(played, "A cup stands on the table.", Priority.CAPTION)
        await asyncio.sleep(0.5)
        await played.hears("hello")
        await asyncio.sleep(0.5)
        offers(played, "A chair.", Priority.CAPTION)
        await asyncio.sleep(10)
    caption, answer, later = play.told(Reply)
    assert (caption.cut, answer.text, later.text) == (True, LONG, "A chair.")
    assert later.answered_at == pytest.approx(answer.ended_at, abs=0.001)


async def test_paused_the_caption_that_is_being_said_ends_and_a_hazard_does_not() -> None:
    play, _ = stage()
    async with playing(play) as played:
        offers(played, "A cup stands on the table.", Priority.CAPTION)
        await asyncio.sleep(1)
        at = now()
        played.controls.dials.set(paused=True)
        await asyncio.sleep(0.1)
        assert play.told(Reply)[0].ended_at == at
        assert not offers(played, "A chair.", Priority.CAPTION)
        assert not played.controls.conversation.say("Dinner.")
        assert played.controls.conversation.silent == "speech is paused"
        offers(played, CAR)
        await played.session.perceptions.put(Reminder("The tea is ready.", now()))
        await asyncio.sleep(5)
    assert play.said()[1:] == [CAR, "The tea is ready."]


async def test_who_wants_more_hears_at_once_what_waited_for_words() -> None:
    play, _ = stage(sections={"speech": SpeechOptions(low=7, normal=50)})
    async with playing(play) as played:
        played.controls.dials.set(level="low")
        offers(played, "A cat.", Priority.CAPTION)
        await asyncio.sleep(1)
        offers(played, "A cup stands on the table.", Priority.CAPTION)
        await asyncio.sleep(1)
        assert play.said() == ["A cat."]
        played.controls.dials.set(level="normal")
        await asyncio.sleep(5)
    assert play.said() == ["A cat.", "A cup stands on the table."]


async def test_in_quiet_hours_only_what_may_hurt_and_what_somebody_asked_for_is_said() -> None:
    play, _ = stage(sections={"speech": SpeechOptions(quiet="22:00-07:00")})
    async with playing(play) as played:
        conversation = played.controls.conversation
        conversation.agenda._clock = lambda: datetime(2026, 3, 1, 23, 30)
        assert not conversation.say("Dinner.")
        assert conversation.silent == "these are quiet hours (22:00-07:00)"
        assert not offers(played, "A cup.", Priority.CAPTION)
        offers(played, CAR)
        await played.session.perceptions.put(Reminder("The tea is ready.", now()))
        await asyncio.sleep(5)
        assert conversation.repeat()
        await played.hears("hello")
        await asyncio.sleep(10)
        conversation.agenda._clock = lambda: datetime(2026, 3, 2, 7, 0)
        assert (conversation.silent, conversation.say("Breakfast.")) == ("", True)
        await asyncio.sleep(5)
    assert play.said() == [CAR, "The tea is ready.", LONG, "Breakfast."]
    assert [one.why for one in play.told(Unsaid)] == ["quiet hours", "quiet hours", "cut"], (
        "the repetition is cut by the question"
    )


async def test_at_the_end_nothing_is_lost_that_must_be_said_and_all_else_is_told_of() -> None:
    play, _ = stage(sections={"speech": SpeechOptions(normal=5)})
    async with playing(play) as played:
        offers(played, CAR, key="car")
        await asyncio.sleep(5)
        await played.session.perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(0.1)
        offers(played, "The car again.", key="car", cooldown=8.0)
        for text in ("Dinner.", "Come down."):
            played.controls.conversation.say(text)
        offers(played, "Five words and no more.", Priority.CAPTION)
        offers(played, "There are no words left.", Priority.CAPTION)
        await played.session.perceptions.put(Reminder("The tea is ready.", now()))
    assert play.said()[:1] == [CAR]
    assert {"The tea is ready.", "Dinner.", "Come down.", "The car again."} <= set(play.said())
    assert len(play.said()) + len(play.told(Unsaid)) == 7
    assert not play.conversation.say("Too late.")


async def test_hazards_at_the_end_wait_for_no_answer() -> None:
    play, _ = stage()
    async with playing(play) as played:
        await played.hears("hello")

        async def later() -> None:
            await asyncio.sleep(2)
            offers(played, CAR)

        task = asyncio.create_task(later())
    await task
    assert play.said() == [CAR, LONG]


class Choosy(FakeVoice):
    """Speaks as it does, and no faster."""

    def adjust(self, manner: Any) -> None:
        from pipelines.backends import BackendError

        if manner.rate > 2:
            raise BackendError("it speaks no faster than 2")


async def test_a_voice_that_cannot_speak_so_says_so_once_and_speaks_on() -> None:
    play, tape = stage(voice=Choosy())
    async with playing(play) as played:
        played.controls.dials.set(rate=2.5)
        await played.hears("hello")
        await asyncio.sleep(10)
        played.controls.conversation.say("Dinner.")
        await asyncio.sleep(5)
        assert [one.why for one in play.told(Trouble)] == ["it speaks no faster than 2; it speaks as before"]
        played.controls.dials.set(rate=3.0)
        played.controls.conversation.say("Dinner.")
        await asyncio.sleep(5)
        assert len(play.told(Trouble)) == 2, "another wish, another line"
    assert len(tape.plays) == 4, "every sentence was heard"


async def test_what_paused_meanwhile_is_no_reason_to_hold_for_ever() -> None:
    """A pause of the speaker without words, in the middle of a hazard over an answer."""
    play, _ = stage()
    async with playing(play) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        offers(played, CAR)
        await asyncio.sleep(0.3)
        await played.session.perceptions.put(SpeechStarted(now()))
        await asyncio.sleep(0.2)
        await played.session.perceptions.put(SpeechPaused(now(), 0.2))
        await asyncio.sleep(20)
    assert play.said() == [CAR, LONG]
