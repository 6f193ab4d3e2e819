"""What a speaker tells of the sound it plays: found again at its time, whatever blocks, cuts and gaps it came in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.echo import FarEnd
from devices.media import SPEECH_RATE, Samples
from devices.soundfiles import resample
from devices.speaker import SpeakerOptions, open_speaker
from tests import fake_sound, virtual
from tests.test_microphone import tone
from tests.test_sound_cards import put_in
from tests.test_speaker import play_and_cancel


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
@given(after=st.floats(0.1, 0.4))
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
