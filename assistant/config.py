"""The configuration: TOML into frozen option models, every mistake named with its place before anything is loaded."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, Field, InstanceOf, ValidationError, model_validator
from pydantic_core import ErrorDetails

from assistant.keys import KeysOptions
from assistant.mcp_tools import McpOptions
from assistant.metrics import MetricsOptions
from assistant.mqtt import topics
from assistant.mqtt.options import MqttOptions
from devices.camera import CameraOptions
from devices.media import Options
from devices.microphone import MicrophoneOptions
from devices.speaker import SpeakerOptions
from pipelines import backends
from pipelines.attention import AttentionOptions
from pipelines.backends import BackendOptions, Kind, UnknownBackend
from pipelines.budget import BudgetOptions
from pipelines.dials import SettingsOptions
from pipelines.earcons import EarconOptions
from pipelines.endpointer import HearingOptions
from pipelines.gate import GateOptions
from pipelines.guard import GuardOptions
from pipelines.hanging import HungOptions
from pipelines.ladder import LadderOptions
from pipelines.looking import LookingOptions
from pipelines.memory import MemoryOptions
from pipelines.mistakes import mistake
from pipelines.narration.options import NarrationOptions
from pipelines.novelty import NoveltyOptions
from pipelines.policy import SpeechOptions
from pipelines.spotting import SpottingOptions
from pipelines.talking import ConversationOptions
from pipelines.toolbox import ToolsOptions
from pipelines.watching import WatchOptions


class ConfigError(Exception):
    """A configuration that cannot be used; each of its lines names one mistake and its place."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Config(Options):
    """All parts of an assistant. A section that is absent is a part that is absent."""

    camera: tuple[CameraOptions, ...] = ()
    microphone: MicrophoneOptions | None = None
    speaker: SpeakerOptions | None = None
    gate: GateOptions = Field(default_factory=GateOptions)
    earcons: EarconOptions | None = None
    events: WatchOptions | None = None
    novelty: NoveltyOptions | None = None
    narration: NarrationOptions | None = None
    spotting: SpottingOptions = Field(default_factory=SpottingOptions)
    guard: GuardOptions = Field(default_factory=GuardOptions)
    budget: BudgetOptions = Field(default_factory=BudgetOptions)
    attention: AttentionOptions = Field(default_factory=AttentionOptions)
    hearing: HearingOptions = Field(default_factory=HearingOptions)
    memory: MemoryOptions = Field(default_factory=MemoryOptions)
    looking: LookingOptions = Field(default_factory=LookingOptions)
    ladder: LadderOptions = Field(default_factory=LadderOptions)
    hung: HungOptions = Field(default_factory=HungOptions)
    tools: ToolsOptions = Field(default_factory=ToolsOptions)
    mcp: tuple[McpOptions, ...] = ()
    conversation: ConversationOptions = Field(default_factory=ConversationOptions)
    speech: SpeechOptions = Field(default_factory=SpeechOptions)
    settings: SettingsOptions = Field(default_factory=SettingsOptions)
    keys: KeysOptions = Field(default_factory=KeysOptions)
    metrics: MetricsOptions | None = None
    mqtt: MqttOptions | None = None
    captioner: InstanceOf[BackendOptions] | None = None
    spotter: InstanceOf[BackendOptions] | None = None
    reader: InstanceOf[BackendOptions] | None = None
    detector: InstanceOf[BackendOptions] | None = None
    wake: InstanceOf[BackendOptions] | None = None
    turn: InstanceOf[BackendOptions] | None = None
    transcriber: InstanceOf[BackendOptions] | None = None
    chat: InstanceOf[BackendOptions] | None = None
    voice: InstanceOf[BackendOptions] | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Config:
        names = [camera.name for camera in self.camera]
        if len(set(names)) < len(names):
            raise ValueError(f"every [[camera]] needs a name of its own, not {', '.join(names)}")
        unfit = {name: why for name in names if self.mqtt and (why := topics.unfit(name))}
        if unfit:
            raise ValueError("; ".join(f"over MQTT the camera {name!r} needs {why}" for name, why in unfit.items()))
        servers = [server.name for server in self.mcp]
        if len(set(servers)) < len(servers):
            raise ValueError(f"every [[mcp]] needs a name of its own, not {', '.join(servers)}")
        if self.microphone and not (self.detector and self.transcriber):
            raise ValueError("a [microphone] needs a [detector] and a [transcriber]")
        if self.attention.mode == "wake" and not self.wake:
            raise ValueError('attention.mode = "wake" needs a [wake] section with backend = "microwakeword"')
        if self.speaker and not self.voice:
            raise ValueError("a [speaker] needs a [voice]")
        if not (self.camera or self.microphone or self.chat):
            raise ValueError("there is nothing to run: give it a [[camera]], a [microphone] or a [chat]")
        return self


