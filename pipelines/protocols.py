"""What each kind of model must do, and what it is given: the protocols that backends fulfil."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from devices.media import Frame, Samples
from pipelines.remarks import Priority
from pipelines.spots import Spot
from pipelines.tools import Tool, ToolCall, ToolResult
from pipelines.types import Caption, Facts, Heard, Looked, Seen, Word


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what was heard of the answer to it."""

    asked: str
    heard: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a chat is given for one turn.

    `system` and `history` stand at the front and only ever grow at their end, so that a prefix cache holds.
    """

    system: str
    history: tuple[Exchange, ...]
    scene: tuple[Caption, ...]
    """What was seen: changes only, oldest first, of all cameras."""
    question: str
    now: float
    """Seconds on the loop's clock."""
    record: tuple[Caption, ...] = ()
    """Everything that is remembered, oldest first; `scene` is its tail."""
    looked: Looked | None = None
    """What the vision-language model answers to the question itself: the best evidence there is."""
    tools: tuple[Tool, ...] = ()
    """What may be called; only a `ToolChat` is given any."""
    steps: tuple[ToolResult, ...] = ()
    """What was called for this question already, and what came of it."""
    boxes: str = ""
    """Where things are now, a line for each camera; empty: nobody knows."""


@runtime_checkable
class Captioner(Protocol):
    def caption(self, frame: Frame) -> Seen:
        """Say what is to be seen. Called with keyframes only, from one thread."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One question about one picture."""

    frame: Frame
    question: str
    history: tuple[Exchange, ...] = ()
    """What was asked about this picture before, and answered."""
    max_tokens: int | None = None
    """The longest answer; None: as the backend's options say."""
    schema: Mapping[str, Any] | None = field(default=None, compare=False)
    """JSON schema of the form that the question asks for, for servers that can hold a model to it."""


@runtime_checkable
class Looker(Captioner, Protocol):
    """A vision-language model: a captioner that streams, and answers questions about a picture."""

    def describe(self, frame: Frame) -> Iterator[str]:
        """Pieces of a caption as they come; some may be empty. Closing the iterator ends the work."""
        ...

    def look(self, request: Look) -> Iterator[str]:
        """Pieces of the answer as they come; some may be empty. Closing the iterator ends the work."""
        ...


@runtime_checkable
class Parallel(Captioner, Protocol):
    """A captioner elsewhere, that several threads may ask at once."""

    @property
    def lanes(self) -> int:
        """How many keyframes it may be given at once."""
        ...


def lanes(captioner: Captioner) -> int:
    """How many pictures a captioner works on at once: one, unless it says that it can do more."""
    return captioner.lanes if isinstance(captioner, Parallel) else 1


@runtime_checkable
class Spotter(Protocol):
    """An object detector: quick, and it knows where things are."""

    @property
    def labels(self) -> Collection[str]:
        """What it can find, by name in English; `person` among them where it finds people."""
        ...

    def spot(self, frame: Frame) -> Sequence[Spot]:
        """All that it finds, each thing once. Called with single frames, from one thread."""
        ...


@runtime_checkable
class Reader(Protocol):
    """Reads text and codes, and knows where they stand."""

    def read(self, frame: Frame) -> Sequence[Spot]:
        """Lines of text from top to bottom, then codes; exactly as they stand there."""
        ...


@runtime_checkable
class Detector(Protocol):
    def probability(self, window: Samples) -> float:
        """How likely it is, 0 to 1, that these `window` samples of 16 kHz sound are speech. Keeps state."""
        ...

    @property
    def window(self) -> int:
        """How many samples one call takes."""
        ...

    def reset(self) -> None:
        """Forget the state: the sound that follows is not a continuation."""
        ...


@runtime_checkable
class WakeWord(Protocol):
    @property
    def phrase(self) -> str:
        """What must be said, for people: "okay nabu"."""
        ...

    def heard(self, samples: Samples) -> float | None:
        """How many seconds before the end of these samples the wake word ended; None where it was not heard.

        Any number of samples of 16 kHz sound, one piece after the other. Keeps state.
        """
        ...

    def reset(self) -> None:
        """Forget the state: the sound that follows is not a continuation."""
        ...


