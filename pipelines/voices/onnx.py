"""One voice in Piper's form, an ONNX file beside its JSON, run by piper-tts with nothing fetched from anywhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from devices.media import Samples
from pipelines.backends import BackendError, Manner, Spoken, first_line
from pipelines.voices.alignments import marks, telling
from pipelines.voices.parts import SILENCE, joined
from pipelines.voices.scripts import pieces
from pipelines.wordtimes import aligned, tokens

if TYPE_CHECKING:
    from pipelines.voices.piper import Piper

LONGEST_PIECE = 300
"""Characters that are spoken in one go: such voices learnt from sentences, and their work grows with the square."""
_LANGUAGES = {"cmn": "zh", "yue": "zh"}


class OnnxVoice:
    """A loaded voice; speaks whatever script it is given."""

    def __init__(self, place: Path, options: Piper) -> None:
        from piper import PiperVoice, SynthesisConfig
        from piper.config import PiperConfig

        logging.getLogger("piper").setLevel(logging.ERROR)  # it would write of each letter it does not know
        model = _model_in(place)
        told = _told(model)
        try:
            config = PiperConfig.from_dict(told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BackendError(f"{model.name}.json describes no Piper voice, pull it anew: {error!r}") from error
        _refuse_fetching(config.phoneme_type.value, model)
        if options.speaker is not None and options.speaker >= config.num_speakers:
            raise BackendError(f"the voice {model.stem!r} has {config.num_speakers} speakers, counted from 0")
        self.rate = _rate(config.sample_rate, model)
        self.language = _language(told)
        """As a code of two letters: `en`, `zh`."""
        session = _session(model, options.threads)
        self._telling = {"include_alignments": True} if len(session.get_outputs()) > 1 else {}
        self._voice = PiperVoice(session=session, config=config)
        self._voice.download_dir = model.parent
        self._how = SynthesisConfig(
            speaker_id=options.speaker,
            length_scale=config.length_scale / options.speed,
            noise_scale=options.noise,
            noise_w_scale=options.rhythm,
            volume=options.volume,
        )
        self._usual = self._how.length_scale
        self._warm(model)

    def adjust(self, manner: Manner) -> None:
        """Speak so fast from now on; it is the only voice in its file."""
        self._how.length_scale = self._usual / manner.rate

    def synthesize(self, text: str) -> Samples:
        """The text as sound in [-1, 1] at `rate`; no samples where nothing in it can be spoken."""
        return self.speak(text).samples

    def speak(self, text: str) -> Spoken:
        """The same with its words: as the network tells, where it does, else as the text and the sound suggest."""
        return joined((self._piece(piece) for piece in pieces(text, LONGEST_PIECE)), self.rate)

    def _piece(self, text: str) -> Spoken:
        chunks = list(self._voice.synthesize(text, self._how, **self._telling))
        for chunk in chunks:
            chunk.audio_float_array = np.atleast_1d(chunk.audio_float_array)
        samples = np.concatenate([SILENCE.samples, *(chunk.audio_float_array for chunk in chunks)])
        words = tokens(text)
        return Spoken(samples, aligned(words, marks(words, chunks), samples, self.rate))

    def _warm(self, model: Path) -> None:
        """The first words of all are slow: not in a turn. Raises BackendError where the voice cannot speak."""
        try:
            self.synthesize("one")
        except ImportError as error:
            raise BackendError(f"the voice {model.stem!r} needs a package for its language: {error}") from error
        except Exception as error:  # what its files say goes through foreign code, which may raise anything
            reason = first_line(error, named=False)
            raise BackendError(f"{model.name} is no Piper voice that can speak, pull it anew: {reason}") from error


def _model_in(place: Path) -> Path:
    """The one voice in a folder, or the file itself. Raises BackendError."""
    found = sorted(place.rglob("*.onnx")) if place.is_dir() else [place]
    found = [model for model in found if model.with_name(f"{model.name}.json").is_file()]
    if len(found) != 1:
        count = "several voices" if found else "no voice"
        raise BackendError(f"there is {count} in {place.name!r}: name an .onnx file that has its .onnx.json beside it")
    return found[0]


def _told(model: Path) -> dict[str, Any]:
    """What the voice's JSON tells. Raises BackendError."""
    try:
        told = json.loads(model.with_name(f"{model.name}.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BackendError(
            f"{model.name}.json cannot be read, pull it anew: {first_line(error, named=False)}"
        ) from error
    if not isinstance(told, dict):
        raise BackendError(f"{model.name}.json describes no Piper voice: it is no object")
    return told


def _rate(told: Any, model: Path) -> int:
    """Samples per second. Raises BackendError for what no voice has."""
    if not isinstance(told, int) or not 1000 <= told <= 200_000:
        raise BackendError(f"{model.name}.json has a sample_rate of {str(told)[:40]!r}: pull it anew")
    return told


def _language(told: dict[str, Any]) -> str:
    named = told.get("language")
    family = named.get("family") if isinstance(named, dict) else None
    code = str(family or told["espeak"]["voice"]).split("-")[0]
    return _LANGUAGES.get(code, code)


def _refuse_fetching(phonemes: str, model: Path) -> None:
    """piper-tts would fetch what reads Chinese characters at the first word. Raises BackendError."""
    if phonemes == "pinyin" and not (model.parent / "g2pW" / "g2pw.onnx").is_file():
        raise BackendError(
            f"the voice {model.stem!r} needs the model g2pW in its folder: choose one that works without, piper-zh"
        )


def _session(model: Path, threads: int) -> Any:
    """The network, on the processor. Raises BackendError."""
    import onnxruntime

    how = onnxruntime.SessionOptions()
    how.intra_op_num_threads = threads
    how.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(telling(model), how, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise BackendError(f"{model.name} cannot be read, pull it anew: {first_line(error, named=False)}") from error
