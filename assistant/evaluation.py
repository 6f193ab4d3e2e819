"""`omni eval`: scenarios run against a configuration, and a line for each expectation that says whether it was met."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from assistant import app, config, judging, scenarios, scenery
from assistant.config import Config, ConfigError
from assistant.feed import Feed
from assistant.judging import Verdict
from assistant.parts import Devices, Outside, Real
from assistant.places import configs
from assistant.scenarios import Scenario
from assistant.scenery import Span
from devices.camera import CameraOptions
from devices.media import Camera, Frame
from devices.microphone import MicrophoneOptions, open_microphone
from devices.speaker import SpeakerOptions
from pipelines import backends
from pipelines.attention import AttentionOptions
from pipelines.backends import BackendOptions, Voice
from pipelines.clock import VirtualLoop
from pipelines.types import Caption, Event, Reply, Transcript, as_json
from pipelines.wording import one_line

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LONGEST = 7200.0
"""Seconds, on the session's clock, after which a scenario is given up."""
BUSY = 0.1
"""Part of a scenario's length that its models wait for a processor, above which its times are not to be relied on."""


class MeasuredLoop(VirtualLoop):
    """A clock that jumps over all waiting; work in a thread takes the time on it that it really took.

    Jobs of several models are done one after the other and charged side by side: as if each had a processor to itself.
    What a job waited while other programs had the processor is not charged.
    """

    waited = 0.0
    """Seconds that were not charged."""

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        return super().run_in_executor(executor, self._measured, func, *args)

    def _measured(self, func: Callable[..., T], *args: Any) -> T:
        began, waited = time.perf_counter(), _waited()
        try:
            return func(*args)
        finally:
            lost = _waited() - waited
            self.waited += lost
            self.spend(time.perf_counter() - began - lost)


def _waited() -> float:
    """Seconds for which this thread was ready and no processor was free; 0 where the system does not tell (Linux does).

    Threads that a model has of its own are not counted.
    """
    try:
        return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """What came of one scenario."""

    events: list[Event]
    keyframes: list[tuple[Frame, Caption]]
    heard: list[Span]
    """When the assistant's voice was heard; empty without a speaker."""
    waited: float = 0.0
    """Seconds for which its models waited for a processor, which is on no clock of the session."""


def run(arguments: argparse.Namespace) -> int:
    """Run the scenarios and print what became of each expectation. Status 1 where one was not met."""
    paths = scenarios.files(arguments.scenarios)
    read = {path: scenarios.read(path) for path in paths}
    path = Path(arguments.file) if arguments.file else configs() / "desktop.toml"
    chosen = config.read(path)
    for scenario_path, scenario in read.items():
        _fits(scenario, chosen, f"{scenario_path}: {path.name}")
    failed = met = 0
    for scenario_path, scenario in read.items():
        out = None if arguments.out is None else _folder(Path(arguments.out) / scenario_path.stem)
        session = evaluate(scenario, chosen, out, loop=None if arguments.real_time else MeasuredLoop)
        verdicts = judging.judge(scenario, session.events, session.heard)
        met += sum(one.passed for one in verdicts)
        failed += sum(not one.passed for one in verdicts)
        _print(one_line(scenario_path.stem), verdicts, arguments.json)
        if session.waited > BUSY * scenario.end:
            print(_busy(one_line(scenario_path.stem), session.waited), file=sys.stderr)
    if not arguments.json:
        print(f"{met} of {met + failed} expectations met in {len(read)} scenario{'s' * (len(read) > 1)}")
    return 1 if failed else 0


def evaluate(
    scenario: Scenario, chosen: Config, out: Path | None = None, *, loop: LoopFactory | None = MeasuredLoop
) -> Session:
    """One scenario, run to its end; its sound, events and pictures are left in the folder `out`.

    `loop` makes the loop, and so the clock, that it runs on; None is the real one. Raises BackendError, DeviceError or
    ConfigError.
    """
    with tempfile.TemporaryDirectory(prefix="omni-eval-") as made, asyncio.Runner(loop_factory=loop) as runner:
        session = runner.run(asyncio.wait_for(perform(scenario, chosen, out or Path(made)), LONGEST))
        if isinstance(clock := runner.get_loop(), MeasuredLoop):
            session = replace(session, waited=clock.waited)
        if out is not None:
            _keep(session, out)
    return session


