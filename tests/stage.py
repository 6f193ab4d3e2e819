"""A session of fakes, each replaceable, for stories on a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from pipelines.abilities import abilities
from pipelines.answering import Answers, Mind
from pipelines.attention import AttentionOptions
from pipelines.backends import Captioner, Detector, Looker
from pipelines.drafts import Drafts, Ears
from pipelines.endpointer import Endpointer, HearingOptions
from pipelines.hearing import Listening
from pipelines.heeding import Heed
from pipelines.ladder import LadderOptions
from pipelines.live import Hearing, Session, live
from pipelines.looking import LookingOptions, Looks
from pipelines.memory import Memory
from pipelines.precedence import Precedence
from pipelines.relief import Relief
from pipelines.seeing import Eye, Sight
from pipelines.speaking import Mouth
from pipelines.switches import Present, SwitchedCamera, SwitchedMicrophone, Switches
from pipelines.thinking import Conversation, ConversationOptions
from pipelines.timers import Timers
from pipelines.toolbox import Ability, Toolbox, ToolsOptions
from pipelines.trouble import Patience
from pipelines.types import Event, Reply
from pipelines.worker import Worker
from tests.fakes import (
    FakeCamera,
    FakeCaptioner,
    FakeChat,
    FakeGlimpse,
    FakeMicrophone,
    FakeSpeaker,
    FakeTranscriber,
    FakeVoice,
    FakeWakeWord,
    LoudnessDetector,
    ShadeGate,
)

E = TypeVar("E", bound=Event)

SILENCE = (1.0, 0.0)
HELLO, COUNT, NOISE, RIDDLE = (0.5, 0.1), (0.5, 0.2), (0.5, 0.3), (0.5, 0.4)
BOOK = {0.1: "hello", 0.2: "how many are there", 0.3: ""}
ANSWERS = {"hello": "Hello there.", "how many are there": "I see two. One is on the left."}


@dataclass
class Stage:
    """A session of fakes, each replaceable, and all that it told."""

    cameras: list[FakeCamera] = field(default_factory=list)
    microphone: FakeMicrophone | None = None
    speaker: FakeSpeaker | None = field(default_factory=FakeSpeaker)
    chat: FakeChat = field(default_factory=lambda: FakeChat(dict(ANSWERS)))
    voice: FakeVoice = field(default_factory=FakeVoice)
    detector: Detector = field(default_factory=LoudnessDetector)
    transcriber: FakeTranscriber = field(default_factory=lambda: FakeTranscriber(BOOK))
    captioner: Captioner = field(default_factory=FakeCaptioner)
    options: ConversationOptions = field(default_factory=ConversationOptions)
    looking: LookingOptions = field(default_factory=LookingOptions)
    tools: ToolsOptions = field(default_factory=ToolsOptions)
    brought: tuple[Ability, ...] = ()
    """Tools beside the assistant's own, as a tool server brings them."""
    deaf_while_speaking: bool = False
    asks: Callable[[], AsyncIterator[str]] | None = None
    ladder: LadderOptions | None = None
    """With it the captioner is relieved where it is too slow, and a model hangs that says nothing for so long."""
    attention: AttentionOptions = field(default_factory=AttentionOptions)
    wake: FakeWakeWord = field(default_factory=FakeWakeWord)
    obey: Callable[[Switches, str], bool] = lambda switches, line: False
    events: list[Event] = field(default_factory=list)

    async def run(self) -> list[Event]:
        await live(self.session(), self.events.append)
        return self.events

    def session(self) -> Session:
        present = Present(self.microphone is not None, bool(self.cameras), self.wake.phrase)
        self.switches = Switches(self.attention, present, self.events.append)
        emit, memory = self.switches.emit, Memory()
        troubles = {part: Patience(part, emit) for part in ("voice", "speaker")}
        mouth = Mouth(self.voice, self._worker("voice"), self.speaker, troubles)
        precedence = Precedence()
        mind = Mind(self.chat, self._worker("chat"), Patience("chat", emit), precedence)
        eyes = tuple(
            Eye(
                SwitchedCamera(camera, self.switches),
                ShadeGate(),
                Patience(f"camera {camera.name}", emit),
                Patience(f"captioner of {camera.name}", emit),
                still=memory.still,
                ring=self.looking.ring() if isinstance(self.captioner, Looker) else None,
            )
            for camera in self.cameras
        )
        relief = Relief(self.ladder, emit, light=FakeGlimpse) if self.ladder else None
        sight = Sight(self.captioner, self._worker("captioner"), precedence, relief=relief)
        looks, timers = Looks(self.looking, eyes, sight, emit), Timers()
        own = abilities(memory, looks if isinstance(self.captioner, Looker) else None, timers)
        toolbox = Toolbox(self.tools, [lambda: own, lambda: self.brought])
        answers = Answers(memory, mind, looks, toolbox, timers)
        self.conversation = Conversation(self.options, memory, answers, mouth, emit)
        session = Session(self.conversation, eyes, sight, self._hearing(mouth), self.asks, switches=self.switches)
        session.obey, session.beside = (
            partial(self.obey, self.switches),
            (timers.run, *([relief.run] if relief else [])),
        )
        return session

    def _worker(self, part: str) -> Worker:
        worker = Worker(part)
        worker.longest = self.ladder.hung if self.ladder else None
        return worker

    def _hearing(self, mouth: Mouth) -> Hearing | None:
        if self.microphone is None:
            return None
        worker, options = self._worker("transcriber"), HearingOptions()
        drafts = getattr(self.transcriber, "partials", False)
        ears = Ears(Endpointer(options, self.detector, drafts), self._worker("detector"))
        listening = Listening(
            ears,
            Drafts(self.transcriber, worker, ears, options.ending),
            (lambda chunk: self.deaf_while_speaking and mouth.spoke_during(chunk.started_at, chunk.started_at + 0.032)),
            Heed(self.switches, self.wake, Worker("wake")),
        )
        troubles = {part: Patience(part, self.events.append) for part in ("microphone", "detector", "transcriber")}
        return Hearing(SwitchedMicrophone(self.microphone, self.switches), listening, troubles)

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def said(self) -> list[str]:
        return [reply.text for reply in self.told(Reply)]
