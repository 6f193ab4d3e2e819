"""A neural voice that runs faster than it speaks: Piper (GPL-3.0-or-later, hence an extra of its own)."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines import weights
from pipelines.backends import BackendOptions, Manner, Spoken
from pipelines.language.loading import Threads
from pipelines.voices.parts import SILENCE, joined
from pipelines.voices.scripts import runs, script_of, speakable

if TYPE_CHECKING:
    from pipelines.voices.espeak import EspeakVoice
    from pipelines.voices.onnx import OnnxVoice

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
        self._options, self._name = options, options.weights
        self._main = _loaded(options.weights, options)
        chinese = options.chinese or (CHINESE if weights.is_here(CHINESE) else "")
        self._chinese = _loaded(chinese, options) if chinese and self._main.language != "zh" else None
        self._fallback = _espeak()
        left_out = not (self._fallback or self._chinese or self._main.language == "zh")
        self.stand_in = "Chinese text is not read aloud: voice.chinese names a voice for it." if left_out else ""

    @property
    def rate(self) -> int:
        return self._main.rate

    def adjust(self, manner: Manner) -> None:
        """Speak so from now on. Raises BackendError where no weights of the voice's name are here."""
        if (name := manner.voice or self._options.weights) != self._name:
            self._main, self._name = _loaded(name, self._options), name
        for voice in (self._main, self._chinese, self._fallback):
            if voice is not None:
                voice.adjust(Manner(manner.rate))

    def synthesize(self, text: str) -> Samples:
        """The text as sound in [-1, 1] at `rate`; no samples where nothing in it can be spoken."""
        return self.speak(text).samples

    def speak(self, text: str) -> Spoken:
        """The same, with its words."""
        return joined((self._run(run) for run in runs(speakable(text))), self.rate)

    def _run(self, run: str) -> Spoken:
        voice = self._voice_for(run)
        if voice is None:
            return SILENCE
        said = voice.speak(run)
        return Spoken(_resampled(said.samples, voice.rate, self.rate), said.words)

    def _voice_for(self, run: str) -> OnnxVoice | EspeakVoice | None:
        language = script_of(run)
        if language in (None, self._main.language):
            return self._main
        return self._chinese if language == "zh" and self._chinese else self._fallback


def _loaded(name: str, options: Piper) -> OnnxVoice:
    """Raises BackendError."""
    from pipelines.voices.onnx import OnnxVoice

    return OnnxVoice(weights.find(name), options)


def _espeak() -> EspeakVoice | None:
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
