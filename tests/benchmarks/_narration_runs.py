"""A film narrated by a whole session on the clock that jumps: gate, spotting, narrator, policy, conversation, mouth.

Each model runs for real and takes as long on that clock as it was measured to take. Two simpler ways to narrate run in
the same session: a caption every few seconds, and every caption that is not like one of the last three.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Any, Literal, cast

import numpy as np

from assistant.app import Kit, assemble
from assistant.config import Config
from assistant.parts import Devices, Models, Outside, Real
from devices.camera import CameraOptions
from devices.media import Camera, Frame, Speaker
from pipelines.agenda import Agenda
from pipelines.backends import BackendOptions, Captioner, Kind, Loaded, Reader, Spotter, Voice
from pipelines.clock import VirtualLoop, run
from pipelines.gate import Gate, GateOptions, KeyframeGate
from pipelines.guard import CameraGuard, Guard, GuardOptions
from pipelines.guard import Told as Listener
from pipelines.ladder import LadderOptions
from pipelines.live import live
from pipelines.narration.options import NarrationOptions
from pipelines.policy import SpeechOptions
from pipelines.remarks import Level, Remark
from pipelines.spots import Sought, Spot, Spots
from pipelines.types import Event, Reply, Unsaid
from pipelines.worker import Worker
from tests.benchmarks._narration_baselines import Baseline, Metronome
from tests.benchmarks._narration_oracles import Film, Finder, Letters, Oracle
from tests.benchmarks._narration_scores import Said
from tests.fakes import FakeChat, FakeGlimpse, FakeSpeaker
from tests.narrating import Script


@dataclass
class NotedSpotter:
    """An object detector, and all that it found."""

    spotter: Spotter
    looks: list[Spots]

    @property
    def labels(self) -> Collection[str]:
        return self.spotter.labels

    def spot(self, frame: Frame) -> Sequence[Spot]:
        return _noted(self.looks, frame, "objects", self.spotter.spot(frame))


@dataclass
class NotedReader:
    """The same of a reader."""

    reader: Reader
    looks: list[Spots]

    def read(self, frame: Frame) -> Sequence[Spot]:
        return _noted(self.looks, frame, "text", self.reader.read(frame))


class Remembered:
    """A detector or a reader that is not asked twice about the same picture: it would find the same."""

    def __init__(self, model: Spotter | Reader) -> None:
        self._model, self._found = model, dict[int, Sequence[Spot]]()
        self.labels: Collection[str] = model.labels if isinstance(model, Spotter) else ()

    def spot(self, frame: Frame) -> Sequence[Spot]:
        return self._of(frame, cast(Spotter, self._model).spot)

    def read(self, frame: Frame) -> Sequence[Spot]:
        return self._of(frame, cast(Reader, self._model).read)

    def _of(self, frame: Frame, look: Callable[[Frame], Sequence[Spot]]) -> Sequence[Spot]:
        picture = zlib.crc32(frame.pixels.tobytes())
        if picture not in self._found:
            self._found[picture] = look(frame)
        return self._found[picture]


def _noted(looks: list[Spots], frame: Frame, sought: Sought, found: Sequence[Spot]) -> Sequence[Spot]:
    looks.append(Spots(frame.camera, frame.captured_at, sought, tuple(found)))
    return found


@dataclass(frozen=True)
class Way:
    """How a film is narrated."""

    name: str
    spotter: Spotter | Literal["oracle"] | None = None
    """`oracle`: one that tells what the script says; so of the two others."""
    reader: Reader | Literal["oracle"] | None = None
    captioner: Captioner | Literal["oracle"] | None = None
    every: float | None = None
    """Seconds between two captions where these are simply read out."""
    last: int | None = None
    """Sentences that a caption must not be like, where captions are read out that are not."""
    level: Level = "high"
    takes: dict[Kind, float] = field(default_factory=dict)
    """Seconds of one job of each model."""
    narration: NarrationOptions = field(default_factory=lambda: NarrationOptions(introduction=False))
    settings: dict[str, Any] = field(default_factory=dict)
    """Other sections of the configuration."""

    only: tuple[str, ...] = ()
    """Films that are narrated so; none: all."""
    but: tuple[str, ...] = ()
    """Films that are not narrated so."""

    def tells(self, film: str) -> bool:
        """Whether it narrates that one."""
        return film not in self.but and (not self.only or film in self.only)

    @property
    def baseline(self) -> bool:
        return self.every is not None or self.last is not None


@dataclass
class Narrated:
    """What came of it."""

    said: list[Said] = field(default_factory=list)
    looks: list[Spots] = field(default_factory=list)
    """At seconds from the beginning of the film."""
    events: list[Event] = field(default_factory=list)
    remarks: list[tuple[Remark, str]] = field(default_factory=list)
    """All that was offered and settled, with what was heard of it."""

    @property
    def unsaid(self) -> list[Unsaid]:
        return [event for event in self.events if isinstance(event, Unsaid)]


@dataclass
class Backstage(Real):
    """Real parts, but that the gate may be a metronome, and that a film may hang as a camera does."""

    every: float | None

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        return Metronome(self.every) if self.every is not None else KeyframeGate(options, least)

    def guard(self, camera: Camera, options: GuardOptions, told: Listener) -> Guard:
        return CameraGuard(options, told, live=True)

    def light(self) -> FakeGlimpse:
        return FakeGlimpse()


def narrated(script: Script, way: Way, voice: Voice) -> Narrated:
    """On the clock that jumps."""

    async def session() -> Narrated:
        return await session_of(Film(script), way, voice, FakeSpeaker())

    return run(session())


async def session_of(film: Film, way: Way, voice: Voice, speaker: Speaker) -> Narrated:
    """To its end, inside a loop whose clock jumps."""
    told = Narrated()
    models, emit = _models(film, way, voice, told), partial(_take, film, told)
    try:
        kit = Kit(config_of(way), Devices([film], None, speaker, []), models, Backstage(way.every), Outside())
        session = assemble(kit, emit)
        if way.baseline:
            watch = Baseline(session.conversation.agenda, way.last or 0)
            session = replace(session, eyes=tuple(replace(eye, watch=watch) for eye in session.eyes))
        _listen(session.conversation.agenda, told)
        await live(session, emit)
    finally:
        models.close()
    told.looks = [replace(look, captured_at=look.captured_at - film.began) for look in told.looks]
    return told


def _listen(agenda: Agenda, told: Narrated) -> None:
    """What is heard of a remark is told just before its reply."""
    agenda.when_settled(lambda remark, heard: told.remarks.append((remark, heard)))


def _take(film: Film, told: Narrated, event: Event) -> None:
    told.events.append(event)
    if isinstance(event, Reply) and told.remarks and not event.asked:
        remark = told.remarks[-1][0]
        expires = inf if remark.expires_at is None else remark.expires_at
        times = [at - film.began for at in (remark.at, event.answered_at, event.ended_at, expires)]
        told.said.append(Said(event.text, *times, event.priority))


def config_of(way: Way) -> Config:
    sections: dict[str, Any] = {
        "camera": (CameraOptions(name="film"),),
        "chat": BackendOptions(),
        "voice": BackendOptions(),
    }
    sections |= {"settings": {"level": way.level}} | way.settings
    if not way.baseline:
        sections["narration"] = way.narration
    return Config(speech=SpeechOptions(), ladder=LadderOptions(), **sections)


def _models(film: Film, way: Way, voice: Voice, told: Narrated) -> Models:
    script = film.script
    known: dict[Kind, object] = {"voice": voice, "chat": FakeChat({})}
    if way.spotter is not None:
        spotter = Finder(script, film) if way.spotter == "oracle" else way.spotter
        known["spotter"] = NotedSpotter(spotter, told.looks)
    if way.reader is not None:
        reader = Letters(script, film) if way.reader == "oracle" else way.reader
        known["reader"] = NotedReader(reader, told.looks)
    if way.captioner is not None:
        known["captioner"] = Oracle(script, film) if way.captioner == "oracle" else way.captioner
    models, loop = Models(), cast(VirtualLoop, asyncio.get_running_loop())
    for kind, model in known.items():
        models.loaded[kind], models.workers[kind] = Loaded(model, "film"), Worker(kind)
        loop.takes[models.workers[kind]._thread] = way.takes.get(kind, 0.0)
    return models


def seconds_of(job: Callable[[], object], many: int = 5) -> float:
    """Of one job, the median of some, after one that warms it up."""
    job()
    taken = []
    for _ in range(many):
        began = time.perf_counter()
        job()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))
