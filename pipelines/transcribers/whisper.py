"""Speech to text in many languages with a Whisper model on this machine, through faster-whisper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from devices.media import SPEECH_RATE, Samples
from pipelines import room, weights
from pipelines.backends import BackendError, BackendOptions, first_line
from pipelines.language.loading import Threads
from pipelines.transcribers.guards import Evidence, believed, confidence
from pipelines.types import Heard, Word

SHORTEST = 1600
"""Samples, a tenth of a second, below which nothing can have been said."""
FILES = ("config.json", "model.bin", "tokenizer.json")
"""Files without which faster-whisper would ask the network, or fail."""
EARS = "preprocessor_config.json"
"""How sound is prepared, where that is not as it is by default."""

Compute = Literal["auto", "int8", "int8_float32", "int8_float16", "float16", "bfloat16", "float32"]


class FasterWhisper(BackendOptions):
    """The weights are a folder of a Whisper model in CTranslate2's form; nothing is ever fetched from here."""

    needs: ClassVar[tuple[str, ...]] = ("faster_whisper",)
    extra: ClassVar[str] = "neural"

    weights: str = "whisper-small"
    """The name they were pulled by, or a path."""
    language: str = "auto"
    """`auto`, or a code such as `en` or `zh`: naming it spares mistakes in short sentences, and time."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute: Compute = "auto"
    """The number format to compute in; `auto`: float16 on a GPU, int8 on a processor."""
    threads: Threads
    beam: int = Field(default=5, ge=1, le=20)
    """How many readings are followed side by side: 1 is fastest."""
    initial_prompt: str = ""
    """Words it may meet, names above all, in the script that is wanted: simplified or traditional."""
    vad: bool = True
    """Look for speech once more before transcribing, so that noise is not put into words."""
    padding: float = Field(default=0.3, ge=0, le=2)
    """Seconds of silence around each utterance, without which first and last words suffer."""
    words: bool = False
    """Tell when each word was said: the model is then asked once more, and small models tell it badly."""

    def load(self) -> Whisper:
        """Load and warm the model, blocking for some seconds. Raises BackendError."""
        return Whisper(self, weights.find(self.weights))


class Whisper:
    """A loaded Whisper model."""

    partials = True
    """It is fast enough to be asked while someone still talks."""

    def __init__(self, options: FasterWhisper, folder: Path) -> None:
        self._options = options
        self._model = _load(options, folder)
        known = self._model.supported_languages
        if options.language not in ("auto", *known):
            raise BackendError(f"Whisper knows no language {options.language!r}: auto, {', '.join(known)}")
        self._silence = np.zeros(round(options.padding * SPEECH_RATE), np.float32)
        self._warm(folder)

    def transcribe(self, samples: Samples) -> Heard:
        """What was said, with punctuation as the model writes it; empty text where nothing was, or none is believed."""
        if len(samples) < SHORTEST:
            return Heard("", 0.0)
        segments, language = self._segments(samples, self._options.vad)
        said = believed(segments)
        text = "".join(one.text for one in said).strip()
        words = [word for one in said for word in self._placed(one.words, len(samples) / SPEECH_RATE)]
        return Heard(text, confidence(said), language if text else None, tuple(words))

    def _placed(self, words: tuple[Word, ...], longest: float) -> list[Word]:
        """The words in the utterance's own time, without the silence before it."""
        placed = ((word, word.start - self._options.padding, word.end - self._options.padding) for word in words)
        return [
            Word(word.text, min(max(0.0, start), longest), min(max(0.0, end), longest)) for word, start, end in placed
        ]

    def _segments(self, samples: Samples, vad: bool) -> tuple[list[Evidence], str]:
        """What the model writes, unjudged, and the language it takes it for.

        One pass at temperature 0: the model's own second tries would make the worst sound the slowest.
        """
        options = self._options
        segments, info = self._model.transcribe(
            np.concatenate((self._silence, samples, self._silence)),
            language=None if options.language == "auto" else options.language,
            beam_size=options.beam,
            initial_prompt=options.initial_prompt or None,
            vad_filter=vad,
            temperature=0.0,
            condition_on_previous_text=False,
            no_speech_threshold=None,
            word_timestamps=options.words,
        )
        return [_evidence(segment) for segment in segments], str(info.language)

    def _warm(self, folder: Path) -> None:
        """One pass before the first turn: it is slow, and shows whether the device really works."""
        hiss = np.random.default_rng(0).normal(0, 0.01, SPEECH_RATE).astype(np.float32)
        try:
            self._segments(hiss, vad=False)
        except Exception as error:  # foreign code, which may raise anything of a damaged file
            raise _unusable(self._options, folder, error) from error


def _load(options: FasterWhisper, folder: Path) -> Any:
    """The model, from this folder alone. Raises BackendError."""
    if lacking := [name for name in FILES if not (folder / name).is_file()]:
        raise BackendError(
            f"the weights {folder.name!r} lack {', '.join(lacking)}: they must be Whisper in CTranslate2's form"
        )
    _check_ears(folder)
    room.check((folder / "model.bin").stat().st_size, f"the transcriber {folder.name!r}")
    from ctranslate2 import get_cuda_device_count
    from faster_whisper import WhisperModel

    device = options.device
    if device == "auto":
        device = "cuda" if get_cuda_device_count() else "cpu"
    compute = {"cpu": "int8", "cuda": "float16"}[device] if options.compute == "auto" else options.compute
    try:
        return WhisperModel(
            str(folder), device=device, compute_type=compute, cpu_threads=options.threads, local_files_only=True
        )
    except Exception as error:  # that of `tokenizers` has no narrower class
        raise _unusable(options, folder, error) from error


def _check_ears(folder: Path) -> None:
    """Raises BackendError where it cannot be read how sound is prepared: faster-whisper would guess, and mishear."""
    try:
        told = json.loads((folder / EARS).read_text("utf-8")) if (folder / EARS).exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise BackendError(f"{EARS} of {folder.name!r} cannot be read, pull it anew: {first_line(error)}") from error
    if not isinstance(told, dict):
        raise BackendError(f"{EARS} of {folder.name!r} holds no settings: pull it anew")


def _unusable(options: FasterWhisper, folder: Path, error: Exception) -> BackendError:
    reason = first_line(error, named=False)
    if any(word in reason.lower() for word in ("cuda", "cudnn", "cublas", "gpu", "compute type")):
        return BackendError(f'Whisper cannot run so: {reason}; set device = "cpu", compute = "int8"')
    return BackendError(f"the weights {folder.name!r} cannot be read, pull them anew: {reason}")


def _evidence(segment: Any) -> Evidence:
    return Evidence(
        segment.text,
        segment.avg_logprob,
        segment.no_speech_prob,
        segment.compression_ratio,
        len(segment.tokens),
        tuple(Word(word.word.strip(), float(word.start), float(word.end)) for word in segment.words or ()),
    )
