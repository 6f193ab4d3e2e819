"""The backends of each kind of model that are known by name, and how one is loaded."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from devices.media import Options
from pipelines.protocols import (
    Adjustable,
    Captioner,
    Chat,
    Detector,
    Exchange,
    Factual,
    Hampered,
    LiveTranscriber,
    Look,
    Looker,
    Manner,
    Parallel,
    Prompt,
    Reader,
    SelfSpeaking,
    Spoken,
    Spotter,
    StandIn,
    TimedVoice,
    ToolChat,
    Transcriber,
    TurnModel,
    Voice,
    WakeWord,
    calls_tools,
    lanes,
)

# Who writes a backend finds all that it needs here.
__all__ = [
    "Adjustable",
    "BackendError",
    "BackendOptions",
    "Captioner",
    "Chat",
    "Detector",
    "Exchange",
    "Factual",
    "Hampered",
    "LiveTranscriber",
    "Loaded",
    "Look",
    "Looker",
    "Manner",
    "Parallel",
    "Prompt",
    "Reader",
    "SelfSpeaking",
    "Spoken",
    "Spotter",
    "StandIn",
    "TimedVoice",
    "ToolChat",
    "Transcriber",
    "TurnModel",
    "Voice",
    "WakeWord",
    "calls_tools",
    "lanes",
]

T = TypeVar("T")

Kind = Literal["captioner", "spotter", "reader", "detector", "wake", "turn", "transcriber", "chat", "voice"]


class BackendError(Exception):
    """A model that cannot be loaded or cannot answer; the message is one line and says what to do."""


class UnknownBackend(ValueError):
    """No backend of that name; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A backend that came to life, and what a person is told of it at the start."""

    backend: Any
    name: str
    """What it is known by: its backend's name, or that of the weights which were chosen."""
    notice: str = ""
    """What it cannot do, and why it was chosen where something chose; empty where there is nothing to say."""


class BackendOptions(Options):
    """Options of a backend; subclasses add theirs and say in `load` how it comes to life."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Importable names it cannot do without, looked up but not imported by `missing`."""
    extra: ClassVar[str] = ""
    """The extra of this project that installs them."""
    stand_in: ClassVar[str] = ""
    """For a stand-in: one sentence on what it cannot do, said once at the start. Empty for the real thing."""

    speaks_itself: ClassVar[bool] = False
    """Of a voice: it needs no speaker."""

    def load(self) -> Any:
        """Load the model, blocking, and return an object with the one method of its kind's Protocol (or it, `Loaded`).

        Raises BackendError.
        """
        raise BackendError(f"{type(self).__name__} does not say how it is loaded")

    def outlook(self) -> str:
        """Where it chooses among others: the name of what it would load now, found without loading anything heavy.

        Empty where there is nothing to choose, or where that cannot be told so soon. Raises BackendError where nothing
        would load.
        """
        return ""

    def finds(self) -> Collection[str] | None:
        """Of an object detector: what it can find, by name, as far as that is known without loading it; else None."""
        return None


REGISTRY: dict[Kind, dict[str, str]] = {
    "captioner": {
        "auto": "pipelines.captioners.auto:Auto",
        "embedded": "pipelines.captioners.embedded:Embedded",
        "hf": "pipelines.captioners.hf:Hf",
        "llamacpp": "pipelines.captioners.llamacpp:LlamaCpp",
        "moondream": "pipelines.captioners.moondream:MoondreamOptions",
        "mqtt": "pipelines.captioners.mqtt:Mqtt",
        "nexa-ws": "pipelines.captioners.nexa_ws:NexaWs",
        "omnilmm": "pipelines.captioners.omnilmm:OmniLmm",
        "omnivision": "pipelines.captioners.omnivision:OmniVision",
        "openai": "pipelines.captioners.openai:OpenAi",
        "ovis": "pipelines.captioners.ovis:OvisOptions",
    },
    "spotter": {
        "embedded": "pipelines.spotters.embedded:Embedded",
        "fastestdet": "pipelines.spotters.fastestdet:FastestDet",
    },
    "reader": {"rapidocr": "pipelines.readers.rapid:RapidOcr"},
    "detector": {"silero": "pipelines.detectors.silero:Silero"},
    "wake": {"microwakeword": "pipelines.wakewords.micro:MicroWakeWord"},
    "turn": {
        "auto": "pipelines.turn_models.auto:Auto",
        "constant": "pipelines.turn_models.constant:Constant",
        "smart-turn": "pipelines.turn_models.smart_turn:SmartTurn",
    },
    "transcriber": {
        "auto": "pipelines.transcribers.auto:Auto",
        "faster-whisper": "pipelines.transcribers.whisper:FasterWhisper",
        "pocketsphinx": "pipelines.transcribers.sphinx:Sphinx",
    },
    "chat": {
        "auto": "pipelines.chats.auto:Auto",
        "embedded": "pipelines.chats.embedded:Embedded",
        "grounded": "pipelines.chats.grounded:Grounded",
        "llamacpp": "pipelines.chats.llamacpp:LlamaCpp",
        "openai": "pipelines.chats.openai:OpenAi",
        "smollm2": "pipelines.chats.smollm2:SmolLM2",
        "transformers": "pipelines.chats.transformers:Transformers",
    },
    "voice": {
        "auto": "pipelines.voices.auto:Auto",
        "espeak": "pipelines.voices.espeak:Espeak",
        "piper": "pipelines.voices.piper:Piper",
        "speech-dispatcher": "pipelines.voices.speech_dispatcher:SpeechDispatcher",
    },
}


