"""`omni replay`: a recorded session run again, faster than it was, and what differs from how it went."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import cast, get_args

from assistant import app, config
from assistant.config import Config, ConfigError
from assistant.feed import Feed
from assistant.introduction import Introduction
from assistant.mcp_tools import McpOptions
from assistant.parts import Asks, Devices, Models, Opening, Outside, Server, backend_options, load
from assistant.recordings import settings
from assistant.recordings.differences import TOLERANCE, Difference, compared
from assistant.recordings.journal import HEADER, Line
from assistant.recordings.living import live_options
from assistant.recordings.played_devices import (
    PlayedCamera,
    PlayedGate,
    PlayedGuard,
    PlayedLight,
    PlayedMicrophone,
    PlayedSpeaker,
    played_asks,
)
from assistant.recordings.played_models import Mismatch, PlayedModel, TimedModel
from assistant.recordings.reading import Recording, read
from assistant.recordings.shells import LIGHT, role, shell
from assistant.recordings.stalls import played_stalls
from assistant.recordings.tool_servers import PlayedServer
from devices.media import Camera
from pipelines.agenda import Clock
from pipelines.backends import BackendOptions, Captioner, Kind, Loaded
from pipelines.clock import Stalled, VirtualLoop
from pipelines.gate import Gate, GateOptions
from pipelines.guard import Guard, GuardOptions, Told
from pipelines.narration.light import Lightness
from pipelines.types import Emit, Event, Trouble, as_json
from pipelines.wording import listed, one_line
from pipelines.worker import Worker

WAKING = 1e-4
"""Seconds that a thread needs to begin: what was given up within them was never asked of a model."""
LINGERING = 600.0
"""Seconds on its clock by which a session may last longer than it did."""
WIDEST = 1000
"""Letters of a difference that are shown."""
CHEAP = ("detector", "wake", "spotter", "reader")
"""Kinds that are given every bit of sound, or as many pictures as they can take: which ones is no news, as long as the
events are the same."""


@dataclass(slots=True)
class Outcome:
    """A session that ran again."""

    events: list[Event] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    lasted: float = 0.0
    """Seconds on the session's clock."""
    took: float = 0.0
    """Seconds in the world."""

    def told(self) -> list[dict[str, object]]:
        """The events as JSON."""
        events: list[dict[str, object]] = json.loads(json.dumps([as_json(event) for event in self.events]))
        return events


def run(arguments: argparse.Namespace) -> int:
    """Run the recording again and tell what differs. Status 1 if anything does."""
    recording, kinds = read(Path(arguments.folder)), _kinds(arguments.live)
    own = config.read(Path(arguments.config)) if arguments.config is not None else None
    outcome = replayed(recording, live_options(kinds, recording.header["config"], own))
    if arguments.events is not None:
        _write(Path(arguments.events), outcome)
    found = differences(recording, outcome, arguments.tolerance)
    (_tell_json if arguments.json else _tell)(recording, outcome, found)
    return 1 if found else 0


def replayed(recording: Recording, live: Mapping[Kind, BackendOptions] = MappingProxyType({})) -> Outcome:
    """Run it on a virtual clock; `live`: the models of these kinds are loaded and asked anew.

    Raises ConfigError or BackendError where it cannot run.
    """
    began = time.perf_counter()
    start: float = recording.header["began"]
    outcome = Outcome()
    try:
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(start)) as runner:
            runner.run(_run(recording, live, outcome))
            outcome.lasted = runner.get_loop().time() - start
    except Stalled as error:
        raise ConfigError(f"{recording.folder}: the session came to a standstill: {error}") from error
    outcome.took = time.perf_counter() - began
    return outcome


async def _run(recording: Recording, live: Mapping[Kind, BackendOptions], outcome: Outcome) -> None:
    """Until it ends by itself, or is cancelled where it was cancelled, or killed, then."""
    chosen, player = settings.restored(recording.header["config"], live), Player(recording, live.keys(), outcome.events)
    played_stalls(recording, _loop())
    _loop().waking = WAKING
    running = asyncio.create_task(app.run(chosen, Feed(), _outside(recording), player))
    until = recording.ended_at + (LINGERING if recording.over == "ended" else 0.0)
    await asyncio.wait([running], timeout=until - asyncio.get_running_loop().time())
    told = len(outcome.events)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    if recording.over == "killed":  # then nobody told how it ended
        del outcome.events[told:]
    if recording.spoilt is not None:
        raise recording.spoilt
    if not running.cancelled():
        running.result()
    outcome.mismatches = [one for model in player.models for one in model.mismatches]


def _outside(recording: Recording) -> Outside:
    """What was typed, and what was said at first."""
    asks = next(recording.lines("asks"), {"typed": False, "hold": False})
    typed = partial(played_asks, recording) if asks["typed"] else None
    told: Line | None = next(recording.lines("opening"), None)
    if told is None:  # it was recorded by an earlier version, which did not keep that
        return Outside(typed, asks["hold"])
    opening = Opening(told["stored"], told["introduction"], told["asked"])
    outside = Outside(typed, asks["hold"], opening=opening)
    if not opening.introduction:
        return outside
    first = Introduction(opening.introduction, opening.asked, None)
    return replace(outside, attach=lambda controls: first.attach(controls.conversation.agenda))