async def perform(scenario: Scenario, chosen: Config, folder: Path) -> Session:
    """The session itself, on the loop that runs; what is heard and said becomes sound files in the folder."""
    scene = await asyncio.get_running_loop().run_in_executor(None, _Scene, scenario, chosen, folder)
    feed, keyframes = Feed(), list[tuple[Frame, Caption]]()
    line = feed.subscribe(100_000)
    try:
        outside = Outside(scene.typed, kept=lambda *pair: keyframes.append(pair))
        await app.run(scene.config, feed, outside, scene)
    finally:
        feed.close()
    return Session([event async for event in line], keyframes, scene.heard)


class _Scene(Real):
    """A session's parts with the scenario's devices: a camera that changes, a file heard, a file written."""

    def __init__(self, scenario: Scenario, chosen: Config, folder: Path) -> None:
        """Draws what is shown and speaks what is said. Raises ConfigError, DeviceError or BackendError."""
        self.heard: list[Span] = []
        self._scenario = scenario
        self._pictures = [(one.at, scenery.picture(one)) for one in scenario.show]
        parts = _alone(chosen)
        if scenario.show:
            parts["camera"] = (CameraOptions(name=chosen.camera[0].name, source="scenario"),)
        if scenario.say:
            scenery.write_speech(folder / "microphone.wav", scenario.say, partial(_voice, chosen), scenario.end)
            parts["microphone"] = MicrophoneOptions(source=str(folder / "microphone.wav"))
        if chosen.speaker is not None:
            parts["speaker"] = SpeakerOptions(sink=str(folder / "speaker.wav"))
        self.config = chosen.model_copy(update=parts)

    async def open(self, config: Config) -> Devices:
        cameras: list[Camera] = [
            scenery.ScriptedCamera(camera.name, self._pictures, self._scenario.end) for camera in config.camera
        ]
        microphone = open_microphone(config.microphone) if config.microphone else None
        speaker = scenery.Witness(Path(str(config.speaker.sink)), self.heard) if config.speaker else None
        return Devices(cameras, microphone, speaker, [])

    async def typed(self) -> AsyncIterator[str]:
        """What is typed, at its seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for ask in sorted(self._scenario.ask, key=lambda one: one.at):
            await asyncio.sleep(began + ask.at - loop.time())
            yield ask.text


def _alone(chosen: Config) -> dict[str, Any]:
    """What is changed in any configuration: nobody need be called or hold a key, and no diary is read or written."""
    memory = chosen.memory.model_copy(update={"persist": False, "diary": None})
    return {"camera": (), "microphone": None, "attention": AttentionOptions(), "wake": None, "memory": memory}


def _fits(scenario: Scenario, chosen: Config, names: str) -> None:
    """Raises ConfigError where the configuration lacks a part without which the scenario means nothing."""
    needed = {"[microphone]": scenario.say and not chosen.microphone, "[[camera]]": scenario.show and not chosen.camera}
    for section, lacks in {**needed, "[chat]": not chosen.chat}.items():
        if lacks:
            raise ConfigError(f"{names} has no {section}, which this scenario needs")


def _voice(chosen: Config) -> Voice:
    """Who plays the person: espeak where it is installed, or else the voice of the configuration."""
    options: BackendOptions | None = chosen.voice
    if find_spec("espeakng_loader") is not None:
        options = backends.find("voice", "espeak")()
    if options is None:
        raise ConfigError("nobody can say what the scenario says: pip install 'omni-assistant[embedded]'")
    voice: Voice = backends.load(options, "voice")
    return voice


def _folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)  # it shows and tells what may be nobody's business
    except OSError as error:
        raise ConfigError(f"--out {path}: cannot be used as a folder: {error.strerror or error}") from error
    return path


def _keep(session: Session, out: Path) -> None:
    """The events, and one picture of the whole. Raises OSError."""
    from assistant.contact_sheet import draw

    with (out / "events.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(as_json(event))}\n" for event in session.events)
    talk = [event for event in session.events if isinstance(event, Transcript | Reply)]
    if session.keyframes:
        draw(session.keyframes, out / "contact_sheet.png", out.name, conversation=talk)


def _busy(name: str, waited: float) -> str:
    return (
        f"omni: {name}: this machine is busy: models waited {waited:.1f} s for a processor, which is not counted;"
        " run it again when nothing else runs, before you trust its seconds"
    )


def _print(name: str, verdicts: list[Verdict], as_lines: bool) -> None:
    for one in verdicts:
        if as_lines:
            print(json.dumps({"scenario": name, **asdict(one)}))
            continue
        times = "" if one.at is None or one.waited is None else f"  [at {one.at:.2f} s, after {one.waited:.2f} s]"
        print(f"{'pass' if one.passed else 'FAIL'}  {name}  {one_line(one.expected)}: {one_line(one.found)}{times}")
    sys.stdout.flush()
