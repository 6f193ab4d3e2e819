"""The composition root: from a configuration to the parts of a session, and the session run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from assistant import commands, duplex
from assistant.config import Config
from assistant.feed import Feed
from assistant.parts import REAL, Devices, Models, Parts, Server, backend_options
from devices.capture import shown
from devices.media import Frame
from pipelines.abilities import abilities
from pipelines.answering import Answers, Mind
from pipelines.backends import Looker
from pipelines.drafts import Drafts, Ears, TurnJudge
from pipelines.endpointer import Endpointer
from pipelines.gate import KeyframeGate
from pipelines.hearing import Listening, never
from pipelines.heeding import Heed
from pipelines.keeping import Keeper
from pipelines.live import Hearing, Session, live
from pipelines.looking import Looks
from pipelines.memory import Memory
from pipelines.phrases import Language
from pipelines.precedence import Precedence
from pipelines.relief import Relief
from pipelines.seeing import Eye, Sight
from pipelines.speaking import Mouth
from pipelines.switches import Present, SwitchedCamera, SwitchedMicrophone, Switches
from pipelines.thinking import Conversation
from pipelines.timers import Timers
from pipelines.toolbox import Toolbox
from pipelines.trouble import Patience
from pipelines.types import Caption, Emit, Notice, Started

Asks = Callable[[], AsyncIterator[str]]
Kept = Callable[[Frame, Caption], None]


async def run(
    config: Config,
    feed: Feed,
    asks: Asks | None = None,
    *,
    asks_hold: bool = False,
    kept: Kept | None = None,
    keeper: Keeper | None = None,
    parts: Parts = REAL,
) -> None:
    """Run the assistant until its inputs end or it is cancelled. `kept` is given each keyframe with its caption.

    `keeper`: keeps what was seen, see `pipelines.keeping`; without one it is remembered in words alone.

    Raises DeviceError or BackendError for a part that is not to be had at the start; later ones are news on the feed.
    """
    devices, models = None, Models()
    try:
        devices = await parts.open(config)
        config = without(config, devices)
        await parts.load(config, models)
        models.limit(config.ladder.hung)
        emit = parts.emit(feed.emit)
        servers = [parts.server(options, emit) for options in config.mcp]
        session = assemble(config, devices, models, emit, servers)
        session.asks, session.asks_hold = asks, asks_hold
        for eye in session.eyes:
            eye.kept = kept or (keeper.show if keeper else eye.kept)
        if keeper is not None:
            session.conversation.memory.changed = keeper.changed
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


def assemble(config: Config, devices: Devices, models: Models, emit: Emit, servers: Sequence[Server] = ()) -> Session:
    """Every part of a session, in the order in which work passes through them."""
    switches = Switches(config.attention, _present(devices, models), emit)
    emit = switches.emit
    memory = Memory(config.memory)
    captioner, sight_worker = models.get("captioner")
    language: Language = "zh" if config.conversation.language == "zh" else "en"
    relief = Relief(config.ladder, emit, language) if captioner else None
    eyes = tuple(
        Eye(
            camera=SwitchedCamera(camera, switches),
            gate=KeyframeGate(config.gate, relief.least if relief else lambda: 0.0),
            patience=Patience(f"camera {camera.name}", emit),
            captioning=Patience(f"captioner of {camera.name}", emit),
            every_keyframe=options.fast and config.captioner is not None,
            still=memory.still,
            ring=config.looking.ring() if isinstance(captioner, Looker) else None,
        )
        for camera, options in zip(devices.cameras, config.camera, strict=True)
    )
    precedence = Precedence()
    sight = Sight(captioner, sight_worker, precedence, relief=relief) if captioner else None

    voice, voice_worker = models.get("voice")
    troubles = {part: Patience(part, emit) for part in ("voice", "speaker")}
    mouth = Mouth(voice, voice_worker, devices.speaker, troubles)

    chat, chat_worker = models.get("chat")
    mind = Mind(chat, chat_worker, Patience("chat", emit), precedence) if chat else None
    looks = Looks(config.looking, eyes, sight, emit) if sight and isinstance(captioner, Looker) else None
    timers = Timers()
    own = abilities(memory, looks, timers)
    toolbox = Toolbox(config.tools, [lambda: own, *(server.abilities for server in servers)])
    answers = Answers(memory, mind, looks, toolbox, timers)
    conversation = Conversation(config.conversation, memory, answers, mouth, emit)

    listening = _hearing(config, devices, models, mouth, switches)
    obey = partial(commands.obeyed, switches)
    beside = (timers.run, *([relief.run] if relief else []), *(server.run for server in servers))
    return Session(conversation, eyes, sight, listening, switches=switches, obey=obey, beside=beside)


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
    if config.mcp and not getattr(models.get("chat")[0], "calls_tools", False):
        emit(
            Notice("The tools of [[mcp]] are not used: they need a [chat] that calls tools (tools = true)", now, "mcp")
        )
    if text := duplex.notice(config, devices):
        emit(Notice(text, now, "microphone"))
