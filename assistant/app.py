"""The composition root: from a configuration to the parts of a session, and the session run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, Protocol, get_args

from assistant import commands, duplex
from assistant.config import Config
from assistant.feed import Feed
from devices.camera import open_camera
from devices.capture import shown
from devices.echo import WithoutEcho, nobody
from devices.media import Camera, Frame, Microphone, NoSoundSystem, Speaker
from devices.microphone import open_microphone
from devices.speaker import open_speaker
from devices.threads import DaemonThread
from pipelines import backends
from pipelines.answering import Answers, Mind
from pipelines.backends import BackendError, BackendOptions, Kind, Loaded
from pipelines.drafts import Drafts, Ears, TurnJudge
from pipelines.endpointer import Endpointer
from pipelines.gate import KeyframeGate
from pipelines.hearing import Listening, never
from pipelines.heeding import Heed
from pipelines.live import Hearing, Session, live
from pipelines.memory import Memory
from pipelines.precedence import Precedence
from pipelines.seeing import Eye, Sight
from pipelines.speaking import Mouth
from pipelines.switches import Present, SwitchedCamera, SwitchedMicrophone, Switches
from pipelines.thinking import Conversation
from pipelines.trouble import Patience
from pipelines.types import Caption, Emit, Notice, Started, Trouble
from pipelines.worker import Worker

Asks = Callable[[], AsyncIterator[str]]
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


@dataclass(slots=True)
class Models:
    """Each loaded backend beside the thread it lives in."""

    loaded: dict[Kind, Loaded] = field(default_factory=dict)
    workers: dict[Kind, Worker] = field(default_factory=dict)

    def get(self, kind: Kind) -> tuple[Any, Any]:
        """The backend and its thread; a pair of None where the part is absent."""
        return (self.loaded[kind].backend, self.workers[kind]) if kind in self.loaded else (None, None)

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()


class Parts(Protocol):
    """Where the parts of a session come from, and what stands between them and the pipeline."""

    async def open(self, config: Config) -> Devices:
        """The devices. Raises DeviceError for one that is not to be had."""

    async def load(self, config: Config, models: Models) -> None:
        """Add the models, each with its thread. Raises BackendError with the part's name."""

    def emit(self, emit: Emit) -> Emit:
        """What the events of the session are told to."""

    def begin(self, session: Session) -> None:
        """The session is about to begin."""

    def end(self) -> None:
        """It is over, or could not begin."""


class Real:
    """The devices of this machine and the models of the configuration, as they are."""

    async def open(self, config: Config) -> Devices:
        return await _open(config)

    async def load(self, config: Config, models: Models) -> None:
        await load(config, models)

    def emit(self, emit: Emit) -> Emit:
        return emit

    def begin(self, session: Session) -> None:
        """Nothing stands between."""

    def end(self) -> None:
        """There is nothing to end."""


REAL = Real()


async def run(
    config: Config,
    feed: Feed,
    asks: Asks | None = None,
    *,
    asks_hold: bool = False,
    kept: Kept | None = None,
    parts: Parts = REAL,
) -> None:
    """Run the assistant until its inputs end or it is cancelled. `kept` is given each keyframe with its caption.

    Raises DeviceError or BackendError for a part that is not to be had at the start; later ones are news on the feed.
    """
    devices, models = None, Models()
    try:
        devices = await parts.open(config)
        config = without(config, devices)
        await parts.load(config, models)
        emit = parts.emit(feed.emit)
        session = assemble(config, devices, models, emit)
        session.asks, session.asks_hold = asks, asks_hold
        for eye in session.eyes:
            eye.kept = kept or eye.kept
        parts.begin(session)
        greet(config, devices, models, emit)
        await live(session, emit)
    finally:
        parts.end()
        models.close()
        if devices is not None and devices.speaker is not None:
            await devices.speaker.close()


def without(config: Config, devices: Devices) -> Config:
    """The configuration without the parts for which this machine has no device."""
    absent = {trouble.part: None for trouble in devices.absent}
    return config.model_copy(update=absent)


def assemble(config: Config, devices: Devices, models: Models, emit: Emit) -> Session:
    """Every part of a session, in the order in which work passes through them."""
    switches = Switches(config.attention, _present(devices, models), emit)
    emit = switches.emit
    memory = Memory(config.memory)
    eyes = tuple(
        Eye(
            camera=SwitchedCamera(camera, switches),
            gate=KeyframeGate(config.gate),
            patience=Patience(f"camera {camera.name}", emit),
            captioning=Patience(f"captioner of {camera.name}", emit),
            every_keyframe=options.fast and config.captioner is not None,
            still=memory.still,
        )
        for camera, options in zip(devices.cameras, config.camera, strict=True)
    )
    captioner, sight_worker = models.get("captioner")
    precedence = Precedence()
    sight = Sight(captioner, sight_worker, precedence) if captioner else None

    voice, voice_worker = models.get("voice")
    troubles = {part: Patience(part, emit) for part in ("voice", "speaker")}
    mouth = Mouth(voice, voice_worker, devices.speaker, troubles)

    chat, chat_worker = models.get("chat")
    mind = Mind(chat, chat_worker, Patience("chat", emit), precedence) if chat else None
    conversation = Conversation(config.conversation, memory, Answers(memory, mind), mouth, emit)

    listening = _hearing(config, devices, models, mouth, switches)
    return Session(conversation, eyes, sight, listening, switches=switches, obey=partial(commands.obeyed, switches))


