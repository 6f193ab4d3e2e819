"""Judges the end of a turn with smart-turn v3, a Whisper encoder of 8 million parameters that learnt it from speech."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from devices.media import SPEECH_RATE, Samples
from pipelines import weights
from pipelines.backends import BackendError, BackendOptions, first_line

HEARD = 8 * SPEECH_RATE
"""Samples it is given: the last of the sound, with silence before it where there are fewer."""
INPUT = "input_features"


class SmartTurn(BackendOptions):
    """The options of smart-turn v3."""

    needs: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    extra: ClassVar[str] = "embedded"

    weights: str = "smart-turn"
    """The name it was pulled by, or a path: the `.onnx` file or its folder."""

    def load(self) -> SmartTurnModel:
        """Raises BackendError where the file is absent or is no smart-turn v3."""
        return SmartTurnModel(_file_in(weights.find(self.weights)))


class SmartTurnModel:
    """The network: log-mels of 8 seconds in, one probability out (its name there, `logits`, notwithstanding)."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One pause is judged at a time, beside models that want the other cores more.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors share no other base
            raise BackendError(f"{file.name} cannot be read as ONNX, pull it anew: {first_line(error)}") from error
        inputs = {given.name: list(given.shape)[1:] for given in self._session.get_inputs()}
        if inputs != {INPUT: [80, 800]}:
            raise BackendError(f"{file.name} is no smart-turn v3: it takes {inputs}, not {INPUT} of 80 × 800")
        self.finished(np.zeros(HEARD, np.float32))  # the first run is slow

    def finished(self, samples: Samples) -> float:
        """How likely it is, 0 to 1, that whoever spoke has ended, judged by the 16 kHz sound up to the pause.

        Trained on sound that ends with 0.2 seconds of the pause.
        """
        from pipelines.turn_models.mels import log_mels, normalised

        heard = np.zeros(HEARD, np.float32)
        if last := min(len(samples), HEARD):
            heard[-last:] = samples[-last:]
        (found,) = self._session.run(None, {INPUT: log_mels(normalised(heard))[None]})
        return float(np.clip(np.ravel(found)[0], 0, 1))


def _file_in(place: Path) -> Path:
    """The one `.onnx` file there. Raises BackendError."""
    files = [place] if place.is_file() else sorted(place.glob("*.onnx"))
    if len(files) != 1:
        raise BackendError(f"{place} holds {len(files)} .onnx files: name the one in turn.weights")
    return files[0]
