"""The values that travel between stages; the events among them are JSON as they stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from devices.media import Samples
from pipelines.news import Answer as Answer
from pipelines.news import CameraEvent as CameraEvent
from pipelines.news import Settings as Settings
from pipelines.news import Unsaid as Unsaid

Place = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a captioner can state one by one, beside its sentence. None or empty: it did not look, or saw none."""

    people: int | None = None
    """At least this many; None when it cannot tell."""
    places: tuple[Place, ...] = ()
    """Where each of them is, from left to right as seen."""
    maybe_people: bool = False
    """Something that may be a person, too doubtful to count."""
    text: tuple[str, ...] = ()
    """Lines of text, read exactly, from top to bottom."""
    codes: tuple[str, ...] = ()
    """What QR codes and bar codes say."""
    light: Literal["dark", "dim", "normal", "bright"] | None = None
    colours: tuple[str, ...] = ()
    """Names of the colours that fill most of the picture, most of it first."""
    blurred: bool = False
    motion: Literal["none", "left", "centre", "right", "camera"] | None = None
    """Where something moved since the last keyframe; `camera` when the whole picture did."""
    changes: tuple[str, ...] = ()
    """What differs from the last keyframe, a short clause each: "one person more", "the text “EXIT” is gone"."""
    labels: tuple[str, ...] = ()
    """Things by name, for captioners that can name them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A captioner's answer for one frame."""

    text: str
    facts: Facts | None = None
    title: str = ""
    """The same in a few words, where it gives them."""
    labels: tuple[str, ...] = ()
    """Things in it, by name, where it names them apart from its sentence."""
    unchanged: bool = False
    """It was shown what it had said last, and says that this still holds; then `text` is that."""
    confidence: float | None = None
    """0 to 1, where it gives one: how sure it is of the least sure thing that it names."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a sound, and where it stands there."""

    text: str
    start: float
    """Seconds from the first sample of the sound."""
    end: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcriber's answer for one utterance."""

    text: str
    """Empty when nothing was said that it understands."""
    confidence: float | None = None
    """0 to 1, where the transcriber gives one."""
    language: str | None = None
    words: tuple[Word, ...] = ()
    """When each word was said, where the transcriber can tell."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What is seen, in words."""

    text: str
    camera: str
    captured_at: float
    """Seconds on the loop's clock when its keyframe was taken."""
    took: float
    """Seconds from the keyframe's capture to this caption; 0 for a file read fast, whose time runs ahead."""
    keyframe: int
    """Number of the keyframe it speaks of, from 1, per camera."""
    facts: Facts | None = None
    still_at: float | None = None
    """When the picture was last found unchanged since then; None where nobody looked again."""
    title: str = ""
    """The same in a few words, where the captioner gives them."""
    labels: tuple[str, ...] = ()
    """Things in it, by name, where the captioner names them apart from its sentence."""
    source: str = ""
    """Which captioner says so."""
    confidence: float | None = None
    """0 to 1, where the captioner gives one: how sure it is of the least sure thing that it names."""
    described_at: float | None = None
    """Seconds on the loop's clock when the picture of the same scene was taken that the captioner was shown, where that
    is an earlier one; None: it was shown this keyframe."""

    @property
    def known_at(self) -> float:
        """Seconds on the loop's clock of the newest evidence for it."""
        return self.captured_at if self.still_at is None else self.still_at


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Someone began to talk, or went on after a pause: the assistant falls silent and listens.

    Sent after a tenth of a second, before any transcription: it may turn out to be a cough.
    """

    at: float
    """Seconds on the loop's clock at the first sound of it."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """Nobody talks any more, for now: the words may be over, or there were none."""

    at: float
    """Seconds on the loop's clock at the last sound of speech."""
    spoke: float
    """Seconds from the first sound of this stretch of speech to its last."""
    words: bool = False
    """Whether that is enough for a word; then it is told what was understood, even if that is nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """The sound from the first word to the final pause. It carries samples, so it is no event."""

    samples: Samples
    rate: int
    started_at: float
    ended_at: float
    """Seconds on the loop's clock at the last speech in it (the pause that ended it came after)."""
    endpoint_at: float
    """Seconds on the loop's clock at the last sample of the pause that ended it."""
    speech_at: float
    """Seconds on the loop's clock at the first speech in it; `started_at` is a little earlier."""
    heard: Heard | None = None
    """Its words, where they were found out in the pause already."""
    finished: bool = True
    """False where it sounds or reads as if more were to come."""
    pause: int | None = None
    """The number of the pause that ended it; None where something else did."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """The sound so far of an utterance that still goes on. It carries samples, so it is no event."""

    samples: Samples
    started_at: float
    ended_at: float
    """Seconds on the loop's clock at its last sample (of a pause: at its last speech)."""
    pause: int | None = None
    """The number of the pause in which the speaker may have ended: somebody must judge how long to wait."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    """What someone who still talks has said so far. It may change: nothing is answered to it."""

    text: str
    at: float
    """Seconds on the loop's clock at the last sound in it."""
    took: float = 0.0
    """Seconds from that sound to these words."""
    language: str | None = None
    paused: bool = False
    """True where the speaker paused after it, and may have ended; then it is told even without words."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One utterance, or one typed ask, in words."""

    text: str
    """Empty when speech was heard but not understood."""
    said_at: float
    """Seconds on the loop's clock when the speaker ended."""
    took: float = 0.0
    """Seconds from the end of speech to this transcript."""
    source: str = "voice"
    """`voice`, `keyboard`, or another way of asking."""
    confidence: float | None = None
    language: str | None = None
    started_at: float | None = None
    """Seconds on the loop's clock when the speaker began; None where nobody spoke."""
    endpoint_at: float | None = None
    """Seconds on the loop's clock when it was clear that the speaker had ended; None where nobody spoke."""
    finished: bool = True
    """False where more seems to come: it is answered with what follows, or after a while alone."""
    words: tuple[Word, ...] = ()
    """When each word was said, in seconds on the loop's clock, where the transcriber can tell."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that the assistant says by itself when its time has come: a timer that is over."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Looked:
    """A question that was put to the vision-language model on the frame of the moment it was said."""

    question: str
    text: str
    """What it answered; empty where it gave none."""
    camera: str
    captured_at: float
    took: float
    """Seconds from the question's being put to the answer."""
    late: bool = False
    """True where the answer aloud had begun without it."""


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody called the assistant, by the wake word or by the key: it falls silent, and listens to what follows."""

    at: float
    """Seconds on the loop's clock at the end of the word, or when the key was pressed."""


