"""When each word of a sentence is said in its sound, and what of it was heard up to a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from devices.media import Samples
from pipelines.types import Word

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_LETTERS = rf"(?:(?![{_CJK}])\w)+"
_WORD = re.compile(rf"[{_CJK}]|[#@$€£¥]?{_LETTERS}(?:['’.,:/\-]{_LETTERS})*[%°]*|[&+=%]")
_CLOSING = re.compile(rf"(?:(?![{_CJK}])[^\w\s])*")
_PUNCTUATION = re.compile(r"[,;:.!?…—()，；：。！？、（）]")
_VOWELS = re.compile("[AEIOUY]")
_SOUND = re.compile(r"[cgpstw]h|ck|qu|(.)\1|.")
_PART = re.compile(r"\d|[^\W\d]+|[^\w\s]")

_FRAME = 0.01
"""Seconds over which loudness is taken."""
_SHORTEST_PAUSE = 0.09
"""Seconds; what is shorter is the closure of a consonant, and belongs to its word."""
_TOLERANCE = 0.6
"""Seconds by which a comma may stand away from the pause that it is thought to make."""
_SYLLABLE, _FIGURE, _SIGN, _LAST = 3.5, 5.0, 4.0, 1.5
"""Sounds that take as long as a syllable, a digit, a sign, and what is drawn out before a pause."""
_INSTANT = 0.03
"""Seconds of a word's end that nobody misses: a word is not said twice for them."""
_QUIET = 0.002
_FLOOR = 0.03
"""What part of the loudness of the loudest frames still is sound."""


class Token(NamedTuple):
    """A word of a text, and where it stands there."""

    text: str
    start: int
    end: int
    """Index after its last character."""
    breaks: bool
    """Whether punctuation follows."""
    length: float
    """How long it takes to say, in any unit: what counts is its share."""


class _Stretch(NamedTuple):
    """Sound without a pause, from and to, in seconds."""

    start: float
    end: float


def tokens(text: str) -> list[Token]:
    """The words of a text, in order: each Chinese, Japanese or Korean character is one, `3,000` and `don't` too."""
    found = list(_WORD.finditer(text))
    following = [*(match.start() for match in found), len(text)][1:]
    return [_token(text, match, end) for match, end in zip(found, following, strict=True)]


def estimated(text: str, samples: Samples, rate: int) -> tuple[Word, ...]:
    """When each word is said, for a voice that does not tell: an estimate from the text and the loudness of its sound.

    No words where there is no sound.
    """
    return spread(tokens(text), samples, rate)


def spread(words: Sequence[Token], samples: Samples, rate: int) -> tuple[Word, ...]:
    """Words over the sounding part of their sound.

    Pauses are taken for the punctuation they stand closest to; between them each word gets time by its length.
    """
    return tuple(_spread(list(words), _stretches(samples, rate))) if len(words) and len(samples) else ()


def aligned(words: Sequence[Token], marks: Mapping[int, int], samples: Samples, rate: int) -> tuple[Word, ...]:
    """Words over their sound, where the voice tells of some of them at which sample they begin.

    `marks`: from the index of a word to its first sample. Words without one share the time until the next.
    """
    firsts = sorted({0: 0, **marks}.items())
    timed: list[Word] = []
    for (word, start), (next_word, end) in pairwise([*firsts, (len(words), len(samples))]):
        at = start / rate
        part = spread(words[word:next_word], samples[start:end], rate)
        timed += [Word(one.text, at + one.start, at + one.end) for one in part]
    return tuple(timed)


def heard_until(text: str, words: Sequence[Word], seconds: float) -> str:
    """The beginning of `text`, as it is written, of which `seconds` of sound were heard.

    A word counts once half of it was heard, and brings with it the punctuation that follows it at once.
    """
    end = at = 0
    for word in words:
        found = text.find(word.text, at)
        if seconds < (word.start + word.end) / 2:
            return text[:end]
        if found >= 0:
            at = found + len(word.text)
            end = _closed(text, at)
    return text if words and not _WORD.search(text, end) else text[:end]


def start_of_word(words: Sequence[Word], seconds: float) -> float:
    """Where to go on in a sound that was held after `seconds`: at the start of the word that was being said.

    In a pause, or where a word was heard but for its last instant, it is the start of the next word; after the last
    word it stays where it was.
    """
    return next((word.start for word in words if word.end > seconds + _INSTANT), seconds)


