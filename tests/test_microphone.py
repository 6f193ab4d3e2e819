"""Microphones without hardware: files and silence keep real time on any clock, bad files are refused in one line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import soundfiles
from devices.lines import Lossless
from devices.media import AudioChunk, DeviceError, Samples
from devices.microphone import Block, MicrophoneOptions, SpeechStream, Timeline, open_microphone
from tests.hanging import Hang, seconds_to_leave


def tone(seconds: float, rate: int, frequency: float = 440.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def main_frequency(samples: Samples, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


async def listen(source: Path | str) -> list[tuple[float, AudioChunk]]:
    """All chunks until the microphone ends, each with the moment at which it came."""
    line, chunks = Lossless[AudioChunk](1000), []

    async def collect() -> None:
        chunks.extend([(asyncio.get_running_loop().time(), chunk) async for chunk in line])

    async with asyncio.TaskGroup() as group:
        group.create_task(collect())
        await open_microphone(MicrophoneOptions(source=str(source))).run(line)
        line.close()
    return chunks


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
async def test_a_file_is_heard_at_its_own_pace(tmp_path: Path, rate: int, suffix: str) -> None:
    soundfile.write(tmp_path / f"said{suffix}", np.stack([tone(2, rate)] * 2, axis=1), rate)
    begun = asyncio.get_running_loop().time()
    chunks = await listen(tmp_path / f"said{suffix}")
    heard = np.concatenate([chunk.samples for _, chunk in chunks])
    assert abs(len(heard) - 32000) <= (2 if suffix != ".mp3" else 2500)  # MP3 pads to whole blocks
    assert main_frequency(heard, 16000) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(heard[4000:28000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), abs=0.01)
    for came, chunk in chunks:
        assert 0.02 <= chunk.seconds <= 0.1
        assert came == pytest.approx(chunk.started_at + chunk.seconds, abs=1e-6)
    assert chunks[0][1].started_at == begun
    assert asyncio.get_running_loop().time() - begun == pytest.approx(len(heard) / 16000, abs=1e-6)


async def test_resampling_keeps_every_sample_in_its_place(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", tone(1, 48000), 48000, subtype="FLOAT")
    heard = np.concatenate([chunk.samples for _, chunk in await listen(tmp_path / "said.wav")])
    assert np.abs(heard - tone(1, 16000))[200:-200].max() < 1e-3


async def test_chunks_follow_each_other_without_gap_even_for_a_slow_reader(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", tone(1, 16000), 16000)
    line = Lossless[AudioChunk](2)

    async def read_slowly() -> list[AudioChunk]:
        chunks = []
        async for chunk in line:
            chunks.append(chunk)
            await asyncio.sleep(0.1)
        return chunks

    reader = asyncio.create_task(read_slowly())
    await open_microphone(MicrophoneOptions(source=str(tmp_path / "said.wav"))).run(line)
    line.close()
    chunks = await reader
    ends = [chunk.started_at + chunk.seconds for chunk in chunks]
    assert [chunk.started_at for chunk in chunks[1:]] == pytest.approx(ends[:-1])
    assert sum(len(chunk.samples) for chunk in chunks) == 16000
    assert line.waits


async def test_silence_never_ends_and_keeps_time() -> None:
    line, begun = Lossless[AudioChunk](1000), asyncio.get_running_loop().time()
    microphone = open_microphone(MicrophoneOptions(source="silence"))
    microphone.probe()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(microphone.run(line), 10)
    assert len(line) == int(10 / 0.032)
    last = [await line.get() for _ in range(len(line))][-1]
    assert not last.samples.any()
    assert last.started_at == pytest.approx(begun + 311 * 0.032)
    assert microphone.endless


async def test_samples_that_are_no_numbers_are_silence(tmp_path: Path) -> None:
    sound = np.full(16000, 0.25, np.float32)
    sound[8000:8010] = [np.nan, np.inf, -np.inf, 9, -9] * 2
    soundfile.write(tmp_path / "odd.wav", sound, 16000, subtype="FLOAT")
    heard = np.concatenate([chunk.samples for _, chunk in await listen(tmp_path / "odd.wav")])
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1
    assert heard[100] == pytest.approx(0.25, abs=1e-3)


def test_a_file_on_a_disk_that_hangs_keeps_nobody_from_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    with Hang() as hang:
        monkeypatch.setattr(soundfiles, "read", hang)
        microphone = open_microphone(MicrophoneOptions(source="said.wav"))
        assert seconds_to_leave(microphone.run(Lossless(1)), hang) < 0.5


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    noise = np.random.default_rng(1).integers(0, 255, 5000, np.uint8).tobytes()
    soundfile.write(folder / "eight.wav", np.zeros((1600, 8)), 48000)
    soundfile.write(folder / "slow.wav", np.zeros(800), 8000)
    soundfile.write(folder / "none.wav", np.zeros(0), 48000)
    soundfile.write(folder / "fast.wav", np.zeros(10), 2**30)
    (folder / "zero.wav").touch()
    (folder / "noise.wav").write_bytes(noise)
    (folder / "noise.raw").write_bytes(noise)
    (folder / "talk.mp3").write_text("no sound at all")
    (folder / "cut.wav").write_bytes((folder / "eight.wav").read_bytes()[:20])
    return {
        "missing": (folder / "absent.wav", "No such file"),
        "too long a name": (folder / ("x" * 5000 + ".wav"), "cannot be read"),
        "folder": (folder, "is a directory"),
        "device": (Path("/dev/null"), "not a regular file"),
        "zero bytes": (folder / "zero.wav", "is empty"),
        "8 channels": (folder / "eight.wav", "has 8 channels: mix it down to one or two"),
        "8 kHz": (folder / "slow.wav", "is sampled at 8000 Hz; speech needs 16 kHz or more: record it anew"),
        "no samples": (folder / "none.wav", "holds no samples"),
        "absurd rate": (folder / "fast.wav", "which no sound has"),
        "noise": (folder / "noise.wav", "is not a sound file"),
        "raw": (folder / "noise.raw", "is not a sound file"),
        "text": (folder / "talk.mp3", "is not a sound file"),
        "cut header": (folder / "cut.wav", "is not a sound file"),
    }


async def test_a_bad_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for path, why in bad_files(tmp_path).values():
        microphone = open_microphone(MicrophoneOptions(source=str(path)))
        with pytest.raises(DeviceError, match=why) as caught:
            microphone.probe()
        assert "\n" not in str(caught.value)
        with pytest.raises(DeviceError, match=why):
            await microphone.run(Lossless(1))


async def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", tone(2, 16000), 16000)
    whole = (tmp_path / "said.wav").read_bytes()
    (tmp_path / "said.wav").write_bytes(whole[: len(whole) // 2])
    heard = sum(len(chunk.samples) for _, chunk in await listen(tmp_path / "said.wav"))
    assert heard == pytest.approx(16000, abs=32)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([16000, 22050, 44100, 48000, 96000]), st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_blocks_of_any_size_give_the_same_speech(rate: int, sizes: list[int]) -> None:
    sound, stream = tone(sum(sizes) / rate, rate), SpeechStream(rate)
    chunks = [chunk for block in np.split(sound, np.cumsum(sizes)[:-1]) for chunk in stream.add(block)]
    assert all(len(chunk) == 512 for chunk in chunks)
    assert stream.waiting >= 0
    speech = np.concatenate([*chunks, *stream.finish(), np.zeros(0, np.float32)])
    whole = SpeechStream(rate)
    at_once = np.concatenate([*whole.add(sound), *whole.finish(), np.zeros(0, np.float32)])
    assert len(speech) == pytest.approx(sum(sizes) * 16000 / rate, abs=2)
    assert speech == pytest.approx(at_once, abs=1e-5)


def place_all(timeline: Timeline, blocks: list[tuple[float, int, bool]]) -> list[tuple[float, float]]:
    return [timeline.place(Block(np.zeros(480, np.float32), *block)) for block in blocks]


def test_a_jittering_device_has_a_steady_timeline() -> None:
    jitter = np.random.default_rng(1).exponential(0.004, 1000)
    placed = place_all(Timeline(48000), [(5 + 0.01 * n + jitter[n], 0, False) for n in range(1000)])
    steps = np.diff([began for began, _ in placed])
    assert np.abs(steps - 0.01).max() < 1e-4
    assert not any(gap for _, gap in placed)


def test_a_device_whose_clock_runs_wrong_is_followed() -> None:
    placed = place_all(Timeline(48000), [(5 + 0.010002 * n, 0, False) for n in range(60_000)])
    assert placed[-1][0] == pytest.approx(5 + 0.010002 * 59_999, abs=0.002)
    assert not any(gap for _, gap in placed)


def test_a_busy_process_loses_nothing_by_itself() -> None:
    late = [(5 + 0.01 * n + (0.3 if 400 < n < 440 else 0), 0, False) for n in range(1000)]
    placed = place_all(Timeline(48000), late)
    assert placed[-1][0] == pytest.approx(14.99, abs=0.001)
    assert not any(gap for _, gap in placed)


@pytest.mark.parametrize(("missing", "overflow"), [(4800, False), (0, True), (0, False)])
def test_lost_sound_is_a_gap_of_its_length(missing: int, overflow: bool) -> None:
    """Thrown away by us, reported by the device, or only seen on the clock: it is never closed up unsaid."""
    length = 0.1 if missing or overflow else 0.5
    blocks = [(5 + 0.01 * n + (length if n >= 300 else 0), 0, False) for n in range(600)]
    blocks[300] = (blocks[300][0], missing, overflow)
    placed = place_all(Timeline(48000), blocks)
    gaps = [gap for _, gap in placed if gap]
    assert gaps == [pytest.approx(length, abs=1e-6)]
    assert placed[-1][0] == pytest.approx(5 + 5.99 + length)
