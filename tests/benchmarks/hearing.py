"""How well requests are heard: which are understood, what is rightly rejected, how fast, for several voices."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from devices.media import SPEECH_RATE, AudioChunk, Samples
from pipelines.detectors.silero import Silero
from pipelines.endpointer import Endpointer, HearingOptions
from pipelines.transcribers.sphinx import Sphinx, SphinxTranscriber
from pipelines.types import Utterance
from pipelines.voices.espeak import Espeak
from pipelines.wishes import wish_of
from tests.benchmarks._report import data, report


def _sentences(text: str) -> list[str]:
    return " ".join(text.split()).split(", ")


REQUESTS = _sentences("""
what do you see, what can you see, tell me what you see, hey assistant what do you see, what is this, what is
that, what am i holding, what am i looking at, what is in front of you, what is in front of me, can you tell
me what is in front of me, what is on the table, what is happening, what is going on, can you see me, do you
see anything, describe what you see, please describe the scene, can you describe what is in front of me,
describe the room please, look around, how many people are there, how many people do you see, how many people
can you see, how many people are in the room, is anyone there, is anybody there, is there anybody in the room,
is there a person, is someone here, do you see anyone, am i alone, who is there, where is the person, where
are they, where is he, what does it say, what does that say, what does the sign say, what does the text say,
can you read the text, read the sign, please read this to me, read it, read that to me, is there any text,
what is written there, what changed, what has changed, what is different, what just happened, did anything
move, did something change, is anything moving, has anything changed, what color is it, what color is this,
what colors do you see, is it dark, is it bright, is the light on, is the lamp on, are the lights on, is it
blurred, is the picture blurry, what time is it, what is the time, tell me the time, okay assistant what time
is it, what day is it today, what is the date, repeat that, repeat, could you repeat that please, say that
again, can you say that again, what did you say, stop, stop talking, be quiet, cancel, never mind, hello,
hello assistant, good morning, good evening, thank you, thank you very much, goodbye, bye, help, what can you
do, who are you, what is your name, how are you, can you hear me, tell me a joke, tell me a story, tell me
something interesting, can you tell me a short story, what is a camera, what should i cook tonight, why is the
sky blue, yes, no, no thank you
""")
"""What the grammar holds, as people say it."""

WISHES = _sentences("""
more, less, talk less, faster, talk faster, slower, slow down, louder, louder please, speak up, quieter please,
a bit louder, repeat that, go back, the next one, what did you say before, what did you say earlier, spell that,
stop, read that, what's to my left, what is on my right, what's ahead, what is ahead of me,
help me aim, where was the door, where is my phone, watch for a person, watch for a car, look out for people,
tell me when someone comes, tell me when the door opens, let me know when there is a bus, stop watching, what
are you watching for, don't tell me about text, talk about motion again, pause, go on, continue, privacy on,
what are the keys
""")
"""What can be wished of the assistant itself, by both lists."""

OUTSIDE = _sentences("""
turn on the kitchen lights, set a timer for ten minutes, i had a long day at work and i am tired, the train
leaves at half past seven, where did you put my keys, she said that she would call later, play some music from
the nineties, what will the weather be tomorrow, how far is it to the next village, we should paint the wall
green, the dog wants to go outside, do you want some more coffee, call my mother please, open the window a
little, i think it is going to rain, how much does a new bicycle cost, the meeting was moved to friday, remind
me to buy milk, he read three books last month, it was the best of times, my brother lives in a small town,
could you pass me the salt, what do you think about the election, who won the football match yesterday, the
children are playing in the garden, put it on the shelf over there, i need to see a doctor, how many apples
are in the basket, what is the population of china, when does the shop close, there is nothing we can do about
it, tell your sister to come home, is the soup ready yet, they say the river is rising, seven plus four is
eleven, send an email to the office, lock the front door, increase the volume, volume up, good idea, wait a
minute, excuse me, one two three four, banana, table, water, what a lovely day, see what i mean, the sign was
hard to read, people say that time is money, you never told me about that, this is the end of the story, did
you feed the cat, where is the nearest station, are you coming to the party, is he still working at the bank,
do you see what i am saying to her, what is the matter with your car, can you help him carry the boxes, how do
you like your eggs, read my messages, stop the washing machine, describe your last holiday to us, what
happened to the old church, repeat after me, the light of the moon was on the water, say hello to your
parents, who wrote this letter to the queen, please let me out of the box, never give up hope, thanks to the
rain the grass is green, no one knows how it was built, yesterday was colder than today, a camera costs a lot
of money, why is the bread so expensive, alexa turn off the television, hey google, bring me a glass of orange
juice, sunday is the best part of the week, mend the coat before you go out
""")
"""What people say to each other, and near misses."""

VOICES = {
    "en-us": Espeak(),
    "en-us+f3": Espeak(voice="en-us+f3"),
    "en-us+m3 slow": Espeak(voice="en-us+m3", words_per_minute=140, pitch=40),
    "en-us+f2 fast": Espeak(voice="en-us+f2", words_per_minute=200, pitch=60),
    "en-gb": Espeak(voice="en-gb"),
    "en-gb+f4": Espeak(voice="en-gb+f4", words_per_minute=160),
}

LOADED_WITHIN = 1.5
"""Seconds that the recogniser may take to load."""


class Heard(NamedTuple):
    """What became of one sentence."""

    said: str
    text: str
    took: float
    """Seconds from the end of the utterance to its words."""
    seconds: float
    """Length of the utterance."""


def spoken(options: Espeak) -> Callable[[str], Samples]:
    """Someone who says a sentence into a 16 kHz microphone, in a room that is almost quiet."""
    voice = options.load()

    def say(sentence: str) -> Samples:
        sound = soxr.resample(voice.synthesize(sentence), voice.rate, SPEECH_RATE)
        pause = np.zeros(SPEECH_RATE * 7 // 10, np.float32)
        said = np.concatenate((pause, 0.5 * sound, pause))
        hiss = np.random.default_rng(0).standard_normal(len(said)) * 0.0005
        return (said + hiss).astype(np.float32)

    return say


def utterances(samples: Samples) -> list[Utterance]:
    """Cut as a microphone's stream would be."""
    endpointer = Endpointer(HearingOptions(), Silero().load())
    chunks = (AudioChunk(samples[at : at + 800], SPEECH_RATE, at / SPEECH_RATE) for at in range(0, len(samples), 800))
    events = [event for chunk in chunks for event in endpointer.push(chunk)] + list(endpointer.flush())
    return [event for event in events if isinstance(event, Utterance)]


