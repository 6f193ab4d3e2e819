"""Hears a wake word with microWakeWord, whose package carries small networks: `okay nabu`, `hey jarvis` and others."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions, first_line

if TYPE_CHECKING:
    from pymicro_wakeword import MicroWakeWord as Network

PACKAGE = "pymicro_wakeword"
LATE = 0.18
"""Seconds by which it hears a word after its end: it averages 0.15 s, and was 0.11 to 0.22 s late on `okay nabu` with
silence, noise or speech after it. A shred of the last vowel does less harm than the loss of the next word's first."""


class MicroWakeWord(BackendOptions):
    """Which word, and how sure it must be."""

    needs: ClassVar[tuple[str, ...]] = (PACKAGE,)
    extra: ClassVar[str] = "wake"

    model: str = "okay_nabu"
    """One that the package carries, or the path of the JSON file that describes your own (its `.tflite` beside it)."""
    threshold: float | None = Field(default=None, gt=0, lt=1)
    """How sure it must be; None: as the model's own file says. Higher wakes less often by mistake."""

    def load(self) -> MicroWakeWordListener:
        """Raises BackendError where there is no such model."""
        described = self._described()
        try:
            told = json.loads(described.read_text(encoding="utf-8"))
            phrase = str(told["wake_word"]).lower()
            _spare_the_library(described.parent / told["model"])
            from pymicro_wakeword import MicroWakeWord as Network

            network = Network.from_config(described)
            threshold = self.threshold or float(network.probability_cutoff)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise BackendError(f"the wake word {self.model} cannot be loaded: {first_line(error)}") from error
        return MicroWakeWordListener(network, phrase, threshold)

    def _described(self) -> Path:
        carried = {path.stem: path for path in _models().glob("*.json")}
        path = carried.get(self.model, Path(self.model).expanduser())
        if not path.is_file():
            names = ", ".join(sorted(carried))
            raise BackendError(f"there is no wake word {self.model}: name one of {names}, or a model's JSON file")
        return path


class MicroWakeWordListener:
    """One stream of sound, listened to 30 ms at a time."""

    def __init__(self, network: Network, phrase: str, threshold: float) -> None:
        self.phrase = phrase
        self._network, self._threshold = network, threshold
        self._features = _features()

    def heard(self, samples: Samples) -> float | None:
        """How many seconds before the end of these 16 kHz samples the word ended; None where it did not."""
        sound = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        found, pieces = None, list(self._features.process_streaming(sound))
        for later, features in zip(reversed(range(len(pieces))), pieces, strict=True):
            if (self._network.process_streaming_prob(features) or 0.0) > self._threshold:
                self._network.reset()  # it would hear the same word for half a second more
                found = LATE + later * 0.01
        return found

    def reset(self) -> None:
        """Forget the state: the sound that follows is not a continuation."""
        self._network.reset()
        self._features = _features()


def _spare_the_library(network: Path) -> None:
    """Raises OSError or ValueError for what is no network: the library ends the process over such a file."""
    with network.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ValueError(f"{network.name} is no TensorFlow Lite model")


def _features() -> Any:
    from pymicro_wakeword import MicroWakeWordFeatures

    return MicroWakeWordFeatures()


def _models() -> Path:
    """The folder of the package's own models, found without importing it."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise BackendError(f"needs {PACKAGE}: pip install 'omni-assistant[wake]'")
    return Path(found.origin).parent / "models"
