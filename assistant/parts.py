"""The parts of a session that a machine has: its devices, opened and probed, and the models of the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, Protocol, TypeVar, get_args

from assistant import duplex
from assistant.config import Config
from assistant.mcp_tools import McpOptions, ToolServer
from devices.camera import open_camera
from devices.echo import WithoutEcho, nobody
from devices.lines import Lossless
from devices.media import Camera, Frame, Microphone, NoSoundSystem, Speaker
from devices.microphone import open_microphone
from devices.speaker import open_speaker
from devices.threads import apart
from pipelines import backends
from pipelines.agenda import Clock
from pipelines.backends import PROTOCOLS, BackendError, BackendOptions, Captioner, Kind, Loaded, SelfSpeaking, lanes
from pipelines.gate import Gate, GateOptions, KeyframeGate
from pipelines.guard import CameraGuard, Guard, GuardOptions, Told
from pipelines.hanging import HungOptions
from pipelines.narration.light import Light, Lightness
from pipelines.relief import motion_and_text
from pipelines.toolbox import Ability
from pipelines.types import Caption, Emit, Perception, Trouble
from pipelines.worker import Worker

if TYPE_CHECKING:  # what a session can do need not be read to check its configuration
    from pipelines.controls import Controls

M = TypeVar("M")

Asks = Callable[[], AsyncIterator[str]]
"""Typed lines, until their end."""
Kept = Callable[[Frame, Caption], None]


@dataclass(slots=True)
class Devices:
    """The devices of the configuration that this machine has."""

    cameras: list[Camera]
    microphone: Microphone | None
    speaker: Speaker | None
    absent: list[Trouble]
    """Why a microphone or a speaker is left out."""
    echo_free: bool = False
    """Whether the echo of the speaker is taken out of the microphone's sound."""


class Model(NamedTuple, Generic[M]):
    """A loaded backend, and the thread it lives in."""

    backend: M
    worker: Worker


@dataclass(slots=True)
class Models:
    """All of them, by kind."""

    loaded: dict[Kind, Loaded] = field(default_factory=dict)
    workers: dict[Kind, Worker] = field(default_factory=dict)

    def get(self, wanted: type[M]) -> Model[M] | None:
        """The one that fulfils this protocol of a kind; None where the part is absent."""
        kind = next(kind for kind, protocol in PROTOCOLS.items() if protocol is wanted)
        return Model(self.loaded[kind].backend, self.workers[kind]) if kind in self.loaded else None

    def limit(self, hung: HungOptions) -> None:
        """Let each count as hung after so long."""
        for kind, worker in self.workers.items():
            itself = kind in self.loaded and isinstance(self.loaded[kind].backend, SelfSpeaking)
            worker.longest = None if itself else hung.of(kind)  # it may have to wait for others who speak there

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()


@dataclass(frozen=True, slots=True)
class Opening:
    """What is said at the start of a session that narrates."""

    stored: str | None = None
    """What is kept of the session, in a sentence after what is captured; empty: nothing is kept; None: nobody is told
    either."""
    introduction: str = ""
    """What a person should know at first; empty: it is not said."""
    asked: bool = False
    """Somebody wants the introduction, whether or not it was said before."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a session and whoever runs it give each other."""

    asks: Asks | None = None
    hold: bool = False
    """True: the session goes on until what is typed has ended."""
    kept: Kept = lambda frame, caption: None
    """Given each keyframe with its caption."""
    changed: Callable[[Caption], None] = lambda caption: None
    """Told every caption that is remembered as a change."""
    counters: Callable[[], dict[str, int]] = dict
    """What was counted outside: changes that could not be kept, events that somebody missed."""
    opening: Opening = Opening()
    """What is said at first; the introduction is offered by whoever attaches it."""
    attach: Callable[[Controls], None] = lambda controls: None
    """Given, once it is put together, what the outside may do to the session."""


NOBODY = Outside()


class Server(Protocol):
    """What offers tools, and runs beside the session."""

    def abilities(self) -> Sequence[Ability]:
        """Those that it has at present."""

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Until cancelled."""


class Parts(Protocol):
    """Where the parts of a session come from, and what stands between them and the pipeline."""

    async def open(self, config: Config) -> Devices:
        """The devices. Raises DeviceError for one that is not to be had."""

    async def load(self, config: Config, models: Models) -> None:
        """Add the models, each with its thread. Raises BackendError with the part's name."""

    def server(self, options: McpOptions, emit: Emit) -> Server:
        """A tool server, which is not started yet."""

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        """What picks the keyframes of a camera; `least`: seconds between two at present, see `KeyframeGate`."""

    def guard(self, camera: Camera, options: GuardOptions, told: Told) -> Guard:
        """What watches over a camera, and who is told by it."""

    def lightness(self, camera: str) -> Lightness:
        """What tells how bright a camera's pictures are."""

    def light(self) -> Captioner:
        """The captioner that steps in for a slow one; loaded here, blocking."""

    def asks(self, asks: Asks | None, hold: bool) -> Asks | None:
        """What is typed; `hold`: whether the session goes on until it ends."""

    def opens(self, opening: Opening) -> None:
        """What is said at first."""

    def clock(self) -> Clock:
        """What tells the time of day."""

    def emit(self, emit: Emit) -> Emit:
        """What the events of the session are told to."""

    def end(self) -> None:
        """It is over, or could not begin."""

    async def settle(self) -> None:
        """Return when nothing of it is left to be done."""


