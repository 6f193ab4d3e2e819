"""Judges the end of a turn by the pitch and the length of its last syllable: needs no weights, and knows little."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.media import SPEECH_RATE, Samples
from pipelines.backends import BackendOptions, TurnModel

HEARD, FRAME, HOP, SPECTRUM = 3 * SPEECH_RATE, SPEECH_RATE // 25, SPEECH_RATE // 100, 1024
"""Samples that are looked at, of one frame, from one frame to the next, and of its spectrum: 3 s, 40 ms, 10 ms."""
LOWEST, HIGHEST = 60, 400
"""Hertz between which voices are looked for."""
VOICED, AUDIBLE = 0.5, 25.0
"""How alike two periods of a voice are at least, 0 to 1, and how many dB below the loudest frames it is heard."""
LAST = 15
"""Voiced frames that are the end."""
BIAS, PITCH, LENGTH = -0.83, -0.161, -0.53
"""What the logarithm of the odds is made of. Fitted to human speech by `python -m tests.tools.fit_prosody`."""


class Prosody(BackendOptions):
    """The options of the judgement by prosody: it has none."""

    stand_in: ClassVar[str] = (
        "It hardly tells whether a speaker has ended; smart-turn does better: omni models pull smart-turn."
    )

    def load(self) -> TurnModel:
        return ProsodyModel()


class ProsodyModel:
    """Logistic regression on two features."""

    def finished(self, samples: Samples) -> float:
        """How likely it is, 0 to 1, that whoever spoke has ended; a half where no voice is heard."""
        found = features(samples)
        if found is None:
            return 0.5
        return float(1 / (1 + np.exp(-(BIAS + PITCH * found.pitch + LENGTH * found.length))))


class Features(NamedTuple):
    """What the end of a sound is like beside the three seconds before it."""

    pitch: float
    """Semitones of its last 0.15 s of voice over the median: the voice falls at the end of a statement."""
    length: float
    """Natural logarithm of the length of its last stretch of voice over the mean: who hesitates draws it out."""


def features(samples: Samples) -> Features | None:
    """Of 16 kHz sound; None where there is too little voice in it."""
    heard = samples[-HEARD:].astype(np.float64)
    if len(heard) < FRAME or not np.any(heard):
        return None
    pitch = pitches(heard)
    voiced = np.flatnonzero(~np.isnan(pitch))
    if len(voiced) < LAST:
        return None
    stretches = [len(one) for one in np.split(voiced, np.flatnonzero(np.diff(voiced) > 2) + 1)]
    fall = np.median(pitch[voiced[-LAST:]]) - np.median(pitch[voiced])
    return Features(float(fall), float(np.log((stretches[-1] + 2) / (np.mean(stretches) + 2))))


def pitches(heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Semitones over 1 Hz for each 10 ms; NaN where no voice is.

    By the autocorrelation of the sound below 1 kHz, freed of the window's own: the first period almost the best.
    """
    frames = np.lib.stride_tricks.sliding_window_view(heard, FRAME)[::HOP]
    level = 10 * np.log10((frames**2).mean(1) + 1e-10)
    alike = _autocorrelation(frames)
    best = alike.max(1)
    period = (alike >= 0.85 * best[:, None]).argmax(1)
    flank = np.minimum(period[:, None] + np.arange(17), alike.shape[1] - 1)
    period = period + np.take_along_axis(alike, flank, 1).argmax(1)
    voiced = (best >= VOICED) & (level > np.percentile(level, 95) - AUDIBLE)
    return np.where(voiced, 12 * np.log2(SPEECH_RATE / np.maximum(period, 1)), np.nan)


def _autocorrelation(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frames × lags in samples, 1 for a perfect period; 0 where no voice could have its period."""
    window = np.hanning(FRAME)
    power = np.abs(np.fft.rfft((frames - frames.mean(1, keepdims=True)) * window, SPECTRUM)) ** 2
    power[:, 1000 * SPECTRUM // SPEECH_RATE :] = 0
    lags = SPEECH_RATE // LOWEST + 1
    own = np.fft.irfft(np.abs(np.fft.rfft(window, SPECTRUM)) ** 2)[:lags]
    alike: NDArray[np.float64] = np.fft.irfft(power)[:, :lags]
    alike = alike / (alike[:, :1] + 1e-12) / (own / own[0])
    alike[np.logical_and.accumulate(alike > 0, axis=1)] = 0  # the peak at lag 0 is no period
    alike[:, : SPEECH_RATE // HIGHEST] = 0
    return alike
