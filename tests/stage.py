"""A session of fakes, each replaceable, put together as every session is, for stories on a virtual clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assistant.app import Kit, assemble
from assistant.config import Config
from assistant.mcp_tools import McpOptions
from assistant.parts import Devices, Models, Outside, Real
from devices.camera import CameraOptions
from devices.lines import Lossless
from devices.media import Frame
from pipelines.attention import AttentionOptions
from pipelines.backends import BackendOptions, Captioner, Detector, Kind, Loaded, Reader, Spotter
from pipelines.clock import VirtualLoop
from pipelines.controls import Controls
from pipelines.endpointer import HearingOptions
from pipelines.gate import GateOptions
from pipelines.ladder import LadderOptions
from pipelines.live import Session, live
from pipelines.looking import LookingOptions
from pipelines.talking import ConversationOptions
from pipelines.toolbox import Ability, ToolsOptions
from pipelines.types import Caption, Emit, Event, Perception, Reply
from pipelines.watching import WatchOptions
from pipelines.worker import Worker
from tests.fakes import (
    FakeCamera,
    FakeCaptioner,
    FakeChat,
    FakeGlimpse,
    FakeMicrophone,
    FakeSpeaker,
    FakeTranscriber,
    FakeVoice,
    FakeWakeWord,
    LoudnessDetector,
    ShadeGate,
)

E = TypeVar("E", bound=Event)

SILENCE = (1.0, 0.0)
HELLO, COUNT, NOISE, RIDDLE = (0.5, 0.1), (0.5, 0.2), (0.5, 0.3), (0.5, 0.4)
BOOK = {0.1: "hello", 0.2: "how many are there", 0.3: ""}
ANSWERS = {"hello": "Hello there.", "how many are there": "I see two. One is on the left."}


@dataclass
class Brought:
    """A tool server that is there at once."""

    tools: Sequence[Ability]

    def abilities(self) -> Sequence[Ability]:
        return self.tools

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """It has nothing to do."""


@dataclass
class Backstage(Real):
    """What stands in for the parts that need no script."""

    tools: Sequence[Ability]

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> ShadeGate:
        return ShadeGate()

    def light(self) -> FakeGlimpse:
        return FakeGlimpse()

    def server(self, options: McpOptions, emit: Emit) -> Brought:
        return Brought(self.tools)


@dataclass
class Stage:
    """A session of fakes, each replaceable, and all that it told."""

    cameras: list[FakeCamera] = field(default_factory=list)
    microphone: FakeMicrophone | None = None
    speaker: FakeSpeaker | None = field(default_factory=FakeSpeaker)
    chat: FakeChat = field(default_factory=lambda: FakeChat(dict(ANSWERS)))
    voice: FakeVoice = field(default_factory=FakeVoice)
    detector: Detector = field(default_factory=LoudnessDetector)
    transcriber: FakeTranscriber = field(default_factory=lambda: FakeTranscriber(BOOK))
    captioner: Captioner = field(default_factory=FakeCaptioner)
    wake: FakeWakeWord = field(default_factory=FakeWakeWord)
    spotter: Spotter | None = None
    reader: Reader | None = None
    options: ConversationOptions = field(default_factory=ConversationOptions)
    hearing: HearingOptions = field(default_factory=HearingOptions)
    looking: LookingOptions = field(default_factory=LookingOptions)
    tools: ToolsOptions = field(default_factory=ToolsOptions)
    ladder: LadderOptions = field(default_factory=LadderOptions)
    watching: WatchOptions | None = None
    hung: float | None = None
    """Seconds after which each model counts as hung; None: never."""
    attention: AttentionOptions = field(default_factory=AttentionOptions)
    sections: dict[str, Any] = field(default_factory=dict)
    """Options of further sections of the configuration."""
    brought: tuple[Ability, ...] = ()
    """Tools beside the assistant's own, as a tool server brings them."""
    deaf_while_speaking: bool = False
    asks: Callable[[], AsyncIterator[str]] | None = None
    asks_hold: bool = False
    """The session goes on until what is typed has ended."""
    takes: dict[Kind, float] = field(default_factory=dict)
    """Seconds of each job of that model's thread, on the virtual clock."""
    events: list[Event] = field(default_factory=list)
    kept: deque[tuple[Frame, Caption]] = field(default_factory=lambda: deque(maxlen=100))
    """The last keyframes with their captions; a day of them would be too many."""

    async def run(self) -> list[Event]:
        await live(self.session(), self.events.append)
        return self.events

    def session(self) -> Session:
        """Put together, and not running yet."""
        devices = Devices(list(self.cameras), self.microphone, self.speaker, [])
        outside = Outside(self.asks, self.asks_hold, self._keep, attach=self._attach)
        session = assemble(
            Kit(self._config(), devices, self._models(), Backstage(self.brought), outside), self.events.append
        )
        self.conversation, self.switches = session.conversation, session.switches
        return session

    def _keep(self, frame: Frame, caption: Caption) -> None:
        self.kept.append((frame, caption))

    def _attach(self, controls: Controls) -> None:
        self.controls = controls

    def _config(self) -> Config:
        duplex = "half" if self.deaf_while_speaking else self.options.duplex
        return Config(
            camera=tuple(CameraOptions(name=camera.name) for camera in self.cameras),
            conversation=self.options.model_copy(update={"duplex": duplex}),
            hearing=self.hearing,
            looking=self.looking,
            tools=self.tools,
            ladder=self.ladder,
            events=self.watching,
            attention=self.attention,
            mcp=(McpOptions(name="brought", command=("brought",)),) if self.brought else (),
            chat=BackendOptions(),
            wake=BackendOptions(),
            **self.sections,
        )

    def _models(self) -> Models:
        known: dict[Kind, object] = {
            "captioner": self.captioner,
            "detector": self.detector,
            "wake": self.wake,
            "transcriber": self.transcriber,
            "chat": self.chat,
            "voice": self.voice,
        }
        if self.spotter is not None:
            known["spotter"] = self.spotter
        if self.reader is not None:
            known["reader"] = self.reader
        models, loop = Models(), asyncio.get_running_loop()
        for kind, model in known.items():
            models.loaded[kind], models.workers[kind] = Loaded(model, "fake"), Worker(kind)
            models.workers[kind].longest = self.hung
            if kind in self.takes and isinstance(loop, VirtualLoop):
                loop.takes[models.workers[kind]._thread] = self.takes[kind]
        return models

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        return [reply.text for reply in self.told(Reply)]