PROTOCOLS: dict[Kind, type] = {
    "captioner": Captioner,
    "spotter": Spotter,
    "reader": Reader,
    "detector": Detector,
    "wake": WakeWord,
    "turn": TurnModel,
    "transcriber": Transcriber,
    "chat": Chat,
    "voice": Voice,
}


def expect(value: Any, wanted: type[T]) -> T:
    """What a backend gave, if it is what it must give. Raises BackendError."""
    if not isinstance(value, wanted):
        raise BackendError(f"it gives a {type(value).__name__} where a {wanted.__name__} is wanted")
    return value


def find(kind: Kind, name: str) -> type[BackendOptions]:
    """The options class of a backend, by its name or as a user's own `module:Class`.

    Raises UnknownBackend, also when a module of the user's cannot be imported.
    """
    target = name if ":" in name else REGISTRY[kind].get(name)
    if target is None:
        raise UnknownBackend(
            f"no {kind} is called {name!r}; there are {', '.join(sorted(REGISTRY[kind]))}, or your own `module:Class`"
        )
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise UnknownBackend(f"{kind} {name!r} cannot be imported: {first_line(error)}") from error
    if not (isinstance(found, type) and issubclass(found, BackendOptions)):
        raise UnknownBackend(f"{kind} {name!r} is not a subclass of pipelines.backends.BackendOptions")
    return found


def name_of(kind: Kind, options: BackendOptions) -> str:
    """The name by which a backend is known, or its `module:Class`."""
    target = f"{type(options).__module__}:{type(options).__name__}"
    return next((name for name, known in REGISTRY[kind].items() if known == target), target)


def missing(options: type[BackendOptions]) -> str:
    """One line with the install command where a needed package is absent, else an empty string."""
    absent = [name for name in options.needs if not _is_here(name)]
    if not absent:
        return ""
    command = f"pip install 'omni-assistant[{options.extra}]'" if options.extra else f"pip install {' '.join(absent)}"
    return f"needs {', '.join(absent)}: {command}"


def _is_here(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # another thread is in the midst of importing it
        return True


def load(options: BackendOptions, kind: Kind) -> Any:
    """Load a backend, blocking. Raises BackendError with one clear line, also for what is none of its kind."""
    return loaded(options, kind).backend


def loaded(options: BackendOptions, kind: Kind) -> Loaded:
    """The same, with what is told of it."""
    line = missing(type(options))
    if line:
        raise BackendError(line)
    found = options.load()
    if not isinstance(found, Loaded):
        # What was loaded may know better than its options: weights it wanted may be absent.
        notice = found.stand_in if isinstance(found, StandIn) else options.stand_in
        found = Loaded(found, name_of(kind, options), notice)
    if not isinstance(found.backend, PROTOCOLS[kind]):
        raise BackendError(f"load() gives a {type(found.backend).__name__}, which lacks what a {kind} must have")
    return found


def first_line(error: BaseException, *, named: bool = True) -> str:
    """What an error of foreign code says, in one line: with the name of its type, or that alone where it says nothing.

    `named`: False leaves the name out where there are words.
    """
    kind, said = type(error).__name__, str(error).strip().splitlines()
    words = said[0].strip().rstrip(":") if said else ""
    return (f"{kind}: {words}" if named else words) if words else kind