@runtime_checkable
class TurnModel(Protocol):
    def finished(self, samples: Samples) -> float | None:
        """How likely it is, 0 to 1, that whoever spoke has ended, judged by the 16 kHz sound up to the pause.

        None where it cannot tell.
        """
        ...


@runtime_checkable
class Transcriber(Protocol):
    def transcribe(self, samples: Samples) -> Heard:
        """Put one utterance of 16 kHz sound into words; empty text where it does not understand."""
        ...


@runtime_checkable
class LiveTranscriber(Transcriber, Protocol):
    """A transcriber that knows whether it is quick enough for words before their end."""

    @property
    def partials(self) -> bool:
        """Whether it may be asked while somebody still talks, too."""
        ...


@runtime_checkable
class Chat(Protocol):
    def reply(self, prompt: Prompt) -> Iterator[str]:
        """Pieces of the answer as they come. Closing the iterator ends the work."""
        ...


@runtime_checkable
class ToolChat(Protocol):
    """A chat that may call tools: it gives `ToolCall`s among the pieces, and is then asked again with their results."""

    @property
    def calls_tools(self) -> bool:
        """Whether the model behind it can call tools at all."""
        ...

    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
        """Pieces of the answer, or calls, as they come."""
        ...


def calls_tools(chat: object) -> bool:
    """Whether a chat can call tools at present."""
    return isinstance(chat, ToolChat) and chat.calls_tools


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A sentence as sound, with the time of each of its words."""

    samples: Samples
    words: tuple[Word, ...]
    """In the order of the text; each word as it stands there, so that they can be found in it one after the other."""


@runtime_checkable
class Voice(Protocol):
    @property
    def rate(self) -> int:
        """Samples per second of what it makes."""
        ...

    def synthesize(self, text: str) -> Samples:
        """One sentence as sound."""
        ...


@runtime_checkable
class TimedVoice(Voice, Protocol):
    """A voice that knows when it says each word."""

    def speak(self, text: str) -> Spoken:
        """One sentence as sound with its words."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is to be said."""

    rate: float = 1.0
    """How fast: 1 as the voice speaks by itself, 0.8 to 3."""
    voice: str = ""
    """Another voice of the same backend; empty: that of its options."""
    volume: float = 1.0
    """How loud, for a voice with a mouth of its own: 1 as it is by itself, 0 to 1. The sound of others is made so."""


@runtime_checkable
class Adjustable(Voice, Protocol):
    """A voice that can speak in another manner from the next sentence on."""

    def adjust(self, manner: Manner) -> None:
        """Raises BackendError where it has no such voice; then all stays as it was."""
        ...


@runtime_checkable
class SelfSpeaking(Voice, Protocol):
    """A voice with a mouth of its own: a speech server's. What it `synthesize`s is no sound, as it says that itself."""

    def say(self, text: str, priority: Priority, reached: Callable[[int], None], unwanted: Callable[[], bool]) -> bool:
        """Say it, blocking; called in the voice's thread. False: it was cut, by `hush` or by others who speak there.

        `reached` is told the number of each word as it is begun, from 0, from any thread. `unwanted`: whether it is
        not to be said any more; looked at before the first word, and whenever `hush` was called. Raises BackendError.
        """
        ...

    def hush(self) -> None:
        """What is said may be unwanted now; from any thread, and at once."""
        ...


@runtime_checkable
class Factual(Protocol):
    """A captioner that may state facts one by one beside what it describes piece by piece."""

    @property
    def facts(self) -> Facts | None:
        """Those of its last description; None where it stated none."""
        ...


@runtime_checkable
class Hampered(Protocol):
    """A model that answers in spite of a trouble: its server is gone, say, and another one steps in."""

    @property
    def trouble(self) -> str:
        """What it is; empty while all is well."""
        ...


@runtime_checkable
class StandIn(Protocol):
    """A model that knows only as it was loaded what it cannot do."""

    @property
    def stand_in(self) -> str:
        """One sentence or two, said once at the start; empty for the real thing."""
        ...
