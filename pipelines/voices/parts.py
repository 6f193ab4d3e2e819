"""A sentence that is spoken in parts: the parts one after the other, and when each of their words is said then."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipelines.backends import Spoken
from pipelines.types import Word

SILENCE = Spoken(np.zeros(0, np.float32), ())


def joined(parts: Iterable[Spoken], rate: int) -> Spoken:
    """All of them as one; `rate` is that of each."""
    sounds = [SILENCE.samples]
    words: list[Word] = []
    for part in parts:
        words += later(part.words, sum(map(len, sounds)) / rate)
        sounds.append(part.samples)
    return Spoken(np.concatenate(sounds), tuple(words))


def later(words: Iterable[Word], seconds: float) -> tuple[Word, ...]:
    """The same words, so much later; never before the sound begins."""
    return tuple(Word(one.text, max(0.0, one.start + seconds), max(0.0, one.end + seconds)) for one in words)
