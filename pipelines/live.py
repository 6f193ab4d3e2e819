"""One session: the inputs, the conversation and the account of the lines, as tasks of one group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from devices.lines import Latest, Lossless
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Frame, Microphone
from pipelines import hearing, seeing
from pipelines.captioning import Captioning
from pipelines.hearing import Listening
from pipelines.seeing import Eye
from pipelines.sight import Sight
from pipelines.switches import Switches
from pipelines.thinking import Conversation
from pipelines.trouble import Patience, keep_up
from pipelines.types import CameraCounts, Caption, Emit, Health, Notice, Perception, Transcript, Utterance

L = TypeVar("L", Latest[Frame], Lossless[AudioChunk])
L_in = TypeVar("L_in", contravariant=True)

Beside = Callable[[Lossless[Perception]], Coroutine[Any, Any, None]]

HEALTH_EVERY = 5.0
"""Seconds between two accounts of the counters."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """The microphone, what tells speech from other sound, what puts it into words, and the lines between them."""

    microphone: Microphone
    listening: Listening
    troubles: dict[str, Patience]
    """One for each of `microphone`, `detector` and `transcriber`."""
    chunks: Lossless[AudioChunk] = field(default_factory=lambda: Lossless[AudioChunk](64, "sound"))
    utterances: Lossless[Utterance] = field(default_factory=lambda: Lossless[Utterance](8, "utterances"))


@dataclass(frozen=True, slots=True)
class Session:
    """All that runs; None is a part that is absent."""

    conversation: Conversation
    switches: Switches
    """What a person switches while it runs."""
    eyes: tuple[Eye, ...] = ()
    sight: Sight | None = None
    hearing: Hearing | None = None
    asks: Callable[[], AsyncIterator[str]] | None = None
    """Typed questions, until their end."""
    asks_hold: bool = False
    """True: the session goes on until the questions have ended."""
    obey: Callable[[str], bool] = lambda line: False
    """Given each typed line before it counts as a question: True where it was a command, and is done with."""
    beside: tuple[Beside, ...] = ()
    """What runs beside, until the end: timers, tool servers. Each is given the perceptions."""
    outside: Callable[[], dict[str, int]] = dict
    """What was counted outside: changes that could not be kept, events that somebody missed."""
    perceptions: Lossless[Perception] = field(default_factory=lambda: Lossless[Perception](64, "perceptions"))

    def counters(self) -> dict[str, int]:
        """What each line took, dropped and waited for, and what the microphone lost (samples at 16 kHz)."""
        counted = {"perceptions": self.perceptions.accepted, "perceptions waits": self.perceptions.waits}
        for eye in self.eyes:
            name = eye.camera.name
            for what, count in asdict(_counts(eye)).items():
                if count or what != "keyframes_waiting":
                    counted[f"{name} {what.replace('_', ' ')}"] = count
            counted |= eye.spared.counters(name)
            for spotting in eye.spotting:
                counted |= spotting.counters(name)
        if self.sight is not None:
            counted |= self.sight.budget.counters()
        if self.sight is not None and self.sight.relief is not None and self.sight.relief.ladder.taken:
            counted["ladder step"] = self.sight.relief.ladder.step
            counted["ladder steps taken"] = self.sight.relief.ladder.taken
        if self.hearing is not None:
            counted["drafts dropped"] = self.hearing.listening.drafts.dropped
            counted["utterances"] = self.hearing.utterances.accepted
            counted["utterances waits"] = self.hearing.utterances.waits
            counted["sound waits"] = self.hearing.chunks.waits
            counted["samples lost"] = self.hearing.microphone.lost
        if self.conversation.agenda.dropped:
            counted["remarks unsaid"] = self.conversation.agenda.dropped
        return counted | self.outside()


class _Device(Protocol[L_in]):
    live: bool

    async def run(self, line: L_in, /) -> None: ...


@dataclass(frozen=True, slots=True)
class _Input:
    """One way in: runs until its source has ended and all that came of it is on the perceptions line."""

    run: Callable[[], Coroutine[Any, Any, None]]
    live: bool
    endless: bool


async def live(session: Session, emit: Emit) -> None:
    """Run until the inputs have ended and the last answer was heard; with a live device, until cancelled.

    Without a live device the session ends with its last file; typed asks and a still picture hold it open only
    where no file is read.
    """
    session.switches.when_covered(session.conversation.cover)
    if session.sight is not None:
        session.switches.when_covered(session.sight.cover)
    session.switches.when_covered(lambda: session.perceptions.forget(lambda one: isinstance(one, Caption)))
    async with asyncio.TaskGroup() as group:
        account = _Account(session, emit)
        accounting = group.create_task(account.keep())
        switching = group.create_task(session.switches.keep())
        beside = [group.create_task(work(session.perceptions)) for work in session.beside]
        talking = group.create_task(session.conversation.converse(session.perceptions))
        await _until_over(_inputs(session))
        session.perceptions.close()
        await talking
        for task in (accounting, switching, *beside):
            task.cancel()
    account.tell(last=True)


def _inputs(session: Session) -> list[_Input]:
    inputs = [_Input(partial(_look, eye, session), eye.camera.live, eye.camera.endless) for eye in session.eyes]
    if session.hearing is not None:
        microphone = session.hearing.microphone
        inputs.append(
            _Input(partial(_listen, session.hearing, session.perceptions), microphone.live, microphone.endless)
        )
    if session.asks is not None:
        inputs.append(_Input(partial(_read, session.asks, session), live=False, endless=not session.asks_hold))
    return inputs


async def _until_over(inputs: list[_Input]) -> None:
    """Run all inputs, and end those that hold nothing open when the others have ended."""
    async with asyncio.TaskGroup() as group:
        tasks = {group.create_task(one.run()): one for one in inputs}
        holding = [task for task, one in tasks.items() if one.live or not one.endless] or list(tasks)
        if any(one.live for one in inputs):
            holding = list(tasks)
        if holding:
            await asyncio.wait(holding)
        for task in tasks:
            task.cancel()


async def _look(eye: Eye, session: Session) -> None:
    session.switches.when_covered(eye.cover)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_source(eye.camera, eye.frames, eye.patience))
            group.create_task(seeing.gate(eye, session.switches.shows))
            for spotting in eye.spotting:
                group.create_task(spotting.run(session.switches.shows))
            if session.sight is not None:
                group.create_task(Captioning(eye, session.sight, session.perceptions).run())
    finally:
        if eye.watch is not None:
            eye.watch.close()


async def _listen(parts: Hearing, perceptions: Lossless[Perception]) -> None:
    chunks, utterances, troubles = parts.chunks, parts.utterances, parts.troubles

    async def listen() -> None:
        await hearing.listen(chunks, parts.listening, perceptions, utterances)

    async with asyncio.TaskGroup() as group:
        group.create_task(_source(parts.microphone, chunks, troubles["microphone"]))
        group.create_task(keep_up(troubles["detector"], listen, lambda: chunks.accepted))
        group.create_task(parts.listening.drafts.run(perceptions))
        group.create_task(hearing.transcribe(utterances, parts.listening.drafts, perceptions, troubles["transcriber"]))


async def _read(asks: Callable[[], AsyncIterator[str]], session: Session) -> None:
    async for line in asks():
        if not session.obey(line):
            await session.perceptions.put(Transcript(line, asyncio.get_running_loop().time(), source="keyboard"))


async def _source(device: _Device[L], line: L, patience: Patience) -> None:
    """Run a device until it ends; a live one that is lost is tried again for ever, a file is not."""
    try:
        if device.live:
            await keep_up(patience, lambda: device.run(line), lambda: line.accepted)
        else:
            await device.run(line)
    except DeviceError as error:
        patience.failed(str(error))
    finally:
        line.close()


def _counts(eye: Eye) -> CameraCounts:
    frames, keyframes = eye.frames, eye.keyframes
    return CameraCounts(frames.accepted, frames.dropped, keyframes.accepted, keyframes.dropped, len(keyframes))


class _Account:
    """Tells the counters where they changed, and says when the microphone lost sound."""

    def __init__(self, session: Session, emit: Emit) -> None:
        self._session, self._emit = session, emit
        self._told: dict[str, int] = {}
        self._lost = 0

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_EVERY)
            self.tell()

    def tell(self, last: bool = False) -> None:
        now, counted = asyncio.get_running_loop().time(), self._session.counters()
        lost = counted.get("samples lost", 0)
        if lost > self._lost:
            seconds = (lost - self._lost) / SPEECH_RATE
            self._emit(Notice(f"the microphone lost {seconds:.2f} s of sound", now, "microphone"))
        if last or counted != self._told:
            self._emit(Health(now, counted, {eye.camera.name: _counts(eye) for eye in self._session.eyes}))
        self._told, self._lost = counted, lost
