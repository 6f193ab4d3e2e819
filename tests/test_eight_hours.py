"""Eight hours in which one part after the other stalls, fails or is lost: the rest lives on, and nothing piles up."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.lines import Latest, Sink
from devices.media import AudioChunk, DeviceError, Frame, Samples
from pipelines.backends import BackendError, Look, Prompt
from pipelines.ladder import FEWER, FULL, LIGHT, SMALLER, LadderOptions
from pipelines.live import Session, live
from pipelines.phrases import ENGLISH
from pipelines.relief import DOWN, UP
from pipelines.types import Caption, Event, Health, Notice, Recovered, Reply, Seen, Trouble
from tests import virtual
from tests.fakes import FakeCamera, FakeChat, FakeMicrophone, FakeSpeaker, FakeVoice, frame
from tests.stage import Stage

HOUR, DAY = 3600.0, 8 * 3600.0
VLM, CHAT, VOICE, CAMERA = (1.0, 3.0), (3.5, 5.0), (5.25, 6.5), (6.75, 7.5)
"""Hours from which to which that part is away; a model stalls first, and fails in the second half."""
LADDER = LadderOptions(retry=60)
ASKED_EVERY = 120.0
QUESTIONS = ("hello", "what do you see", "how many are there", "set a timer for one minute")
GROWTH = 64_000
"""Bytes that may be held later more than after the second hour, when all is imported and memory is full."""


def now(at: float | None = None) -> float:
    """Seconds since the day began; a longer run is one day after the other."""
    return ((asyncio.get_running_loop().time() if at is None else at) - 1000.0) % DAY


def stall(hours: tuple[float, float], *, fails: bool = True) -> None:
    """Hang until the half, then fail; a part that only stalls does so to the end."""
    loop, (start, end) = asyncio.get_running_loop(), hours
    assert isinstance(loop, virtual.VirtualLoop)
    half = (start + end) / 2 if fails else end
    if start * HOUR <= now() < half * HOUR:
        loop.spend(half * HOUR - now())
    elif half * HOUR <= now() < end * HOUR:
        raise BackendError("out of memory")


class Vlm:
    """Tells the shade; stalls for two hours."""

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        stall(VLM, fails=False)
        yield f"shade {frame.pixels[0, 0, 0]}"

    def look(self, request: Look) -> Iterator[str]:
        yield from self.describe(request.frame)


class Chat(FakeChat):
    """Answers everything, and keeps nothing."""

    def reply(self, prompt: Prompt) -> Iterator[str]:
        stall(CHAT)
        yield f"You said {prompt.question}."


class Voice(FakeVoice):
    def synthesize(self, text: str) -> Samples:
        stall(VOICE)
        return super().synthesize(text)


@dataclass
class Camera(FakeCamera):
    """Shows something else every ten seconds; is lost for a while."""

    live: bool = True

    async def run(self, frames: Latest[Frame]) -> None:
        while True:
            if CAMERA[0] * HOUR <= now() < CAMERA[1] * HOUR:
                raise DeviceError("the cable was pulled")
            frames.put(frame(int(now() / 10) % 250, asyncio.get_running_loop().time(), self.name))
            await asyncio.sleep(5)


@dataclass
class Microphone(FakeMicrophone):
    """Hears a hello every ten minutes, and captures nothing in between, as when it is muted."""

    live: bool = True

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        while True:
            await asyncio.sleep(590)
            await super().run(chunks)


class Speaker(FakeSpeaker):
    """Counts what it played and keeps nothing."""

    count = 0

    async def play(self, samples: Samples, rate: int) -> None:
        await super().play(samples, rate)
        self.plays.clear()
        self.count += 1


async def questions() -> AsyncIterator[str]:
    number = 0
    while True:
        await asyncio.sleep(ASKED_EVERY)
        yield QUESTIONS[number % len(QUESTIONS)]
        number += 1


def while_away(hours: tuple[float, float], at: float) -> bool:
    """Whether that was while a part was away, and it was known by then that it was."""
    return hours[0] * HOUR + 700 < at < hours[1] * HOUR - 60


@dataclass
class Account:
    """What came of it, in a few numbers, so that the test itself holds nothing."""

    captions: Counter[str] = field(default_factory=Counter)
    replies: Counter[str] = field(default_factory=Counter)
    latest: float = 0.0
    """Seconds from a question to its answer at most, once it was known what was away."""
    said: list[tuple[str, str]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        match event:
            case Caption():
                self.captions[self._when(event.captured_at) + (" light" if "moved" in event.text else "")] += 1
            case Reply() if event.asked:
                kind = " failed" if event.text == ENGLISH.failed else "" if event.text else " nothing"
                phase = self._when(event.ended_at)
                self.replies[phase + kind] += 1
                if phase != "well":
                    self.latest = max(self.latest, event.answered_at - event.asked_at)
            case Trouble() | Recovered():
                self.said.append((type(event).__name__, event.part))
            case Notice():
                self.said.append(("Notice", event.text))
            case Health():
                self.counters = event.counters

    def _when(self, at: float) -> str:
        phases = {"vlm": VLM, "chat": CHAT, "voice": VOICE, "camera": CAMERA}
        away = [name for name, hours in phases.items() if while_away(hours, now(at))]
        return away[0] if away else "end" if now(at) > 7.75 * HOUR else "well"


class Told(list[Event]):
    """Hands on what it is told, and keeps nothing."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def append(self, event: Event) -> None:
        self._account.take(event)


