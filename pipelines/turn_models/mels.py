"""The picture of a sound that Whisper's encoder is given: a log-mel spectrogram, made with numpy alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from devices.media import SPEECH_RATE, Samples

SPECTRUM, HOP, MELS = 400, 160, 80
"""Samples of one spectrum, samples from one to the next, and bands: as Whisper (tiny to large-v2) was trained."""
_LINEAR_TO, _LINEAR_MELS = 1000.0, 15.0
"""The mel scale of Slaney's Auditory Toolbox: linear up to 1000 Hz, which are 15 mels, and logarithmic from there."""
_STEP = np.log(6.4) / 27


def normalised(samples: Samples) -> Samples:
    """The sound with mean 0 and variance 1, as loud as every other; silence stays silence."""
    even: Samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    return even


def log_mels(samples: Samples) -> NDArray[np.float32]:
    """80 bands × one column for each 10 ms of 16 kHz sound, on Whisper's scale: about -1 to 1, never over 8 decades."""
    around = np.pad(samples.astype(np.float64), SPECTRUM // 2, mode="reflect")
    frames = sliding_window_view(around, SPECTRUM)[::HOP][: len(samples) // HOP]
    power = np.abs(np.fft.rfft(frames * _window())) ** 2
    decades = np.log10(np.maximum(power @ _filters(), 1e-10)).T
    scaled: NDArray[np.float32] = ((np.maximum(decades, decades.max() - 8) + 4) / 4).astype(np.float32)
    return scaled


@cache
def _window() -> NDArray[np.float64]:
    """A periodic Hann window."""
    return np.hanning(SPECTRUM + 1)[:-1]


@cache
def _filters() -> NDArray[np.float64]:
    """201 frequencies × 80 overlapping triangles of equal area, evenly spaced in mels."""
    edges = _hertz(np.linspace(0, _mels(SPEECH_RATE / 2), MELS + 2))
    frequencies = np.linspace(0, SPEECH_RATE / 2, SPECTRUM // 2 + 1)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    triangles: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return triangles


def _mels(hertz: float) -> float:
    """Of a frequency over 1000 Hz."""
    return float(_LINEAR_MELS + np.log(hertz / _LINEAR_TO) / _STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    over = np.maximum(mels - _LINEAR_MELS, 0)
    return np.where(mels < _LINEAR_MELS, mels * _LINEAR_TO / _LINEAR_MELS, _LINEAR_TO * np.exp(_STEP * over))
