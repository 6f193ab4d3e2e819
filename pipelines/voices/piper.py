"""A neural voice that runs faster than it speaks: Piper (GPL-3.0-or-later, hence an extra of its own)."""

from __future__ import annotations

import importlib.util
from typing import ClassVar

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines import weights
from pipelines.backends import BackendOptions, Voice
from pipelines.language.loading import Threads
from pipelines.voices.scripts import runs, script_of, speakable

CHINESE = "piper-zh"
"""The Chinese voice that is taken where it was pulled and no other is named."""


class Piper(BackendOptions):
    """The options of the Piper voice; what they do not name is as the voice's own file says."""

    needs: ClassVar[tuple[str, ...]] = ("piper",)
    extra: ClassVar[str] = "piper"

    weights: str = "piper-en"
    """The name it was pulled by, or a path: the `.onnx` file with its `.onnx.json` beside it, or their folder."""
    chinese: str = ""
    """The same for a second voice, which reads Chinese. Empty: `piper-zh` where it was pulled, else espeak-ng, which
    also reads Japanese and Korean; without it such text is left out. A voice that is Chinese itself reads all text."""
    speed: float = Field(default=1.0, ge=0.25, le=4)
    volume: float = Field(default=1.0, gt=0, le=2)
    speaker: int | None = Field(default=None, ge=0)
    """Which of its speakers, for a voice that has several."""
    noise: float | None = Field(default=None, ge=0, le=2)
    """How much the sound of a letter varies."""
    rhythm: float | None = Field(default=None, ge=0, le=2)
    """How much the length of a letter varies."""
    threads: Threads

    def load(self) -> PiperVoices:
        """Load and warm the voices, blocking. Raises BackendError."""
        return PiperVoices(self)


class PiperVoices:
    """Reads each stretch of a text with the voice of its script, all at the rate of the first voice."""

    def __init__(self, options: Piper) -> None:
        from pipelines.voices.onnx import OnnxVoice

        main = OnnxVoice(weights.find(options.weights), options)
        self._main: Voice = main
        self._others: dict[str, Voice] = {main.language: main}
        chinese = options.chinese or (CHINESE if weights.is_here(CHINESE) else "")
        if chinese and main.language != "zh":
            self._others["zh"] = OnnxVoice(weights.find(chinese), options)
        self._fallback = _espeak()
        left_out = not (self._fallback or "zh" in self._others)
        self.stand_in = "Chinese text is not read aloud: voice.chinese names a voice for it." if left_out else ""

    @property
    def rate(self) -> int:
        return self._main.rate

    def synthesize(self, text: str) -> Samples:
        """The text as sound in [-1, 1] at `rate`; no samples where nothing in it can be spoken."""
        spoken = [self._spoken(run) for run in runs(speakable(text))]
        return np.concatenate([np.zeros(0, np.float32), *spoken])

    def _spoken(self, run: str) -> Samples:
        voice = self._voice_for(run)
        if voice is None:
            return np.zeros(0, np.float32)
        return _resampled(voice.synthesize(run), voice.rate, self.rate)

    def _voice_for(self, run: str) -> Voice | None:
        language = script_of(run)
        return self._main if language is None else self._others.get(language, self._fallback)


def _espeak() -> Voice | None:
    """The voice for scripts that no other can read, where it is installed."""
    if importlib.util.find_spec("espeakng_loader") is None:
        return None
    from pipelines.voices.espeak import Espeak

    return Espeak().load()


def _resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted or not len(samples):
        return samples
    import soxr

    at_rate: Samples = np.clip(soxr.resample(samples, rate, wanted), -1, 1)
    return at_rate
