"""A real sound system, its devices made of software: microphones hear, speakers are heard, and both may be lost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from devices import portaudio
from devices.lines import Lossless
from devices.media import AudioChunk, DeviceError
from devices.microphone import MicrophoneOptions, open_microphone
from tests import pulse
from tests.test_microphone import main_frequency, tone
from tests.test_speaker import play_and_cancel, speaker_to


@pytest.mark.real_time
async def test_a_real_microphone_hears_what_is_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", tone(0.6, 48000, 1000), 48000)
    with pulse.server(tmp_path) as sound:
        line, microphone = Lossless[AudioChunk](1000), open_microphone(MicrophoneOptions())
        microphone.probe()
        async with asyncio.timeout(10):
            listening = asyncio.create_task(microphone.run(line))
            chunks = [await line.get()]
            age = time.monotonic() - chunks[0].started_at
            begun, said = time.monotonic(), sound.say(tmp_path / "said.wav")
            await asyncio.to_thread(said.wait)
            ended = time.monotonic()
            while chunks[-1].started_at < ended + 0.1:
                chunks.append(await line.get())
        listening.cancel()
        await asyncio.wait([listening])
    assert 0.02 < age < 0.3
    assert {len(chunk.samples) for chunk in chunks} == {512}
    assert np.diff([chunk.started_at for chunk in chunks]) == pytest.approx(0.032, abs=0.001)
    heard = np.concatenate([chunk.samples for chunk in chunks])
    loud = np.flatnonzero(np.abs(heard) > 0.1)
    assert main_frequency(heard[loud[0] : loud[-1]], 16000) == pytest.approx(1000, abs=5)
    assert (loud[-1] - loud[0]) / 16000 == pytest.approx(0.6, abs=0.03)
    assert 0 < chunks[0].started_at + loud[0] / 16000 - begun < 0.5
    assert microphone.lost == 0


@pytest.mark.real_time
async def test_a_muted_microphone_is_really_closed_and_can_be_opened_anew(tmp_path: Path) -> None:
    with pulse.server(tmp_path) as sound:
        microphone = open_microphone(MicrophoneOptions())
        for _ in range(2):
            line, opened = Lossless[AudioChunk](1000), time.monotonic()
            listening = asyncio.create_task(microphone.run(line))
            first = await asyncio.wait_for(line.get(), 5)
            assert sound.listeners() == 1
            muted = time.monotonic()
            listening.cancel()
            await asyncio.wait([listening])
            assert time.monotonic() - muted < 0.35
            assert sound.listeners() == 0
            assert opened - 0.05 < first.started_at < muted
            await asyncio.sleep(0.1)
    assert microphone.lost == 0


@pytest.mark.real_time
async def test_a_reader_that_sleeps_makes_a_real_microphone_count_what_it_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.microphone._HELD", 4)
    with pulse.server(tmp_path):
        line, microphone = Lossless[AudioChunk](1), open_microphone(MicrophoneOptions())
        async with asyncio.timeout(10):
            listening = asyncio.create_task(microphone.run(line))
            chunks = [await line.get()]
            await asyncio.sleep(0.6)
            while chunks[-1].started_at < chunks[0].started_at + 1:
                chunks.append(await line.get())
        listening.cancel()
        await asyncio.wait([listening])
    passed = chunks[-1].started_at + 0.032 - chunks[0].started_at
    assert microphone.lost > 3000
    assert sum(len(chunk.samples) for chunk in chunks) + microphone.lost == pytest.approx(passed * 16000, abs=800)


@pytest.mark.real_time
async def test_a_lost_microphone_is_said_and_can_come_back(tmp_path: Path) -> None:
    with pulse.server(tmp_path) as sound:
        microphone = open_microphone(MicrophoneOptions())
        for _ in range(2):
            line = Lossless[AudioChunk](1000)
            listening = asyncio.create_task(microphone.run(line))
            await asyncio.wait_for(line.get(), 5)
            sound.stop()
            with pytest.raises(DeviceError, match="was lost: connect it again"):
                await asyncio.wait_for(listening, 5)
            with pytest.raises(DeviceError):
                await asyncio.wait_for(microphone.run(line), 5)
            sound.start()


@pytest.mark.real_time
@pytest.mark.parametrize("rate", [22050, 48000])
async def test_a_real_speaker_returns_when_all_was_heard(tmp_path: Path, rate: int) -> None:
    with pulse.server(tmp_path) as sound, sound.listening() as heard:
        speaker = speaker_to("default")
        speaker.probe()
        await speaker.play(tone(0.02, rate), rate)  # opens the device
        begun = time.monotonic()
        await speaker.play(tone(0.5, rate), rate)
        ended = time.monotonic()
        await asyncio.sleep(0.15)
        last = heard.last_sound()
        await speaker.close()
    assert speaker.played == rate // 2
    assert 0.5 <= ended - begun < 0.7
    assert -0.08 < ended - last < 0.08
    loud = np.flatnonzero(np.abs(heard.samples) > 0.01)
    final = heard.samples[loud[-1] - 20_000 : loud[-1]]
    assert main_frequency(final, pulse.RATE) == pytest.approx(440, abs=3)


@pytest.mark.real_time
async def test_cancelling_a_real_speaker_is_silence_at_once(tmp_path: Path) -> None:
    rate = 24000
    with pulse.server(tmp_path) as sound, sound.listening() as heard:
        speaker = speaker_to("default")
        for after in (0.6, 0.45):
            await play_and_cancel(speaker, tone(3, rate), rate, after)
            cancelled = time.monotonic()
            await asyncio.sleep(0.25)
            assert heard.last_sound() - cancelled < 0.05
        everything = heard.samples
        begun = time.monotonic()
        await speaker.play(tone(0.1, rate), rate)
        assert 0.1 <= time.monotonic() - begun < 0.3  # it is open still, and works again
        assert heard.first_sound(begun) - begun < 0.05
        await speaker.close()
    loud = np.flatnonzero(np.abs(everything) > 0.01)
    second = loud[np.flatnonzero(np.diff(loud) > pulse.RATE // 10)[-1] + 1]
    assert (loud[-1] - second) / pulse.RATE == pytest.approx(0.45, abs=0.1)


@pytest.mark.real_time
async def test_a_real_speaker_tells_how_much_was_heard(tmp_path: Path) -> None:
    rate = 24000
    with pulse.server(tmp_path) as sound, sound.listening() as heard:
        speaker = speaker_to("default")
        await speaker.play(tone(0.01, rate), rate)
        await asyncio.sleep(0.1)
        before, begun = len(heard.samples), time.monotonic()
        await play_and_cancel(speaker, tone(3, rate), rate, 0.5)
        assert speaker.began_at is not None
        assert 0 < speaker.began_at - begun < 0.2
        assert speaker.began_at == pytest.approx(heard.first_sound(begun), abs=0.08)
        await asyncio.sleep(0.25)
        recorded = heard.samples[before:]
        await speaker.close()
    loud = np.flatnonzero(np.abs(recorded) > 0.01)
    assert (loud[-1] - loud[0]) / pulse.RATE == pytest.approx(speaker.played / rate, abs=0.02)


@pytest.mark.real_time
async def test_a_lost_speaker_is_said_and_can_come_back(tmp_path: Path) -> None:
    with pulse.server(tmp_path) as sound:
        speaker = speaker_to("default")
        for _ in range(2):
            playing = asyncio.create_task(speaker.play(tone(3, 24000), 24000))
            await asyncio.sleep(0.4)
            sound.stop()
            with pytest.raises(DeviceError, match="was lost: connect it again"):
                await asyncio.wait_for(playing, 5)
            assert 0 < speaker.played < 24000
            with pytest.raises(DeviceError):
                await speaker.play(tone(1, 24000), 24000)
            sound.start()
        await speaker.play(tone(0.05, 24000), 24000)
        await speaker.close()


@pytest.mark.real_time
async def test_cancelling_while_the_device_opens_leaves_nothing_open(tmp_path: Path) -> None:
    with pulse.server(tmp_path):
        speaker = speaker_to("default")
        for after in (0.0, 0.002, 0.01, 0.02):
            await play_and_cancel(speaker, tone(1, 24000), 24000, after)
        begun = time.monotonic()
        await speaker.close()
        assert time.monotonic() - begun < 0.3
        assert not portaudio._streams
