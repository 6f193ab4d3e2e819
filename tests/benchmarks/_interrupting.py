"""Interruptions at a sound card, heard on the monitors of a PulseAudio server: how soon it is silent, and goes on."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from devices.media import Samples
from devices.microphone import MicrophoneOptions, open_microphone
from devices.speaker import SpeakerOptions, open_speaker
from pipelines.backends import Prompt, Spoken
from pipelines.talking import ConversationOptions
from pipelines.types import Heard, Word
from tests import pulse
from tests.stage import Stage

RATE = pulse.RATE
WORDS = 16
WORD, GAP, EDGE = 0.2, 0.05, 0.005
"""Seconds that a word lasts, the silence after it, and its rise and fall."""
INSTANT = 0.03
"""Seconds at the end of a word that nobody misses: it need not be said again for them (pipelines/wordtimes.py)."""
LOUD = 3e-3
SETTLED = 1.5
"""Seconds after the end of a noise until which the assistant must go on."""


class Stretch(NamedTuple):
    """Sound without a break of 25 ms; in seconds on the monotonic clock."""

    start: float
    end: float
    samples: Samples


class Monitor(pulse.Recording):
    """All that a sink played, on the clock."""

    def stretches(self, after: float) -> list[Stretch]:
        """A sample's time follows from its number and the piece that came soonest after it was played."""
        counts = np.cumsum([len(piece) for _, piece in self._pieces])
        origin = min(at - count / RATE for (at, _), count in zip(self._pieces, counts, strict=False))
        first = max(0, int((after - origin) * RATE))
        samples = self.samples[first:]
        loud = np.flatnonzero(np.abs(samples) > LOUD)
        parts = np.split(loud, np.flatnonzero(np.diff(loud) > 0.025 * RATE) + 1) if len(loud) else []
        begin = origin + first / RATE
        return [
            Stretch(begin + part[0] / RATE, begin + part[-1] / RATE, samples[part[0] : part[-1] + 1]) for part in parts
        ]


@dataclass
class Tones:
    """A voice whose words are tones: word n is as many steps high."""

    rate: int = RATE

    def synthesize(self, text: str) -> Samples:
        return self.speak(text).samples

    def speak(self, text: str) -> Spoken:
        words = [Word(word, i * (WORD + GAP), i * (WORD + GAP) + WORD) for i, word in enumerate(text.split())]
        sounds = [np.concatenate([tone(word.text), np.zeros(round(GAP * RATE), np.float32)]) for word in words]
        return Spoken(np.concatenate(sounds), tuple(words))


def tone(word: str) -> Samples:
    at = np.arange(round(WORD * RATE)) / RATE
    edge = np.clip(np.minimum(at, WORD - at) / EDGE, 0, 1)
    sound: Samples = (0.3 * edge * np.sin(2 * np.pi * (400 + 60 * int(word)) * at)).astype(np.float32)
    return sound


def heard_words(stretches: list[Stretch]) -> tuple[list[int], int]:
    """The words that were heard whole, and how many words came in pieces."""
    said = _joined(stretches)
    lengths = [(word, sum(piece.end - piece.start for piece in pieces)) for word, pieces in said]
    whole = [
        word
        for (word, seconds), (then, _) in pairwise([*lengths, (-1, 0.0)])
        if seconds > WORD - 2 * EDGE or (then != word and seconds > WORD - INSTANT - 2 * EDGE)
    ]
    return whole, sum(len(pieces) > 1 for _, pieces in said)


def _joined(stretches: list[Stretch]) -> list[tuple[int, list[Stretch]]]:
    """Each word with its pieces: a device that runs dry is silent for a little while, and then goes on in the word."""
    said: list[tuple[int, list[Stretch]]] = []
    for stretch in stretches:
        word = heard_word(stretch)
        if said and said[-1][0] == word and stretch.start - said[-1][1][-1].end <= 2 * GAP:
            said[-1][1].append(stretch)
        else:
            said.append((word, [stretch]))
    return said


def heard_word(stretch: Stretch) -> int:
    """Which word it is, by its pitch."""
    samples = np.pad(stretch.samples, (0, 4 * RATE))
    high = np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples)
    return round((high - 400) / 60)


@dataclass
class Counting:
    """A chat that says all its words in one sentence, to whatever it is asked by hand, and nothing to what it hears."""

    def reply(self, prompt: Prompt) -> Iterator[str]:
        yield " ".join(map(str, range(WORDS))) if prompt.question == "count" else "0"


@dataclass
class Told:
    """A transcriber that hears what it is told to."""

    text: str = ""

    def transcribe(self, samples: Samples) -> Heard:
        time.sleep(0.1)
        return Heard(self.text)


