"""Sound cards: on a made one every sample is accounted for; on a real sound system they hear and are heard."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import portaudio
from devices.lines import Lossless
from devices.media import AudioChunk, DeviceError
from devices.microphone import MicrophoneOptions, open_microphone
from tests import fake_sound, pulse, virtual
from tests.fake_sound import FakeSound
from tests.test_microphone import main_frequency, tone
from tests.test_speaker import now, play_and_cancel, speaker_to


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    """A sound card on the loop's clock."""
    return put_in(FakeSound(), monkeypatch)


def put_in(card: FakeSound, patch: pytest.MonkeyPatch) -> FakeSound:
    patch.setitem(sys.modules, "sounddevice", card)  # type: ignore[arg-type]
    patch.setattr(portaudio, "_stale", False)
    patch.setattr(portaudio, "_streams", set())
    return card


async def test_a_sound_card_hands_over_every_sample_with_its_time(card: FakeSound) -> None:
    line, begun = Lossless[AudioChunk](1000), asyncio.get_running_loop().time()
    microphone = open_microphone(MicrophoneOptions())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(microphone.run(line), 10)
    chunks = [await line.get() for _ in range(len(line))]
    assert chunks[0].started_at == pytest.approx(begun - fake_sound.DELAY)
    assert np.diff([chunk.started_at for chunk in chunks]) == pytest.approx(0.032, abs=1e-4)
    assert sum(chunk.seconds for chunk in chunks) == pytest.approx(10, abs=0.1)
    assert microphone.lost == 0
    assert not card.streams[0].active


async def test_what_a_sound_card_lost_is_counted_and_leaves_a_gap(card: FakeSound) -> None:
    line, microphone = Lossless[AudioChunk](1000), open_microphone(MicrophoneOptions())
    listening = asyncio.create_task(microphone.run(line))
    await asyncio.sleep(2)
    card.streams[0].stuck = True  # for 0.4 s nothing arrives, and then the device says that it lost some
    await asyncio.sleep(0.4)
    card.streams[0].stuck, card.streams[0].flags.input_overflow = False, True
    await asyncio.sleep(0.03)
    card.streams[0].flags.input_overflow = False
    await asyncio.sleep(2)
    card.streams[0].unplug()
    with pytest.raises(DeviceError, match="was lost"):
        await listening
    chunks = [await line.get() for _ in range(len(line))]
    steps = np.diff([chunk.started_at for chunk in chunks])
    assert np.sum(steps > 0.035) == 1
    heard = sum(len(chunk.samples) for chunk in chunks)
    assert heard + microphone.lost == pytest.approx(
        (chunks[-1].started_at + 0.032 - chunks[0].started_at) * 16000, abs=2
    )
    assert microphone.lost == pytest.approx(0.4 * 16000, abs=900)


async def test_a_sound_card_that_falls_silent_for_seconds_is_lost(card: FakeSound) -> None:
    microphone = open_microphone(MicrophoneOptions())
    listening = asyncio.create_task(microphone.run(Lossless(1000)))
    await asyncio.sleep(1)
    card.streams[0].stuck = True
    with pytest.raises(DeviceError, match="gives no sound any more"):
        await listening


async def test_a_sound_card_has_played_when_its_last_sample_was_heard(card: FakeSound) -> None:
    speaker = speaker_to("default")
    await speaker.play(tone(0.01, 24000), 24000)
    begun = now()
    await speaker.play(tone(1, 24000), 24000)
    waited = now() - begun - 1
    assert fake_sound.DELAY <= waited <= fake_sound.DELAY + fake_sound.BLOCK / fake_sound.RATE + 0.001
    assert speaker.played == 24000
    heard = np.concatenate(card.streams[0].heard)
    start = np.flatnonzero(np.abs(heard) > 1e-3)
    second = start[np.flatnonzero(np.diff(start) > 480)[0] + 1] if np.diff(start).max() > 480 else 0
    assert second
    played = heard[second - 1 : second - 1 + 48000]
    assert np.abs(played - tone(1, 48000)[: len(played)])[100:-100].max() < 0.07
    await speaker.close()
    assert len(card.streams) == 1
    assert not card.streams[0].active


@settings(deadline=None, max_examples=40)
@given(after=st.floats(0, 1.2), rate=st.sampled_from([16000, 22050, 48000]))
def test_a_sound_card_fades_out_wherever_it_is_cut(after: float, rate: int) -> None:
    sound_card = FakeSound()

    async def story() -> int:
        speaker = speaker_to(0)
        await play_and_cancel(speaker, np.full(rate, 0.5, np.float32), rate, after)
        played = speaker.played
        await asyncio.sleep(0.2)
        await speaker.play(np.full(rate // 10, 0.25, np.float32), rate)
        return played

    with pytest.MonkeyPatch.context() as patch:
        put_in(sound_card, patch)
        played = virtual.run(story())
    heard = np.concatenate(sound_card.streams[0].heard)
    heard = heard[np.flatnonzero(heard > 0.3)[:1].sum() :]
    full = int(np.flatnonzero(heard > 0.49)[-1]) + 1 if played else 0
    assert full == pytest.approx(played * 48000 / rate, abs=20)
    assert played >= min(rate, (after - 0.06) * rate)
    if 0 < played < rate * 0.98:
        assert not heard[full + 480 : full + 4800].any()
        assert np.abs(np.diff(heard[full : full + 480])).max() < 0.002


async def test_a_stuck_sound_card_is_given_up_and_opened_anew(card: FakeSound) -> None:
    speaker = speaker_to("default")
    playing = asyncio.create_task(speaker.play(tone(10, 24000), 24000))
    await asyncio.sleep(1)
    card.streams[0].stuck = True
    with pytest.raises(DeviceError, match="the speaker was lost"):
        await playing
    assert speaker.played == pytest.approx(24000, abs=2500)
    await speaker.play(tone(0.1, 24000), 24000)
    assert [stream.active for stream in card.streams] == [False, True]
    assert card.started == 1


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
async def test_cancelling_a_real_speaker_is_silence_at_once_without_a_click(tmp_path: Path) -> None:
    rate = 24000
    with pulse.server(tmp_path) as sound, sound.listening() as heard:
        speaker = speaker_to("default")
        for after in (0.6, 0.45):
            await play_and_cancel(speaker, tone(3, rate), rate, after)
            cancelled = time.monotonic()
            await asyncio.sleep(0.25)
            assert heard.last_sound() - cancelled < 0.15
            recorded = heard.samples[-pulse.RATE // 2 :]
            loud = np.flatnonzero(np.abs(recorded) > 1e-4)
            assert np.abs(np.diff(recorded[loud[-1] - 1440 :])).max() < 1.2 * np.abs(np.diff(tone(1, pulse.RATE))).max()
        everything = heard.samples
        begun = time.monotonic()
        await speaker.play(tone(0.1, rate), rate)
        assert 0.1 <= time.monotonic() - begun < 0.3  # it is open still, and works again
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
        before = len(heard.samples)
        await play_and_cancel(speaker, tone(3, rate), rate, 0.5)
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