def _hearing(config: Config, devices: Devices, models: Models, mouth: Mouth, switches: Switches) -> Hearing | None:
    if devices.microphone is None:
        return None
    emit = switches.emit
    detector, ear_worker = models.get("detector")
    transcriber, worker = models.get("transcriber")
    drafts = bool(config.hearing.partials) and getattr(transcriber, "partials", False)
    ears = Ears(Endpointer(config.hearing, detector, drafts), ear_worker)
    listening = Listening(
        ears,
        Drafts(transcriber, worker, ears, config.hearing.ending, _turn_judge(models, emit)),
        duplex.deafness(mouth) if duplex.half_duplex(config, devices) else never,
        Heed(switches, *models.get("wake")),
    )
    troubles = {part: Patience(part, emit) for part in ("microphone", "detector", "transcriber")}
    return Hearing(SwitchedMicrophone(devices.microphone, switches), listening, troubles)


def _turn_judge(models: Models, emit: Emit) -> TurnJudge | None:
    model, worker = models.get("turn")
    return TurnJudge(model, worker, Patience("turn", emit)) if model else None


def _present(devices: Devices, models: Models) -> Present:
    wake, _ = models.get("wake")
    return Present(devices.microphone is not None, bool(devices.cameras), wake.phrase if wake else "")


async def _open(config: Config) -> Devices:
    """Open and probe all devices, side by side. Where the machine has no sound at all, those parts are left out."""
    cameras = [open_camera(options) for options in config.camera]
    canceller = await duplex.canceller(config)
    microphone = open_microphone(config.microphone) if config.microphone else None
    speaker = open_speaker(config.speaker, canceller.far.tell if canceller else nobody) if config.speaker else None
    if canceller and microphone:
        microphone = WithoutEcho(microphone, canceller)
    # One network camera of several may be off at the start: it is waited for, as it is when it is lost.
    waited_for = [len(cameras) > 1 and "://" in str(options.source) for options in config.camera]
    await asyncio.gather(*(_probe(camera) for camera, later in zip(cameras, waited_for, strict=True) if not later))
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


async def _probe(device: Camera | Microphone | Speaker) -> None:
    """Find out whether a device can be used, in a thread that keeps nobody from leaving while it finds out."""
    thread = DaemonThread("probe")
    try:
        await asyncio.get_running_loop().run_in_executor(thread, device.probe)
    finally:
        thread.shutdown()


async def _without_sound(device: Microphone | Speaker, part: str) -> Trouble | None:
    try:
        await _probe(device)
    except NoSoundSystem as error:
        return Trouble(part, str(error), asyncio.get_running_loop().time())
    return None


def backend_options(config: Config) -> dict[Kind, BackendOptions]:
    """The options of all models that the configuration needs."""
    chosen: dict[Kind, BackendOptions | None] = {
        "captioner": config.captioner if config.camera else None,
        "detector": config.detector if config.microphone else None,
        "wake": config.wake if config.microphone else None,
        "turn": config.turn if config.microphone else None,
        "transcriber": config.transcriber if config.microphone else None,
        "chat": config.chat,
        "voice": config.voice if config.speaker else None,
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
        models.loaded[kind] = await worker.call(backends.loaded, options, kind)

    chosen = {kind: options for kind, options in backend_options(config).items() if kind in kinds}
    results = await asyncio.gather(*(one(*pair) for pair in chosen.items()), return_exceptions=True)
    for kind, result in zip(chosen, results, strict=True):
        if isinstance(result, BackendError):
            raise BackendError(f"{kind}: {result}") from result
        if isinstance(result, BaseException):
            raise result


def greet(config: Config, devices: Devices, models: Models, emit: Emit) -> None:
    """Say what runs, what is left out and why, and once what each stand-in cannot do."""
    now = asyncio.get_running_loop().time()
    parts: dict[str, str] = {kind: models.loaded[kind].name for kind in backend_options(config)}
    parts |= {f"camera {camera.name}": shown(camera.source) for camera in config.camera}
    parts |= {"microphone": str(config.microphone.source)} if config.microphone else {}
    parts |= {"speaker": str(config.speaker.sink)} if config.speaker else {}
    emit(Started(now, datetime.now(UTC).isoformat(timespec="milliseconds"), parts))
    for trouble in devices.absent:
        emit(trouble)
    for kind in backend_options(config):
        if told := models.loaded[kind].notice:
            emit(Notice(told, now, kind))
    if text := duplex.notice(config, devices):
        emit(Notice(text, now, "microphone"))
