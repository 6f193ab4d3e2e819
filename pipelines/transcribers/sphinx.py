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
FRAME = 160
"""Samples in a frame of 10 ms, in which the decoder counts."""

PIECE = 1600
"""Samples that the decoder is given at once: it lets no other thread of Python run while it works on them."""

_GRAMMAR = "requests"


class Sphinx(BackendOptions):
    """The options of the closed-grammar recogniser."""

    needs: ClassVar[tuple[str, ...]] = ("pocketsphinx",)
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "Of speech I understand a fixed list of English requests, such as 'what do you see'; "
        "free speech and other languages I do not understand."
    )

    grammar: Path | None = None
    """A JSGF grammar of your own; its words must stand in the English CMU dictionary."""
    strictness: float = Field(default=0.5, ge=0, le=1)
    """The least confidence that counts as understood: higher rejects more, of what is meant for it too."""

    def load(self) -> SphinxTranscriber:
        return SphinxTranscriber(self)


class _Segment(NamedTuple):
    """One word, or one silence, of the best path through the grammar."""

    is_word: bool
    start: int
    end: int
    """Frames of 10 ms, the end not included."""
    fit: float
    """Log-likelihood summed over its frames, each against the best of all sounds: 0 where none fits better."""

    @property
    def frames(self) -> int:
        return self.end - self.start


class SphinxTranscriber:
    """Finds the request that fits the sound best, and believes it where no other sounds would fit much better."""

    def __init__(self, options: Sphinx) -> None:
        self._strictness = options.strictness
        self._decoder = _decoder(cmn="live", compallsen=True)
        self._levels = _Levels()
        self._grammar = _take_grammar(self._decoder, options.grammar or REQUESTS)

    def transcribe(self, samples: Samples) -> Heard:
        """The request that was said, in the grammar's words; empty text where it was none of them."""
        if len(samples) < SHORTEST:
            return Heard("", 0.0)
        text, path = self._best(_pcm(samples))
        if not any(segment.is_word for segment in path) or not self._grammar.accept(text):
            return Heard("", 0.0)
        confidence = _confidence(path, _unexplained(path, samples))
        return Heard(text, confidence, "en") if confidence >= self._strictness else Heard("", confidence)

    def _best(self, pcm: bytes) -> tuple[str, list[_Segment]]:
        """The best path, as text and segment by segment; it may stop in the middle of a request."""
        levels, size = self._levels.of(pcm), PIECE * 2
        self._decoder.start_utt()
        for start in range(0, len(pcm), size):
            self._decoder.set_cmn(levels)  # it would shift them little by little
            self._decoder.process_raw(pcm[start : start + size])
        self._decoder.set_cmn(levels)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        return ("", []) if best is None else (best.hypstr, [_segment(found) for found in self._decoder.seg()])


class _Levels:
    """The mean of each feature of an utterance, by which all of it is normalised; found with hardly any search."""

    def __init__(self) -> None:
        self._decoder = _decoder(cmn="batch", ds=100, topn=1)
        self._decoder.add_keyphrase(_GRAMMAR, "hello")
        self._decoder.activate_search(_GRAMMAR)

    def of(self, pcm: bytes) -> str:
        """As the decoder writes them."""
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=True, full_utt=True)
        self._decoder.end_utt()
        return str(self._decoder.get_cmn(False))


def _segment(found: Any) -> _Segment:
    is_word = found.word[0] not in "<[(+"
    return _Segment(is_word, found.start_frame, found.end_frame + 1, math.log(max(found.ascore, 1e-300)))


def _confidence(path: list[_Segment], unexplained: float) -> float:
    """How likely it is, 0 to 1, that these words were said and nothing else.

    A logistic regression on some 650 sentences of twelve synthetic voices, with kitchen noise and without, and on real
    speech that is no request; `tests/benchmarks/hearing.py` measures what it is worth.
    """
    words = [segment for segment in path if segment.is_word]
    of_words = sum(word.fit for word in words) / sum(word.frames for word in words)
    of_the_worst = min(word.fit / word.frames for word in words)
    of_all = sum(segment.fit for segment in path) / path[-1].end
    score = 15.9 + 0.63 * of_words + 0.45 * of_the_worst + 1.4 * of_all - 4.8 * unexplained
    return 1 / (1 + math.exp(-max(score, -50.0)))


def _unexplained(path: list[_Segment], samples: Samples) -> float:
    """The part of the loud frames that lies outside all words: speech that was passed over as if it were silence."""
    explained = np.zeros(len(samples) // FRAME, bool)
    for segment in path:
        if segment.is_word:
            explained[max(0, segment.start - 3) : segment.end + 3] = True
    frames = samples[: len(explained) * FRAME].reshape(-1, FRAME)
    level = np.sqrt(np.mean(frames**2, axis=1))
    loud = level > 0.1 * np.percentile(level, 95)
    return float(np.sum(loud & ~explained) / max(1, np.sum(loud)))


def _decoder(**settings: Any) -> Any:
    """PocketSphinx with its own English model, mute on stderr."""
    from pocketsphinx import Config, Decoder, get_model_path

    model = Path(get_model_path()) / "en-us"
    files = {"hmm": str(model / "en-us"), "dict": str(model / "cmudict-en-us.dict")}
    try:
        return Decoder(Config(**files, **settings, lm=None, loglevel="FATAL"))
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
    return bytes((np.clip(samples + hiss, -1, 1) * 32767).astype("<i2").tobytes())
