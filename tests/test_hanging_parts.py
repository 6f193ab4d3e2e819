"""A model that says nothing for hours, in each place of a conversation: it is told once, and the others talk on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from devices.media import Frame, Samples
from pipelines.backends import BackendError, Prompt
from pipelines.ladder import LIGHT
from pipelines.phrases import ENGLISH
from pipelines.relief import DOWN
from pipelines.types import Caption, Event, Heard, Notice, Recovered, Reply, Seen, SpeechStarted, Transcript, Trouble
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone, FakeTranscriber, FakeVoice, LoudnessDetector
from tests.hanging import Hang
from tests.stage import ANSWERS, BOOK, COUNT, HELLO, SILENCE, Stage
from tests.virtual import VirtualLoop


def spend(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.spend(seconds)


def told(events: list[Event]) -> list[tuple[str, str]]:
    """Which part had trouble, and which was well again, in this order."""
    return [(type(event).__name__, event.part) for event in events if isinstance(event, Trouble | Recovered)]


def typed(*asks: tuple[float, str]) -> AsyncIterator[str]:
    """Lines, each after so many seconds."""

    async def lines() -> AsyncIterator[str]:
        for after, line in asks:
            await asyncio.sleep(after)
            yield line

    return lines()


@dataclass
class Deaf(FakeTranscriber):
    """Hangs in its first utterance."""

    book: dict[float, str] = field(default_factory=lambda: dict(BOOK))
    calls: int = 0

    def transcribe(self, samples: Samples) -> Heard:
        self.calls += 1
        if self.calls == 1:
            spend(600)
        return super().transcribe(samples)


async def test_while_the_transcriber_hangs_typed_questions_are_answered_and_it_is_heard_again_afterwards() -> None:
    microphone = FakeMicrophone([HELLO, *[SILENCE] * 700, COUNT, *[SILENCE] * 8])
    stage = Stage(microphone=microphone, transcriber=Deaf(), hung=60)
    stage.asks = lambda: typed((30, "hello"), (300, "how many are there"))
    await stage.run()
    assert stage.said() == [
        "Hello there.",
        ENGLISH.unclear,
        ANSWERS["how many are there"],
        ANSWERS["how many are there"],
    ]
    assert told(stage.events) == [("Trouble", "transcriber"), ("Recovered", "transcriber")]
    assert stage.told(Trouble)[0].why == "it has not answered for 60 s"


class Fainting(LoudnessDetector):
    """Fails where the second speech is about to end."""

    windows = 0

    def probability(self, window: Samples) -> float:
        loud = super().probability(window)
        self.windows += bool(loud)
        if loud and self.windows in (25, 26):
            raise BackendError("the detector fainted")
        return loud


async def test_a_detector_that_fails_while_someone_talks_leaves_the_floor_free_again() -> None:
    """Nobody tells any more that the speaker paused."""
    microphone = FakeMicrophone([HELLO, SILENCE, (0.352, 0.2), *[SILENCE] * 60])
    stage = Stage(microphone=microphone, detector=Fainting(), chat=FakeChat({"hello": "Hello there. " * 6}))
    stage.asks = lambda: typed((40, "hello"))
    await stage.run()
    assert len(stage.told(SpeechStarted)) >= 2
    assert told(stage.events)[0] == ("Trouble", "detector")
    assert stage.told(Reply)[-1].text.count("Hello there.") == 6
    assert stage.told(Reply)[-1].answered_at == stage.told(Transcript)[-1].said_at


@dataclass
class Absent(FakeChat):
    """Begins to think about its first question, and is not heard of again for long."""

    def reply(self, prompt: Prompt) -> Iterator[str]:
        if not self.prompts:
            self.prompts.append(prompt)
            spend(300)
        yield from super().reply(prompt)


async def test_who_speaks_again_while_the_chat_hangs_amends_the_question_and_is_told_that_there_is_no_answer() -> None:
    microphone = FakeMicrophone([HELLO, *[SILENCE] * 8, COUNT, *[SILENCE] * 400, HELLO, *[SILENCE] * 5])
    stage = Stage(microphone=microphone, chat=Absent(dict(ANSWERS)), hung=60)
    await stage.run()
    asked = [(reply.asked, reply.text) for reply in stage.told(Reply)]
    assert asked == [
        ("hello", ""),
        ("hello how many are there", ENGLISH.failed),
        ("hello", "Hello there."),
    ]
    assert told(stage.events) == [("Trouble", "chat"), ("Recovered", "chat")]
    failed_at = stage.told(Reply)[1].answered_at
    assert failed_at - stage.told(Transcript)[0].said_at < 64


@dataclass
class Mute(FakeVoice):
    """Hangs in one sentence, once."""

    hangs_at: str = "One is on the left."

    def synthesize(self, text: str) -> Samples:
        if text == self.hangs_at:
            self.hangs_at = ""
            spend(500)
        return super().synthesize(text)


async def test_a_voice_that_hangs_while_it_is_held_leaves_the_rest_written_and_comes_back() -> None:
    cough = (0.2, 0.3)
    microphone = FakeMicrophone([COUNT, SILENCE, cough, *[SILENCE] * 700, HELLO, *[SILENCE] * 8])
    stage = Stage(microphone=microphone, voice=Mute(), hung=60)
    stage.asks = lambda: typed((200, "hello"))
    await stage.run()
    assert stage.said() == ["I see two. One is on the left.", "Hello there.", "Hello there."]
    assert told(stage.events) == [("Trouble", "voice"), ("Recovered", "voice")]
    assert stage.told(Trouble)[0].why == "it has not answered for 60 s; answers are only written until it is back"
    assert stage.speaker is not None
    assert stage.speaker.plays[-1][1] - stage.speaker.plays[-1][0] == pytest.approx(1.2)


async def test_who_speaks_while_the_voice_hangs_is_answered() -> None:
    microphone = FakeMicrophone([COUNT, *[SILENCE] * 20, HELLO, *[SILENCE] * 100])
    stage = Stage(microphone=microphone, voice=Mute(), hung=60)
    await stage.run()
    assert stage.said() == ["I see two.", "Hello there."]
    assert [reply.cut for reply in stage.told(Reply)] == [True, False]


@pytest.mark.real_time
async def test_a_thread_that_really_hangs_keeps_nobody_from_talking_and_nobody_from_leaving() -> None:
    with Hang() as hang:

        class Blocked:
            def caption(self, frame: Frame) -> Seen:
                hang()
                return Seen("far too late")

        spoken = FakeMicrophone([(0.1, 0.0), HELLO, (1.0, 0.0)])
        stage = Stage(
            cameras=[FakeCamera([number % 250 for number in range(1000)], every=0.05, live=True)],
            microphone=spoken,
            voice=FakeVoice(rate=100_000),
            captioner=Blocked(),
            hung=0.3,
        )
        running = asyncio.create_task(stage.run())
        await asyncio.sleep(2.0)
        before = time.monotonic()
        running.cancel()
        await asyncio.wait([running])
        assert time.monotonic() - before < 0.2
    assert stage.said() == ["Hello there."]
    assert [trouble.part for trouble in stage.told(Trouble)] == ["captioner of desk"]
    texts = {caption.text for caption in stage.told(Caption)}
    assert texts == {"something moved"}
    assert [notice.text for notice in stage.told(Notice)] == [DOWN["en"][LIGHT]]
