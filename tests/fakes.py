"""Scripted stand-ins for devices and models: they do what their script says, at the time it says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from devices.lines import Latest, Sink
from devices.media import AudioChunk, DeviceError, Frame, Samples
from pipelines.backends import BackendError, Prompt
from pipelines.moving import STILL, Motion
from pipelines.spots import PERSON, Spot
from pipelines.types import Heard, Seen


def frame(shade: int = 0, at: float = 0.0, camera: str = "desk") -> Frame:
    """An 18×32 picture of one grey."""
    return Frame(np.full((18, 32, 3), shade, np.uint8), at, camera)


@dataclass
class FakeCamera:
    """Shows one shade after another; a shade of None is the cable being pulled."""

    shades: Sequence[int | None]
    name: str = "desk"
    every: float = 0.1
    live: bool = False
    endless: bool = False
    at: int = 0

    def probe(self) -> None:
        """It is always there."""

    async def run(self, frames: Latest[Frame]) -> None:
        while self.at < len(self.shades):
            shade = self.shades[self.at]
            self.at += 1
            if shade is None:
                raise DeviceError("the cable was pulled")
            frames.put(frame(shade, asyncio.get_running_loop().time(), self.name))
            await asyncio.sleep(self.every)


@dataclass
class ShadeGate:
    """Wants a frame whenever its shade differs from the last one it wanted; then all moves."""

    shade: int | None = None
    still: bool = False
    motion: Motion = STILL

    def wants(self, frame: Frame) -> bool:
        shade = int(frame.pixels[0, 0, 0])
        self.still = shade == self.shade
        self.motion = STILL if self.still or self.shade is None else Motion(1.0, "camera", frame.captured_at)
        self.shade = shade
        return not self.still

    def forget(self) -> None:
        self.shade, self.still, self.motion = None, False, STILL


@dataclass
class FakeCaptioner:
    """Says the shade; raises for the shades in `fails_at`."""

    fails_at: tuple[int, ...] = ()

    def caption(self, frame: Frame) -> Seen:
        shade = int(frame.pixels[0, 0, 0])
        if shade in self.fails_at:
            raise RuntimeError(f"no words for {shade}")
        return Seen(f"shade {shade}")


@dataclass
class FakeSpotter:
    """Finds what its script says of a shade, after so many seconds on the virtual clock; raises for `fails_at`."""

    script: dict[int, Sequence[Spot]] = field(default_factory=dict)
    labels: Sequence[str] = (PERSON,)
    fails_at: tuple[int, ...] = ()
    looked: list[tuple[str, float]] = field(default_factory=list)
    """Cameras, and when their pictures were taken."""

    def spot(self, frame: Frame) -> Sequence[Spot]:
        shade = int(frame.pixels[0, 0, 0])
        self.looked.append((frame.camera, frame.captured_at))
        if shade in self.fails_at:
            raise RuntimeError(f"blind for {shade}")
        return self.script.get(shade, ())


@dataclass
class FakeReader(FakeSpotter):
    """The same for text."""

    def read(self, frame: Frame) -> Sequence[Spot]:
        return self.spot(frame)


class FakeGlimpse:
    """The captioner that steps in: it tells no shade."""

    def caption(self, frame: Frame) -> Seen:
        return Seen("something moved")


@dataclass
class FakeMicrophone:
    """Plays (seconds, loudness) pieces in 32 ms chunks at their own pace."""

    script: Sequence[tuple[float, float]]
    live: bool = False
    endless: bool = False
    lost: int = 0

    def probe(self) -> None:
        """It is always there."""

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        for seconds, loudness in self.script:
            for _ in range(round(seconds / 0.032)):
                now = asyncio.get_running_loop().time()
                await asyncio.sleep(0.032)
                await chunks.put(AudioChunk(np.full(512, loudness, np.float32), 16_000, now))


class LoudnessDetector:
    """Loud is speech."""

    window = 512

    def probability(self, window: Samples) -> float:
        return float(np.abs(window).max() > 0.01)

    def reset(self) -> None:
        """It keeps no state."""


@dataclass
class FakeWakeWord:
    """Knows its word by its loudness, a tenth of a second after its end."""

    loudness: float = 0.7
    phrase: str = "okay fake"
    since: int | None = None
    """Chunks since it was last that loud."""

    def heard(self, samples: Samples) -> float | None:
        if round(float(np.abs(samples).max()), 2) == self.loudness:
            self.since = 0
            return None
        self.since = None if self.since is None else self.since + 1
        return 3 * len(samples) / 16_000 if self.since == 3 else None

    def reset(self) -> None:
        self.since = None


@dataclass
class FakeTranscriber:
    """Knows an utterance by its loudness; raises for what is not in its book."""

    book: dict[float, str]

    def transcribe(self, samples: Samples) -> Heard:
        loudness = round(float(np.abs(samples).max()), 2)
        if loudness not in self.book:
            raise RuntimeError("my ears hurt")
        return Heard(self.book[loudness], 0.9, "en")


@dataclass
class FakeChat:
    """Answers by its script, and keeps the prompts it was given; an answer may be a function of the prompt."""

    answers: dict[str, str | Callable[[Prompt], str]]
    prompts: list[Prompt] = field(default_factory=list)
    closed: int = 0

    def reply(self, prompt: Prompt) -> Iterator[str]:
        self.prompts.append(prompt)
        answer = self.answers.get(prompt.question)
        if answer is None:
            raise BackendError(f"nothing to say to {prompt.question!r}")
        try:
            for word in (answer if isinstance(answer, str) else answer(prompt)).split(" "):
                yield word + " "
        finally:
            self.closed += 1


@dataclass
class FakeVoice:
    """A tenth of a second a character; sentences in `fails_at` raise."""

    rate: int = 1000
    fails_at: tuple[str, ...] = ()

    def synthesize(self, text: str) -> Samples:
        if text in self.fails_at:
            raise RuntimeError("hoarse")
        return np.full(100 * len(text), 0.5, np.float32)


@dataclass
class FakeSpeaker:
    """Takes as long as the sound lasts; keeps what was played and when; may be full from some play on."""

    live: bool = False
    played: int = 0
    began_at: float | None = None
    full_from: int | None = None
    plays: list[tuple[float, float]] = field(default_factory=list)
    closed: bool = False

    def probe(self) -> None:
        """It is always there."""

    async def play(self, samples: Samples, rate: int) -> None:
        if self.full_from is not None and len(self.plays) >= self.full_from:
            raise DeviceError("no space left on the disk")
        self.played = 0
        self.began_at = began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(len(samples) / rate)
        finally:
            now = asyncio.get_running_loop().time()
            self.played = round((now - began) * rate)
            self.plays.append((began, now))

    async def close(self) -> None:
        self.closed = True
