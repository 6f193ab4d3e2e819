"""Speakers: playing takes as long as the sound, cancelling tells how far it came, the file holds what was heard."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.media import DeviceError, Samples, Speaker
from devices.speaker import SpeakerOptions, open_speaker
from tests import virtual
from tests.test_microphone import main_frequency, tone


def speaker_to(sink: Path | str) -> Speaker:
    return open_speaker(SpeakerOptions(sink=str(sink)))


def now() -> float:
    return asyncio.get_running_loop().time()


async def play_and_cancel(speaker: Speaker, samples: Samples, rate: int, after: float) -> None:
    playing = asyncio.create_task(speaker.play(samples, rate))
    await asyncio.sleep(after)
    playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing


@pytest.mark.parametrize("sink", ["none", "reply.wav"])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
async def test_playing_takes_as_long_as_the_sound(tmp_path: Path, sink: str, rate: int) -> None:
    speaker = speaker_to(sink if sink == "none" else tmp_path / sink)
    speaker.probe()
    for seconds in (0.0, 0.001, 0.7, 3.0):
        begun = now()
        await speaker.play(tone(seconds, rate), rate)
        assert now() - begun == pytest.approx(seconds, abs=1 / rate)
        assert speaker.played == round(seconds * rate)
    await speaker.close()


@settings(deadline=None, max_examples=40)
@given(
    rate=st.sampled_from([16000, 22050, 24000, 48000]),
    after=st.floats(0, 1.2),
    pause=st.floats(0, 0.5),
    file_rate=st.sampled_from([16000, 24000]),
)
def test_a_file_holds_what_was_heard_wherever_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, rate: int, after: float, pause: float, file_rate: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "reply.wav"

    async def story() -> int:
        speaker = speaker_to(path)
        await speaker.play(tone(0.1, file_rate), file_rate)  # the first sound gives the file its rate
        await asyncio.sleep(pause)
        await play_and_cancel(speaker, tone(1, rate), rate, after)
        await speaker.close()
        return speaker.played

    played = virtual.run(story())
    assert played == pytest.approx(min(rate, after * rate), abs=0.51)
    content, read_rate = soundfile.read(path, dtype="float32")
    assert read_rate == file_rate
    begun, heard = round((0.1 + pause) * file_rate), round(played * file_rate / rate)
    fade = min(file_rate // 100, file_rate - heard)
    assert len(content) == pytest.approx(begun + heard + fade, abs=2)
    expected = tone(1, file_rate)
    assert content[begun : begun + heard] == pytest.approx(expected[: len(content[begun : begun + heard])], abs=0.06)
    assert not content[round(0.1 * file_rate) + 1 : begun - 1].any()
    assert np.abs(np.diff(content)).max() <= np.abs(np.diff(expected)).max() + 0.02


@settings(deadline=None, max_examples=30)
@given(after=st.floats(0, 1.2))
def test_nowhere_counts_what_would_have_been_heard(after: float) -> None:
    async def story() -> int:
        speaker = speaker_to("none")
        await play_and_cancel(speaker, tone(1, 22050), 22050, after)
        return speaker.played

    assert virtual.run(story()) == pytest.approx(min(22050, after * 22050), abs=0.51)


async def test_played_can_be_watched_while_it_plays(tmp_path: Path) -> None:
    for sink in ("none", tmp_path / "reply.wav"):
        speaker = speaker_to(sink)
        playing = asyncio.create_task(speaker.play(tone(1, 16000), 16000))
        await asyncio.sleep(0.5)
        assert 7000 <= speaker.played <= 8000
        await playing


@pytest.mark.parametrize("sink", ["none", "reply.wav"])
async def test_a_play_tells_when_it_began(tmp_path: Path, sink: str) -> None:
    speaker = speaker_to(sink if sink == "none" else tmp_path / sink)
    assert speaker.began_at is None
    for _ in range(2):
        begun = now()
        await play_and_cancel(speaker, tone(1, 16000), 16000, 0.3)
        assert speaker.began_at == begun
        await asyncio.sleep(1)


async def test_the_time_of_a_file_starts_when_it_is_opened_and_silence_takes_no_room(tmp_path: Path) -> None:
    speaker = speaker_to(tmp_path / "reply.wav")
    await asyncio.sleep(600)
    assert not (tmp_path / "reply.wav").exists()
    await speaker.play(tone(1, 24000), 24000)
    await asyncio.sleep(60)
    await speaker.play(tone(0.5, 16000), 16000)
    await speaker.close()
    content, rate = soundfile.read(tmp_path / "reply.wav", dtype="float32")
    assert soundfile.info(tmp_path / "reply.wav").subtype == "PCM_16"
    assert len(content) == pytest.approx(661.5 * rate, abs=2)
    assert not content[: 600 * rate].any()
    assert content[600 * rate : 601 * rate] == pytest.approx(tone(1, 24000), abs=1e-4)
    assert main_frequency(content[661 * rate :], rate) == pytest.approx(440, abs=3)
    assert (tmp_path / "reply.wav").stat().st_blocks * 512 < 500_000


async def test_an_old_file_is_kept_until_there_is_something_to_hear(tmp_path: Path) -> None:
    (tmp_path / "reply.wav").write_bytes(b"old")
    speaker = speaker_to(tmp_path / "reply.wav")
    speaker.probe()
    await speaker.close()
    assert (tmp_path / "reply.wav").read_bytes() == b"old"
    await speaker.play(tone(0.1, 16000), 16000)
    assert soundfile.info(tmp_path / "reply.wav").frames == 1600


async def test_samples_that_are_no_numbers_make_no_noise(tmp_path: Path) -> None:
    sound = np.array([0.5, np.nan, np.inf, -np.inf, 3, -3, 0.5], np.float32)
    await speaker_to(tmp_path / "reply.wav").play(sound, 16000)
    content, _ = soundfile.read(tmp_path / "reply.wav")
    assert content == pytest.approx([0.5, 0, 0, 0, 1, -1, 0.5], abs=1e-4)


async def test_a_file_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    for path, why in {
        tmp_path / "absent" / "reply.wav": "the folder .* does not exist: make it first",
        tmp_path / "folder.wav": "is a directory",
    }.items():
        with pytest.raises(DeviceError, match=why) as caught:
            speaker_to(path).probe()
        assert "\n" not in str(caught.value)
        with pytest.raises(DeviceError, match="cannot be written"):
            await speaker_to(path).play(tone(0.1, 16000), 16000)


async def test_a_full_disk_is_said_and_playing_works_again_when_there_is_room(tmp_path: Path) -> None:
    speaker = speaker_to(tmp_path / "reply.wav")
    with file_size_limit(20_000), pytest.raises(DeviceError, match=r"cannot be written \(.*\): make room") as caught:
        await speaker.play(tone(1, 16000), 16000)
    assert "\n" not in str(caught.value)
    assert 8000 < speaker.played < 10_000
    content, _ = soundfile.read(tmp_path / "reply.wav", dtype="float32")
    assert content == pytest.approx(tone(1, 16000)[: len(content)], abs=1e-4)
    assert len(content) == pytest.approx(speaker.played, abs=400)
    await speaker.play(tone(1, 16000), 16000)
    assert speaker.played == 16000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_a_device_that_is_always_full(tmp_path: Path) -> None:
    (tmp_path / "full.wav").symlink_to("/dev/full")
    with pytest.raises(DeviceError, match=r"No space left on device"):
        await speaker_to(tmp_path / "full.wav").play(tone(1, 16000), 16000)


async def test_cancelling_stays_cancelling_on_a_full_disk(tmp_path: Path) -> None:
    speaker = speaker_to(tmp_path / "reply.wav")
    playing = asyncio.create_task(speaker.play(tone(1, 16000), 16000))
    await asyncio.sleep(0.51)
    with file_size_limit(100):
        playing.cancel()
        await asyncio.wait([playing])
    assert playing.cancelled()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The disk is full for every file of this process beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_killed_process_leaves_a_file_that_plays(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys, numpy\n"
        "from pathlib import Path\n"
        "from devices.speaker import WavFile\n"
        "asyncio.run(WavFile(Path(sys.argv[1])).play(numpy.full(160000, 0.5, 'f'), 16000))\n"
    )
    path = tmp_path / "reply.wav"
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    until = time.monotonic() + 30
    while not (path.exists() and path.stat().st_size > 5000) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    content, rate = soundfile.read(path)
    assert rate == 16000
    assert 2000 < len(content) <= (path.stat().st_size - 44) // 2
    assert content == pytest.approx(0.5, abs=1e-4)