@dataclass(frozen=True)
class Noise:
    """What is played into the microphone, and what a transcriber makes of it."""

    sound: Samples
    text: str


def _hiss(seconds: float, *, fall: float = 0.0) -> Samples:
    hiss = np.random.default_rng(1).uniform(-0.3, 0.3, round(seconds * RATE))
    sound: Samples = (hiss * np.exp(-fall * np.arange(len(hiss)) / RATE)).astype(np.float32)
    return sound


def _hum(seconds: float) -> Samples:
    hum: Samples = (0.3 * np.sin(2 * np.pi * 140 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)
    return hum


SPEECH = Noise(_hiss(1.4), "what about the other one")
PASSING = {
    "cough": Noise(_hiss(0.25), ""),
    "door": Noise(_hiss(0.3, fall=6), ""),
    "mm-hm": Noise(np.concatenate([_hum(0.2), np.zeros(round(0.1 * RATE), np.float32), _hum(0.25)]), "mm-hm"),
}


@dataclass
class Trial:
    """One noise during one count."""

    noise: Noise
    name: str
    at: float
    """Seconds from the first word."""
    silent_after: float = inf
    """Seconds from the first sample of the noise to the last of the assistant's voice."""
    on_after: float = inf
    """Seconds from the last sample of the noise to the first of the assistant's voice."""
    whole: list[int] = field(default_factory=list)
    """The words that were heard whole."""
    broken: int = 0
    """Words that came in pieces, because the device ran dry."""


def trials(many: int) -> list[Trial]:
    """So many of each, begun at different places in a word."""
    noises = {"speech": SPEECH, **PASSING}
    return [Trial(noise, name, 0.8 + 0.037 * number) for number in range(many) for name, noise in noises.items()]


def run(trials: list[Trial]) -> list[Trial]:
    """Each trial at the devices of a server of its own. Raises what is missing on this machine."""
    with tempfile.TemporaryDirectory() as folder, pulse.server(Path(folder)) as sound:
        for number, trial in enumerate(trials):
            soundfile.write(Path(folder) / f"{number}.wav", trial.noise.sound, RATE)
        with ExitStack() as stack:
            voice, room = stack.enter_context(_monitor("spk")), stack.enter_context(_monitor("micfeed"))
            asyncio.run(_talk(trials, sound, Path(folder), (voice, room)))
    return trials


@contextmanager
def _monitor(sink: str) -> Iterator[Monitor]:
    command = ["parec", "-d", f"{sink}.monitor", "--raw", "--format=float32le", f"--rate={RATE}", "--channels=1"]
    process = subprocess.Popen([*command, "--latency-msec=10"], stdout=subprocess.PIPE)
    monitor = Monitor(process)
    try:
        yield monitor
    finally:
        process.kill()
        process.wait()
        monitor.thread.join()


async def _talk(trials: list[Trial], sound: pulse.Pulse, folder: Path, monitors: tuple[Monitor, Monitor]) -> None:
    transcriber, speaker, done = Told(), open_speaker(SpeakerOptions()), asyncio.Event()

    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(1.0)
        for number, trial in enumerate(trials):
            transcriber.text, began = trial.noise.text, time.monotonic()
            yield "count"
            await asyncio.sleep(trial.at)
            await asyncio.to_thread(sound.say(folder / f"{number}.wav").wait)
            await asyncio.sleep(WORDS * (WORD + GAP) + SETTLED - trial.at)
            _judge(trial, began, monitors)
        done.set()

    stage = Stage(
        microphone=open_microphone(MicrophoneOptions()),
        transcriber=transcriber,
        chat=Counting(),
        voice=Tones(),
        speaker=speaker,
        options=ConversationOptions(duplex="full"),
        asks=asks,
    )
    task = asyncio.create_task(stage.run())
    await asyncio.wait([task, asyncio.ensure_future(done.wait())], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await asyncio.wait([task])
    await speaker.close()


def _judge(trial: Trial, began: float, monitors: tuple[Monitor, Monitor]) -> None:
    voice, room = (monitor.stretches(began) for monitor in monitors)
    start, end = room[0].start, room[-1].end
    held = next((i for i, (one, then) in enumerate(pairwise(voice)) if _gap(one, then, start)), len(voice) - 1)
    trial.silent_after = voice[held].end - start
    trial.on_after = voice[held + 1].start - end if held + 1 < len(voice) else inf
    trial.whole, trial.broken = heard_words(voice)


def _gap(one: Stretch, then: Stretch, since: float) -> bool:
    """Whether there is more silence between two sounds than between two words."""
    return one.end > since and then.start - one.end > 2 * GAP
