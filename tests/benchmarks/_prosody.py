"""The baseline for models that hear the end of a turn: the pitch and the length of the last syllable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.media import SPEECH_RATE, Samples
from tests.pauses import Pause

Array = NDArray[np.float64]

HEARD, FRAME, HOP, SPECTRUM = 3 * SPEECH_RATE, SPEECH_RATE // 25, SPEECH_RATE // 100, 1024
"""Samples that are looked at, of one frame, from one frame to the next, and of its spectrum: 3 s, 40 ms, 10 ms."""
LOWEST, HIGHEST = 60, 400
"""Hertz between which voices are looked for."""
VOICED, AUDIBLE = 0.5, 25.0
"""How alike two periods of a voice are at least, 0 to 1, and how many dB below the loudest frames it is heard."""
LAST = 15
"""Voiced frames that are the end."""
RIDGE = 3.0
"""How strongly small coefficients are preferred, for features of variance 1."""


def cross_validated(found: Sequence[Pause]) -> Array:
    """How likely each pause is an end, by coefficients that were fitted to the other speakers alone."""
    inputs, ended = measured(found)
    speakers = np.array([pause.speaker for pause in found])
    likely: Array = np.zeros(len(found))
    for speaker in set(speakers):
        here = speakers == speaker
        bias, *slopes = fitted(inputs[~here], ended[~here])
        likely[here] = 1 / (1 + np.exp(-(bias + inputs[here] @ np.array(slopes))))
    return likely


def ranked(likely: Array, ended: NDArray[np.bool_]) -> float:
    """How often an end is held more likely than a pause that is none: 0.5 is chance, 1 is perfect."""
    ends, others = likely[ended][:, None], likely[~ended][None]
    return float(((ends > others) + 0.5 * (ends == others)).mean())


def fitted(inputs: Array, ended: NDArray[np.bool_]) -> Array:
    """Bias and coefficients of a logistic regression that weighs ends and other pauses alike (Newton's method)."""
    mean, spread = inputs.mean(0), inputs.std(0)
    design = np.column_stack((np.ones(len(inputs)), (inputs - mean) / spread))
    weigh = np.where(ended, 0.5 / ended.mean(), 0.5 / (1 - ended.mean()))
    ridge = RIDGE * np.diag([0.0, *np.ones(inputs.shape[1])])
    found: Array = np.zeros(design.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-design @ found))
        curve = (design * (weigh * likely * (1 - likely))[:, None]).T @ design + ridge
        found = found + np.linalg.solve(curve, design.T @ (weigh * (ended - likely)) - ridge @ found)
    slopes = found[1:] / spread
    return np.concatenate(([found[0] - slopes @ mean], slopes))


def measured(found: Sequence[Pause]) -> tuple[Array, NDArray[np.bool_]]:
    """The features of pauses, one row each, and which are ends of a sentence or a turn."""
    rows = [features(pause.sound) or (0.0, 0.0) for pause in found]
    return np.array(rows), np.array([pause.kind != "within" for pause in found])


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


def pitches(heard: Array) -> Array:
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


def _autocorrelation(frames: Array) -> Array:
    """Frames × lags in samples, 1 for a perfect period; 0 where no voice could have its period."""
    window = np.hanning(FRAME)
    power = np.abs(np.fft.rfft((frames - frames.mean(1, keepdims=True)) * window, SPECTRUM)) ** 2
    power[:, 1000 * SPECTRUM // SPEECH_RATE :] = 0
    lags = SPEECH_RATE // LOWEST + 1
    own = np.fft.irfft(np.abs(np.fft.rfft(window, SPECTRUM)) ** 2)[:lags]
    alike: Array = np.fft.irfft(power)[:, :lags]
    alike = alike / (alike[:, :1] + 1e-12) / (own / own[0])
    alike[np.logical_and.accumulate(alike > 0, axis=1)] = 0  # the peak at lag 0 is no period
    alike[:, : SPEECH_RATE // HIGHEST] = 0
    return alike
