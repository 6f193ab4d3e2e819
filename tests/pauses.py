"""Human speech with its natural pauses: whether the speaker went on after each, and the words before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import soundfile
import soxr

from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.backends import Detector
from pipelines.endings import EndingOptions
from pipelines.endpointer import Endpointer, HearingOptions
from pipelines.types import Draft, SpeechStarted

Kind = Literal["within", "sentence", "end", "unclear"]
"""The sentence goes on; it is over, but the speaker goes on; the turn is over; the recording itself was cut there."""

MARKS: dict[str, Kind] = {"|": "within", "/": "sentence", "#": "end", "^": "unclear"}
OVER: tuple[Kind, ...] = ("end", "unclear")
AFTER = 2.5
"""Seconds of silence after a clip."""
CHUNK = 512
ENDLESS = HearingOptions(partials=0, longest=60, ending=EndingOptions(usual=5, longest=5))
"""Hearing that never ends a turn by itself, and else is as by default."""
SHORTEST = ENDLESS.pause
"""Seconds that a pause lasts at least: in less nothing is judged."""

CLIPS: dict[str, tuple[str, str]] = {
    "LJ001-0002.wav": ("lj", "in being comparatively modern. #"),
    "LJ001-0008.wav": ("lj", "has never been surpassed. #"),
    "jfk.wav": (
        "kennedy",
        "And so, my fellow Americans, | ask | not | what your country can do for you, |"
        " ask what you can do for your country. #",
    ),
    "leopard-diarization.wav": (
        "film",
        "And so it begins. # This is what a crocodile sounds like. It's like meditating in the water, and it's like ^"
        " Ladies and gentlemen, | please fasten your seat belts. / We are expecting some turbulence. / Thank you. #",
    ),
    "leopard-en.wav": (
        "libri-1",
        "Mr. Quilter is the apostle of the middle classes, and we are glad to welcome his gospel. #",
    ),
    "libri-2412-153948-0000.flac": (
        "libri-2",
        "If the reader will excuse me, | I will say nothing of my antecedents, | nor of the circumstances which"
        " led me to leave my native country; | the narrative would be tedious to him and painful to myself. #",
    ),
    "ps-cards-003.wav": ("cards", "Seven of clubs. #"),
    "ps-goforward.raw": ("goforward", "Go forward ten meters. #"),
    "sb-spk1_snt1.wav": ("sb-1", "The child almost hurt the small dog. #"),
    "sb-spk1_snt5.wav": ("sb-1", "Sunday is the best part of the week. #"),
    "sb-spk2_snt4.wav": ("sb-2", "Mend the coat before you go out. #"),
    "silero-test.wav": ("talk", "/ / | | | | | | | | / / ^ ^"),
    "tinygrad-box.wav": ("tinygrad", "Could you please let me out of the box? #"),
    "uberi-english.wav": ("uberi", "One, | two, | three. #"),
    "va-describe_what_you_see.mp3": ("agents", "Describe what you see. #"),
    "vosk-test.wav": ("vosk", "One zero zero zero one, / nine oh two one oh, / zero one eight zero three. #"),
    "zh-aishell-BAC009S0724W0121.wav": ("aishell", "广州市房地产中介协会分析 #"),
}
"""From file to speaker and what is said, with a mark at each pause. Of the talk `silero-test` there is no transcript:
its sentence ends are those that a general recogniser makes plain ("well, good luck with that"), all else is within.
Left out: wake words, which are no turn by themselves, and `librivox-0880`, whose sentence goes on after the clip."""


class Pause(NamedTuple):
    """One place where somebody falls silent."""

    clip: str
    speaker: str
    kind: Kind
    at: float
    """Seconds from the start of the clip to the last speech before it."""
    length: float
    """Seconds to the next speech; infinite at the end of a turn."""
    words: str
    """What was said since the turn began; empty where no transcript tells."""
    sound: Samples
    """16 kHz, from a little before the turn to `SHORTEST` after its last speech: what a turn model is given."""


def pauses(media: Path, detector: Detector) -> Iterator[Pause]:
    """All of them, clip by clip, as the endpointer hears them. Raises ValueError where a clip has others."""
    ears = Endpointer(ENDLESS, detector, drafts=True)
    for name, (speaker, marked) in CLIPS.items():
        told = [(words.strip(), MARKS[mark]) for words, mark in re.findall(r"([^|/#^]*)([|/#^])", marked)]
        gaps = list(_gaps(read(media / "audio" / name), ears, [kind for _, kind in told]))
        if len(gaps) != len(told):
            raise ValueError(f"{name} has pauses at {[gap.draft.ended_at for gap in gaps]}, but {len(told)} are marked")
        before = ""
        for (words, kind), (draft, until) in zip(told, gaps, strict=True):
            before = f"{before} {words}".strip()
            yield Pause(name, speaker, kind, draft.ended_at, until - draft.ended_at, before, draft.samples)
            before = "" if kind in OVER else before


def read(path: Path) -> Samples:
    """A recording as mono 16 kHz sound."""
    if path.suffix == ".raw":
        return (np.fromfile(path, "<i2") / 32768).astype(np.float32)
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound: Samples = soxr.resample(samples.mean(1), rate, SPEECH_RATE)
    return sound


class _Gap(NamedTuple):
    draft: Draft
    until: float


def _gaps(samples: Samples, ears: Endpointer, kinds: Sequence[Kind]) -> Iterator[_Gap]:
    """Each pause with when speech goes on, infinite for the last; where a turn is over, another begins."""
    ears.reset()
    samples = np.concatenate((samples, np.zeros(round(AFTER * SPEECH_RATE), np.float32)))
    last: Draft | None = None
    number = 0
    for at in range(0, len(samples), CHUNK):
        for event in ears.push(AudioChunk(samples[at : at + CHUNK], SPEECH_RATE, at / SPEECH_RATE)):
            if isinstance(event, SpeechStarted) and last is not None:
                yield _Gap(last, event.at)
                last = None
            if isinstance(event, Draft) and event.pause is not None:
                last, number = event, number + 1
                if number <= len(kinds) and kinds[number - 1] in OVER:
                    ears.reset()
    if last is not None:
        yield _Gap(last, inf)
