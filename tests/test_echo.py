"""Echo: what the assistant says is taken out of what the microphone hears, and who talks into it is heard."""

from __future__ import annotations

import asyncio
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import duplex
from assistant.config import Config, parse
from assistant.parts import Devices
from devices import echo
from devices.echo import EchoCanceller, FarEnd, WithoutEcho
from devices.lines import Lossless
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Samples
from devices.microphone import MicrophoneOptions, open_microphone
from devices.soundfiles import resample
from devices.speaker import SpeakerOptions, open_speaker
from pipelines import backends
from pipelines.detectors.silero import Silero
from tests import fake_sound, pulse, virtual
from tests.test_microphone import tone
from tests.test_sound_cards import put_in
from tests.test_speaker import play_and_cancel

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


def smooth(seconds: float, rate: int) -> Samples:
    """Some tones, all below 6 kHz."""
    return (tone(seconds, rate, 313) + tone(seconds, rate, 1770) + tone(seconds, rate, 5200)) / 3


@settings(deadline=None, max_examples=30)
@given(
    rate=st.sampled_from([16000, 22050, 44100, 48000]),
    blocks=st.lists(st.integers(1, 3000), min_size=20, max_size=40),
    at=st.floats(5, 5.1),
)
def test_what_was_played_is_found_at_its_time_whatever_its_rate_and_blocks(
    rate: int, blocks: list[int], at: float
) -> None:
    far, sound, told = FarEnd(), smooth(0.5, rate), 0
    for block in [*blocks, len(sound)]:
        far.tell(sound[told : told + block], rate, 5 + told / rate)
        told += block
    found = far.read(at, 3200)
    times = at - 5 + np.arange(3200) / SPEECH_RATE
    expected = sum(0.5 / 3 * np.sin(2 * np.pi * frequency * times) for frequency in (313, 1770, 5200))
    assert found[200:] == pytest.approx(expected[200:], abs=0.02)
    assert not far.read(7, 160).any()


def test_what_was_told_is_taken_back_by_a_cut_and_forgotten_after_a_while() -> None:
    far = FarEnd()
    assert not far.read(0, 160).any()
    far.tell(np.full(32000, 0.5, np.float32), 16000, 10.0)
    far.tell(np.zeros(160, np.float32), 16000, 11.0)  # it was cut
    found = far.read(10.5, 16000)
    assert found[:7980] == pytest.approx(0.5, abs=0.01)
    assert not found[8020:].any()
    far.tell(np.full(160, 0.25, np.float32), 16000, 12.0)
    assert not far.read(11.5, 7900).any()
    assert far.read(12.002, 100) == pytest.approx(0.25, abs=0.02)
    for second in range(100):
        far.tell(np.ones(16000, np.float32), 16000, 20.0 + second)
        far.read(20.0 + second, 160)
    assert len(far._sound) < 5 * 16000


@pytest.mark.parametrize("dry", [0.012, 0.018, 0.15, 0.4])
def test_after_a_device_ran_dry_its_times_are_believed_again_soon(dry: float) -> None:
    far, rate, rng = FarEnd(), 48000, np.random.default_rng(3)
    sound = rng.uniform(-0.5, 0.5, 4 * rate).astype(np.float32)
    for start in range(0, len(sound), 480):
        jitter = rng.uniform(-0.003, 0.003)
        far.tell(sound[start : start + 480], rate, 5 + start / rate + (dry if start >= rate else 0) + jitter)
        if start == 2 * rate:
            found = far.read(6.5 + dry, 1600)
    expected = resample(sound, rate, SPEECH_RATE)[round(1.5 * SPEECH_RATE) :][:2000]
    shifts = [np.corrcoef(found[80:1500], expected[80 + shift : 1500 + shift])[0, 1] for shift in range(-80, 80)]
    assert max(shifts) > 0.6  # half a sample off, noise agrees no better
    assert abs(int(np.argmax(shifts)) - 80) <= 0.0055 * SPEECH_RATE


def test_the_far_end_waits_for_nobody_and_stays_small_while_nobody_reads() -> None:
    far = FarEnd()
    for block in range(10_000):
        far.tell(np.full(480, block % 10, np.float32), 48000, block / 100)
    assert far.read(99.982, 80) == pytest.approx(8, abs=0.1)
    assert len(far._sound) < 5 * 48000


@settings(deadline=None, max_examples=25)
@given(after=st.floats(0, 0.4))
def test_a_sound_card_tells_what_is_really_heard_and_when(after: float) -> None:
    card, far = fake_sound.FakeSound(), FarEnd()

    async def story() -> tuple[float, Samples]:
        speaker = open_speaker(SpeakerOptions(), far.tell)
        await play_and_cancel(speaker, smooth(0.5, 48000), 48000, after)
        await asyncio.sleep(0.2)
        return asyncio.get_running_loop().time(), np.concatenate(card.streams[0].heard)

    with pytest.MonkeyPatch.context() as patch:
        put_in(card, patch)
        _, heard = virtual.run(story())
    left = resample(heard, 48000, SPEECH_RATE)
    found = far.read(1000 + fake_sound.DELAY, len(left))
    assert found[100:-100] == pytest.approx(left[100:-100], abs=0.03)


async def test_a_file_tells_what_is_heard_up_to_the_cut(tmp_path: Path) -> None:
    far, begun = FarEnd(), asyncio.get_running_loop().time()
    speaker = open_speaker(SpeakerOptions(sink=str(tmp_path / "reply.wav")), far.tell)
    await play_and_cancel(speaker, smooth(1, 24000), 24000, 0.3)
    await speaker.close()
    found = far.read(begun, 16000)
    assert found[100:4700] == pytest.approx(smooth(1, 16000)[100:4700], abs=0.03)
    assert not found[5000:].any()


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