def _token(text: str, match: re.Match[str], following: int) -> Token:
    word, breaks = match.group(), _PUNCTUATION.search(text, match.end(), following) is not None
    drawn_out = _LAST if breaks and not re.match(f"[{_CJK}]", word) else 0.0
    return Token(word, match.start(), match.end(), breaks, _length_of(word) + drawn_out)


def _closed(text: str, at: int) -> int:
    closing = _CLOSING.match(text, at)
    return closing.end() if closing else at


def _spread(words: list[Token], sound: list[_Stretch]) -> list[Word]:
    """Words over stretches of sound, cut in two where a pause and a punctuation mark agree, until none do."""
    for gap in sorted(range(1, len(sound)), key=lambda gap: sound[gap - 1].end - sound[gap].start):
        mark = _nearest_mark(words, sound, gap)
        if mark is not None:
            return _spread(words[:mark], sound[:gap]) + _spread(words[mark:], sound[gap:])
    return list(_in_proportion(words, sound))


def _nearest_mark(words: list[Token], sound: list[_Stretch], gap: int) -> int | None:
    """The word before which the pause before stretch `gap` is, if there is punctuation where it could be."""
    total, before = _length(sound), _length(sound[:gap])
    ends = _ends(words)
    away = [(abs(ends[i] * total - before), i + 1) for i, word in enumerate(words[:-1]) if word.breaks]
    nearest = min(away, default=(_TOLERANCE, 0))
    return nearest[1] if nearest[0] < _TOLERANCE else None


def _in_proportion(words: list[Token], sound: list[_Stretch]) -> Iterator[Word]:
    total = _length(sound)
    for word, (start, end) in zip(words, pairwise([0.0, *_ends(words)]), strict=True):
        yield Word(word.text, _later(sound, start * total), _sooner(sound, end * total))


def _ends(words: list[Token]) -> list[float]:
    """What part of their time has passed at the end of each word."""
    ends = list(accumulate(word.length for word in words))
    return [end / ends[-1] for end in ends]


def _later(sound: list[_Stretch], spoken: float) -> float:
    """The time after so many seconds of sound; at a pause, its end."""
    for stretch in sound[:-1]:
        if spoken < stretch.end - stretch.start:
            return stretch.start + spoken
        spoken -= stretch.end - stretch.start
    return min(sound[-1].start + spoken, sound[-1].end)


def _sooner(sound: list[_Stretch], spoken: float) -> float:
    """The time after so many seconds of sound; at a pause, its beginning."""
    for stretch in sound[:-1]:
        if spoken <= stretch.end - stretch.start:
            return stretch.start + spoken
        spoken -= stretch.end - stretch.start
    return min(sound[-1].start + spoken, sound[-1].end)


def _length(sound: list[_Stretch]) -> float:
    return sum(stretch.end - stretch.start for stretch in sound)


def _length_of(word: str) -> float:
    """How long a word takes to say, in sounds; a figure or a sign takes as long as its name."""
    return max(1.0, sum(_length_of_part(part) for part in _PART.findall(word)))


def _length_of_part(part: str) -> float:
    if not part.isalpha():
        return _FIGURE if part.isdigit() else _SIGN if part in "$€£¥%°.@#&+=/" else 0.0
    if re.match(f"[{_CJK}]", part):
        return _SYLLABLE
    spelled = part.isupper() and 1 < len(part) < 5 and not _VOWELS.search(part)
    return len(part) * _SYLLABLE if spelled else float(len(_SOUND.findall(part.lower())))


def _stretches(samples: Samples, rate: int) -> list[_Stretch]:
    """Where there is sound; all of it where it is silent from end to end."""
    frame = max(1, round(_FRAME * rate))
    starts = np.arange(0, len(samples), frame)
    loudness = np.sqrt(np.add.reduceat(np.square(samples, dtype=np.float64), starts) / frame)
    loud = np.flatnonzero(loudness > max(_QUIET, _FLOOR * float(np.percentile(loudness, 95))))
    if not len(loud):
        return [_Stretch(0.0, len(samples) / rate)]
    cuts = np.flatnonzero(np.diff(loud) * frame > _SHORTEST_PAUSE * rate) + 1
    return [
        _Stretch(float(part[0]) * frame / rate, min(float(part[-1] + 1) * frame, len(samples)) / rate)
        for part in np.split(loud, cuts)
    ]
