"""Speech to text for a closed list of English requests, with PocketSphinx; what is not on the list is rejected."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions
from pipelines.transcribers.sphinx_child import SphinxChild
from pipelines.types import Heard

REQUESTS = Path(__file__).with_name("requests.jsgf")
WISHES = Path(__file__).with_name("wishes.jsgf")
LONG, CERTAIN = 4, 0.9
"""Words, and confidence, from which a request is not taken for a wish: shorter ones sound like some."""
HISS = 0.03
"""Loudness, against the sound's own, of the hiss laid under it: digital silence would spoil the averages."""
SHORTEST = 1600
"""Samples, a tenth of a second, below which nothing can have been said."""
FRAME = 160
"""Samples in a frame of 10 ms, in which the decoder counts."""


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
        paths = [self.grammar] if self.grammar else [REQUESTS, WISHES]
        return SphinxTranscriber(SphinxChild({path.name: _text(path) for path in paths}), len(paths), self.strictness)


class SphinxTranscriber:
    """Finds the request that fits the sound best, and believes it where no other sounds would fit much better."""

    def __init__(self, child: SphinxChild, grammars: int, strictness: float) -> None:
        """`grammars`: how many it has; a later one is asked where those before it are not certain."""
        self._child = child
        self._grammars = grammars
        self._strictness = strictness

    def transcribe(self, samples: Samples) -> Heard:
        """The request that was said, in the grammar's words; empty text where it was none of them."""
        heard = [Heard("", 0.0)]
        for number in range(self._grammars if len(samples) >= SHORTEST else 0):
            heard.append(self._found(number, samples))
            if len(heard[-1].text.split()) >= LONG and (heard[-1].confidence or 0.0) >= CERTAIN:
                break
        return max(heard, key=lambda one: (bool(one.text), one.confidence or 0.0))

    def _found(self, number: int, samples: Samples) -> Heard:
        found = self._child.find(pcm(samples), number)
        path = [_Segment(*segment) for segment in found["path"]]
        if not found["accepted"] or not any(segment.is_word for segment in path):
            return Heard("", 0.0)
        confidence = _confidence(path, _unexplained(path, samples))
        least = _least(self._strictness, sum(segment.is_word for segment in path)) if number else self._strictness
        return Heard(found["text"], confidence, "en") if confidence >= least else Heard("", confidence)


class _Segment(NamedTuple):
    """One word, or one silence, of the best path through the grammar; see `Found`."""

    is_word: bool
    start: int
    end: int
    fit: float

    @property
    def frames(self) -> int:
        return self.end - self.start


def _text(grammar: Path) -> str:
    try:
        return grammar.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackendError(f"the grammar {grammar} cannot be read: {error}") from error


def _least(strictness: float, words: int) -> float:
    """The confidence that a wish of so many words needs: a single word is soon taken for another, four hardly ever.

    With the usual strictness 0.66 for one word, 0.54 for two, 0.44 for three and 0.35 for more.
    """
    return float(strictness ** (0.3 * (min(words, LONG) + 1)))


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


def pcm(samples: Samples) -> bytes:
    """The sound as the decoder takes it, 16 bits a sample, with a hiss laid under it that is always the same."""
    level = np.float32(HISS) * max(np.sqrt(np.mean(samples**2)), np.float32(0.001))
    hiss = np.random.default_rng(0).standard_normal(len(samples), np.float32) * level
    return bytes((np.clip(samples + hiss, -1, 1) * 32767).astype("<i2").tobytes())