def understood(transcriber: SphinxTranscriber, said: str, samples: Samples) -> Heard:
    """The sentence through endpointing and recognition; several utterances are joined by a bar."""
    cut = utterances(samples)
    began = time.perf_counter()
    texts = [transcriber.transcribe(utterance.samples).text for utterance in cut]
    took = time.perf_counter() - began
    return Heard(said, " | ".join(texts), took, sum(len(utterance.samples) for utterance in cut) / SPEECH_RATE)


def clips(media: Path) -> Iterator[tuple[str, Samples]]:
    """Real speech that is no request, but for one "thank you" in `leopard-diarization.wav`."""
    for path in sorted((media / "audio").iterdir()):
        if path.suffix in (".wav", ".flac"):
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            yield path.name, soxr.resample(samples.mean(1), rate, SPEECH_RATE)


def noises() -> Iterator[tuple[str, Samples]]:
    """Sound that is no speech, each for four seconds."""
    noise = np.random.default_rng(0).standard_normal(4 * SPEECH_RATE) * 0.1
    seconds = np.arange(len(noise)) / SPEECH_RATE
    knocks = noise * np.exp(-30 * (seconds % 0.5)) * 5
    for name, sound in {
        "hiss": noise,
        "rumble": np.convolve(noise, np.ones(80) / 20, "same"),
        "hum": 0.2 * np.sign(np.sin(2 * np.pi * 110 * seconds)),
        "whistle": 0.2 * np.sin(2 * np.pi * (900 + 300 * np.sin(2 * seconds)) * seconds),
        "knocks": knocks,
        "knocks, slow": knocks * (seconds % 1 < 0.5),
    }.items():
        yield name, sound.astype(np.float32)


