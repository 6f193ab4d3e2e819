"""`omni record`: a session that is kept as it happens, so that it can run again."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from assistant import duplex
from assistant.config import Config, ConfigError
from assistant.mcp_tools import McpOptions
from assistant.parts import REAL, Asks, Devices, Models, Opening, Parts, Server
from assistant.recordings import settings
from assistant.recordings.forms import FORMAT
from assistant.recordings.journal import Journal, make_folder
from assistant.recordings.shells import LIGHT, Shell, role, shell
from assistant.recordings.stalls import watched_stalls
from assistant.recordings.tool_servers import WatchedServer
from assistant.recordings.values import digest
from assistant.recordings.watched_devices import (
    WatchedCamera,
    WatchedGate,
    WatchedGuard,
    WatchedLight,
    WatchedMicrophone,
    WatchedSpeaker,
    watched_asks,
)
from assistant.recordings.watched_models import Album, Clock, Soon, WatchedModel, at_once, attributes_of
from devices.media import Camera
from devices.threads import apart
from pipelines import agenda
from pipelines.backends import Captioner, Kind
from pipelines.clock import VirtualLoop
from pipelines.gate import Gate, GateOptions
from pipelines.guard import Guard, GuardOptions, Told
from pipelines.narration.light import Lightness
from pipelines.types import Emit, Event, Notice, Started, Trouble, as_json


def run(arguments: argparse.Namespace) -> int:
    """Run the assistant as `omni run` does, and keep the session. Status 1 where a part had trouble."""
    from assistant import session

    return session.run(arguments, Recorder(Path(arguments.folder)))


class Recorder:
    """Real parts, watched; what they do is kept in a new folder."""

    def __init__(self, folder: Path, parts: Parts = REAL) -> None:
        self.folder, self._parts = folder, parts
        self._journal: Journal | None = None
        self._models: list[WatchedModel] = []
        self._stalls: asyncio.Task[None] | None = None

    async def open(self, config: Config) -> Devices:
        """Raises ConfigError where the folder cannot be used."""
        if duplex.speaks_itself(config):
            raise ConfigError("a voice with a mouth of its own cannot be recorded: name another [voice] backend")
        make_folder(self.folder)
        self._devices = await self._parts.open(config)
        return self._devices

    async def load(self, config: Config, models: Models) -> None:
        """Load the models, and watch them and the devices from now on. Raises OSError: the folder is not written."""
        await self._parts.load(config, models)
        loop = asyncio.get_running_loop()
        self._clock: Clock = loop.worked if isinstance(loop, VirtualLoop) else loop.time
        self._soon: Soon = at_once if isinstance(loop, VirtualLoop) else loop.call_soon_threadsafe
        header = _header(config, self._devices, models) | {"local": _local(self._parts.clock()())}
        self._journal = journal = Journal(self.folder, header, self._broken(loop))
        self._album = Album(journal)
        for kind, loaded in models.loaded.items():
            models.loaded[kind] = replace(loaded, backend=self._watched(kind, kind, loaded.backend))
            if not isinstance(loop, VirtualLoop):
                self._models[-1].late = partial(getattr, models.workers[kind], "late")
        self._watch(self._devices, journal)
        if not isinstance(loop, VirtualLoop):
            self._stalls = asyncio.create_task(watched_stalls(journal))

    def server(self, options: McpOptions, emit: Emit) -> Server:
        server = self._parts.server(options, emit)
        return WatchedServer(f"mcp {options.name}", server, cast(Journal, self._journal), self._clock)

    def emit(self, emit: Emit) -> Emit:
        self._tell = emit = self._parts.emit(emit)

        def told(event: Event) -> None:
            if self._journal is not None:
                self._journal.line("event", event=as_json(event))
            emit(event)
            if isinstance(event, Started):
                text = f"Sound, pictures and words of this session are kept in {self.folder}."
                emit(Notice(text, event.at, "recording"))

        return told

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        gate = self._parts.gate(camera, options, least)
        return WatchedGate(gate, cast(Journal, self._journal), self._album, self._clock)

    def guard(self, camera: Camera, options: GuardOptions, told: Told) -> Guard:
        guarded = partial(self._parts.guard, camera, options)
        return WatchedGuard(guarded, told, cast(Journal, self._journal), self._clock)

    def lightness(self, camera: str) -> Lightness:
        return WatchedLight(camera, self._parts.lightness(camera), cast(Journal, self._journal), self._clock)

    def light(self) -> Captioner:
        began, journal = self._clock(), cast(Journal, self._journal)
        light = self._parts.light()
        loading = {"kind": LIGHT, "method": "load", "at": began, "digest": digest(())}
        journal.line("call", **loading, took=self._clock() - began)
        return cast(Captioner, self._watched(LIGHT, "captioner", light))

    def asks(self, asks: Asks | None, hold: bool) -> Asks | None:
        journal, asks = cast(Journal, self._journal), self._parts.asks(asks, hold)
        journal.line("asks", typed=asks is not None, hold=hold)
        return None if asks is None else lambda: watched_asks(asks(), journal, self._clock)

    def opens(self, opening: Opening) -> None:
        self._parts.opens(opening)
        cast(Journal, self._journal).line("opening", **asdict(opening))

    def clock(self) -> agenda.Clock:
        return self._parts.clock()

    def end(self) -> None:
        """Say how it ended; nothing is kept from now on."""
        self._parts.end()
        task = asyncio.current_task()
        if self._journal is not None:
            if self._stalls is not None:
                self._stalls.cancel()
            for model in self._models:
                model.end()
            how = "cancelled" if task is not None and task.cancelling() else "ended"
            self._journal.end(at=self._clock(), how=how)

    async def settle(self) -> None:
        """Return when all is written, or that takes too long."""
        await self._parts.settle()
        if self._journal is not None:
            await apart("recording's end", self._journal.close)

    def _broken(self, loop: asyncio.AbstractEventLoop) -> Callable[[str], None]:
        """Says once that nothing more is kept; called in any thread."""

        def broken(why: str) -> None:
            text = f"{self.folder} is not written any more ({why}): the session goes on, its recording ends here"
            trouble = Trouble("recording", text, loop.time())
            with suppress(RuntimeError):  # the loop is closed: the session is over
                loop.call_soon_threadsafe(self._tell, trouble)

        return broken

    def _watched(self, name: str, kind: Kind, model: Any) -> Shell:
        """What makes the calls of a model, and keeps them under that name."""
        behind = WatchedModel(name, model, cast(Journal, self._journal), self._album, self._clock, self._soon)
        self._models.append(behind)
        return shell(role(kind, model), behind)

    def _watch(self, devices: Devices, journal: Journal) -> None:
        devices.cameras[:] = [WatchedCamera(one, journal, self._clock) for one in devices.cameras]
        if devices.microphone is not None:
            devices.microphone = WatchedMicrophone(devices.microphone, journal, self._clock)
        if devices.speaker is not None:
            devices.speaker = WatchedSpeaker(devices.speaker, journal, self._clock)


def _header(config: Config, devices: Devices, models: Models) -> dict[str, Any]:
    """What the session is, before anything happens in it."""
    microphone, speaker = devices.microphone, devices.speaker
    return {
        "format": FORMAT,
        "began": asyncio.get_running_loop().time(),
        "config": settings.kept(config),
        "cameras": [{"name": one.name, "live": one.live, "endless": one.endless} for one in devices.cameras],
        "microphone": microphone and {"live": microphone.live, "endless": microphone.endless},
        "speaker": speaker and {"live": speaker.live},
        "echo_free": devices.echo_free,
        "absent": [asdict(trouble) for trouble in devices.absent],
        "models": {kind: _model(kind, loaded) for kind, loaded in models.loaded.items()},
    }


def _local(now: datetime) -> str:
    """The time of day, and that of the place: quiet hours are those of where the session was."""
    return now.astimezone().isoformat()


def _model(kind: Kind, loaded: Any) -> dict[str, Any]:
    told = {"role": role(kind, loaded.backend), "name": loaded.name, "notice": loaded.notice}
    return told | {"state": attributes_of(loaded.backend)}
