"""Sound cards: on a made one, every sample is accounted for."""

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
from devices.media import AudioChunk, DeviceError, Speaker
from devices.microphone import MicrophoneOptions, open_microphone
from tests import fake_sound, virtual
from tests.fake_sound import FakeSound
from tests.hanging import Hang, seconds_to_leave
from tests.test_microphone import tone
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


async def test_a_muted_microphone_is_closed_at_once_and_hears_anew_from_where_it_is_opened(card: FakeSound) -> None:
    microphone, spans = open_microphone(MicrophoneOptions()), []
    for seconds in (1.0, 0.1, 2.0):
        line, begun = Lossless[AudioChunk](1000), now()
        listening = asyncio.create_task(microphone.run(line))
        await asyncio.sleep(seconds)
        listening.cancel()
        await asyncio.wait([listening])
        assert now() == pytest.approx(begun + seconds)  # nothing of the device was waited for
        assert not any(stream.active for stream in card.streams)
        assert not portaudio._streams
        chunks = [await line.get() for _ in range(len(line))]
        spans.append((begun, chunks[0].started_at, chunks[-1].started_at + chunks[-1].seconds))
        await asyncio.sleep(7.77)
        assert not len(line)
    assert len(card.streams) == 3
    for (begun, first, last), seconds in zip(spans, (1.0, 0.1, 2.0), strict=True):
        assert first == pytest.approx(begun - fake_sound.DELAY)  # the made card brings its first block at once
        assert last - first == pytest.approx(seconds, abs=0.06)
    assert microphone.lost == 0


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
def test_a_sound_card_drops_what_it_holds_wherever_it_is_cut(after: float, rate: int) -> None:
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
    waited = fake_sound.DELAY + fake_sound.BLOCK / fake_sound.RATE  # at most, for the first sample
    assert played >= min(rate, (after - waited) * rate) - 1
    if 0 < played < rate:
        assert not heard[full : full + round(fake_sound.DELAY * 48000)].any()


@settings(deadline=None, max_examples=40)
@given(sink=st.sampled_from(["default", "none", "reply.wav"]), idle=st.floats(0, 0.1), after=st.floats(0.05, 1.2))
def test_what_was_heard_began_and_ended_when_the_speaker_says(
    tmp_path_factory: pytest.TempPathFactory, sink: str, idle: float, after: float
) -> None:
    """Wherever it is cut, to the sample."""
    rate, card = 24000, FakeSound()
    folder = tmp_path_factory.mktemp("heard")

    async def story() -> tuple[Speaker, float]:
        speaker = speaker_to(folder / sink if sink == "reply.wav" else sink)
        await speaker.play(np.full(240, 0.01, np.float32), rate)
        await asyncio.sleep(idle)
        await play_and_cancel(speaker, np.full(rate, 0.5, np.float32), rate, after)
        cut_at = now()
        await speaker.close()
        return speaker, cut_at

    with pytest.MonkeyPatch.context() as patch:
        put_in(card, patch)
        speaker, cut_at = virtual.run(story())
    assert speaker.began_at is not None or speaker.played == 0
    if speaker.played in (0, rate):
        return
    assert speaker.began_at is not None
    ended_at = speaker.began_at + speaker.played / rate
    assert ended_at == pytest.approx(cut_at, abs=0.001)
    if sink != "none":
        began, ended = loud_between(folder, card)
        assert began == pytest.approx(speaker.began_at, abs=0.001)
        assert ended == pytest.approx(ended_at, abs=0.001)


def loud_between(folder: Path, card: FakeSound) -> tuple[float, float]:
    """Seconds on the loop's clock between which 0.5 was heard at full strength."""
    if card.streams:
        heard, rate, origin = np.concatenate(card.streams[0].heard), fake_sound.RATE, 1000 + fake_sound.DELAY
    else:
        (heard, rate), origin = soundfile.read(folder / "reply.wav", dtype="float32"), 1000.0
    loud = np.flatnonzero(heard > 0.49)
    return origin + loud[0] / rate, origin + (loud[-1] + 1) / rate


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


async def test_a_sound_card_tells_when_its_first_sample_was_heard(card: FakeSound) -> None:
    speaker, sound = speaker_to("default"), np.full(4800, 0.5, np.float32)
    assert speaker.began_at is None
    for _ in range(2):
        begun = now()
        await speaker.play(sound, fake_sound.RATE)
        assert speaker.began_at == pytest.approx(begun + fake_sound.BLOCK / fake_sound.RATE + fake_sound.DELAY)
        await asyncio.sleep(0.01)
        await asyncio.sleep(-now() % 0.02)  # until the card's next callback
    await play_and_cancel(speaker, sound, fake_sound.RATE, after=0.001)
    assert speaker.began_at is None


async def test_what_follows_a_cut_waits_for_no_callback(card: FakeSound) -> None:
    speaker, rate = speaker_to("default"), fake_sound.RATE
    await play_and_cancel(speaker, np.full(rate, 0.5, np.float32), rate, 0.51)
    begun = now()
    await speaker.play(np.full(4800, 0.25, np.float32), rate)
    assert speaker.began_at == pytest.approx(begun + fake_sound.DELAY)
    assert len(card.streams) == 1


async def test_a_sound_card_that_was_lost_while_it_was_silent_is_opened_anew(card: FakeSound) -> None:
    speaker, sound = speaker_to("default"), tone(0.5, 24000)
    await play_and_cancel(speaker, sound, 24000, 0.2)
    card.streams[0].start = card.refuse  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="the speaker was lost"):
        await speaker.play(sound, 24000)
    await speaker.play(sound, 24000)
    assert [stream.active for stream in card.streams] == [False, True]


async def play_and_close() -> None:
    speaker = speaker_to("default")
    try:
        await speaker.play(tone(1, 24000), 24000)
    finally:
        await speaker.close()


@pytest.mark.parametrize("kind", ["microphone", "speaker"])
def test_a_sound_card_that_hangs_while_it_opens_keeps_nobody_from_leaving(
    card: FakeSound, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    opened = fake_sound.FakeStream(lambda: None, lambda: None, 1)
    opened.active = True
    with Hang(opened) as hang:
        monkeypatch.setattr(portaudio, "_reach", hang)
        use = open_microphone(MicrophoneOptions()).run(Lossless(1)) if kind == "microphone" else play_and_close()
        assert seconds_to_leave(use, hang) < 0.7
        assert opened.active
    until = time.monotonic() + 2
    while (opened.active or portaudio._streams) and time.monotonic() < until:
        time.sleep(0.005)
    assert not opened.active  # what opened too late, when nobody wanted it any more, was given back
    assert not portaudio._streams
