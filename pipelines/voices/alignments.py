"""Where the words of a text begin in the sound of a Piper voice that tells how long each phoneme is."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.wordtimes import Token

_TRUSTED = 0.05
"""By what part of the sound the lengths of its phonemes may miss it."""


_MOST = 12
"""Spoken words that one written word may be: a long figure."""
_MARKS = "ˈˌː"
"""Stress and length: letters by name, but no sounds."""


class _Said(NamedTuple):
    """A word as it is spoken."""

    sample: int
    """Its first."""
    sounds: int


def telling(model: Path) -> str | bytes:
    """The network with the lengths of its phonemes as one more output, where `onnx` is there to add it; else its path.

    Raises what `onnx` raises for a file that is none.
    """
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "piper.patch_voice_with_alignment")):
        return str(model)
    import onnx
    from piper.patch_voice_with_alignment import add_alignment_output

    network = onnx.load(str(model))
    try:
        add_alignment_output(network)
    except ValueError:  # it has that output already, or no such lengths
        return str(model)
    changed: bytes = network.SerializeToString()
    return changed


def marks(words: Sequence[Token], chunks: Sequence[Any]) -> dict[int, int]:
    """From the index of a word to its first sample; empty where the voice does not tell, or what cannot be true.

    A voice says some words as several ("25") and some as one ("of the"): then the second is not told of.
    """
    if not all(_believable(chunk) for chunk in chunks):
        return {}
    said = list(_said(chunks))
    found: dict[int, int] = {}
    at = 0
    for word, many in enumerate(_shared_out([word.length for word in words], [one.sounds for one in said])):
        if many:
            found[word] = said[at].sample
        at += many
    return found


def _shared_out(lengths: Sequence[float], sounds: Sequence[int]) -> tuple[int, ...]:
    """How many of the spoken words each written one is, so that their lengths agree best; empty where none will do."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for length in lengths:
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for at, (cost, counts) in best.items():
            for many in range(min(_MOST, len(sounds) - at) + 1):
                total = cost + (sum(sounds[at : at + many]) - length) ** 2
                if total < reached.get(at + many, (inf, ()))[0]:
                    reached[at + many] = total, (*counts, many)
        best = reached
    return best.get(len(sounds), (inf, ()))[1]


def _believable(chunk: Any) -> bool:
    told, length = getattr(chunk, "phoneme_alignments", None) or (), len(chunk.audio_float_array)
    return bool(told) and abs(sum(int(one.num_samples) for one in told) - length) <= _TRUSTED * length


def _said(chunks: Sequence[Any]) -> Iterator[_Said]:
    """The words as they are spoken."""
    for space, phonemes in groupby(_phonemes(chunks), lambda one: one[0].isspace()):
        letters = [(phoneme, sample) for phoneme, sample in phonemes if not space and phoneme.isalpha()]
        if letters:
            yield _Said(letters[0][1], sum(phoneme not in _MARKS for phoneme, _ in letters))


def _phonemes(chunks: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Each phoneme and its first sample; a space between two chunks."""
    at = 0
    for chunk in chunks:
        sample = at
        for one in chunk.phoneme_alignments:
            yield one.phoneme, sample
            sample += int(one.num_samples)
        at += len(chunk.audio_float_array)
        yield " ", at
