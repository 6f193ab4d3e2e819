"""Wishes in a session: what was said is said again, how it speaks is changed, and no chat is asked for any of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistant.keys import KeysOptions
from pipelines.backends import Manner
from pipelines.dials import SettingsOptions
from pipelines.granting import RATES, VOLUMES
from pipelines.narration.options import NarrationOptions
from pipelines.remarks import Priority, Remark, Topic
from pipelines.types import Attention, Notice, Reply
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone, FakeVoice
from tests.playing import Played, Thinker, anything, playing
from tests.stage import SILENCE, Stage

LONG = "One two three four five six. Seven eight nine ten."
SILENT_WITHIN = 0.15
"""Seconds from a wish for silence to silence."""


@dataclass
class PliantVoice(FakeVoice):
    """Speaks as it is told to."""

    manners: list[Manner] = field(default_factory=list)

    def adjust(self, manner: Manner) -> None:
        self.manners.append(manner)


def talkative(**more: Any) -> Stage:
    more.setdefault("voice", PliantVoice())
    return Stage(chat=FakeChat({"hello": LONG, "hi": "Hi."}), **more)


def narrating(**settings: Any) -> Stage:
    sections = {"narration": NarrationOptions(), "settings": SettingsOptions(**settings)}
    return talkative(sections=sections)


def tell(played: Played, text: str, priority: Priority = Priority.CAPTION, topic: Topic | None = None) -> bool:
    """Something is to be told unasked."""
    now = asyncio.get_running_loop().time()
    return played.stage.conversation.agenda.offer(Remark(text, priority, now, topic=topic))


async def said(played: Played, *wishes: str, seconds: float = 10.0) -> list[str]:
    """What comes of wishes: lines with a slash are keys, others are said aloud."""
    before = len(played.stage.said())
    for wish in wishes:
        if wish.startswith("/"):
            assert played.session.obey(wish)
        else:
            await played.hears(wish)
        await asyncio.sleep(seconds)
    return played.stage.said()[before:]


async def test_it_repeats_and_no_chat_is_asked() -> None:
    stage = talkative()
    async with playing(stage) as played:
        assert await said(played, "repeat", "/repeat") == ["Nothing was said yet."] * 2
        await said(played, "hi")
        tell(played, "A person on your left.")
        await asyncio.sleep(5)
        assert await said(played, "repeat that, please") == ["A person on your left."]
        assert await said(played, "/repeat", "repeat") == ["A person on your left."] * 2
    assert len(stage.chat.prompts) == 1


async def test_it_goes_back_and_forward_through_what_was_said() -> None:
    async with playing(talkative()) as played:
        for text in ("One.", "Two.", "Three."):
            tell(played, text)
            await asyncio.sleep(3)
        assert await said(played, "/back", "/back", "/back", seconds=2) == ["Two.", "One.", "That was the first."]
        assert await said(played, "forward", "/repeat", seconds=2) == ["Two.", "Two."]
        assert await said(played, "/forward", "next", seconds=2) == ["Three.", "That was the last."]


async def test_it_tells_what_it_said_before_with_its_age() -> None:
    async with playing(talkative()) as played:
        tell(played, "One.")
        await asyncio.sleep(3)
        assert await said(played, "what did you say before?") == ["That was the first."]
        tell(played, "Two.")
        await asyncio.sleep(7.6)
        (before,) = await said(played, "/said")
    assert before == "20 seconds ago: One."


async def test_it_spells_what_it_said_and_what_one_went_back_to() -> None:
    async with playing(talkative()) as played:
        tell(played, "EXIT")
        await asyncio.sleep(2)
        assert await said(played, "spell") == ["E, X, I, T."]
        tell(played, "Go 9")
        await asyncio.sleep(2)
        assert await said(played, "/spell") == ["G, O, space, 9."]
        assert await said(played, "/back", "/spell", seconds=5) == ["EXIT", "E, X, I, T."]


async def test_going_back_cuts_what_is_being_said_at_once() -> None:
    for key in ("/repeat", "/back", "/spell"):
        stage = talkative()
        async with playing(stage) as played:
            tell(played, "One.")
            await asyncio.sleep(3)
            await played.hears("hello")
            await asyncio.sleep(1)
            at = asyncio.get_running_loop().time()
            played.session.obey(key)
            await asyncio.sleep(0.5)
            assert stage.speaker is not None
            cut = [ended for began, ended in stage.speaker.plays if began < at <= ended]
            assert cut[0] - at <= SILENT_WITHIN
            await asyncio.sleep(10)
        assert [reply.cut for reply in stage.told(Reply)] == [False, True, False]


async def test_a_key_changes_the_speed_without_cutting_what_is_being_said() -> None:
    stage = talkative()
    async with playing(stage) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        for _ in range(3):
            played.session.obey("/faster")
        await asyncio.sleep(10)
        assert played.controls.dials.now.rate == RATES[4]
    assert stage.said() == [LONG, "Faster."], "once for the three of them"
    assert not stage.told(Reply)[0].cut
    assert isinstance(stage.voice, PliantVoice)
    assert stage.voice.manners[-1] == Manner(RATES[4])


async def test_by_voice_it_slows_down_and_the_chat_does_not_hear_of_it() -> None:
    stage = talkative()
    async with playing(stage) as played:
        await played.hears("hello")
        await asyncio.sleep(1)
        await played.hears("Slower!")
        await asyncio.sleep(10)
        assert played.controls.dials.now.rate == 0.8
        assert await said(played, "慢一点") == ["已经最慢了。"]
    first, second = stage.told(Reply)[:2]
    assert first.cut
    assert second.text == "Slower."
    assert [prompt.question for prompt in stage.chat.prompts] == ["hello"]


@pytest.mark.parametrize(
    ("wish", "steps", "last"),
    [
        ("/faster", len(RATES) - 2, "As fast as I can."),
        ("/slower", 1, "As slow as I can."),
        ("/louder", len(VOLUMES) - 7, "As loud as I can."),
        ("/softer", 6, "As soft as I can."),
    ],
)
async def test_it_says_where_there_is_no_further(wish: str, steps: int, last: str) -> None:
    async with playing(talkative()) as played:
        told = await said(played, *[wish] * (steps + 2), seconds=3)
        assert told[steps:] == [last] * 2
        assert last not in told[:steps]
        assert played.controls.dials.now.volume >= 0.1, "it can be heard still"


async def test_a_voice_that_speaks_one_way_only_says_so() -> None:
    stage = talkative(voice=FakeVoice())
    async with playing(stage) as played:
        assert await said(played, "/faster", "slower") == ["This voice cannot speak faster or slower."] * 2
        assert played.controls.dials.now.rate == 1.0
        assert await said(played, "louder") == ["Louder."]


async def test_stopped_by_key_it_is_silent_at_once_and_nothing_waits() -> None:
    stage = narrating()
    async with playing(stage) as played:
        tell(played, LONG)
        await asyncio.sleep(1)
        tell(played, "That waits.", Priority.ANSWER)
        tell(played, "That waits as well.")
        at = asyncio.get_running_loop().time()
        played.session.obey("/stop")
        await asyncio.sleep(20)
    assert stage.speaker is not None
    assert max(ended for _, ended in stage.speaker.plays) - at <= SILENT_WITHIN


async def test_stopped_by_voice_nothing_waits_either() -> None:
    stage = narrating()
    async with playing(stage) as played:
        tell(played, "That is being said.")
        await asyncio.sleep(0.3)
        tell(played, "That waits.")
        await played.hears("stop")
        await asyncio.sleep(20)
    assert "That waits." not in stage.said()


async def test_paused_nothing_is_told_unasked_but_hazards_until_it_goes_on() -> None:
    stage = narrating()
    async with playing(stage) as played:
        assert await said(played, "pause") == ["Paused."]
        assert not tell(played, "A chair.")
        assert tell(played, "A car!", Priority.HAZARD)
        await asyncio.sleep(5)
        assert await said(played, "hi") == ["Hi."], "who asks is answered"
        assert await said(played, "/pause", "pause", "go on") == ["Going on.", "Paused.", "Going on."]
        assert await said(played, "/resume") == ["I am not paused."]
        assert tell(played, "A table.")
    assert "A car!" in stage.said()
    assert stage.said()[-1] == "A table."


async def test_pausing_ends_what_is_told_unasked() -> None:
    stage = narrating()
    async with playing(stage) as played:
        tell(played, LONG)
        await asyncio.sleep(1)
        played.session.obey("/pause")
        await asyncio.sleep(5)
    first, second = stage.told(Reply)
    assert (first.cut, second.text) == (True, "Paused.")


async def test_it_talks_less_and_more_up_to_the_limits() -> None:
    async with playing(narrating()) as played:
        dials = played.controls.dials
        assert await said(played, "less", "/less", "/less") == ["Less.", "Silent, but for hazards.", "Silent already."]
        assert dials.now.level == "off"
        assert not tell(played, "A chair.")
        told = await said(played, "more", "/more", "talk more", "/more")
        assert told == ["More.", "More.", "More.", "As much as I can."]
        assert dials.now.level == "high"


async def test_kinds_of_things_are_switched_one_by_one() -> None:
    async with playing(narrating()) as played:
        assert await said(played, "don't tell me about text", "/topic people off") == ["Text off.", "People off."]
        assert not tell(played, "It says EXIT.", topic="text")
        assert tell(played, "A chair.", topic="objects")
        await asyncio.sleep(3)
        assert await said(played, "talk about people again", "/topic text") == ["People on.", "Text on."]
        assert played.controls.dials.now.topics == ("people", "text", "objects", "motion", "light")
        assert await said(played, "别再说文字了") == ["不再说文字。"]


async def test_privacy_is_audible_and_what_was_on_before_comes_back() -> None:
    stage = talkative(cameras=[FakeCamera([1] * 3, live=True)], microphone=FakeMicrophone([SILENCE] * 200, live=True))
    async with playing(stage) as played:
        played.controls.switches.mute(camera=False)
        assert await said(played, "/privacy") == ["Camera and microphone are off. A key switches them on."]
        assert played.controls.switches.private
        assert await said(played, "/privacy off") == ["The microphone is on."]
    last = stage.told(Attention)[-1]
    assert (last.microphone, last.camera) == (True, False)


async def test_where_it_narrates_privacy_is_told_once() -> None:
    stage = narrating()
    stage.cameras = [FakeCamera([1] * 3, live=True)]
    stage.microphone = FakeMicrophone([SILENCE] * 200, live=True)
    async with playing(stage) as played:
        assert played.session.obey("/privacy on")
        await asyncio.sleep(10)
        assert played.controls.switches.private
        played.session.obey("/privacy")
        await asyncio.sleep(10)
        assert not played.controls.switches.private
    told = [text for text in stage.said() if "microphone" in text.lower()]
    assert told == ["Camera and microphone are off.", "Camera and microphone are on."]


async def test_without_narration_what_has_no_meaning_there_is_asked_of_the_chat() -> None:
    stage = Stage(chat=FakeChat(anything("I am a chat.")), voice=PliantVoice())
    questions = ("what's to my left?", "describe the room", "watch for a person", "more", "go on", "where is my bag")
    async with playing(stage) as played:
        assert await said(played, *questions) == ["I am a chat."] * len(questions)
        assert await said(played, "/less", "/watch a bottle") == [
            "I tell nothing unasked here.",
            "I cannot watch for that here.",
        ]
        assert await said(played, "/left") == ["I am a chat."]
    assert stage.chat.prompts[-1].question == "What is on my left?"


async def test_a_wish_does_not_take_the_answer_away_that_is_on_its_way() -> None:
    stage = Stage(chat=Thinker(anything("It is noon."), seconds=1.0), voice=PliantVoice())
    async with playing(stage) as played:
        await played.hears("what time is it")
        await asyncio.sleep(0.5)
        await played.hears("slower")
        await asyncio.sleep(20)
    assert stage.said() == ["It is noon.", "Slower."]


async def test_keys_and_help_are_told() -> None:
    stage = narrating()
    stage.sections["keys"] = KeysOptions(single=True)
    async with playing(stage) as played:
        (keys,) = await said(played, "/keys", seconds=300)
        assert "r: repeat what was said last." in keys
        (told,) = await said(played, "what can I say", seconds=120)
        assert "repeat" in told
        assert await said(played, "/help", seconds=120) == [told]


@pytest.mark.parametrize("line", ["/where", "/topic noise", "/repeat it", "/wish", "/watch"])
async def test_a_line_that_is_no_wish_says_what_it_takes(line: str) -> None:
    stage = narrating()
    async with playing(stage) as played:
        await said(played, line)
    (notice,) = stage.told(Notice)
    assert notice.text.count("\n") == 0
    assert "/" in notice.text
