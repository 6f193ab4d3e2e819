"""Speech to text for a closed list of English requests, with PocketSphinx; what is not on the list is rejected."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions
from pipelines.types import Heard

REQUESTS = Path(__file__).with_name("requests.jsgf")
HISS = 0.03
"""Loudness, against the sound's own, of the hiss laid under it: digital silence would spoil the averages."""
SHORTEST = 1600
"""Samples, a tenth of a second, below which nothing can have been said."""

_GRAMMAR = "requests"


class Sphinx(BackendOptions):
    """The options of the closed-grammar recogniser."""

    needs: ClassVar[tuple[str, ...]] = ("pocketsphinx",)
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "of speech I understand a fixed list of English requests, such as 'what do you see'; "
        "free speech and other languages I do not understand"
    )

    grammar: Path | None = None
    """A JSGF grammar of your own; its words must stand in the English CMU dictionary."""
    strictness: float = Field(default=0.5, ge=0, le=1)
    """The least confidence that counts as understood: higher rejects more, of what is meant for it too."""

    def load(self) -> SphinxTranscriber:
        return SphinxTranscriber(self)


class _Word(NamedTuple):
    """One word of the best path through the grammar."""

    text: str
    frames: int
    """Of 10 ms."""
    fit: float
    """Mean over its frames of the log-likelihood against the best of all sounds: 0 where none fits better."""


class SphinxTranscriber:
    """Finds the request that fits the sound best, and believes it where no other sounds would fit much better."""

    def __init__(self, options: Sphinx) -> None:
        self._strictness = options.strictness
        self._decoder = _decoder()
        self._grammar = _take_grammar(self._decoder, options.grammar or REQUESTS)

    def transcribe(self, samples: Samples) -> Heard:
        """The request that was said, in the grammar's words; empty text where it was none of them."""
        if len(samples) < SHORTEST:
            return Heard("", 0.0)
        text, words = self._best(_pcm(samples))
        if not words or not self._grammar.accept(text):
            return Heard("", 0.0)
        confidence = _confidence(words)
        return Heard(text, confidence, "en") if confidence >= self._strictness else Heard("", confidence)

    def _best(self, pcm: bytes) -> tuple[str, list[_Word]]:
        """The best path, which may stop in the middle of a request, as text and as words without the silences."""
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        if best is None:
            return "", []
        words = [_word(segment) for segment in self._decoder.seg() if segment.word[0] not in "<[(+"]
        return best.hypstr, words


def _word(segment: Any) -> _Word:
    frames = segment.end_frame - segment.start_frame + 1
    return _Word(segment.word, frames, math.log(max(segment.ascore, 1e-300)) / frames)


def _decoder() -> Any:
    """PocketSphinx with its own English model, mute on stderr, each utterance normalised by itself."""
    from pocketsphinx import Config, Decoder, get_model_path

    model = Path(get_model_path()) / "en-us"
    settings = {"hmm": str(model / "en-us"), "dict": str(model / "cmudict-en-us.dict")}
    try:
        return Decoder(Config(**settings, lm=None, cmn="batch", compallsen=True, loglevel="FATAL"))
    except (RuntimeError, ValueError) as error:
        raise BackendError("PocketSphinx finds no model: pip install --force-reinstall pocketsphinx") from error


def _take_grammar(decoder: Any, path: Path) -> Any:
    """Let the decoder search this grammar. Raises BackendError with what is wrong in it.

    What the decoder would only log, or crash on, is looked for beforehand.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackendError(f"the grammar {path} cannot be read: {error}") from error
    if unknown := [word for word in _words(text) if decoder.lookup_word(word) is None]:
        raise BackendError(f"the grammar {path.name} has words without a known pronunciation: {', '.join(unknown)}")
    if undefined := sorted(set(re.findall(r"<[\w.]+>", text)) - set(re.findall(r"(<[\w.]+>)\s*=", text)) - _BUILT_IN):
        raise BackendError(f"the grammar {path.name} uses rules that it does not define: {', '.join(undefined)}")
    try:
        if not text.lstrip("\ufeff").startswith("#JSGF"):
            raise ValueError("no #JSGF header")
        decoder.add_jsgf_string(_GRAMMAR, text)
    except ValueError as error:
        raise BackendError(f"the grammar {path.name} is no JSGF: it needs `#JSGF V1.0;` and a public rule") from error
    decoder.activate_search(_GRAMMAR)
    return decoder.get_fsg(_GRAMMAR)


_BUILT_IN = {"<NULL>", "<VOID>"}
_NO_WORDS = re.compile(
    r"//.*|/\*.*?\*/|#JSGF[^;]*;|\bgrammar [^;]*;|<[^>]*>|\{[^}]*\}|/[\d.]+/|\bpublic\b|[=|()\[\];*+]", re.S
)


def _words(grammar: str) -> list[str]:
    """The words that a grammar can hear, each once."""
    return sorted(set(_NO_WORDS.sub(" ", re.sub(r"//[^\n]*", " ", grammar)).split()))


def _pcm(samples: Samples) -> bytes:
    level = np.float32(HISS) * max(np.sqrt(np.mean(samples**2)), np.float32(0.001))
    hiss = np.random.default_rng(0).standard_normal(len(samples), np.float32) * level
    return (np.clip(samples + hiss, -1, 1) * 32767).astype("<i2").tobytes()


def _confidence(words: list[_Word]) -> float:
    return 1 / (1 + math.exp(-(min(word.fit for word in words) + 8)))