class Real:
    """The devices of this machine and the models of the configuration, as they are."""

    async def open(self, config: Config) -> Devices:
        return await _open(config)

    async def load(self, config: Config, models: Models) -> None:
        await load(config, models)

    def server(self, options: McpOptions, emit: Emit) -> Server:
        return ToolServer(options, emit)

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        return KeyframeGate(options, least)

    def guard(self, camera: Camera, options: GuardOptions, told: Told) -> Guard:
        return CameraGuard(options, told, camera.live)

    def lightness(self, camera: str) -> Lightness:
        return Light()

    def light(self) -> Captioner:
        return motion_and_text()

    def asks(self, asks: Asks | None, hold: bool) -> Asks | None:
        return asks

    def opens(self, opening: Opening) -> None:
        """It is said, and that is all."""

    def clock(self) -> Clock:
        return datetime.now

    def emit(self, emit: Emit) -> Emit:
        return emit

    def end(self) -> None:
        """There is nothing to end."""

    async def settle(self) -> None:
        """Nothing is left."""


REAL = Real()


async def _open(config: Config) -> Devices:
    """Open and probe all devices, side by side. Where the machine has no sound at all, those parts are left out."""
    cameras = [open_camera(options) for options in config.camera]
    canceller = await duplex.canceller(config)
    microphone = open_microphone(config.microphone) if config.microphone else None
    speaker = open_speaker(config.speaker, canceller.far.tell if canceller else nobody) if config.speaker else None
    if canceller and microphone:
        microphone = WithoutEcho(microphone, canceller)
    # One network camera of several may be off at the start: it is waited for, as it is when it is lost.
    later = [len(cameras) > 1 and "://" in str(options.source) for options in config.camera]
    now = [camera for camera, waited_for in zip(cameras, later, strict=True) if not waited_for]
    await asyncio.gather(*(apart("probe", camera.probe) for camera in now))
    absent = [
        trouble
        for part, device in (("microphone", microphone), ("speaker", speaker))
        if device is not None and (trouble := await _without_sound(device, part)) is not None
    ]
    parts = [trouble.part for trouble in absent]
    return Devices(
        cameras,
        None if "microphone" in parts else microphone,
        None if "speaker" in parts else speaker,
        absent,
        canceller is not None and not parts,
    )


async def _without_sound(device: Microphone | Speaker, part: str) -> Trouble | None:
    try:
        await apart("probe", device.probe)
    except NoSoundSystem as error:
        return Trouble(part, str(error), asyncio.get_running_loop().time())
    return None


def backend_options(config: Config) -> dict[Kind, BackendOptions]:
    """The options of all models that the configuration needs."""
    chosen: dict[Kind, BackendOptions | None] = {
        "captioner": config.captioner if config.camera else None,
        "spotter": config.spotter if config.camera and config.narration else None,
        "reader": config.reader if config.camera and config.narration else None,
        "detector": config.detector if config.microphone else None,
        "wake": config.wake if config.microphone else None,
        "turn": config.turn if config.microphone else None,
        "transcriber": config.transcriber if config.microphone else None,
        "chat": config.chat,
        "voice": config.voice if config.speaker or (config.voice and config.voice.speaks_itself) else None,
    }
    language = config.conversation.language
    return {kind: _in_language(options, language) for kind, options in chosen.items() if options is not None}


def _in_language(options: BackendOptions, language: Literal["auto", "en", "zh"]) -> BackendOptions:
    """In the language of the conversation, where a backend knows several and its section leaves that open."""
    if language == "auto" or "language" not in type(options).model_fields.keys() - options.model_fields_set:
        return options
    return options.model_copy(update={"language": language})


async def load(config: Config, models: Models, kinds: Collection[Kind] = get_args(Kind)) -> None:
    """Load the models of these kinds side by side, each in the thread it will live in.

    Raises BackendError with the part's name.
    """

    async def one(kind: Kind, options: BackendOptions) -> None:
        worker = models.workers[kind] = Worker(kind)
        found = models.loaded[kind] = await worker.call(backends.loaded, options, kind)
        if kind == "captioner" and (abreast := lanes(found.backend)) > 1:
            worker.widen(abreast + 1)  # a question is put beside them

    chosen = {kind: options for kind, options in backend_options(config).items() if kind in kinds}
    results = await asyncio.gather(*(one(*pair) for pair in chosen.items()), return_exceptions=True)
    for kind, result in zip(chosen, results, strict=True):
        if isinstance(result, BackendError):
            raise BackendError(f"{kind}: {result}") from result
        if isinstance(result, BaseException):
            raise result
