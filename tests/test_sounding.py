"""Earcons sound when they should, never into speech, and no sound says that all is well where nothing is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from devices.media import Samples
from pipelines.attention import AttentionOptions
from pipelines.dials import SettingsOptions
from pipelines.earcons import EARCONS, Earcon, EarconOptions, aim, earcon
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.sounding import THINKS_AFTER, Sounding
from pipelines.speaking import Mouth
from pipelines.trouble import Patience
from pipelines.types import Called, Trouble
from tests.fakes import FakeCamera, FakeSpeaker
from tests.playing import Thinker, playing
from tests.stage import ANSWERS, Stage

Heard = tuple[float, Earcon | str]


@dataclass
class Ear(FakeSpeaker):
    """Knows every earcon by its sound; all else is speech."""

    heard: list[Heard] = field(default_factory=list)
    volume: float = 0.5

    async def play(self, samples: Samples, rate: int) -> None:
        self.heard.append((asyncio.get_running_loop().time(), self._name(samples)))
        await super().play(samples, rate)

    def names(self, without: str = "") -> list[str]:
        return [name for _, name in self.heard if name not in (without, "speech")]

    def times(self, wanted: str, since: float) -> list[float]:
        return [round(at - since, 2) for at, name in self.heard if name == wanted]

    def _name(self, samples: Samples) -> str:
        known = {name: earcon(name, self.volume) for name in EARCONS if name != "aim"}
        return next((name for name, sound in known.items() if np.array_equal(sound, samples)), "speech")


def staged(ear: Ear, *cameras: FakeCamera, alive: float = 0.0, **given: Any) -> Stage:
    sections = {"earcons": EarconOptions(alive=alive), **given.pop("sections", {})}
    return Stage(list(cameras), speaker=ear, sections=sections, **given)


def still(seconds: float, name: str = "desk") -> FakeCamera:
    """A scene in which nothing changes."""
    return FakeCamera([120] * round(seconds * 10), name=name)


async def test_a_still_scene_is_silent_but_for_a_sign_of_life() -> None:
    ear = Ear()
    async with playing(staged(ear, still(60), alive=15.0), after=50.0) as played:
        began = asyncio.get_running_loop().time() - 50.0
        assert ear.times("alive", began) == [15.0, 30.05, 45.1]
        assert ear.names(without="alive") == []
        played.session.switches.mute(camera=False)
        await asyncio.sleep(40)
        assert ear.names(without="alive") == ["private"]
        assert len(ear.times("alive", began)) == 3, "nothing is captured, so nothing goes on"
        played.session.switches.mute(camera=True)


async def test_without_the_section_there_are_none() -> None:
    ear = Ear()
    stage = Stage([still(60)], speaker=ear)
    async with playing(stage, after=50.0) as played:
        played.session.switches.mute(camera=False)
        await asyncio.sleep(1)
        played.session.switches.mute(camera=True)
    assert ear.heard == []
    assert all(eye.watch is None for eye in played.session.eyes)


async def test_a_sign_of_life_counts_from_the_last_word_and_never_falls_into_one() -> None:
    ear = Ear()
    async with playing(staged(ear, still(60), alive=2.0), after=1.0) as played:
        played.stage.conversation.say("a sentence of thirty letters..")  # takes three seconds
        await asyncio.sleep(6.0)
    (spoke, ended), *_ = [play for play in ear.plays if play[1] - play[0] > 1]
    alive = ear.times("alive", 0.0)
    assert alive
    assert not [at for at in alive if spoke < at < ended]
    assert min(alive) == pytest.approx(ended + 2.0, abs=0.1)


async def test_speech_does_not_wait_for_a_sound() -> None:
    ear = Ear()
    async with playing(staged(ear, still(10)), after=1.0) as played:
        began = asyncio.get_running_loop().time()
        played.session.switches.mute(camera=False)
        await asyncio.sleep(0.01)
        assert ear.names() == ["private"]
        played.stage.conversation.say("Off.")
        await asyncio.sleep(2)
        played.session.switches.mute(camera=True)
    assert ear.times("speech", began)[0] < 0.15


async def test_privacy_is_heard_to_begin_and_to_end() -> None:
    ear = Ear()
    async with playing(staged(ear, still(10))) as played:
        for on in (False, True):
            played.session.switches.mute(camera=on)
            await asyncio.sleep(1)
    assert ear.names() == ["private", "public"]


async def test_called_it_is_heard_to_listen() -> None:
    ear = Ear()
    stage = staged(ear, still(10), attention=AttentionOptions(mode="push"))
    async with playing(stage) as played:
        played.session.switches.talk()
        await asyncio.sleep(1)
        played.session.switches.talk()
        await asyncio.sleep(1)
    assert ear.names() == ["listening"]


async def test_called_while_it_speaks_it_is_heard_to_listen_when_it_is_silent() -> None:
    ear = Ear()
    stage = staged(ear, still(20), attention=AttentionOptions(mode="push"))
    async with playing(stage) as played:
        played.stage.conversation.say("a sentence that goes on and on and on")
        await asyncio.sleep(0.5)
        played.session.switches.talk()
        await played.session.perceptions.put(Called(asyncio.get_running_loop().time()))
        await asyncio.sleep(1)
        speech, listening = ear.plays[0], ear.times("listening", 0.0)
    assert [at >= round(speech[1], 2) for at in listening] == [True]


async def test_a_question_that_takes_long_is_heard_to_be_thought_about() -> None:
    ear = Ear()
    stage = staged(ear, still(30), chat=Thinker(dict(ANSWERS), seconds=2.0))  # the sentence ends after six
    async with playing(stage) as played:
        began = asyncio.get_running_loop().time()
        await played.hears("how many are there")
        await asyncio.sleep(20)
    first = ear.times("speech", began)[0]
    assert ear.times("thinking", began) == pytest.approx([THINKS_AFTER + 2 * i for i in range(3)], abs=0.1)
    assert ear.times("thinking", began)[-1] < first


async def test_a_question_that_is_answered_at_once_is_not() -> None:
    ear = Ear()
    async with playing(staged(ear, still(30))) as played:
        await played.hears("hello")
        await asyncio.sleep(10)
    assert ear.names() == []
    assert ear.times("speech", 0.0)


async def test_words_that_nobody_answers_are_not_thought_about() -> None:
    """`stop` is granted at once, and what is said long after it is no answer to it."""
    ear = Ear()
    async with playing(staged(ear, still(30), takes={"voice": 3.0})) as played:
        await played.hears("stop")
        await asyncio.sleep(6)
        now = asyncio.get_running_loop().time()
        played.stage.conversation.agenda.offer(Remark("Somebody came in.", Priority.CAPTION, now))
        await asyncio.sleep(8)
    assert ear.names() == []
    assert ear.times("speech", 0.0)


async def test_a_remark_is_not_thought_about() -> None:
    ear = Ear()
    async with playing(staged(ear, still(30))) as played:
        now = asyncio.get_running_loop().time()
        played.stage.conversation.agenda.offer(Remark("Somebody came in.", Priority.CAPTION, now))
        await asyncio.sleep(10)
    assert ear.names() == []


async def test_a_dark_camera_is_heard_and_no_sign_of_life_covers_it_up() -> None:
    """Two seconds of a scene, then darkness: told after three seconds, and again instead of a sign of life."""
    ear, film = Ear(), FakeCamera([200] * 20 + [0] * 200 + [200] * 100, live=True)
    async with playing(staged(ear, film, alive=10.0), after=0.0):
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(31)
    assert ear.times("covered", began) == pytest.approx([5.0, 15.2], abs=0.3)
    assert ear.times("alive", began) == pytest.approx([25.4], abs=0.3)


async def test_a_camera_that_is_lost_is_heard() -> None:
    ear, film = Ear(), FakeCamera([120] * 10 + [None] + [120] * 50, live=True)
    async with playing(staged(ear, film), after=8.0):
        pass
    assert ear.names() == ["covered"]


async def test_a_camera_of_two_leaves_the_sign_of_life() -> None:
    ear = Ear()
    films = FakeCamera([0] * 200, name="hall", live=True), still(20)
    async with playing(staged(ear, *films, alive=5.0), after=18.0):
        pass
    assert ear.names()[0] == "covered"
    assert set(ear.names()[1:]) == {"alive"}


async def test_trouble_is_heard_once_in_a_while() -> None:
    ear = Ear()
    async with playing(staged(ear, still(30))) as played:
        for _ in range(3):
            played.session.switches.emit(Trouble("chat", "it is gone", asyncio.get_running_loop().time()))
            await asyncio.sleep(1)
        await asyncio.sleep(5)
        played.session.switches.emit(Trouble("camera desk", "it is gone", 0.0))
        await asyncio.sleep(1)
    assert ear.names() == ["error"]


async def test_switched_off_speech_is_silence() -> None:
    ear = Ear()
    stage = staged(ear, still(30), alive=2.0, sections={"settings": SettingsOptions(speaking=False)})
    async with playing(stage, after=10.0) as played:
        played.session.switches.mute(camera=False)
        await asyncio.sleep(1)
        played.session.switches.mute(camera=True)
    assert ear.heard == []


async def test_only_those_that_are_wanted_sound() -> None:
    ear = Ear()
    stage = staged(ear, still(30), sections={"earcons": EarconOptions(alive=3.0, on=("public",))})
    async with playing(stage, after=10.0) as played:
        for on in (False, True):
            played.session.switches.mute(camera=on)
            await asyncio.sleep(1)
    assert ear.names() == ["public"]


def _sounding(speaker: FakeSpeaker) -> tuple[Sounding, Mouth]:
    events: list[object] = []
    mouth = Mouth(None, None, speaker, {part: Patience(part, events.append) for part in ("voice", "speaker")})
    sounding = Sounding(EarconOptions(volume=0.5), events.append)
    sounding.attach(mouth, lambda: False, lambda name: True)
    return sounding, mouth


async def _during(sounding: Sounding, good: Sequence[float], every: float) -> None:
    running = asyncio.create_task(sounding.run(None))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    for one in good:
        sounding.aim(one)
        await asyncio.sleep(every)
    running.cancel()
    await asyncio.wait([running])


async def test_aiming_is_heard_in_beeps_and_the_newest_counts() -> None:
    played: list[Samples] = []

    class Tape(FakeSpeaker):
        async def play(self, samples: Samples, rate: int) -> None:
            played.append(samples)
            await super().play(samples, rate)

    await _during(_sounding(Tape())[0], (0.0, 0.5, 1.0), 0.3)
    assert [np.array_equal(beep, aim(good, 0.5)) for beep, good in zip(played, (0.0, 0.5, 1.0), strict=True)]
    played.clear()
    await _during(_sounding(Tape())[0], [i / 20 for i in range(20)], 0.02)
    assert 2 <= len(played) <= 5


async def test_a_hit_is_heard_before_its_words() -> None:
    ear = Ear()
    sounding, _ = _sounding(ear)
    offered: list[Remark] = []
    offer = sounding.at_hits(lambda remark: bool(offered.append(remark)) or True)
    running = asyncio.create_task(sounding.run(None))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert offer(Remark("A person is there.", Priority.ANSWER, 0.0))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    assert ear.names() == ["watch"]
    assert len(offered) == 1


async def test_what_comes_too_late_is_not_sounded() -> None:
    ear = Ear()
    sounding, mouth = _sounding(ear)
    running = asyncio.create_task(sounding.run(None))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    mouth.hold()
    sounding.sound("watch")
    await asyncio.sleep(10)
    mouth.resume()
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    assert ear.names() == []


async def test_a_scene_at_night_has_no_sign_of_life() -> None:
    ear = Ear()
    stage = staged(ear, still(30), alive=2.0, sections={"speech": SpeechOptions(quiet="00:00-23:59")})
    async with playing(stage, after=10.0):
        pass
    assert "alive" not in ear.names()