def share(many: Iterable[bool]) -> float:
    """How many of them are so."""
    found = list(many)
    return round(sum(found) / len(found), 3)


def requests(heard: Mapping[str, list[Heard]], others: Mapping[str, list[Heard]]) -> dict[str, object]:
    """How well the requests were heard."""
    inside, outside = [*chain(*heard.values())], [*chain(*others.values())]
    return {
        "requests exact": {name: share(one.text == one.said for one in told) for name, told in heard.items()},
        "requests exact, all voices": share(one.text == one.said for one in inside),
        "requests taken for another": share(one.text not in (one.said, "") for one in inside),
        "outside accepted": share(bool(one.text) for one in outside),
        "real-time factor": round(sum(one.took for one in inside) / sum(one.seconds for one in inside), 3),
        "end of utterance to words, median ms": round(1000 * float(np.median([one.took for one in inside]))),
    }


def wishes(heard: Mapping[str, list[Heard]], others: Mapping[str, list[Heard]]) -> dict[str, object]:
    """How well the wishes were heard: not word for word, but for what is done then."""
    inside, outside = [*chain(*heard.values())], [*chain(*others.values())]
    return {
        "right": {name: share(map(right, told)) for name, told in heard.items()},
        "right, all voices": share(map(right, inside)),
        "taken for another wish": share(wish_of(one.text) not in (None, wish_of(one.said)) for one in inside),
        "taken for a request": share(bool(one.text) and wish_of(one.text) is None for one in inside),
        "other speech taken for a wish": share(wish_of(one.text) is not None for one in outside),
        "end of utterance to words, median ms": round(1000 * float(np.median([one.took for one in inside]))),
    }


def right(one: Heard) -> bool:
    """Whether what was heard does what was wished for."""
    return wish_of(one.text) == wish_of(one.said)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--voices", default=",".join(VOICES), help="some of them: en-us,en-gb")
    names = parser.parse_args().voices.split(",")
    media = data() / "media"
    began = time.perf_counter()
    transcriber = Sphinx().load()
    loaded = time.perf_counter() - began

    asked, wished, others = ({name: list[Heard]() for name in names} for _ in range(3))
    for name in names:
        say = spoken(VOICES[name])
        for told, sentences in ((asked, REQUESTS), (wished, WISHES), (others, OUTSIDE)):
            told[name] = [understood(transcriber, sentence, say(sentence)) for sentence in sentences]
        print(f"{name:14} {share(one.text == one.said for one in asked[name]):6.1%} of {len(REQUESTS)} requests exact,")
        print(f"{'':14} {share(map(right, wished[name])):6.1%} of {len(WISHES)} wishes right", flush=True)
    for one in chain(*wished.values()):
        if not right(one):
            print(f"wish not heard: {one.said!r} as {one.text!r}")
    real = [understood(transcriber, name, samples) for name, samples in clips(media)]
    noise = [understood(transcriber, name, samples) for name, samples in noises()]
    accepted = [one for one in (*chain(*others.values()), *real, *noise) if one.text.replace("|", "").strip()]
    for one in accepted:
        print(f"wrongly accepted: {one.said!r} as {one.text!r}")

    figures = requests(asked, others) | {
        "wishes": wishes(wished, others),
        "real clips accepted": f"{sum(one in accepted for one in real)} of {len(real)}",
        "noise accepted": f"{sum(one in accepted for one in noise)} of {len(noise)}",
        "load s": round(loaded, 2),
    }
    report("hearing", figures, [f"loads within {LOADED_WITHIN} s"] if loaded > LOADED_WITHIN else [])


if __name__ == "__main__":
    main()
