"""The mouth under any hands: held, gone on, hazards told over it, chimes between; and a voice that speaks itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.lines import Lossless
from devices.media import Samples
from pipelines.backends import BackendError, Manner, SelfSpeaking
from pipelines.dials import SettingsOptions
from pipelines.news import Settings
from pipelines.remarks import Priority
from pipelines.speaking import Aloud, Mouth
from pipelines.trouble import Patience
from pipelines.types import Event, SpeechChunk, Trouble
from pipelines.wordtimes import tokens
from tests import virtual
from tests.fakes import FakeSpeaker, FakeVoice

RATE = 1000
SENTENCES = ("One two three.", "Four five.", "Six seven eight nine.")
STOPS = ("hold", "resume", "chime", "hazard", "settle")


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Strict(FakeSpeaker):
    """Plays one thing at a time; keeps how loud each was: a chime is louder than a hazard, that than an answer."""

    kinds: list[float] = field(default_factory=list)
    busy: bool = False

    async def play(self, samples: Samples, rate: int) -> None:
        assert not self.busy, "two sounds at once"
        self.busy = True
        self.kinds.append(float(samples[0]) if len(samples) else 0.0)
        try:
            await super().play(samples, rate)
        finally:
            self.busy = False

    def of(self, kind: float) -> list[tuple[float, float]]:
        """When those sounds began and ended."""
        return [play for play, one in zip(self.plays, self.kinds, strict=False) if one == pytest.approx(kind)]


ANSWER, HAZARD, CHIME = 0.1, 0.2, 0.3


def chunk(text: str, loudness: float) -> SpeechChunk:
    return SpeechChunk(text, np.full(100 * len(text), loudness, np.float32), RATE)


def mouth_of(speaker: FakeSpeaker | None, voice: Any = None, worker: Any = None) -> tuple[Mouth, list[Event]]:
    told: list[Event] = []
    troubles = {part: Patience(part, told.append) for part in ("voice", "speaker", "manner")}
    return Mouth(voice or FakeVoice(), worker, speaker, troubles), told


async def said(mouth: Mouth, chunks: list[SpeechChunk], priority: Priority, aloud: Aloud) -> None:
    line = Lossless[SpeechChunk](len(chunks), "sentences")
    for one in chunks:
        await line.put(one)
    line.close()
    await mouth.say(line, aloud, priority)


class Hands:
    """What may happen to the mouth, and when it did."""

    def __init__(self, mouth: Mouth) -> None:
        self.mouth = mouth
        self.held: list[list[float]] = []
        """From when to when it had to be silent, but for hazards."""
        self.hazards: list[Aloud] = []
        self.over: list[tuple[float, float]] = []
        """From when to when a hazard was told."""
        self._hazard: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def do(self, what: str) -> None:
        getattr(self, what)()

    def hold(self) -> None:
        self.mouth.hold()
        if not self.held or len(self.held[-1]) == 2:
            self.held.append([now()])

    def resume(self) -> None:
        self.mouth.resume()
        if self.held and len(self.held[-1]) == 1:
            self.held[-1].append(now())

    def settle(self) -> None:
        self.mouth.settle()

    def chime(self) -> None:
        self._keep(self.mouth.chime(np.full(150, CHIME, np.float32), RATE))

    def hazard(self) -> None:
        if self._hazard is None or self._hazard.done():
            self._hazard = self._keep(self._over_all())

    async def _over_all(self) -> None:
        self.hazards.append(Aloud())
        began = now()
        with self.mouth.over_all():
            await asyncio.sleep(0.05)  # it is made into sound
            await said(self.mouth, [chunk("Watch out.", HAZARD)], Priority.HAZARD, self.hazards[-1])
        self.over.append((began, now()))

    def _keep(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    async def let_go(self) -> None:
        self.resume()
        await asyncio.gather(*self._tasks)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 12).map(lambda n: n / 8), st.sampled_from(STOPS)), max_size=25))
def test_no_word_is_lost_and_nobody_talked_over_whatever_is_done_to_it(script: list[tuple[float, str]]) -> None:
    async def story() -> None:
        speaker = Strict()
        mouth, told = mouth_of(speaker)
        hands, aloud = Hands(mouth), Aloud()
        talking = asyncio.create_task(said(mouth, [chunk(text, ANSWER) for text in SENTENCES], Priority.ANSWER, aloud))
        for seconds, what in script:
            await asyncio.sleep(seconds)
            hands.do(what)
        await hands.let_go()
        await talking
        assert aloud.text == " ".join(SENTENCES)
        assert all(one.text == "Watch out." for one in hands.hazards)
        assert told == []
        spoken = sum(ended - began for began, ended in speaker.of(ANSWER))
        whole = sum(0.1 * len(text) for text in SENTENCES)
        holds = len(script)
        assert whole - 0.03 * (holds + 1) <= spoken <= whole + 0.6 * holds, "a hold costs the word that was said"
        _nobody_is_talked_over(hands, speaker)

    virtual.run(story())


def _nobody_is_talked_over(hands: Hands, speaker: Strict) -> None:
    for began, ended in speaker.of(ANSWER) + speaker.of(CHIME):
        for start, end in (pair for pair in hands.held if len(pair) == 2):
            assert ended <= start or began >= end or began == ended, "it was held then"
        for start, end in hands.over:
            assert ended <= start or began >= end or began == ended, "a hazard was told then"
    for (start, end), (began, ended) in zip(hands.over, speaker.of(HAZARD), strict=True):
        assert (began - start, ended) == (pytest.approx(0.05), end), "a hazard waits for nothing"


async def test_a_chime_gives_way_to_speech_and_does_not_sound_into_it() -> None:
    speaker = Strict()
    mouth, _ = mouth_of(speaker)
    bell = np.full(1000, CHIME, np.float32)
    chiming = asyncio.create_task(mouth.chime(bell, RATE))
    await asyncio.sleep(0.2)
    aloud, at = Aloud(), now()
    talking = asyncio.create_task(said(mouth, [chunk("One two.", ANSWER)], Priority.ANSWER, aloud))
    await asyncio.sleep(0.2)
    assert aloud.began_at is None
    assert speaker.of(CHIME) == [(at - 0.2, at)]
    assert not await mouth.chime(bell, RATE)
    await talking
    assert (await chiming, aloud.began_at) == (True, at)
    with mouth.over_all():
        assert not await mouth.chime(bell, RATE), "a hazard is about to be told"
    assert await mouth.chime(bell, RATE)


async def test_what_is_too_late_is_not_begun_and_what_was_begun_goes_on() -> None:
    speaker = Strict()
    mouth, _ = mouth_of(speaker)
    late, begun = Aloud(until=now() + 1), Aloud(until=now() + 1)
    chunks = [chunk(text, ANSWER) for text in SENTENCES]
    mouth.hold()
    waiting = asyncio.create_task(said(mouth, chunks, Priority.CAPTION, late))
    await asyncio.sleep(1)
    mouth.resume()
    await waiting
    assert (late.text, late.begun, speaker.plays) == ("", False, [])
    begun.until = now() + 1
    await said(mouth, chunks, Priority.CAPTION, begun)
    assert begun.text == " ".join(SENTENCES)


WORD = 0.3
"""Seconds."""


class Server(FakeVoice):
    """Speaks itself, a word at a time."""

    def say(self, text: str, priority: Priority, reached: Callable[[int], None], unwanted: Callable[[], bool]) -> bool:
        raise NotImplementedError("its worker does it")

    def hush(self) -> None:
        self.hushed = now()

    def adjust(self, manner: Manner) -> None:
        self.manner = manner


@dataclass
class Clerk:
    """The thread of that voice: tells of each word a little late, also of one after it was hushed."""

    voice: Server
    late: float = 0.05
    fails: str = ""
    cut_after: int | None = None
    """Others cut it after so many words."""
    said: list[str] = field(default_factory=list)
    _thread: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def call(self, work: Any, *given: Any) -> Any:
        if getattr(work, "__name__", "") != "say":
            return work(*given)
        job = asyncio.ensure_future(self._say(*given))
        return await asyncio.shield(job)

    async def _say(
        self, text: str, priority: Priority, reached: Callable[[int], None], unwanted: Callable[[], bool]
    ) -> bool:
        loop = asyncio.get_running_loop()
        async with self._thread:
            if self.fails:
                raise BackendError(self.fails)
            for number, word in enumerate(tokens(text)):
                if unwanted() or number == self.cut_after:
                    return False
                self.said.append(word.text)
                loop.call_later(self.late, reached, number)
                await asyncio.sleep(WORD)
        return True


def server(**more: Any) -> tuple[Mouth, Clerk, list[Event]]:
    clerk = Clerk(Server(), **more)
    assert isinstance(clerk.voice, SelfSpeaking)
    mouth, told = mouth_of(None, clerk.voice, clerk)
    return mouth, clerk, told


async def synthesized(mouth: Mouth, *sentences: str) -> list[SpeechChunk]:
    return [await mouth.synthesize(one) for one in sentences]


async def test_a_voice_that_speaks_itself_is_heard_to_the_end() -> None:
    mouth, clerk, _ = server()
    aloud, at = Aloud(), now()
    await said(mouth, await synthesized(mouth, *SENTENCES), Priority.ANSWER, aloud)
    assert mouth.present
    assert (aloud.text, len(clerk.said)) == (" ".join(SENTENCES), 9)
    assert aloud.began_at == pytest.approx(at + clerk.late)


async def test_held_it_goes_on_at_the_word_and_marks_that_come_late_count_for_nothing() -> None:
    for twentieths in range(1, 60, 3):
        mouth, clerk, _ = server(late=0.35)
        aloud = Aloud()
        chunks = await synthesized(mouth, *SENTENCES)
        talking = asyncio.create_task(said(mouth, chunks, Priority.ANSWER, aloud))
        await asyncio.sleep(twentieths / 20)
        mouth.hold()
        await asyncio.sleep(0.1)
        mouth.resume()
        await talking
        assert aloud.text == " ".join(SENTENCES)
        words = [word.text for text in SENTENCES for word in tokens(text)]
        without = [word for number, word in enumerate(clerk.said) if word not in clerk.said[:number]]
        assert without == words, "none is left out"
        assert len(clerk.said) <= len(words) + 3, "what was not told of by then is said again"


async def test_a_mark_of_before_the_hold_is_no_mark_of_what_is_said_again() -> None:
    mouth, clerk, _ = server(late=0.35)
    aloud = Aloud()
    chunks = await synthesized(mouth, "One two three four five.")
    talking = asyncio.create_task(said(mouth, chunks, Priority.ANSWER, aloud))
    await asyncio.sleep(0.7)
    mouth.hold()
    mouth.resume()
    await asyncio.sleep(0.4)  # the mark of "three" comes meanwhile
    talking.cancel()
    await asyncio.wait([talking])
    assert clerk.said == ["One", "two", "three", "two"]
    assert aloud.text == "One"


async def test_interrupted_only_those_words_were_heard_after_which_another_began() -> None:
    mouth, clerk, _ = server()
    aloud = Aloud()
    chunks = await synthesized(mouth, *SENTENCES)
    talking = asyncio.create_task(said(mouth, chunks, Priority.ANSWER, aloud))
    await asyncio.sleep(0.7)
    talking.cancel()
    await asyncio.wait([talking])
    assert clerk.said == ["One", "two", "three"]
    assert aloud.text == "One two"
    assert clerk.voice.hushed == now()


async def test_what_others_cut_is_not_said_on() -> None:
    mouth, _, told = server(cut_after=2)
    aloud = Aloud()
    await said(mouth, await synthesized(mouth, *SENTENCES), Priority.ANSWER, aloud)
    assert aloud.cut
    assert "Four" not in aloud.text
    assert told == []


async def test_a_server_that_is_gone_is_told_of_once_and_what_it_cannot_say_counts_as_written() -> None:
    mouth, _, told = server(fails="the speech server is gone")
    aloud = Aloud()
    await said(mouth, await synthesized(mouth, *SENTENCES), Priority.ANSWER, aloud)
    assert aloud.text == " ".join(SENTENCES)
    assert [one.why for one in told if isinstance(one, Trouble)] == ["the speech server is gone"]


async def test_rate_voice_and_volume_are_those_that_are_set() -> None:
    mouth, clerk, _ = server()
    setting = SettingsOptions(rate=1.5, voice="anna", volume=0.5)
    mouth._settings = lambda: Settings(0.0, **setting.model_dump())
    await synthesized(mouth, "One.", "Two.")
    assert clerk.voice.manner == Manner(1.5, "anna", 0.5)
    plain = Mouth(FakeVoice(), clerk, FakeSpeaker(), {"voice": Patience("voice", print)}, mouth._settings)  # type: ignore[arg-type]
    assert float((await plain.synthesize("One.")).samples[0]) == 0.25
