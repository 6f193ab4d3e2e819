"""Echo: what the assistant says is taken out of what the microphone hears, and who talks into it is heard."""

from __future__ import annotations

import asyncio
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from assistant import duplex
from assistant.config import Config, parse
from assistant.parts import Devices
from devices import echo
from devices.echo import EchoCanceller, WithoutEcho
from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Samples
from devices.microphone import MicrophoneOptions, open_microphone
from devices.soundfiles import resample
from devices.speaker import SpeakerOptions, open_speaker
from pipelines import backends
from pipelines.detectors.silero import Silero
from tests import pulse
from tests.test_far_end import smooth
from tests.test_microphone import tone

with_package = pytest.mark.skipif(not echo.available(), reason="echo cancelling is absent: the extra `aec`")
CHUNK = 512
BACKENDS = {"detector": "silero", "transcriber": "auto", "voice": "auto"}


@cache
def spoken(path: Path) -> Samples:
    """A clip at 16 kHz, as loud as a voice close by."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = resample(samples.mean(axis=1), rate, SPEECH_RATE)
    return (0.7 * sound / np.abs(sound).max()).astype(np.float32)


def in_room(sound: Samples, delay: float) -> Samples:
    """How it arrives at a microphone some way off, with the walls, at half its loudness, and a little noise."""
    rng, length = np.random.default_rng(1), round(0.15 * SPEECH_RATE)
    walls = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    walls[0] = 3
    response = np.concatenate([np.zeros(round(delay * SPEECH_RATE)), 0.5 * walls / np.linalg.norm(walls)])
    heard: Samples = np.convolve(sound, response)[: len(sound)] + 0.0005 * rng.standard_normal(len(sound))
    return heard.astype(np.float32)


def cleaned(heard: Samples, played: Samples, rate: int, jitter: float = 0.0) -> Samples:
    """`heard` chunk by chunk without `played`, which a device takes in blocks, and tells their times so badly."""
    canceller, rng = EchoCanceller(), np.random.default_rng(2)
    sound, block, told, out = resample(played, SPEECH_RATE, rate), round(0.0137 * rate), 0, []
    for start in range(0, len(heard) - CHUNK, CHUNK):
        while told < len(sound) and told / rate < (start + CHUNK) / SPEECH_RATE + 0.04:
            at = 1000 + told / rate + rng.uniform(-jitter, jitter)
            canceller.far.tell(sound[told : told + block], rate, at)
            told += block
        chunk = AudioChunk(heard[start : start + CHUNK], SPEECH_RATE, 1000 + start / SPEECH_RATE)
        out.append(canceller.through(chunk))
    chunks = [chunk for chunk in out if chunk is not None]
    early = round((1000 - chunks[0].started_at) * SPEECH_RATE)
    return np.concatenate([chunk.samples for chunk in chunks])[early:]


def decibels(before: Samples, after: Samples) -> float:
    """Echo return loss enhancement: how much of the power is gone."""
    count = min(len(before), len(after))
    return float(10 * np.log10(np.sum(before[:count] ** 2) / np.sum(after[:count] ** 2)))


def speech(sound: Samples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where Silero takes it for speech, in windows of 32 ms."""
    if lacking := backends.missing(Silero):
        pytest.skip(lacking)
    vad = Silero().load()
    windows = range(0, len(sound) - CHUNK + 1, CHUNK)
    return np.array([vad.probability(sound[at : at + CHUNK]) > 0.5 for at in windows])


@with_package
@pytest.mark.parametrize(("delay", "rate", "jitter"), [(0.04, 48000, 0), (0.09, 44100, 0.004), (0.15, 22050, 0.005)])
def test_the_assistant_is_taken_out_and_the_one_who_talks_into_it_is_not(
    media: Path, delay: float, rate: int, jitter: float
) -> None:
    said = np.concatenate([spoken(media / "audio" / f"LJ001-000{n}.wav") for n in (2, 8, 2)])
    person = spoken(media / "audio" / "sb-spk1_snt1.wav")[:32000]
    arrived, begins = in_room(said, delay), 3 * SPEECH_RATE // CHUNK * CHUNK
    alone = cleaned(arrived, said, rate, jitter)
    assert decibels(arrived[:SPEECH_RATE], alone[:SPEECH_RATE]) > 15  # it need not learn first
    assert decibels(arrived, alone) > 18
    assert speech(arrived).mean() > 0.7
    assert speech(alone).mean() < 0.05

    both = arrived.copy()
    both[begins : begins + len(person)] += person
    heard = cleaned(both, said, rate, jitter)[begins : begins + len(person)]
    count = len(heard)
    assert np.corrcoef(heard, person[:count])[0, 1] > 0.4
    truth = speech(person[:count])
    assert speech(heard)[truth].mean() > 0.75


@with_package
def test_where_the_assistant_is_silent_a_voice_passes_unchanged(media: Path) -> None:
    person = spoken(media / "audio" / "sb-spk1_snt1.wav")
    heard = cleaned(person, np.zeros(len(person), np.float32), 48000)
    assert np.corrcoef(consonants(heard), consonants(person[: len(heard)]))[0, 1] > 0.95
    assert abs(decibels(person, heard)) < 1


