"""A model as the pipeline sees it, with something else behind it that makes its calls: it keeps its protocol."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from devices.media import Frame, Samples
from pipelines.backends import Adjustable, Kind, Look, Looker, Manner, Prompt, Spoken, TimedVoice, ToolChat
from pipelines.spots import Spot
from pipelines.tools import ToolCall
from pipelines.types import Facts, Heard, Seen

LIGHT = "light captioner"
"""What the captioner that steps in for a slow one is called in a recording; it is no kind of its own."""


class Behind(Protocol):
    """What makes the calls of a model: the model itself, watched, or a recording of it."""

    def call(self, method: str, *given: Any) -> Any:
        """One call, blocking, and its result."""

    def stream(self, method: str, *given: Any) -> Iterator[Any]:
        """One call that gives piece after piece."""

    def attribute(self, name: str) -> Any:
        """What the model says of itself. Raises AttributeError where it says nothing by that name."""


class Shell:
    """Common to all."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind


class CaptionerShell(Shell):
    def caption(self, frame: Frame) -> Seen:
        seen: Seen = self._behind.call("caption", frame)
        return seen


class LookerShell(CaptionerShell):
    def describe(self, frame: Frame) -> Iterator[str]:
        return self._behind.stream("describe", frame)

    def look(self, request: Look) -> Iterator[str]:
        return self._behind.stream("look", request)


class SpotterShell(Shell):
    @property
    def labels(self) -> Collection[str]:
        labels: Collection[str] = self._behind.attribute("labels")
        return labels

    def spot(self, frame: Frame) -> Sequence[Spot]:
        found: Sequence[Spot] = self._behind.call("spot", frame)
        return found


class ReaderShell(Shell):
    def read(self, frame: Frame) -> Sequence[Spot]:
        found: Sequence[Spot] = self._behind.call("read", frame)
        return found


class DetectorShell(Shell):
    @property
    def window(self) -> int:
        return int(self._behind.attribute("window"))

    def probability(self, window: Samples) -> float:
        likely: float = self._behind.call("probability", window)
        return likely

    def reset(self) -> None:
        self._behind.call("reset")


class WakeWordShell(Shell):
    @property
    def phrase(self) -> str:
        return str(self._behind.attribute("phrase"))

    def heard(self, samples: Samples) -> float | None:
        before: float | None = self._behind.call("heard", samples)
        return before

    def reset(self) -> None:
        self._behind.call("reset")


class TurnModelShell(Shell):
    def finished(self, samples: Samples) -> float:
        likely: float = self._behind.call("finished", samples)
        return likely


class TranscriberShell(Shell):
    def transcribe(self, samples: Samples) -> Heard:
        heard: Heard = self._behind.call("transcribe", samples)
        return heard


class ChatShell(Shell):
    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
        return self._behind.stream("reply", prompt)


class VoiceShell(Shell):
    @property
    def rate(self) -> int:
        return int(self._behind.attribute("rate"))

    def synthesize(self, text: str) -> Samples:
        samples: Samples = self._behind.call("synthesize", text)
        return samples


class TimedVoiceShell(VoiceShell):
    def speak(self, text: str) -> Spoken:
        spoken: Spoken = self._behind.call("speak", text)
        return spoken


class AdjustableVoiceShell(TimedVoiceShell):
    def adjust(self, manner: Manner) -> None:
        self._behind.call("adjust", manner)


class LiveShell(Shell):
    @property
    def partials(self) -> bool:
        return bool(self._behind.attribute("partials"))


class ToolShell(Shell):
    @property
    def calls_tools(self) -> bool:
        return bool(self._behind.attribute("calls_tools"))


class FactualShell(Shell):
    @property
    def facts(self) -> Facts | None:
        facts: Facts | None = self._behind.attribute("facts")
        return facts


class HamperedShell(Shell):
    @property
    def trouble(self) -> str:
        return str(self._behind.attribute("trouble"))


ROLES: dict[str, type[Shell]] = {
    "captioner": CaptionerShell,
    "looker": LookerShell,
    "spotter": SpotterShell,
    "reader": ReaderShell,
    "detector": DetectorShell,
    "wake": WakeWordShell,
    "turn": TurnModelShell,
    "transcriber": TranscriberShell,
    "chat": ChatShell,
    "tool chat": ChatShell,
    "voice": VoiceShell,
    "timed voice": TimedVoiceShell,
    "adjustable voice": AdjustableVoiceShell,
}
"""From role to what it must have."""
TRAITS: dict[str, type[Shell]] = {
    "partials": LiveShell,
    "calls_tools": ToolShell,
    "facts": FactualShell,
    "trouble": HamperedShell,
}
"""From an attribute that only some models have to what has it."""
ATTRIBUTES = ("window", "phrase", "rate", *TRAITS)
"""What stages read of a model besides calling it."""


def role(kind: Kind, backend: object) -> str:
    """What a backend is to the pipeline: its kind, or the richer protocol that it fulfils."""
    if kind in ("spotter", "reader"):  # one model may be a captioner beside that
        return kind
    if isinstance(backend, Looker):
        return "looker"
    if isinstance(backend, TimedVoice):
        return "adjustable voice" if isinstance(backend, Adjustable) else "timed voice"
    return "tool chat" if isinstance(backend, ToolChat) else kind


def shell(role: str, behind: Behind) -> Shell:
    """One of that role, with the traits that what is behind has now."""
    traits = [trait for name, trait in TRAITS.items() if _has(behind, name)]
    made: type[Shell] = type("Shell", (*traits, ROLES[role]), {})
    return made(behind)


def _has(behind: Behind, name: str) -> bool:
    try:
        behind.attribute(name)
    except AttributeError:
        return False
    return True
