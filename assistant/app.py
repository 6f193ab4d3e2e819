"""The composition root: from a configuration to the parts of a session, and the session run to its end."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from assistant import commands, duplex, narration, scenes, wishing
from assistant.asking import Prompts
from assistant.config import Config
from assistant.feed import Feed
from assistant.greeting import greet
from assistant.kit import Kit as Kit
from assistant.narration import Narration
from assistant.parts import NOBODY, REAL, Devices, Models, Outside, Parts, Server
from devices.media import Camera
from pipelines.abilities import abilities
from pipelines.agenda import Agenda
from pipelines.answering import Answers, Mind
from pipelines.backends import (
    Captioner,
    Chat,
    Detector,
    LiveTranscriber,
    Looker,
    Transcriber,
    TurnModel,
    Voice,
    WakeWord,
    lanes,
)
from pipelines.budget import Budget
from pipelines.controls import Controls
from pipelines.dials import Dials
from pipelines.drafts import Drafts, Ears, TurnJudge
from pipelines.earcons import Earcon
from pipelines.endpointer import Endpointer
from pipelines.enquiries import Enquiries, Place
from pipelines.guard import Guard
from pipelines.hearing import Listening, never
from pipelines.listening_gate import ListeningGate
from pipelines.live import Hearing, Session, live
from pipelines.looking import Looks
from pipelines.memory import Memory
from pipelines.narration.announcing import Announcer
from pipelines.precedence import Precedence
from pipelines.relief import Relief
from pipelines.seeing import Eye
from pipelines.sight import Sight
from pipelines.sounding import Sounding
from pipelines.speaking import Mouth
from pipelines.switches import Present, SwitchedCamera, SwitchedMicrophone, Switches
from pipelines.thinking import Conversation
from pipelines.timers import Timers
from pipelines.toolbox import Toolbox
from pipelines.trouble import Patience
from pipelines.types import Emit
from pipelines.watchers import MissedCamera, Watcher, Watchers
from pipelines.watching import Watch, event_ids


async def run(config: Config, feed: Feed, outside: Outside = NOBODY, parts: Parts = REAL) -> None:
    """Run the assistant until its inputs end or it is cancelled.

    Raises DeviceError or BackendError for a part that is not to be had at the start; later ones are news on the feed.
    """
    devices, models = None, Models()
    try:
        devices = await parts.open(config)
        config = without(config, devices)
        await parts.load(config, models)
        gc.freeze()  # models stay: to look through them for garbage holds all threads up for a fifth of a second
        models.limit(config.hung)
        emit = parts.emit(feed.emit)
        session = assemble(Kit(config, devices, models, parts, outside), emit)
        greet(config, devices, models, session.switches.emit)
        await live(session, emit)
    finally:
        gc.unfreeze()
        parts.end()
        models.close()
        try:
            if devices is not None and devices.speaker is not None:
                await devices.speaker.close()
        finally:
            await parts.settle()


def without(config: Config, devices: Devices) -> Config:
    """The configuration without the parts for which this machine has no device."""
    absent = {trouble.part: None for trouble in devices.absent}
    return config.model_copy(update=absent)


def assemble(kit: Kit, emit: Emit) -> Session:
    """Every part of a session, in the order in which work passes through them."""
    config, outside, parts = kit.config, kit.outside, kit.parts
    announcer = Announcer(emit, kit.language, outside.opening.stored)
    parts.opens(outside.opening)
    sounding = Sounding(config.earcons, announcer.emit)
    switches = Switches(config.attention, _present(kit), sounding.emit)
    emit, precedence, memory = switches.emit, Precedence(), Memory(config.memory, outside.changed)
    dials = Dials(config.settings, emit)
    sight = _sight(kit, precedence, dials, announcer.working(emit))
    mouth, agenda = _mouth(kit, dials, emit), Agenda(config.speech, dials, emit, parts.clock(), switches.sees)
    if config.narration is not None:
        announcer.attach(agenda)
    telling = narration.build(kit, sight, agenda, sounding, switches)
    eyes = _eyes(kit, sight, memory, switches, telling)
    looks = _looks(kit, eyes, sight, switches)
    timers, servers = Timers(), [parts.server(options, emit) for options in config.mcp]
    toolbox, mind = _toolbox(kit, memory, looks, timers, servers), _mind(kit, precedence, emit)
    answers = Answers(memory, mind, looks, toolbox, timers, boxes=telling.boxes)
    conversation = Conversation(config.conversation, memory, answers, (mouth, agenda), emit)
    sounding.attach(mouth, lambda: conversation.busy, lambda name: _sounds(name, dials, agenda))
    granting = wishing.granting(kit, telling, conversation, dials, switches)
    seeing = Answers(memory, mind, looks, boxes=telling.boxes)  # programs set no timers, and call no tools
    answers.only_while(lambda: not kit.cameras or switches.sees())
    place = Place([*kit.cameras], switches.sees, conversation.own)
    enquiries = Enquiries(seeing, Answers(Memory(), mind), place, emit)
    narrates = config.narration is not None
    outside.attach(Controls(switches, dials, conversation, enquiries, kit.cameras, mouth.present, narrates))
    obeyed = partial(commands.obeyed, switches, granting.grant, language=kit.language)
    relief = [sight.relief.run] if sight and sight.relief else []
    return Session(
        conversation,
        switches,
        eyes,
        sight,
        _hearing(kit, mouth, switches),
        asks=parts.asks(outside.asks, outside.hold),
        asks_hold=outside.hold,
        obey=Prompts(config.keys, conversation, kit.language).before(obeyed),
        beside=(
            timers.run,
            sounding.run,
            granting.run,
            *telling.beside,
            *relief,
            *(server.run for server in servers),
        ),
        outside=outside.counters,
    )


def _sounds(name: Earcon, dials: Dials, agenda: Agenda) -> bool:
    """Whether an earcon is wanted at present; at night nobody wants to be told that all goes on."""
    return dials.now.speaking and not (name == "alive" and agenda.policy.taste.quiet)


def _present(kit: Kit) -> Present:
    wake = kit.models.get(WakeWord)
    return Present(kit.devices.microphone is not None, bool(kit.devices.cameras), wake.backend.phrase if wake else "")


def _sight(kit: Kit, precedence: Precedence, dials: Dials, emit: Emit) -> Sight | None:
    captioner = kit.models.get(Captioner)
    if captioner is None:
        return None
    name = kit.models.loaded["captioner"].name
    relief = Relief(kit.config.ladder, emit, kit.language, kit.parts.light)
    reports = scenes.reports(kit.config, dials, kit.language)
    budget = Budget(kit.config.budget)
    sight = Sight(*captioner, precedence, relief=relief, name=name, dials=dials, budget=budget, reports=reports)
    return sight.abreast(lanes(captioner.backend))


def _eyes(kit: Kit, sight: Sight | None, memory: Memory, switches: Switches, telling: Narration) -> tuple[Eye, ...]:
    config, emit = kit.config, switches.emit
    least = sight.least if sight else lambda: 0.0
    looked_back = sight is not None and isinstance(sight.captioner, Looker)
    return tuple(
        Eye(
            camera=_switched(camera, watch, switches),
            gate=kit.parts.gate(camera.name, config.gate, least),
            patience=Patience(f"camera {camera.name}", emit),
            captioning=Patience(f"captioner of {camera.name}", emit),
            every_keyframe=options.fast and sight is not None,
            still=memory.still,
            unchanged=memory.unchanged,
            novelty=scenes.novelty(config, sight.captioner if sight else None),
            kept=kit.outside.kept,
            watch=watch,
            spotting=spotting,
            guard=_guard(kit, camera, watch),
            ring=config.looking.ring() if looked_back else None,
        )
        for camera, options, watch, spotting in zip(
            kit.devices.cameras, config.camera, _watchers(kit, sight, telling, emit), telling.spotting, strict=True
        )
    )


def _looks(kit: Kit, eyes: tuple[Eye, ...], sight: Sight | None, switches: Switches) -> Looks | None:
    if sight is None or not isinstance(sight.captioner, Looker):
        return None
    looks = Looks(kit.config.looking, eyes, sight, switches.emit)
    switches.when_covered(looks.cover)
    return looks


def _watchers(kit: Kit, sight: Sight | None, telling: Narration, emit: Emit) -> list[Watcher | None]:
    """Who is told what each camera shows: what makes events of it, and what tells it aloud."""
    watches = zip(_watches(kit, sight, emit), telling.cameras, strict=True)
    told = [[*([watch] if watch else []), *tellers] for watch, tellers in watches]
    return [Watchers(*all_of) if len(all_of) > 1 else all_of[0] if all_of else None for all_of in told]


def _guard(kit: Kit, camera: Camera, watch: Watcher | None) -> Guard | None:
    if watch is None:
        return None
    return kit.parts.guard(camera, kit.config.guard, watch)


def _watches(kit: Kit, sight: Sight | None, emit: Emit) -> list[Watch | None]:
    """One for each camera, where events are wanted."""
    options, since = kit.config.events, datetime.now(UTC)
    if options is None:
        return [None for _ in kit.cameras]
    waiting = options if sight else options.model_copy(update={"late": 0.0})  # no words are to come
    return [Watch(name, event_ids(name, since), waiting, emit, kit.language) for name in kit.cameras]


def _switched(camera: Camera, watch: Watcher | None, switches: Switches) -> Camera:
    switched = SwitchedCamera(camera, switches)
    return switched if watch is None else MissedCamera(switched, watch)


def _mouth(kit: Kit, dials: Dials, emit: Emit) -> Mouth:
    voice, worker = kit.models.get(Voice) or (None, None)
    troubles = _patience(emit, "voice", "speaker") | {"manner": Patience("voice", emit)}
    mouth = Mouth(voice, worker, kit.devices.speaker, troubles, lambda: dials.now)
    dials.when_changed(mouth.settle)
    return mouth


def _mind(kit: Kit, precedence: Precedence, emit: Emit) -> Mind | None:
    chat = kit.models.get(Chat)
    return Mind(*chat, Patience("chat", emit), precedence) if chat else None


def _toolbox(kit: Kit, memory: Memory, looks: Looks | None, timers: Timers, servers: Sequence[Server]) -> Toolbox:
    own = abilities(memory, looks, timers)
    return Toolbox(kit.config.tools, [lambda: own, *(server.abilities for server in servers)])


def _hearing(kit: Kit, mouth: Mouth, switches: Switches) -> Hearing | None:
    microphone, detector, transcriber = kit.devices.microphone, kit.models.get(Detector), kit.models.get(Transcriber)
    if microphone is None or detector is None or transcriber is None:
        return None
    options, emit, wake = kit.config.hearing, switches.emit, kit.models.get(WakeWord)
    drafts = isinstance(transcriber.backend, LiveTranscriber) and transcriber.backend.partials and options.partials > 0
    ears = Ears(Endpointer(options, detector.backend, drafts), detector.worker)
    listening = Listening(
        ears,
        Drafts(*transcriber, ears, options.ending, _turn_judge(kit, emit)),
        duplex.deafness(mouth) if duplex.half_duplex(kit.config, kit.devices) else never,
        ListeningGate(switches, *wake) if wake else ListeningGate(switches),
    )
    troubles = _patience(emit, "microphone", "detector", "transcriber")
    return Hearing(SwitchedMicrophone(microphone, switches), listening, troubles)


def _turn_judge(kit: Kit, emit: Emit) -> TurnJudge | None:
    turn = kit.models.get(TurnModel)
    return TurnJudge(*turn, Patience("turn", emit)) if turn else None


def _patience(emit: Emit, *parts: str) -> dict[str, Patience]:
    return {part: Patience(part, emit) for part in parts}
