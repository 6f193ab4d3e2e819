"""What a narrating session says of itself: its first words, what is captured and kept, and what does not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant.asking import LONGEST_TYPING
from assistant.config import Config, parse
from assistant.introduction import Introduction, Kept, addresses, introduction, stored
from assistant.keys import ACTIONS, DONE, NO_KEY, TYPING
from pipelines.agenda import Agenda
from pipelines.controls import Controls
from pipelines.dials import Dials, SettingsOptions
from pipelines.narration.announcing import Announcer, captured, clause
from pipelines.narration.options import NarrationOptions
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.types import Attention, Event, Mode, Notice, Recovered, Reply, Transcript, Trouble
from tests.fakes import FakeMicrophone
from tests.playing import Played, Thinker, playing
from tests.stage import ANSWERS, HELLO, SILENCE, Stage

WORDS = "Welcome to this. It is a long introduction. It ends here."
WEIGHTS: dict[str, Any] = {"spotter": {"backend": "fastestdet", "weights": "mine"}}
NARRATES: dict[str, Any] = {"narration": NarrationOptions()}


def config(**sections: Any) -> Config:
    base: dict[str, Any] = {"camera": [{"source": 0}], "chat": {"backend": "grounded"}, "narration": {}}
    return parse(base | {"keys": {"single": True}} | sections, "mine.toml")


def test_it_is_true_to_a_configuration_of_this_machine() -> None:
    said = introduction(config(), terminal=True, stored="")
    assert "Any key skips this." in said
    assert "H tells the keys, r repeats and space bar silences me." in said
    assert "stay on this machine" in said
    assert "Nothing of them is kept" in said
    assert "do not rely on me" in said
    assert "voice" not in said


def test_it_names_where_words_and_pictures_may_go() -> None:
    chat = {"backend": "openai", "url": "https://models.example:8443/v1", "model": "x"}
    told = config(chat=chat, mqtt={"host": "broker.example"}, mcp=[{"name": "home", "command": ["x"]}])
    assert addresses(told) == ["broker.example", "models.example", "the tools of home"]
    said = introduction(told, terminal=False, stored=stored(told, Kept()))
    assert "may be sent to broker.example, models.example and the tools of home." in said
    assert "stay on this machine" not in said
    assert "key" not in said


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_servers_on_this_machine_are_nobody_else(host: str) -> None:
    chat = {"backend": "openai", "url": f"http://{host}:8000/v1", "model": "x"}
    assert addresses(config(chat=chat)) == []


def test_pictures_that_come_from_somewhere_do_not_go_there() -> None:
    assert addresses(config(camera=[{"source": "rtsp://door.example/live"}])) == []


def test_it_names_what_is_kept() -> None:
    assert stored(config(), Kept()) == ""
    assert "diary" in stored(config(memory={"persist": True}), Kept())
    assert "diary" in stored(config(memory={"diary": "x.sqlite"}), Kept())
    assert "disk until the end" in stored(config(memory={"on_disk": True}), Kept())
    assert "recorded" in stored(config(), Kept(recorded=True))
    assert "written to a file" in stored(config(), Kept(events=True))
    spoken = config(speaker={"sink": "mine.wav"}, voice={"backend": "espeak"})
    assert "My voice is written" in stored(spoken, Kept())


def test_it_is_the_same_in_chinese() -> None:
    told = config(conversation={"language": "zh"}, memory={"persist": True})
    said = introduction(told, terminal=True, stored=stored(told, Kept()))
    assert "按h听按键说明，按r重复，按空格键安静。" in said
    assert "留在本机" in said
    assert "日记" in said
    assert not any(letter in said for letter in ". ")


@pytest.mark.parametrize(
    ("spotter", "warns"), [({"spotter": {"backend": "embedded"}}, False), ({}, False), (WEIGHTS, True)]
)
def test_it_does_not_promise_to_warn_of_vehicles_that_nothing_finds(spotter: dict[str, Any], warns: bool) -> None:
    assert ("cannot warn of them" in introduction(config(**spotter), True, "")) is not warns
    chinese = config(**spotter, conversation={"language": "zh"})
    assert ("不能提醒你避让车辆" in introduction(chinese, True, "")) is not warns


def test_keys_that_are_others_are_told_as_they_are() -> None:
    told = config(keys={"single": True, "keys": "f1", "repeat": "", "stop": "escape"})
    assert "F1 tells the keys and Escape silences me." in introduction(told, True, "")


@dataclass
class Introduced(Stage):
    """A session with an introduction."""

    first: Introduction | None = None

    def _attach(self, controls: Controls) -> None:
        super()._attach(controls)
        assert self.first is not None
        self.first.attach(controls.conversation.agenda)


async def introduced(place: Path, again: bool = False, **parts: Any) -> Introduced:
    stage = Introduced(first=Introduction(WORDS, again, place), sections=NARRATES, **parts)
    await stage.run()
    return stage


async def test_it_is_said_once_on_a_machine_and_again_where_it_is_wanted(tmp_path: Path) -> None:
    place = tmp_path / "state" / "introduced"
    assert (await introduced(place)).said() == [WORDS]
    assert place.exists()
    assert (await introduced(place)).said() == []
    assert (await introduced(place, again=True)).said() == [WORDS]


async def test_speech_skips_it(tmp_path: Path) -> None:
    talk = FakeMicrophone([SILENCE, HELLO, *[SILENCE] * 20])
    stage = await introduced(tmp_path / "introduced", microphone=talk)
    assert stage.said()[-1] == "Hello there."
    assert len(" ".join(stage.said()[:-1])) < len(WORDS) / 2
    assert stage.first is not None
    assert not stage.first.on
    assert (tmp_path / "introduced").exists()


async def test_a_hazard_goes_before_it_and_it_goes_on(tmp_path: Path) -> None:
    async def wait() -> AsyncIterator[str]:
        await asyncio.sleep(2.0)
        now = asyncio.get_running_loop().time()
        stage.conversation.agenda.offer(Remark("A car.", Priority.HAZARD, now))
        for line in ():
            yield line

    stage = Introduced(
        first=Introduction(WORDS, False, tmp_path / "introduced"), sections=NARRATES, asks=wait, asks_hold=True
    )
    await stage.run()
    assert stage.said() == ["A car.", WORDS]


async def test_a_folder_that_cannot_be_written_ends_no_session(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (await introduced(tmp_path / "file" / "introduced")).said() == [WORDS]


def attention(mode: Mode = "open", microphone: bool | None = True, camera: bool | None = True) -> Attention:
    return Attention(mode, 0.0, microphone, camera, wake_word="hey you")


def test_what_is_captured_is_told_as_far_as_it_changed() -> None:
    on = attention()
    assert captured(on, None, "en") == "Camera and microphone are on."
    assert captured(on, on, "en") == ""
    assert captured(attention(camera=False), on, "en") == "The camera is off."
    assert captured(attention(microphone=False, camera=False), on, "en") == "Camera and microphone are off."
    assert captured(attention("text"), on, "en") == "The microphone is off."
    assert captured(attention("wake"), on, "en") == "Say “hey you” first."
    assert captured(attention(microphone=None), None, "en") == "The camera is on."
    assert captured(attention(camera=False), attention(microphone=False), "zh") == "摄像头已关闭。麦克风已打开。"


class Offers(list[Remark]):
    def offer(self, remark: Remark) -> bool:
        self.append(remark)
        return True


def announced(*events: Event, stored: str | None = "") -> list[str]:
    offers, told = Offers(), list[Event]()
    announcer = Announcer(told.append, stored=stored)
    announcer.attach(offers)
    for event in events:
        announcer.emit(event)
    assert told == list(events)
    return [remark.text for remark in offers]


def test_what_is_kept_is_told_at_the_start() -> None:
    state = attention(microphone=None)
    assert announced(state, state, stored="It is kept.") == ["The camera is on. It is kept."]
    assert announced(state, attention(microphone=None, camera=False), stored=None) == ["The camera is off."]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Trouble("chat", "the server is gone: connection refused by 10.0.0.1", 0.0), ["the server is gone."]),
        (Trouble("captioner of desk", "ValueError [/tmp/x] 404", 0.0), ["Description of the picture has trouble."]),
        (Trouble("microphone", "it was unplugged (device 3)", 0.0), ["it was unplugged."]),
        (Recovered("microphone", 0.0), ["The microphone works again."]),
        (Notice("there is no /foo: /mode open · /help", 0.0), ["there is no /foo."]),
        (Notice("/mode open · /mic on · else: a question", 0.0), []),
        (Notice("It counts people.", 0.0, "captioner"), []),
        (Trouble("camera desk", "the cable was pulled", 0.0), []),
        (Trouble("voice", "hoarse", 0.0), []),
        (Trouble("metrics", "no receiver", 0.0), []),
    ],
)
def test_troubles_that_matter_are_told_in_a_few_words(event: Event, said: list[str]) -> None:
    told = announced(event)
    assert len(told) == len(said)
    assert all(text.endswith(end) for text, end in zip(told, said, strict=True))


def test_a_long_reason_is_cut() -> None:
    assert len(clause("word " * 60)) <= 60


async def test_a_part_that_fails_again_and_again_is_told_once_a_minute() -> None:
    loop, offers = asyncio.get_running_loop(), list[Event]()
    agenda = Agenda(SpeechOptions(), Dials(SettingsOptions(), offers.append), offers.append)
    announcer, said = Announcer(offers.append), list[str]()
    announcer.attach(agenda)
    for _ in range(8):
        announcer.emit(Trouble("chat", "it is gone", loop.time()))
        if remark := agenda.take(False, None):
            said.append(remark.text)
            agenda.done(remark, remark.text)
        await asyncio.sleep(10)
    assert said == ["The part that answers has trouble: it is gone."] * 2


async def test_privacy_is_heard_when_it_is_switched_on_and_off() -> None:
    async def keyboard() -> AsyncIterator[str]:
        await asyncio.sleep(5)
        yield "/mic off"
        await asyncio.sleep(10)
        yield "/mic on"

    stage = Stage(microphone=FakeMicrophone([SILENCE] * 30), sections=NARRATES, asks=keyboard)
    await stage.run()
    assert stage.said() == ["The microphone is off.", "The microphone is on."]
    silent = Stage(microphone=FakeMicrophone([SILENCE] * 30), asks=keyboard)
    await silent.run()
    assert silent.told(Reply) == []  # where the screen tells it


async def test_whoever_types_without_seeing_it_is_told_what_happens() -> None:
    stage = Stage()
    async with playing(stage) as played:
        for line in (f"{TYPING} watch", TYPING, NO_KEY, f"{TYPING} nonsense", DONE):
            assert played.session.obey(line)
            await asyncio.sleep(5)
        assert not played.controls.conversation.repeat(), "what tells of the keyboard is nothing to be repeated"
    assert stage.said() == ["Type what to watch for.", "Given up.", "This key does nothing. H tells the keys."]
    assert all(action.prompt["zh"] for action in ACTIONS.values() if action.prompt["en"])


def offers(played: Played, text: str, priority: Priority = Priority.CAPTION) -> None:
    now = asyncio.get_running_loop().time()
    played.controls.conversation.agenda.offer(Remark(text, priority, now, expires_at=now + 60))


async def test_while_somebody_types_only_hazards_are_told_and_what_was_held_goes_on_after_it() -> None:
    stage = Stage()
    async with playing(stage) as played:
        offers(played, "One two three four five six seven eight nine ten.", Priority.ANSWER)
        await asyncio.sleep(0.5)
        played.session.obey(f"{TYPING} question")
        await asyncio.sleep(5)
        offers(played, "A car!", Priority.HAZARD)
        offers(played, "A cup.")
        await asyncio.sleep(5)
        assert stage.said() == ["A car!"]
        played.session.obey(TYPING)
        await asyncio.sleep(20)
    ten = "One two three four five six seven eight nine ten."
    assert stage.said() == ["A car!", ten, "Given up.", "A cup."]


async def test_a_question_that_is_thought_about_is_answered_though_another_one_is_typed_meanwhile() -> None:
    stage = Stage(chat=Thinker(ANSWERS))
    async with playing(stage) as played:
        await played.session.perceptions.put(Transcript("hello", asyncio.get_running_loop().time(), source="keyboard"))
        await asyncio.sleep(0.1)
        played.session.obey(f"{TYPING} question")
        await asyncio.sleep(10)
        assert stage.said() == []
        assert not played.session.obey("how many are there")
        typed = Transcript("how many are there", asyncio.get_running_loop().time(), source="keyboard")
        await played.session.perceptions.put(typed)
        await asyncio.sleep(20)
    assert stage.said() == ["Hello there.", "I see two. One is on the left."]


async def test_what_was_begun_by_mistake_and_left_silences_nobody_for_ever() -> None:
    stage = Stage()
    async with playing(stage) as played:
        played.session.obey(f"{TYPING} question")
        await asyncio.sleep(LONGEST_TYPING + 1)
        offers(played, "A cup.")
        await asyncio.sleep(5)
    assert stage.said() == ["Type your question.", "A cup."]
