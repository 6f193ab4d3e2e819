"""History is what was heard: cut anywhere, with a voice that times its words or not, it is a word off at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from devices.media import Samples
from pipelines.backends import Spoken
from pipelines.types import Reply, SpeechStarted, Word
from tests.fakes import FakeChat, FakeMicrophone, FakeTranscriber, FakeVoice
from tests.stage import COUNT, SILENCE, Stage

ANSWER = "There are 2 people, a dog, and an extraordinarily large bicycle. One of them waves at you!"
RATE = 1000
WEIGHTS = {"2": 3, "extraordinarily": 12, "bicycle": 6, "people": 5}


def _sound(text: str) -> tuple[Samples, tuple[Word, ...]]:
    """Words as long as their weight says, 0.25 s of silence after punctuation, and the truth about both."""
    pieces, words, at = [np.zeros(60, np.float32)], [], 0.06
    for word in text.split():
        bare = word.strip(".,!")
        seconds = 0.06 * WEIGHTS.get(bare, max(2, len(bare)))
        pieces += [np.full(round(seconds * RATE), 0.5, np.float32)]
        words.append(Word(bare, at, at + seconds))
        pause = 0.25 if word != bare else 0.0
        pieces += [np.zeros(round(pause * RATE), np.float32)]
        at += seconds + pause
    return np.concatenate(pieces), tuple(words)


@dataclass
class Burst(FakeVoice):
    """Says each word as a burst of sound, and keeps to itself when."""

    def synthesize(self, text: str) -> Samples:
        return _sound(text)[0]


@dataclass
class Timed(Burst):
    """Tells when it says each word."""

    def speak(self, text: str) -> Spoken:
        return Spoken(*_sound(text))


def truth(seconds: float) -> int:
    """How many words of the answer were heard when it was cut after so many seconds of sound."""
    first, second = (sentence.strip() + mark for sentence, mark in zip(ANSWER[:-1].split(". "), ".!", strict=True))
    samples, words = _sound(first)
    length = len(samples) / RATE
    ends = [(word.start + word.end) / 2 for word in words]
    ends += [length + (word.start + word.end) / 2 for word in _sound(second)[1]]
    return sum(end <= seconds for end in ends)


@pytest.mark.parametrize(("voice", "off"), [(Timed(RATE), 0), (Burst(RATE), 1)])
async def test_cut_anywhere_the_history_ends_at_the_word_that_was_heard(voice: FakeVoice, off: int) -> None:
    seen = set()
    for cut in np.arange(0.6, 5.4, 0.05):
        book = {0.2: "how many are there", 0.7: "what is that"}
        talk = FakeMicrophone([COUNT, (float(cut), 0.0), (1.0, 0.7), *[SILENCE] * 6])
        play = Stage(microphone=talk, voice=voice, transcriber=FakeTranscriber(book))
        play.chat = FakeChat({"how many are there": ANSWER, "what is that": "A dog."})
        await play.run()
        reply = play.told(Reply)[0]
        assert reply.cut
        assert play.speaker is not None
        began = play.told(SpeechStarted)[1].at
        spoken = sum(end - start for start, end in play.speaker.plays if start < began)
        heard = len(reply.text.split())
        assert ANSWER.startswith(reply.text), "as it is written"
        assert abs(heard - truth(spoken)) <= off
        assert play.conversation.history[0].heard == reply.text if reply.text else True
        seen.add(heard)
    assert len(seen) >= 14, "it was cut in nearly every word"