def consonants(sound: Samples) -> Samples:
    """What is above 1 kHz: below, the module turns phases."""
    spectrum = np.fft.rfft(sound)
    spectrum[: len(sound) * 1000 // SPEECH_RATE] = 0
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


@with_package
async def test_a_microphone_without_echo_gives_every_sound_at_its_time(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", smooth(2, 16000), 16000)
    inner = open_microphone(MicrophoneOptions(source=str(tmp_path / "said.wav")))
    microphone, line = WithoutEcho(inner, EchoCanceller()), Lossless[AudioChunk](1000)
    begun = asyncio.get_running_loop().time()
    microphone.probe()
    await microphone.run(line)
    inner.lost = 77  # after its last sound
    chunks = [await line.get() for _ in range(len(line))]
    assert all(0.02 <= chunk.seconds <= 0.1 for chunk in chunks)
    ends = [chunk.started_at + chunk.seconds for chunk in chunks]
    assert [chunk.started_at for chunk in chunks[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] - begun == pytest.approx(2, abs=0.02)
    heard = np.concatenate([chunk.samples for chunk in chunks])[round((begun - chunks[0].started_at) * 16000) :]
    assert np.corrcoef(consonants(heard), consonants(smooth(2, 16000)[: len(heard)]))[0, 1] > 0.95
    assert microphone.lost == 77
    assert (microphone.live, microphone.endless) == (False, False)


@with_package
def test_after_a_gap_sound_stands_alone() -> None:
    canceller, sound = EchoCanceller(), tone(0.032, 16000)
    starts = [
        chunk.started_at for at in (5.0, 5.032, 9.0) if (chunk := canceller.through(AudioChunk(sound, 16000, at)))
    ]
    assert starts == pytest.approx([4.992, 5.022, 8.992], abs=1e-6)


def settled(chosen: str, source: str = "default", sink: str = "default") -> Config:
    return parse(
        {
            "microphone": {"source": source},
            "speaker": {"sink": sink},
            "conversation": {"duplex": chosen},
            **{kind: {"backend": name} for kind, name in BACKENDS.items()},
        },
        "omni.toml",
    )


@with_package
@pytest.mark.parametrize(
    ("chosen", "source", "sink", "cancels"),
    [
        ("auto", "default", "default", True),
        ("auto", "USB", "2", True),
        ("auto", "said.wav", "default", False),
        ("auto", "silence", "default", False),
        ("auto", "default", "none", False),
        ("auto", "default", "reply.wav", False),
        ("full", "default", "default", False),
        ("half", "default", "default", False),
        ("cancel", "said.wav", "reply.wav", True),
    ],
)
async def test_echo_is_cancelled_in_a_room_or_where_it_is_asked_for(
    chosen: str, source: str, sink: str, cancels: bool
) -> None:
    assert (await duplex.canceller(settled(chosen, source, sink)) is not None) == cancels


async def test_without_the_package_the_microphone_closes_or_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(echo, "available", lambda: False)
    monkeypatch.setitem(sys.modules, "livekit", None)
    assert await duplex.canceller(settled("auto")) is None
    with pytest.raises(DeviceError, match=r'pip install "omni-assistant\[aec\]"') as caught:
        await duplex.canceller(settled("cancel"))
    assert "\n" not in str(caught.value)


async def started(config: Config) -> tuple[bool, list[str]]:
    """Whether the microphone is closed while the assistant speaks, and what is said about it at the start."""
    devices = Devices([], open_microphone(config.microphone), open_speaker(config.speaker), [])
    devices.echo_free = await duplex.canceller(config) is not None
    return duplex.half_duplex(config, devices), [text] if (text := duplex.notice(config, devices)) else []


async def test_it_is_said_once_whether_the_assistant_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "available", lambda: False)
    closed, told = await started(settled("auto"))
    assert closed
    assert "closed while I speak" in told[0]
    assert '"omni-assistant[aec]"' in told[0]
    assert await started(settled("full")) == (False, [])
    assert await started(settled("half")) == (True, [])
    assert await started(settled("auto", "said.wav")) == (False, [])


@with_package
async def test_with_the_package_the_microphone_stays_open() -> None:
    closed, told = await started(settled("auto"))
    assert not closed
    assert "interrupt me by voice" in told[0]


@pytest.mark.real_time
@with_package
async def test_the_assistant_does_not_hear_itself_through_a_real_sound_system(tmp_path: Path, media: Path) -> None:
    chunks, canceller, cleaned = Lossless[AudioChunk](1000), EchoCanceller(), list[AudioChunk | None]()
    said = spoken(media / "audio" / "LJ001-0002.wav")
    with pulse.server(tmp_path) as sound:
        sound.hear_itself()
        speaker = open_speaker(SpeakerOptions(), canceller.far.tell)
        listening = asyncio.create_task(open_microphone(MicrophoneOptions()).run(chunks))
        raw = [await chunks.get()]
        playing = asyncio.create_task(speaker.play(said, SPEECH_RATE))
        while not playing.done():
            raw.append(await chunks.get())
            cleaned.append(canceller.through(raw[-1]))
        listening.cancel()
        await asyncio.wait([listening])
        await speaker.close()
    echoed = np.concatenate([chunk.samples for chunk in raw])
    left = np.concatenate([chunk.samples for chunk in cleaned if chunk is not None])
    assert speech(echoed).mean() > 0.5
    assert speech(left).mean() < 0.15
    assert decibels(echoed, left) > 10