Change = Callable[[dict[str, Any]], None]
"""Changes TOML's tables in place, as the command line wants them."""


def read(path: Path, change: Change | None = None) -> Config:
    """A file's configuration. A user's own modules are looked for beside the file as well.

    Raises ConfigError: a file that cannot be read, that is no TOML, or that has a wrong key, type or backend.
    """
    sections, folder = tables(path), str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    config = parse(sections, str(path))
    if change is None:
        return config
    change(sections)
    return parse(sections, str(path))


def model(path: Path, kind: Kind) -> BackendOptions | None:
    """One model of a file's, whatever else stands there; None where it has no such section. Raises ConfigError."""
    sections, mistakes = tables(path), list[str]()
    sys.path.append(str(path.resolve().parent))
    found = _backend(kind, sections[kind], mistakes) if kind in sections else None
    if mistakes:
        raise ConfigError(*(f"{path}: {mistake}" for mistake in mistakes))
    return found


def parse(sections: dict[str, Any], name: str) -> Config:
    """Options from TOML's tables; `name` stands before each mistake."""
    mistakes: list[str] = []
    ready = _with_environment(sections, mistakes)
    for kind in get_args(Kind):
        if kind in sections:
            ready[kind] = _backend(kind, sections[kind], mistakes)
    try:
        config = Config.model_validate(ready)
    except ValidationError as error:
        mistakes += [_line(one, Config) for one in error.errors() if not _named_already(one, mistakes)]
    if mistakes:
        raise ConfigError(*(f"{name}: {mistake}" for mistake in mistakes))
    return config


def tables(path: Path) -> dict[str, Any]:
    """TOML's tables as they stand in the file. Raises ConfigError."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path}: is no file")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and numbers and nests that are too long
        raise ConfigError(f"{path}: is not TOML: {error}") from error


def _with_environment(sections: dict[str, Any], mistakes: list[str]) -> dict[str, Any]:
    """The tables with `${NAME}` in a camera's source replaced, so that no password need stand in the file."""
    cameras = sections.get("camera")
    if not isinstance(cameras, list):
        return dict(sections)

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            mistakes.append(f"camera: the environment has no {found[1]}: export {found[1]}=…")
        return os.environ.get(found[1], "")

    filled = [
        camera | {"source": re.sub(r"\$\{(\w+)\}", value, camera["source"])}
        if isinstance(camera, dict) and isinstance(camera.get("source"), str)
        else camera
        for camera in cameras
    ]
    return sections | {"camera": filled}


def _backend(kind: Kind, section: Any, mistakes: list[str]) -> BackendOptions | None:
    """The options of one backend; a mistake is added to the list."""
    if not isinstance(section, dict):
        mistakes.append(f"{kind}: is a section, [{kind}], not a value")
        return None
    options = dict(section)
    name = options.pop("backend", None)
    if not isinstance(name, str):
        known = ", ".join(sorted(backends.REGISTRY[kind]))
        mistakes.append(f'{kind}.backend: name one: backend = "…" ({known}, or your own module:Class)')
        return None
    try:
        model = backends.find(kind, name)
        return model.model_validate(options)
    except UnknownBackend as error:
        mistakes.append(f"{kind}.backend: {error}")
    except ValidationError as error:
        mistakes += [_line(one, model, (kind,)) for one in error.errors()]
    except Exception as error:  # noqa: BLE001  a user's own class: its mistake is named like every other
        mistakes.append(f"{kind}: {backends.first_line(error)}")
    return None


def _named_already(error: Any, mistakes: list[str]) -> bool:
    """The whole does not fit together because of a part whose mistake is on the list."""
    return bool(mistakes) and not error["loc"]


def _line(error: ErrorDetails, model: type[BaseModel], prefix: tuple[str, ...] = ()) -> str:
    if error["loc"] in (("camera",), ("mcp",)) and error["type"] == "tuple_type":
        name = error["loc"][0]
        return f"{name}: write [[{name}]], with two brackets: there may be several"
    return mistake(error, model, prefix)