def traced() -> int:
    """Bytes that Python holds."""
    return tracemalloc.get_traced_memory()[0]


@dataclass
class Watch:
    """Looks at everything that could grow, every minute."""

    session: Session
    memory: Callable[[], int] = traced
    worst: Counter[str] = field(default_factory=Counter)
    held: dict[int, int] = field(default_factory=dict)
    """From hour to bytes."""
    plays: Counter[str] = field(default_factory=Counter)
    """Sounds, by whether the voice was away."""

    async def keep(self, speaker: Speaker, hours: int) -> None:
        for minute in range(1, hours * 60 + 1):
            await asyncio.sleep(60)
            for name, size in self.sizes().items():
                self.worst[name] = max(self.worst[name], size)
            self.plays["away" if while_away(VOICE, now()) else "there"] += speaker.count
            speaker.count = 0
            if minute % 60 == 0:
                gc.collect()
                self.held[minute // 60] = self.memory()

    def sizes(self) -> dict[str, int]:
        loop: Any = asyncio.get_running_loop()
        talk, hearing = self.session.conversation, self.session.hearing
        assert hearing is not None
        return {
            "perceptions": len(self.session.perceptions),
            "sound": len(hearing.chunks),
            "utterances": len(hearing.utterances),
            "history": len(talk.history),
            "memory": len(talk.memory.record()),
            "tasks": len(asyncio.all_tasks()),
            "timers": len(loop._scheduled),
            "jobs": max(len(thread.jobs) for thread in loop._threads.values()),
        }


def test_eight_hours_with_each_part_away_for_a_while() -> None:
    """In a process of its own: what other tests have loaded grows and shrinks as well."""
    lives = "from tests.test_eight_hours import day; day()"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", lives], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def day() -> None:
    """The day, and that it went well."""
    account = Account()
    tracemalloc.start()
    try:
        watch = virtual.run(lived(account, 8, traced), seconds=9 * HOUR)
    finally:
        tracemalloc.stop()
    _the_rest_lived_on(account, watch)
    _each_was_said_once(account)
    _nothing_grew(account, watch)


async def lived(account: Account, hours: int, memory: Callable[[], int]) -> Watch:
    """So many hours of a session in which each part is away for a while every day."""
    stage, speaker = _stage(account), Speaker()
    stage.speaker = speaker
    session = stage.session()
    watch = Watch(session, memory)
    running = asyncio.create_task(live(session, account.take))
    await watch.keep(speaker, hours)
    await asyncio.sleep(30)  # until the last question is answered
    running.cancel()
    await asyncio.wait([running])
    return watch


def _stage(account: Account) -> Stage:
    stage = Stage(
        cameras=[Camera([])],
        microphone=Microphone([(0.5, 0.1), (9.5, 0.0)]),
        captioner=Vlm(),
        chat=Chat({}),
        voice=Voice(),
        ladder=LADDER,
        hung=60,
        asks=questions,
    )
    stage.events = Told(account)
    return stage


def _the_rest_lived_on(account: Account, watch: Watch) -> None:
    captions, replies = account.captions, account.replies
    assert captions["vlm light"] > 500
    assert captions["vlm"] == captions["camera"] == captions["end light"] == 0
    assert min(captions["chat"], captions["voice"]) > 300
    assert captions["end"] > 60
    assert min(replies["vlm"], replies["chat"], replies["voice"], replies["camera"], replies["end"]) >= 8
    assert replies["chat failed"] >= 10
    assert [kind for kind in replies if "nothing" in kind or kind in ("vlm failed", "voice failed", "end failed")] == []
    assert account.latest < 2
    assert watch.plays["away"] == 0
    assert watch.plays["there"] > 200


def _each_was_said_once(account: Account) -> None:
    parts = ("captioner of desk", "look", "chat", "voice", "camera desk")
    troubles = [(kind, part) for kind, part in account.said if kind != "Notice"]
    assert sorted(troubles) == sorted((kind, part) for kind in ("Trouble", "Recovered") for part in parts)
    notices = [text for kind, text in account.said if kind == "Notice"]
    assert notices == [DOWN["en"][LIGHT], UP["en"][SMALLER], UP["en"][FEWER], UP["en"][FULL]]


def _nothing_grew(account: Account, watch: Watch) -> None:
    assert account.counters["samples lost"] == 0
    assert account.counters["perceptions waits"] == account.counters["utterances waits"] == 0
    most = {"perceptions": 8, "sound": 8, "utterances": 1, "history": 12, "memory": 201, "jobs": 2}
    assert {name: size for name, size in watch.worst.items() if size > most.get(name, 64)} == {}
    assert max(watch.held.values()) - watch.held[2] < GROWTH, watch.held
