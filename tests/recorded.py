"""A session of fakes that take their time, recorded on the virtual clock; `python -m tests.recorded` makes it anew."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assistant import app
from assistant.config import Config
from assistant.feed import Feed
from assistant.mcp_tools import McpOptions
from assistant.parts import Devices, Models, Outside, Parts, Real, Server
from assistant.recording import Recorder
from assistant.recordings.settings import Recorded
from devices.media import Frame, Samples
from pipelines.backends import BackendOptions, Kind, Loaded, Prompt
from pipelines.clock import VirtualLoop, run
from pipelines.types import Emit, Event, Heard, Seen
from pipelines.worker import Worker
from tests.fakes import (
    FakeCamera,
    FakeCaptioner,
    FakeChat,
    FakeGlimpse,
    FakeMicrophone,
    FakeSpeaker,
    FakeTranscriber,
    FakeVoice,
    LoudnessDetector,
)
from tests.stage import ANSWERS, BOOK, COUNT, HELLO, SILENCE

KEPT = Path(__file__).resolve().parent / "data" / "session"
"""The session that is part of the tests."""
START = 5000.0
TALK = [SILENCE, HELLO, (3.0, 0.0), COUNT, (2.0, 0.0), HELLO, (3.5, 0.0)]
"""The last of it is said into the answer before."""


def take(seconds: float) -> None:
    """Let the job at hand take so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.spend(seconds)


class SlowCaptioner(FakeCaptioner):
    def caption(self, frame: Frame) -> Seen:
        take(0.4)
        return super().caption(frame)


class SlowTranscriber(FakeTranscriber):
    partials = True

    def transcribe(self, samples: Samples) -> Heard:
        take(0.1)
        return super().transcribe(samples)


class SlowChat(FakeChat):
    def reply(self, prompt: Prompt) -> Iterator[str]:
        for piece in super().reply(prompt):
            take(0.06)
            yield piece


class SlowVoice(FakeVoice):
    def synthesize(self, text: str) -> Samples:
        take(0.05)
        return super().synthesize(text)


class OtherChat(BackendOptions):
    """A backend of one's own, to ask anew."""

    def load(self) -> SlowChat:
        return SlowChat({"hello": "Good day.", "how many are there": ANSWERS["how many are there"]})


@dataclass
class FakeParts(Real):
    """A desk with a camera, a microphone and a speaker, none of them real."""

    chat: FakeChat = field(default_factory=lambda: SlowChat(dict(ANSWERS)))
    captioner: FakeCaptioner = field(default_factory=SlowCaptioner)
    camera: FakeCamera = field(default_factory=lambda: FakeCamera([10] * 40 + [200] * 60))
    microphone: FakeMicrophone = field(default_factory=lambda: FakeMicrophone(TALK))
    tools: Server | None = None
    ended: bool = False

    async def open(self, config: Config) -> Devices:
        return Devices([self.camera], self.microphone, FakeSpeaker(), [])

    async def load(self, config: Config, models: Models) -> None:
        known: dict[Kind, object] = {
            "captioner": self.captioner,
            "detector": LoudnessDetector(),
            "transcriber": SlowTranscriber(BOOK),
            "chat": self.chat,
            "voice": SlowVoice(),
        }
        for kind, model in known.items():
            models.loaded[kind], models.workers[kind] = Loaded(model, "fake", f"A fake {kind}."), Worker(kind)

    def server(self, options: McpOptions, emit: Emit) -> Server:
        assert self.tools is not None
        return self.tools

    def light(self) -> FakeGlimpse:
        return FakeGlimpse()

    def end(self) -> None:
        self.ended = True


def config(**sections: object) -> Config:
    """Of a session of all parts."""
    models = {kind: Recorded() for kind in ("captioner", "detector", "transcriber", "voice")}
    devices = {"camera": [{"name": "desk", "source": "desk.png"}], "microphone": {}, "speaker": {}}
    return Config.model_validate(devices | models | {"chat": OtherChat()} | sections)


async def typed() -> AsyncIterator[str]:
    """A question that nobody can answer, near the end."""
    await asyncio.sleep(10)
    yield "why"


def record(
    folder: Path,
    parts: Parts | None = None,
    asks: Callable[[], AsyncIterator[str]] | None = typed,
    chosen: Config | None = None,
) -> list[Event]:
    """Record the session in a new folder; what it told."""
    return run(told(folder, parts or FakeParts(), asks, chosen or config()), start=START)


async def told(
    folder: Path, parts: Parts, asks: Callable[[], AsyncIterator[str]] | None, chosen: Config
) -> list[Event]:
    feed = Feed()
    line = feed.subscribe(10_000)
    await app.run(chosen, feed, Outside(asks), Recorder(folder, parts))
    feed.close()
    return [event async for event in line]


if __name__ == "__main__":
    from tests import recorded  # under this name its classes are found again

    shutil.rmtree(KEPT, ignore_errors=True)
    recorded.record(KEPT)
