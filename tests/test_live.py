"""Whole sessions on a virtual clock: who is heard, answered and interrupted, and what a failure takes along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from devices.media import Frame
from pipelines.hearing import Ears, Endpointer, HearingOptions
from pipelines.live import Hearing, Session, live
from pipelines.memory import Memory
from pipelines.seeing import Eye, Sight
from pipelines.speaking import Mouth
from pipelines.thinking import Conversation, ConversationOptions, Mind
from pipelines.trouble import Patience
from pipelines.types import Caption, Event, Health, Notice, Recovered, Reply, Seen, SpeechStarted, Transcript, Trouble
from pipelines.worker import Worker
from tests.fakes import (
    FakeCamera,
    FakeCaptioner,
    FakeChat,
    FakeMicrophone,
    FakeSpeaker,
    FakeTranscriber,
    FakeVoice,
    LoudnessDetector,
    ShadeGate,
)

E = TypeVar("E", bound=Event)

SILENCE = (1.0, 0.0)
HELLO, COUNT, NOISE, RIDDLE = (0.5, 0.1), (0.5, 0.2), (0.5, 0.3), (0.5, 0.4)
BOOK = {0.1: "hello", 0.2: "how many", 0.3: ""}
ANSWERS = {"hello": "Hello there.", "how many": "I see two. One is on the left."}


@dataclass
class Stage:
    """A session of fakes, each replaceable, and all that it told."""

    cameras: list[FakeCamera] = field(default_factory=list)
    microphone: FakeMicrophone | None = None
    speaker: FakeSpeaker | None = field(default_factory=FakeSpeaker)
    chat: FakeChat = field(default_factory=lambda: FakeChat(dict(ANSWERS)))
    voice: FakeVoice = field(default_factory=FakeVoice)
    captioner: FakeCaptioner = field(default_factory=FakeCaptioner)
    options: ConversationOptions = field(default_factory=ConversationOptions)
    deaf_while_speaking: bool = False
    asks: Callable[[], AsyncIterator[str]] | None = None
    events: list[Event] = field(default_factory=list)

    async def run(self) -> list[Event]:
        await live(self.session(), self.events.append)
        return self.events

    def session(self) -> Session:
        emit, memory = self.events.append, Memory()
        mouth = Mouth(
            self.voice, Worker("voice"), self.speaker, {part: Patience(part, emit) for part in ("voice", "speaker")}
        )
        mind = Mind(self.chat, Worker("chat"), Patience("chat", emit))
        self.conversation = Conversation(self.options, memory, mind, mouth, emit)
        eyes = tuple(
            Eye(
                camera,
                ShadeGate(),
                Patience(f"camera {camera.name}", emit),
                Patience(f"captioner of {camera.name}", emit),
                still=memory.still,
            )
            for camera in self.cameras
        )
        sight = Sight(self.captioner, Worker("captioner"))
        return Session(self.conversation, eyes, sight, self._hearing(mouth), self.asks)

    def _hearing(self, mouth: Mouth) -> Hearing | None:
        if self.microphone is None:
            return None
        ears = Ears(
            Endpointer(HearingOptions(), LoudnessDetector()),
            Worker("detector"),
            (lambda chunk: self.deaf_while_speaking and mouth.spoke_during(chunk.started_at, chunk.started_at + 0.032)),
        )
        troubles = {part: Patience(part, self.events.append) for part in ("microphone", "detector", "transcriber")}
        return Hearing(self.microphone, ears, FakeTranscriber(BOOK), Worker("transcriber"), troubles)

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        return [reply.text for reply in self.told(Reply)]


async def test_a_question_is_heard_answered_and_spoken() -> None:
    stage = Stage(microphone=FakeMicrophone([SILENCE, HELLO, SILENCE]))
    await stage.run()
    (reply,) = stage.told(Reply)
    assert (reply.asked, reply.text, reply.cut) == ("hello", "Hello there.", False)
    assert reply.ended_at - reply.answered_at == pytest.approx(0.1 * len("Hello there."))
    assert reply.answered_at - reply.asked_at == pytest.approx(0.5, abs=0.1)  # the pause that ends an utterance


async def test_what_was_seen_stands_in_the_prompt() -> None:
    stage = Stage(cameras=[FakeCamera([10, 10, 60, 60])], microphone=FakeMicrophone([SILENCE, COUNT, SILENCE]))
    await stage.run()
    (prompt,) = stage.chat.prompts
    assert [caption.text for caption in prompt.scene] == ["shade 10", "shade 60"]
    assert prompt.scene[-1].known_at > prompt.scene[-1].captured_at, "the gate looked again and found it unchanged"


async def test_every_camera_is_seen_under_its_own_name() -> None:
    stage = Stage(cameras=[FakeCamera([10, 20], name="desk"), FakeCamera([30, 40], name="door")])
    await stage.run()
    seen = [(caption.camera, caption.text) for caption in stage.told(Caption)]
    assert sorted(seen) == [("desk", "shade 10"), ("desk", "shade 20"), ("door", "shade 30"), ("door", "shade 40")]


async def test_talking_into_an_answer_cuts_it_and_only_what_was_heard_is_remembered() -> None:
    # "I see two." takes 1.0 s and is heard; the interruption comes in the middle of the second sentence.
    stage = Stage(microphone=FakeMicrophone([COUNT, (2.2, 0.0), HELLO, SILENCE]))
    await stage.run()
    heard = "I see two. One is"
    assert [(reply.text, reply.cut) for reply in stage.told(Reply)] == [(heard, True), ("Hello there.", False)]
    assert [exchange.heard for exchange in stage.conversation.history] == [heard, "Hello there."]
    assert stage.chat.prompts[1].history[0].heard == heard


async def test_an_interruption_stops_the_sound_when_speech_starts_not_when_it_is_understood() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, (2.2, 0.0), HELLO, SILENCE]))
    await stage.run()
    interrupted = stage.told(SpeechStarted)[1]
    second_sentence_ended = stage.speaker.plays[1][1]  # type: ignore[union-attr]
    assert 0 < second_sentence_ended - interrupted.at < 0.25


async def test_in_half_duplex_the_assistant_does_not_hear_itself() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, (1.2, 0.0), HELLO, SILENCE, SILENCE]), deaf_while_speaking=True)
    await stage.run()
    assert [(reply.asked, reply.cut) for reply in stage.told(Reply)] == [("how many", False)]


async def test_speech_that_is_not_understood_is_answered_so() -> None:
    stage = Stage(microphone=FakeMicrophone([NOISE, SILENCE, SILENCE]))
    await stage.run()
    assert stage.said() == [ConversationOptions().unclear]
    assert stage.conversation.history == []


async def test_speech_that_is_not_understood_can_be_passed_over() -> None:
    stage = Stage(microphone=FakeMicrophone([NOISE, SILENCE]), options=ConversationOptions(unclear=""))
    await stage.run()
    assert stage.told(Reply) == []
    assert [transcript.text for transcript in stage.told(Transcript)] == [""]


async def test_typed_questions_are_answered_too() -> None:
    async def keyboard() -> AsyncIterator[str]:
        yield "hello"

    stage = Stage(asks=keyboard)
    await stage.run()
    assert stage.said() == ["Hello there."]
    assert stage.told(Transcript)[0].source == "keyboard"


async def test_a_still_picture_does_not_hold_a_session_open_that_reads_a_file() -> None:
    forever = FakeCamera([10] * 100_000, endless=True)
    stage = Stage(cameras=[forever], microphone=FakeMicrophone([HELLO, SILENCE]))
    await asyncio.wait_for(stage.run(), 60)
    assert stage.said() == ["Hello there."]


async def test_a_captioner_that_fails_is_named_once_and_tried_again() -> None:
    stage = Stage(cameras=[FakeCamera([10, 20, 30] + [40] * 100)], captioner=FakeCaptioner(fails_at=(10, 20, 30)))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["captioner of desk"]
    assert "no words for 10" in stage.told(Trouble)[0].why
    assert [caption.text for caption in stage.told(Caption)] == ["shade 40"]
    assert [event.part for event in stage.told(Recovered)] == ["captioner of desk"]


async def test_a_caption_that_failed_is_tried_again_although_nothing_moves() -> None:
    class Moody(FakeCaptioner):
        calls = 0

        def caption(self, frame: Frame) -> Seen:
            self.calls += 1
            if self.calls < 3:
                raise RuntimeError("not now")
            return super().caption(frame)

    stage = Stage(cameras=[FakeCamera([10] * 100)], captioner=Moody())
    await stage.run()
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10"]
    assert len(stage.told(Trouble)) == 1


async def test_nothing_is_narrated_into_someones_speech() -> None:
    talk = FakeMicrophone([SILENCE, (3.0, 0.1), SILENCE, SILENCE])
    camera = FakeCamera([10] * 25 + [20] * 40)
    stage = Stage(cameras=[camera], microphone=talk, options=ConversationOptions(narrate=True))
    await stage.run()
    assert "shade 20" not in stage.said()
    assert "Hello there." in stage.said()


async def test_words_from_before_the_assistant_spoke_are_not_lost_when_it_goes_deaf() -> None:
    async def keyboard() -> AsyncIterator[str]:
        await asyncio.sleep(1.5)
        yield "how many"

    talk = FakeMicrophone([SILENCE, (1.0, 0.1), *[SILENCE] * 4])
    stage = Stage(microphone=talk, deaf_while_speaking=True, asks=keyboard)
    await stage.run()
    assert "hello" in [transcript.text for transcript in stage.told(Transcript)]


async def test_a_lost_camera_is_said_once_and_found_again_while_talk_goes_on() -> None:
    camera = FakeCamera([10, None, None, None, *[20] * 60], live=True)
    stage = Stage(cameras=[camera], microphone=FakeMicrophone([HELLO, *[SILENCE] * 20]))
    task = asyncio.create_task(stage.run())
    await asyncio.sleep(30)
    task.cancel()
    assert [(trouble.part, trouble.why) for trouble in stage.told(Trouble)] == [("camera desk", "the cable was pulled")]
    assert stage.said() == ["Hello there."]
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10", "shade 20"]
    assert [event.part for event in stage.told(Recovered)] == ["camera desk"]


async def test_a_broken_file_is_not_read_again() -> None:
    stage = Stage(cameras=[FakeCamera([10, None, 20])])
    await stage.run()
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10"]
    assert len(stage.told(Trouble)) == 1


async def test_a_transcriber_that_fails_does_not_stop_the_next_utterance() -> None:
    stage = Stage(microphone=FakeMicrophone([RIDDLE, *[SILENCE] * 5, HELLO, SILENCE]))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["transcriber"]
    assert stage.said() == [ConversationOptions().unclear, "Hello there."]


async def test_a_chat_that_fails_says_so_and_its_error_is_never_spoken() -> None:
    stage = Stage(microphone=FakeMicrophone([HELLO, SILENCE, SILENCE]), chat=FakeChat({}))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["chat"]
    assert stage.said() == [ConversationOptions().failed]


async def test_with_a_hoarse_voice_answers_are_still_written() -> None:
    stage = Stage(microphone=FakeMicrophone([HELLO, SILENCE]), voice=FakeVoice(fails_at=("Hello there.",)))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["voice"]
    assert stage.said() == ["Hello there."]
    assert stage.speaker is not None
    assert stage.speaker.plays == []


async def test_a_full_disk_under_the_speaker_leaves_the_rest_alive() -> None:
    microphone = FakeMicrophone([HELLO, SILENCE, SILENCE, HELLO, SILENCE])
    stage = Stage(cameras=[FakeCamera([10] * 10 + [20] * 40)], microphone=microphone, speaker=FakeSpeaker(full_from=0))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["speaker"]
    assert stage.said() == ["Hello there.", "Hello there."]
    assert len(stage.told(Caption)) == 2


async def test_lost_samples_are_said() -> None:
    microphone = FakeMicrophone([SILENCE] * 12, lost=8000)
    stage = Stage(microphone=microphone)
    await stage.run()
    assert [notice.text for notice in stage.told(Notice)] == ["the microphone lost 0.50 s of sound"]
    assert stage.told(Health)[-1].counters["samples lost"] == 8000


async def test_changes_are_narrated_where_the_configuration_says_so() -> None:
    stage = Stage(cameras=[FakeCamera([10] * 50 + [20] * 50)], options=ConversationOptions(narrate=True))
    await stage.run()
    assert stage.said() == ["shade 10", "shade 20"]


async def test_history_is_cut_from_the_front_in_one_piece() -> None:
    async def keyboard() -> AsyncIterator[str]:
        for _ in range(5):
            yield "hello"
            await asyncio.sleep(10)

    stage = Stage(asks=keyboard, options=ConversationOptions(history=2))
    await stage.run()
    assert [len(prompt.history) for prompt in stage.chat.prompts] == [0, 1, 2, 3, 4]
    assert len(stage.conversation.history) == 2


async def test_ctrl_c_ends_a_session_in_the_middle_of_a_sentence() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, *[SILENCE] * 100], live=True))
    task = asyncio.create_task(stage.run())
    await asyncio.sleep(2.0)
    task.cancel()
    before = asyncio.get_running_loop().time()
    await asyncio.wait([task])
    assert asyncio.get_running_loop().time() - before < 0.2
    assert stage.told(Reply)[0].cut
    assert stage.chat.closed == 1
