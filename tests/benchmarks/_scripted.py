"""Parts that take exactly as long as their script says, with the real pipeline between them or pipecat-ai."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from devices.lines import Sink
from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.backends import Prompt
from pipelines.endings import EndingOptions
from pipelines.endpointer import HearingOptions
from pipelines.types import Heard
from tests.stage import Stage

CHUNK = 512
WINDOW = CHUNK / SPEECH_RATE


@dataclass(frozen=True)
class Script:
    """What the scripted parts do; all but the pieces in seconds, or in chunks of 32 ms."""

    turns: int
    gap: int = 48
    """Chunks of silence before each question."""
    speech: int = 20
    pause: int = 6
    """Chunks of silence after which the words so far are asked for."""
    endpoint: int = 16
    """Chunks of silence that end a turn."""
    transcriber: float = 0.1
    first_token: float = 0.1
    token: float = 0.02
    pieces: tuple[str, ...] = ("I", " see", " two", " people", ".", " One", " sits", ".")
    sentence: int = 5
    """The piece with which it is clear that the first sentence is over."""
    voice: float = 0.1
    rate: int = 16_000
    sound: float = 0.2
    """Seconds that a sentence lasts."""

    threads: bool = True
    """Only for pipecat-ai: whether its parts block in threads, as ours do, or wait on the event loop."""


@dataclass
class Turns:
    """What happened in each turn, as the parts saw it: moments on the monotonic clock, and what they took."""

    told: list[dict[str, float]] = field(default_factory=list)

    def note(self, **times: float) -> None:
        """The first of its name counts."""
        for name, seconds in times.items():
            self.told[-1].setdefault(name, seconds)


def waited(seconds: float) -> float:
    """The seconds that a wait of so many really took."""
    began = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - began


@dataclass
class PacedMicrophone:
    """Gaps and questions at their own pace."""

    script: Script
    turns: Turns
    live: bool = False
    endless: bool = False
    lost: int = 0

    def probe(self) -> None:
        """It is always there."""

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        self._due = time.monotonic()
        for _ in range(self.script.turns):
            await self._sound(chunks, self.script.gap, 0.0)
            await self._sound(chunks, self.script.speech, 0.1)
            self.turns.told.append({})
        await self._sound(chunks, self.script.gap, 0.0)

    async def _sound(self, chunks: Sink[AudioChunk], many: int, loudness: float) -> None:
        for number in range(1, many + 1):
            self._due += WINDOW
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))
            self._mark(number, loudness)
            began = asyncio.get_running_loop().time() - WINDOW
            await chunks.put(AudioChunk(np.full(CHUNK, loudness, np.float32), SPEECH_RATE, began))

    def _mark(self, number: int, loudness: float) -> None:
        """When the chunk came with which a pause, or the end of a turn, can be known."""
        if self.turns.told and not loudness:
            now = time.monotonic()
            if number == self.script.pause:
                self.turns.note(paused=now)
            if number == self.script.endpoint:
                self.turns.note(ended=now)


@dataclass
class ScriptedTranscriber:
    script: Script
    turns: Turns

    def transcribe(self, samples: Samples) -> Heard:
        self.turns.note(transcriber=waited(self.script.transcriber))
        return Heard("how many people are there")


@dataclass
class ScriptedChat:
    script: Script
    turns: Turns

    def reply(self, prompt: Prompt) -> Iterator[str]:
        slept = waited(self.script.first_token)
        for number, piece in enumerate(self.script.pieces):
            slept += waited(self.script.token)
            if number == self.script.sentence:
                self.turns.note(chat=slept)
            yield piece


@dataclass
class ScriptedVoice:
    script: Script
    turns: Turns

    @property
    def rate(self) -> int:
        return self.script.rate

    def synthesize(self, text: str) -> Samples:
        self.turns.note(voice=waited(self.script.voice))
        return np.full(round(self.script.sound * self.rate), 0.1, np.float32)


@dataclass
class ScriptedSpeaker:
    """Takes as long as the sound lasts."""

    turns: Turns
    live: bool = False
    played: int = 0
    began_at: float | None = None

    def probe(self) -> None:
        """It is always there."""

    async def play(self, samples: Samples, rate: int) -> None:
        self.turns.note(audio=time.monotonic())
        self.played, self.began_at = 0, asyncio.get_running_loop().time()
        await asyncio.sleep(len(samples) / rate)
        self.played = len(samples)

    async def close(self) -> None:
        """There is nothing to give back."""


def ours(script: Script) -> list[dict[str, float]]:
    """Every turn of the script behind the real pipeline."""
    turns, wait = Turns(), script.endpoint * WINDOW
    ending = EndingOptions(shortest=wait, usual=wait, longest=wait)
    stage = Stage(
        microphone=PacedMicrophone(script, turns),
        transcriber=ScriptedTranscriber(script, turns),
        chat=ScriptedChat(script, turns),
        voice=ScriptedVoice(script, turns),
        speaker=ScriptedSpeaker(turns),
        hearing=HearingOptions(pause=script.pause * WINDOW, burst=0, ending=ending),
    )
    asyncio.run(stage.run())
    return turns.told


def theirs(script: Script, python: str) -> list[dict[str, float]]:
    """The same behind pipecat-ai, in a process of its own."""
    command = [python, str(Path(__file__).with_name("pipecat_side.py")), json.dumps(asdict(script))]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()
    told: list[dict[str, float]] = json.loads(lines[-1])
    return told