Mode = Literal["open", "wake", "push", "text"]
"""Who is listened to: everyone; whoever says the wake word; whoever holds the key; nobody but the keyboard."""


@dataclass(frozen=True, slots=True)
class Attention:
    """What the assistant attends to at present; told at the start and whenever it changes."""

    mode: Mode
    at: float
    microphone: bool | None = True
    """False while it is muted: then nothing is captured. None: there is none."""
    camera: bool | None = True
    """False while the cameras are covered: then nothing is captured. None: there is none."""
    awake: bool = True
    """Whether speech counts now: after the wake word, while the key is held."""
    wake_word: str = ""
    """What must be said to be listened to in the mode `wake`."""

    @property
    def private(self) -> bool:
        """Whether nothing is captured: no sound, no pictures."""
        return not self.microphone and not self.camera


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """When each step of one turn happened, in seconds on the loop's clock; None is a step that did not happen."""

    asked: str
    source: str
    said_at: float
    """End of speech, or when the line was typed."""
    started_at: float | None = None
    """Start of speech."""
    endpoint_at: float | None = None
    transcript_at: float | None = None
    look_at: float | None = None
    """When the vision-language model was asked."""
    looked_at: float | None = None
    """When it had answered."""
    first_token_at: float | None = None
    first_sentence_at: float | None = None
    synthesized_at: float | None = None
    """When the first sentence was sound."""
    first_audio_at: float | None = None
    """When its first sample left the device."""
    ended_at: float | None = None
    cut: bool = False
    last_word: str = ""
    """The last word that was heard, where it was interrupted."""
    camera: str = ""
    photon_at: float | None = None
    """When the newest picture that the answer rests on was taken."""
    caption_at: float | None = None
    """When it had become words."""
    evidence_age: float | None = None
    """Seconds from the newest evidence for them to the first spoken word."""
    priority: str = "answer"
    """How urgent what was said is: `hazard`, `answer`, `caption`, `change` or `working`."""
    words: int = 0
    """How many words of it were heard."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechChunk:
    """One sentence ready to be heard; it keeps its words. It carries samples, so it is no event."""

    text: str
    samples: Samples
    rate: int
    words: tuple[Word, ...] = ()
    """When each word of `text` is said, where the voice can tell."""
    itself: bool = False
    """The voice says it itself; there are no samples of it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was said aloud, up to where it was cut."""

    text: str
    """What was heard of it (or, with no voice, what was written)."""
    asked: str
    asked_at: float
    answered_at: float
    """Seconds on the loop's clock at its first sound (or, with no voice, its first sentence)."""
    ended_at: float
    cut: bool = False
    """True when it was interrupted before its end."""
    priority: str = "answer"
    """How urgent it was: `hazard`, `answer`, `caption`, `change` or `working`."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part that could not answer, which one and why."""

    part: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """A part that had trouble, and is well again."""

    part: str
    at: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know once: a stand-in's limits, samples that were lost."""

    text: str
    at: float
    part: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The first event of a session: which parts run, and what the clock of the others means."""

    at: float
    utc: str
    """ISO 8601 time at `at`."""
    parts: dict[str, str] = field(default_factory=dict)
    """From part to what it is: `captioner` → `embedded`."""


@dataclass(frozen=True, slots=True)
class CameraCounts:
    """What became of the pictures of one camera, since the start."""

    frames: int = 0
    """Pictures that it took."""
    frames_dropped: int = 0
    """Pictures that nobody looked at, as there was a newer one."""
    keyframes: int = 0
    """Pictures that were worth words."""
    keyframes_dropped: int = 0
    """Those of them that got none, as there was a newer one."""
    keyframes_waiting: int = 0
    """Those that wait for words at present."""


@dataclass(frozen=True, slots=True)
class Health:
    """The counters of the lines, and how much the parts were asked and dropped."""

    at: float
    counters: dict[str, int]
    """All of them, each under a name for people."""
    cameras: dict[str, CameraCounts] = field(default_factory=dict)
    """Those of each camera, for programs."""


Event = (
    Caption
    | SpeechStarted
    | SpeechPaused
    | PartialTranscript
    | Transcript
    | Reminder
    | Looked
    | Called
    | Attention
    | Reply
    | TurnTrace
    | Trouble
    | Recovered
    | Notice
    | Started
    | Health
    | CameraEvent
    | Answer
    | Settings
    | Unsaid
)


Perception = Caption | SpeechStarted | SpeechPaused | Called | PartialTranscript | Transcript | Reminder
"""What the conversation is told."""

Emit = Callable[[Event], None]
"""How a stage puts an event on the feed: at once, from the event loop's thread."""


def type_name(event: Event) -> str:
    """The value's name as a topic or message type: `SpeechStarted` → `speech_started`."""
    return kind_name(type(event))


def kind_name(kind: type) -> str:
    """The same of a type."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def as_json(event: Event) -> dict[str, Any]:
    """The event as JSON-able values, its type first."""
    return {"type": type_name(event), **asdict(event)}
