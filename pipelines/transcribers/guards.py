"""What a speech model writes although nobody said it: known by how unsure it was, by repetition, by the phrase."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.types import Word

NO_SPEECH, UNSURE = 0.6, -1.0
"""Whisper's own rule: more likely no speech than this, and on average less sure of its tokens than this."""
COMPRESSIBLE = 2.4
"""Whisper's own bound on how many times smaller a text may become when it is packed: repetition packs well."""
DOUBT, LITTLE_DOUBT = 0.5, 0.2
"""Probability of no speech from which a phrase of silence is disbelieved: one that people say, and one they do not."""
HESITANT = -0.5
"""Mean log-probability below which a phrase that nobody says to an assistant is disbelieved."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One segment that a speech model wrote, and how sure it was."""

    text: str
    logprob: float
    """Mean natural logarithm of its tokens' probabilities: 0 is certain."""
    no_speech: float = 0.0
    """Probability, 0 to 1, that the sound holds no speech."""
    compression: float = 1.0
    """How many times smaller the text becomes when it is packed."""
    tokens: int = 1
    words: tuple[Word, ...] = ()


NEVER_SAID = frozenset({
    "thanks for watching", "thank you for watching", "thank you so much for watching", "thanks for listening",
    "please subscribe", "please like and subscribe", "like and subscribe", "subscribe to my channel",
    "dont forget to subscribe", "see you in the next video", "ill see you in the next video",
    "谢谢观看", "感谢观看", "谢谢大家观看", "感谢收看", "谢谢收看", "下期再见", "我们下期再见",
    "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目", "请不吝点赞订阅转发打赏支持明镜与点点栏目",
    "請按讚訂閱", "请订阅", "謝謝觀看", "感謝觀看",
})  # fmt: skip
"""Ends of films that speech models learnt from subtitles; nobody says them to an assistant."""
CREDITS = re.compile(
    r"^(字幕(由|by|志愿者|志願者|製作|制作|组)|(sub)?titles (by|created by)|subtitled by|transcri(bed|ption) by)"
)
"""How credits of subtitles begin."""
ALSO_SAID = frozenset(
    {"thank you", "thanks", "you", "bye", "bye bye", "okay", "so", "谢谢", "謝謝", "再见", "再見", "嗯"}
)
"""Written for silence too, but people do say them."""


def believed(segments: Sequence[Evidence]) -> list[Evidence]:
    """Those segments that somebody said."""
    return [one for one in segments if not (silence(one) or repetition(one) or phrase_of_silence(one))]


def silence(one: Evidence) -> bool:
    """Whether the model itself takes it for no speech, and is unsure of its words; one of the two alone is not enough.

    A spoken "stop" is unsure, and a clear sentence behind noise may look like no speech.
    """
    return not plain(one.text) or (one.no_speech > NO_SPEECH and one.logprob < UNSURE)


def repetition(one: Evidence) -> bool:
    """Whether it is caught in a loop."""
    return one.compression > COMPRESSIBLE or loops(one.text)


def phrase_of_silence(one: Evidence) -> bool:
    """Whether it is a phrase that models write for silence, on weak evidence."""
    text = plain(one.text)
    if text in NEVER_SAID or CREDITS.match(text):
        return one.no_speech > LITTLE_DOUBT or one.logprob < HESITANT
    return text in ALSO_SAID and one.no_speech > DOUBT


def loops(text: str) -> bool:
    """Whether the same words come again and again without a break, for half of the text or more.

    One word six times or more, or two to eight words four times. Chinese counts by the character.
    """
    units = re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+", plain(text))
    return any(
        _longest_run(units, size) >= max(size * times, len(units) / 2)
        for size, times in [(1, 6), *((size, 4) for size in range(2, 9))]
    )


def confidence(segments: Sequence[Evidence]) -> float:
    """How sure the model was of the average token, 0 to 1."""
    tokens = sum(one.tokens for one in segments)
    return min(1.0, math.exp(sum(one.logprob * one.tokens for one in segments) / tokens)) if tokens else 0.0


def plain(text: str) -> str:
    """Lower case, no punctuation, single spaces."""
    kept = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum() or c.isspace())
    return " ".join(kept.split())


def _longest_run(units: Sequence[str], size: int) -> int:
    """How many units the longest stretch has that repeats itself every `size` units; 0 where nothing does."""
    longest = run = 0
    for i in range(size, len(units)):
        run = run + 1 if units[i] == units[i - size] else 0
        longest = max(longest, run)
    return longest + size if longest else 0
