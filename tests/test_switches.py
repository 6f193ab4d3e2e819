"""Sound and cameras switched while a session runs, by typed commands, keys and a wake word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from assistant import commands, config
from assistant.plain import attends
from devices.lines import Sink
from devices.media import AudioChunk
from pipelines.attention import AttentionOptions
from pipelines.framering import FrameRing
from pipelines.live import live
from pipelines.seeing import Eye, gate
from pipelines.switches import Present, Switches
from pipelines.trouble import Patience
from pipelines.types import (
    Attention,
    Called,
    Caption,
    Event,
    Health,
    Mode,
    Notice,
    PartialTranscript,
    Reply,
    SpeechStarted,
    Transcript,
)
from tests.fakes import FakeCamera, FakeMicrophone, FakeWakeWord, ShadeGate, frame
from tests.lookers import ScriptedLooker
from tests.stage import COUNT, HELLO, SILENCE, Stage

WORD = (0.7, 0.7)
"""Loud as the wake word."""


@dataclass
class Evening(Stage):
    """A session in which somebody types at certain seconds after its start."""

    typed: dict[float, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asks = self._typing

    async def _typing(self) -> AsyncIterator[str]:
        began = asyncio.get_running_loop().time()
        for at, line in sorted(self.typed.items()):
            await asyncio.sleep(began + at - asyncio.get_running_loop().time())
            yield line

    def heard(self) -> list[str]:
        return [event.text for event in self.told(Transcript)]

    def states(self) -> list[str]:
        """What was shown of it."""
        return [attends(event) for event in self.told(Attention)]


def evening(mode: Mode, *sounds: tuple[float, float], typed: dict[float, str] | None = None, **more: Any) -> Evening:
    return Evening(
        microphone=FakeMicrophone([SILENCE, *sounds, SILENCE, SILENCE]),
        attention=AttentionOptions(mode=mode, awake_for=3.0),
        typed=typed or {},
        **more,
    )


async def test_without_the_wake_word_nothing_is_heard_and_nobody_is_interrupted() -> None:
    stage = evening("wake", HELLO, SILENCE, COUNT)
    await stage.run()
    assert stage.heard() == []
    assert stage.told(SpeechStarted) == []
    assert stage.states() == ["waiting for “okay fake”"]


async def test_the_word_is_cut_from_what_is_said_in_the_same_breath() -> None:
    stage = evening("wake", HELLO, SILENCE, WORD, COUNT, (8.0, 0.0), HELLO)
    await stage.run()
    assert stage.heard() == ["how many are there"]
    assert [event.text for event in stage.told(PartialTranscript)] in ([], ["how many are there"])
    (transcript,), (called,) = stage.told(Transcript), stage.told(Called)
    assert transcript.started_at is not None
    assert called.at <= transcript.started_at <= called.at + 0.05
    assert stage.states() == ["waiting for “okay fake”", "listening", "waiting for “okay fake”"]
    (reply,) = stage.told(Reply)
    assert stage.told(Attention)[-1].at == pytest.approx(reply.ended_at + 3.0, abs=0.01)


async def test_a_second_question_needs_no_second_word_and_the_word_said_again_is_cut_again() -> None:
    stage = evening("wake", WORD, HELLO, (3.5, 0.0), COUNT, (6.0, 0.0), WORD, HELLO, (3.0, 0.0))
    await stage.run()
    assert stage.heard() == ["hello", "how many are there", "hello"]
    asleep, awake = "waiting for “okay fake”", "listening"
    assert stage.states() == [asleep, awake, asleep]  # it was awake still when the word was said again


async def test_the_wake_word_interrupts_an_answer_also_where_the_assistant_hears_only_itself() -> None:
    for deaf in (False, True):
        stage = evening("wake", WORD, COUNT, (1.5, 0.0), WORD, HELLO, (4.0, 0.0), deaf_while_speaking=deaf)
        await stage.run()
        assert stage.heard() == ["how many are there", "hello"]
        assert [(reply.text, reply.cut) for reply in stage.told(Reply)][1:] == [("Hello there.", False)]
        first = stage.told(Reply)[0]
        assert first.cut
        assert "I see two. One is on the left.".startswith(first.text)
        called = stage.told(Called)[1].at
        assert first.ended_at - called < 0.2
        assert stage.told(Transcript)[1].started_at == pytest.approx(called, abs=0.05)  # no first syllable is lost


async def test_the_key_hears_what_is_said_while_it_is_held_and_waits_for_no_pause() -> None:
    # Sound: hello from 1.0 to 1.5 s, count from 2.5 to 3.0 s, hello from 4.0 to 4.5 s.
    typed = {2.3: "/talk", 3.02: "/talk"}
    stage = evening("push", HELLO, SILENCE, COUNT, SILENCE, HELLO, typed=typed)
    await stage.run()
    assert stage.heard() == ["how many are there"]
    (transcript,) = stage.told(Transcript)
    assert transcript.endpoint_at is not None
    assert transcript.endpoint_at - transcript.said_at < 0.1
    assert stage.states() == ["waiting for the talk key, or /talk", "listening", "waiting for the talk key, or /talk"]


async def test_the_key_interrupts() -> None:
    stage = evening("open", COUNT, (6.0, 0.0), typed={1.9: "/mode push", 2.5: "/talk", 2.6: "/talk"})
    await stage.run()
    (reply,) = stage.told(Reply)
    assert reply.cut
    assert reply.ended_at - stage.told(Called)[0].at < 0.1


async def test_a_mode_may_be_changed_while_it_runs() -> None:
    # Sound: hello at 1.0, 3.0, 5.0 and 7.0 s.
    sounds = [sound for _ in range(4) for sound in (HELLO, (1.5, 0.0))]
    typed = {2.0: "/mode push", 4.0: "/mode open", 6.0: "/mode wake"}
    stage = evening("open", *sounds, typed=typed)
    await stage.run()
    assert len(stage.heard()) == 2
    assert [event.mode for event in stage.told(Attention)] == ["open", "push", "open", "wake"]


async def test_a_typed_question_is_answered_in_every_mode() -> None:
    for mode in ("open", "wake", "push", "text"):
        stage = evening(mode, (3.0, 0.0), typed={0.5: "hello", 4.9: "/mode open"})
        await stage.run()
        assert stage.said() == ["Hello there."]


async def test_news_that_change_nothing_wake_nobody_and_those_that_keep_it_awake_wake_only_who_minds_the_time() -> None:
    told: list[Event] = []
    switches = Switches(AttentionOptions(mode="wake", awake_for=5.0), Present(wake_word="okay fake"), told.append)
    looks: list[float] = []

    def covered() -> bool:
        looks.append(asyncio.get_running_loop().time())
        return not switches.sees()

    camera, keeper = asyncio.create_task(switches.until(covered)), asyncio.create_task(switches.keep())
    await asyncio.sleep(1)
    settled = len(looks)
    for _ in range(100):
        switches.emit(Health(1001.0, {}))
        await asyncio.sleep(0)
    assert len(looks) == settled
    switches.call(1001.0)
    await asyncio.sleep(2)
    switches.emit(Called(1003.0))  # it stays awake until 1008
    await asyncio.sleep(4)
    assert [(event.awake, event.at) for event in told if isinstance(event, Attention)] == [(False, 1000), (True, 1001)]
    await asyncio.sleep(2)
    assert [event.at for event in told if isinstance(event, Attention) and not event.awake] == [1000, 1008]
    switches.mute(camera=False)
    await camera
    keeper.cancel()


@dataclass
class WatchedMicrophone(FakeMicrophone):
    """Knows when it captured."""

    on: list[tuple[float, float]] = field(default_factory=list)

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        began = asyncio.get_running_loop().time() - 1000.0
        try:
            await super().run(chunks)
        finally:
            self.on.append((began, round(asyncio.get_running_loop().time() - 1000.0, 2)))


async def test_a_muted_microphone_captures_nothing_and_begins_anew() -> None:
    microphone = WatchedMicrophone([SILENCE, HELLO, SILENCE])
    stage = evening("open", typed={0.5: "/mic off", 10.0: "/mic on"})
    stage.microphone = microphone
    await stage.run()
    assert microphone.on == [(0.0, 0.5), (10.0, pytest.approx(12.5, abs=0.1))]
    assert stage.heard() == ["hello"]
    assert stage.told(Transcript)[0].started_at == pytest.approx(1011.0, abs=0.05)
    assert stage.states() == ["listening", "microphone off", "listening"]


async def test_what_was_said_when_the_microphone_is_muted_is_answered_at_once_and_not_when_it_is_on_again() -> None:
    stage = evening("open", HELLO, typed={1.4: "/mic off", 30.0: "/mic on"})
    await stage.run()
    first = stage.told(Transcript)[0]
    assert first.text == "hello"
    assert first.endpoint_at == pytest.approx(1001.4, abs=0.05)
    assert stage.told(Reply)[0].answered_at < 1002.0


async def test_in_text_mode_the_microphone_is_closed_from_the_start() -> None:
    microphone = WatchedMicrophone([HELLO, SILENCE])
    stage = evening("text", typed={5.0: "/mode open"})
    stage.microphone = microphone
    await stage.run()
    assert [began for began, _ in microphone.on] == [5.0]
    assert stage.states() == ["microphone off, typing only", "listening"]


async def test_a_covered_camera_takes_no_picture_and_what_was_seen_grows_old() -> None:
    camera = FakeCamera([10, 10, 10, 20, 20, 20], every=1.0)
    stage = Evening(cameras=[camera], typed={1.5: "/camera off", 61.5: "hello", 70.0: "/camera on"})
    await stage.run()
    assert [caption.captured_at for caption in stage.told(Caption)] == [1000.0, 1070.0, 1071.0]
    (prompt,) = stage.chat.prompts
    assert prompt.now - prompt.scene[-1].known_at == pytest.approx(60.5)
    assert stage.states() == ["", "camera off", ""]


async def test_what_a_camera_showed_is_forgotten_at_once_when_it_is_covered() -> None:
    looker, asked = ScriptedLooker(), "What is this?"
    stage = Evening(cameras=[FakeCamera([10] * 80)], captioner=looker, typed={2.5: asked, 5.0: asked})
    session = stage.session()
    (ring,) = [eye.ring for eye in session.eyes]
    running = asyncio.create_task(live(session, stage.events.append))
    await asyncio.sleep(2.0)
    assert ring is not None
    assert ring.size > 0
    stage.switches.mute(camera=False)
    assert (ring.size, ring.at(1002.0)) == (0, None)
    await asyncio.sleep(1.0)
    assert looker.looked == []
    stage.switches.mute(camera=True)
    await running
    (look,) = looker.looked
    assert look.frame.captured_at > 1003.0


async def test_a_picture_that_was_on_its_way_when_the_camera_was_covered_is_dropped() -> None:
    patience = Patience("camera", lambda event: None)
    eye = Eye(FakeCamera([]), ShadeGate(), patience, patience, ring=FrameRing())
    eye.frames.put(frame(7))
    eye.frames.close()
    await gate(eye, lambda captured_at: False)
    assert eye.ring is not None
    assert (eye.ring.at(0.0), len(eye.keyframes)) == (None, 0)


async def test_options_may_begin_with_everything_off() -> None:
    stage = Evening(
        cameras=[FakeCamera([10])],
        microphone=FakeMicrophone([HELLO]),
        attention=AttentionOptions(microphone=False, camera=False),
        typed={3.0: "/mic on", 4.0: "/camera on"},
    )
    await stage.run()
    assert stage.states() == ["microphone off, camera off", "listening, camera off", "listening"]
    assert stage.told(Caption)[0].captured_at == 1004.0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/foo", "there is no /foo: /help tells"),
        ("/", "there is no /: /help tells"),
        ("/mode shout", "there is no mode shout: /mode open, wake, push, text"),
        ("/mic maybe", "/mic on, or /mic off"),
        ("/camera on now", "/camera takes one word"),
        ("/camera off", "there is no camera"),
        ("/talk", "/talk is for the mode push: /mode push"),
        ("/help", "/mode open, wake, push or text"),
    ],
)
async def test_a_command_that_cannot_be_obeyed_says_so_in_one_line_and_is_no_question(line: str, told: str) -> None:
    stage = evening("open", typed={0.5: line})
    await stage.run()
    (notice,) = stage.told(Notice)
    assert notice.text.startswith(told)
    assert "\n" not in notice.text
    assert stage.heard() == []


async def test_there_is_no_mode_wake_without_a_wake_word_nor_any_mode_without_a_microphone() -> None:
    stage = evening("open", typed={0.5: "/mode wake", 0.6: "/mode", 0.7: "/mode", 0.8: "/mode"})
    stage.wake = FakeWakeWord(phrase="")
    await stage.run()
    assert 'add [wake] with backend = "microwakeword"' in stage.told(Notice)[0].text
    assert [event.mode for event in stage.told(Attention)] == ["open", "push", "text", "open"]
    typing = Evening(typed={0.5: "/mode push", 0.6: "/mic off"})
    await typing.run()
    assert [notice.text for notice in typing.told(Notice)] == [
        "there is no microphone, only the keyboard",
        "there is no microphone",
    ]


def test_a_configuration_that_wants_a_wake_word_must_name_one() -> None:
    sections = {"chat": {"backend": "grounded"}, "attention": {"mode": "wake"}}
    with pytest.raises(config.ConfigError, match=r"needs a \[wake\] section with backend = \"microwakeword\""):
        config.parse(sections, "test")
    chosen = config.parse(sections | {"wake": {"backend": "microwakeword"}}, "test")
    assert chosen.attention.mode == "wake"


def test_a_refused_command_is_told_in_chinese_and_with_what_was_meant() -> None:
    for line, told in (
        ("/repaet", "there is no /repaet: is it /repeat? /help tells the commands"),
        ("/foo", "there is no /foo: /help tells the commands"),
    ):
        with pytest.raises(commands.Refused, match=re.escape(told)):
            commands.obey(line, None, lambda wish: None)  # type: ignore[arg-type]
    assert commands.in_chinese("there is no microphone", "/mic") == "没有麦克风"
    assert commands.in_chinese("there is no /foo: x", "/foo") == "没有 /foo 这个命令：/help"
    assert commands.in_chinese("/mic takes one word: x", "/mic a b") == "/mic 不能这样用：/help"
