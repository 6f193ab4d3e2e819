"""Earcons: short sounds, made here and of nothing, that tell what words would take too long for."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple, get_args

import numpy as np
from pydantic import Field

from devices.media import Options, Samples

Earcon = Literal["alive", "listening", "thinking", "covered", "private", "public", "watch", "error", "aim"]
EARCONS: tuple[Earcon, ...] = get_args(Earcon)
RATE = 22_050
PEAK = 0.3
"""The loudest sample there is: a sound beside speech, not above it."""
FADE = 0.006
"""Seconds in which each tone begins, and ends: what begins at once clicks."""
OVERTONE = 0.2
"""How loud the tone an octave higher is: small speakers play it where they do not play the tone itself."""
LOWEST_AIM, OCTAVES, AIM = 400.0, 2.0, 0.05
"""Hertz of what is worst aimed at, how far the best is above it, and seconds."""


class EarconOptions(Options):
    """Which earcons there are, and when."""

    alive: float = Field(default=15.0, ge=0, le=3600)
    """Seconds without a sound after which one tells that all goes on; 0: never."""
    volume: float = Field(default=0.5, gt=0, le=1)
    on: tuple[Earcon, ...] = EARCONS
    """Those that are wanted: `alive` as that says; `listening`: speech counts from now on; `thinking`: a question is
    not answered yet; `covered`: a camera is covered, dark, frozen or lost; `private` and `public`: capture is switched
    off, and on; `watch`: what was watched for; `error`: a part has trouble; `aim`: the higher the better aimed."""


class Tone(NamedTuple):
    """A tone, or a glide."""

    begins: float
    """Hertz; 0: silence."""
    ends: float
    seconds: float
    loudness: float = 1.0


# None lies where voices do, and none glides as they do, lest a microphone take it for speech.
_TONES: dict[Earcon, tuple[Tone, ...]] = {
    "alive": (Tone(520, 520, 0.05, 0.6),),
    "listening": (Tone(660, 660, 0.05), Tone(990, 990, 0.07)),
    "thinking": (Tone(440, 440, 0.03, 0.6), Tone(0, 0, 0.04), Tone(440, 440, 0.03, 0.6)),
    "covered": (Tone(1200, 600, 0.10), Tone(600, 600, 0.04)),
    "private": (Tone(1047, 1047, 0.045), Tone(784, 784, 0.045), Tone(523, 523, 0.06)),
    "public": (Tone(523, 523, 0.045), Tone(784, 784, 0.045), Tone(1047, 1047, 0.06)),
    "watch": (Tone(1175, 1175, 0.035), Tone(1568, 1568, 0.035), Tone(1175, 1175, 0.035), Tone(1568, 1568, 0.035)),
    "error": (Tone(1000, 1000, 0.03), Tone(0, 0, 0.03), Tone(500, 500, 0.08)),
}


@cache
def earcon(name: Earcon, volume: float = 1.0, rate: int = RATE) -> Samples:
    """Its sound: at most 0.15 s."""
    return _sound(_TONES[name], volume, rate)


def aim(good: float, volume: float = 1.0, rate: int = RATE) -> Samples:
    """How well something is aimed at, 0 to 1: the better, the higher."""
    hertz = LOWEST_AIM * 2 ** (OCTAVES * min(1.0, max(0.0, good)))
    return _sound((Tone(hertz, hertz, AIM),), volume, rate)


def _sound(tones: tuple[Tone, ...], volume: float, rate: int) -> Samples:
    return np.concatenate([_tone(tone, rate) for tone in tones]) * np.float32(PEAK * volume)


def _tone(tone: Tone, rate: int) -> Samples:
    """Its loudest sample is at most its loudness."""
    many = round(tone.seconds * rate)
    turns = np.cumsum(np.linspace(tone.begins, tone.ends, many)) / rate * 2 * np.pi
    wave = (np.sin(turns) + OVERTONE * np.sin(2 * turns)) / (1 + OVERTONE)
    edge = np.minimum(np.arange(many), np.arange(many)[::-1]) / (FADE * rate)
    shape = np.sin(np.clip(edge, 0, 1) * np.pi / 2) ** 2
    return np.asarray(tone.loudness * wave * shape, np.float32)