class Player:
    """The parts of a session out of a recording, but for the models of those kinds that are asked anew."""

    def __init__(self, recording: Recording, kinds: Collection[Kind], events: list[Event]) -> None:
        self._recording, self._kinds, self._events = recording, kinds, events
        self.models: list[PlayedModel] = []

    async def open(self, config: Config) -> Devices:
        recording, told = self._recording, self._recording.header
        if [one.name for one in config.camera] != [one["name"] for one in told["cameras"]]:
            raise self._spoilt("cameras: are not those of the configuration")
        return Devices(
            [PlayedCamera(one, recording) for one in told["cameras"]],
            PlayedMicrophone(told["microphone"], recording) if told["microphone"] else None,
            PlayedSpeaker(told["speaker"]["live"], recording.plays) if told["speaker"] else None,
            [Trouble(**one) for one in told["absent"]],
            told["echo_free"],
        )

    async def load(self, config: Config, models: Models) -> None:
        recorded = self._recording.header["models"]
        if missing := backend_options(config).keys() - recorded.keys():
            raise self._spoilt(f"models: there is no {listed(sorted(missing))}")
        await load(config, models, self._kinds)
        for kind, told in recorded.items():
            if kind in self._kinds:
                models.loaded[kind] = _timed(kind, models.loaded[kind])
            else:
                models.loaded[kind], models.workers[kind] = self._played(kind, told), Worker(kind)
        await asyncio.sleep(self._recording.started_at - _loop().time())

    def server(self, options: McpOptions, emit: Emit) -> Server:
        server = PlayedServer(f"mcp {options.name}", self._recording, _loop().time, emit)
        self.models.append(server.calls)
        return server

    def emit(self, emit: Emit) -> Emit:
        return self._events.append

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        return PlayedGate(camera, self._recording)

    def guard(self, camera: Camera, options: GuardOptions, told: Told) -> Guard:
        return PlayedGuard(camera.name, told, self._recording)

    def lightness(self, camera: str) -> Lightness:
        return PlayedLight(camera, self._recording)

    def light(self) -> Captioner:
        loop = _loop()
        behind = PlayedModel(LIGHT, self._recording, loop.worked, loop.spend, {})
        self.models.append(behind)
        behind.call("load")
        return cast(Captioner, shell("captioner", behind))

    def asks(self, asks: Asks | None, hold: bool) -> Asks | None:
        return asks

    def opens(self, opening: Opening) -> None:
        """It is known."""

    def clock(self) -> Clock:
        """That of the recorded session, at its place; of one that does not tell it, that of now."""
        header, loop = self._recording.header, _loop()
        if "local" not in header:
            return datetime.now
        local, began = datetime.fromisoformat(header["local"]), float(header["began"])
        return lambda: local + timedelta(seconds=loop.time() - began)

    def end(self) -> None:
        """A recording stays as it is."""

    async def settle(self) -> None:
        """Nothing is left."""

    def _spoilt(self, why: str) -> ConfigError:
        return ConfigError(f"{self._recording.folder / HEADER}: {why}: record the session anew")

    def _played(self, kind: Kind, told: Line) -> Loaded:
        loop = _loop()
        behind = PlayedModel(kind, self._recording, loop.worked, loop.spend, told["state"])
        self.models.append(behind)
        return Loaded(shell(told["role"], behind), told["name"], told["notice"])


def _timed(kind: Kind, loaded: Loaded) -> Loaded:
    return replace(loaded, backend=shell(role(kind, loaded.backend), TimedModel(loaded.backend, _loop().spend)))


def _loop() -> VirtualLoop:
    return cast(VirtualLoop, asyncio.get_running_loop())


def differences(recording: Recording, outcome: Outcome, tolerance: float = TOLERANCE) -> list[Difference]:
    """What differs in the events, and in what the models were given."""
    found = compared(recording.events, outcome.told(), tolerance)
    given = [_given(one) for one in outcome.mismatches if one.kind not in CHEAP]
    return sorted([*found, *given], key=lambda difference: difference.at)


def _given(one: Mismatch) -> Difference:
    now = repr(one.asked) if one.asked else "something else"
    then = "there is no such call" if one.instead is None else f"then {one.instead!r}" if one.instead else ""
    return Difference("input", f"{one.kind}.{one.method}", one.at, f"was given {now}{f', {then}' if then else ''}")


def _kinds(names: str | None) -> tuple[Kind, ...]:
    kinds = tuple(name.strip() for name in (names or "").split(",") if name.strip())
    if unknown := set(kinds) - set(get_args(Kind)):
        raise ConfigError(f"--live {','.join(sorted(unknown))}: name some of {', '.join(get_args(Kind))}")
    return cast(tuple[Kind, ...], kinds)


def _write(path: Path, outcome: Outcome) -> None:
    try:
        path.write_text("".join(json.dumps(event) + "\n" for event in outcome.told()), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--events {path}: cannot be written: {error.strerror or error}") from error


def _tell(recording: Recording, outcome: Outcome, found: list[Difference]) -> None:
    speed = outcome.lasted / max(outcome.took, 1e-9)
    run = f"{len(outcome.events)} events in {outcome.lasted:.1f} s, replayed at {speed:.0f} times that speed"
    verdict = f"{len(found)} differences" if len(found) > 1 else "1 difference" if found else "equal"
    if recording.broke_off:
        verdict = f"incomplete, {verdict} up to where the recording breaks off"
    print(f"{verdict}: {run}")
    for one in found:
        at = one.at - recording.header["began"]
        print(f"{at:8.2f} s  {one.what:<7}  {_cut(one_line(f'{one.kind}: {one.told}'))}")


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}…"


def _tell_json(recording: Recording, outcome: Outcome, found: list[Difference]) -> None:
    for one in found:
        print(json.dumps(asdict(one)))
    told = {"differences": len(found), "complete": not recording.broke_off, "events": len(outcome.events)}
    print(json.dumps(told | {"lasted": outcome.lasted, "took": outcome.took}))
    sys.stdout.flush()
