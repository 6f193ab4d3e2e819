"""From frames to keyframes: each camera with its gate, and the captioner that all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace

from devices.lines import Latest
from devices.media import Camera, Frame
from pipelines.backends import Captioner
from pipelines.breaking import Breakable
from pipelines.budget import Budget
from pipelines.dials import Dials
from pipelines.framering import FrameRing
from pipelines.gate import Gate
from pipelines.guard import Guard
from pipelines.novelty import Novelty
from pipelines.precedence import Abreast, Precedence, Preemption
from pipelines.relief import Relief
from pipelines.reporting import Reports
from pipelines.trouble import Patience
from pipelines.types import Caption
from pipelines.watching import Watch
from pipelines.worker import Worker


@dataclass(slots=True)
class Spared:
    """How many keyframes of a camera were not put into new words, and why."""

    known: int = 0
    """Those that show a scene which was described lately: calls of the model that were saved."""
    unchanged: int = 0
    """Those of which the model says that what it said last still holds."""
    wordless: int = 0
    """Those of which the model said nothing, refused to, or gave an error in words; they are not shown to it again."""
    unasked: int = 0
    """Those that came while nothing was to be put into words."""

    def counters(self, camera: str) -> dict[str, int]:
        """Those of them that there were."""
        told = {
            "calls saved": self.known,
            "unchanged": self.unchanged,
            "answers without words": self.wordless,
            "keyframes unasked": self.unasked,
        }
        return {f"{camera} {name}": count for name, count in told.items() if count}


@dataclass(frozen=True, slots=True)
class Eye:
    """One camera with its gate and its two lines."""

    camera: Camera
    gate: Gate
    patience: Patience
    captioning: Patience
    every_keyframe: bool = False
    """True: the gate waits for the captioner, so that no keyframe is dropped (a file read fast)."""
    still: Callable[[str, float, float], None] = lambda camera, keyframe_at, at: None
    """Told at what time the camera's picture was found as it was in the keyframe of what time."""
    unchanged: Callable[[str, float], None] = lambda camera, at: None
    """Told of which camera the keyframe of that time shows what was told of it last."""
    kept: Callable[[Frame, Caption], None] = lambda frame, caption: None
    """Given each keyframe with its caption."""
    watch: Watch | None = None
    """Makes events of what happens before it; None: nobody wants any."""
    guard: Guard | None = None
    """Tells the watch what is the matter with the camera itself; None: nothing does."""
    novelty: Novelty | None = None
    """Knows scenes again that were described lately; None: every keyframe is described."""
    spared: Spared = field(default_factory=Spared)
    ring: FrameRing | None = None
    """Holds the last seconds for questions about them; None where nothing can answer such."""
    frames: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "frames"))
    keyframes: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "keyframes"))
    wording: Breakable = field(default_factory=Breakable)
    """In here its keyframes are put into words."""

    def cover(self) -> None:
        """Cameras are switched off: what this one showed is nobody's business from now on, nor what came of it."""
        self.frames.forget()
        self.keyframes.forget()
        self.wording.break_off()
        for part in (self.ring, self.novelty):
            if part is not None:
                part.clear()
        if self.guard is not None:
            self.guard.forget()
        if self.watch is not None:
            self.watch.cover()


@dataclass(frozen=True, slots=True)
class Sight:
    """The captioner, which all cameras share, and its thread."""

    captioner: Captioner
    worker: Worker
    precedence: Precedence = field(default_factory=Precedence)
    """What goes before a caption that is made piece by piece."""
    preemption: Preemption = field(default_factory=Preemption)
    """One picture at a time: a model that makes two captions by turns would mix them up."""
    relief: Relief | None = None
    """What takes work off the captioner when it is too slow; None: nothing does."""
    name: str = ""
    """What the captioner is known by."""
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Cameras take turns, in the order in which they asked: none starves."""
    lanes: int = 1
    """How many turns there are at once."""
    dials: Dials | None = None
    """What is set of it while it runs; None: everything is put into words."""
    budget: Budget = field(default_factory=Budget)
    """What it may be asked a minute."""
    reports: Reports | None = None
    """What keyframes are asked where events are told; None: what there is to see, and nothing else."""

    def room(self, eye: Eye) -> AbstractAsyncContextManager[None]:
        """In here the budget allows one caption; what steps in for the captioner costs nothing."""
        if self.relief is not None and self.relief.stands_in:
            return nullcontext()
        return self.budget.room(lambda: eye.keyframes.dropped)

    def cover(self) -> None:
        """Cameras are switched off: forget what they showed, and what was said of it."""
        if self.relief is not None:
            self.relief.forget()
        if self.reports is not None:
            self.reports.clear()

    def least(self) -> float:
        """Seconds between two keyframes of a camera at the least."""
        relief = self.relief.least() if self.relief is not None else 0.0
        return max(relief, self.dials.now.interval if self.dials is not None else 0.0)

    def abreast(self, lanes: int) -> Sight:
        """The same for a captioner that works on so many pictures at once, and on a question beside them."""
        if lanes == 1:
            return self
        return replace(self, lanes=lanes, turns=asyncio.Semaphore(lanes), preemption=Abreast())

    def spent(self) -> float:
        """Seconds that the captioner has worked so far, as far as one picture is concerned."""
        return self.worker.spent if self.lanes == 1 else asyncio.get_running_loop().time()

    @property
    def asked(self) -> str:
        """How much is asked of a keyframe: what was told when less or more was asked is no answer to it."""
        return self.dials.now.verbosity if self.dials is not None and self.reports is not None else ""

    @property
    def asks(self) -> bool:
        """Whether keyframes are put into words at present."""
        return self.dials is None or self.dials.now.captioning


async def gate(eye: Eye, shows: Callable[[float], bool]) -> None:
    """Pass on the frames that are worth a caption, until the camera's line is closed.

    `shows`: whether what was captured at that time may be looked at: cameras are on, and were not off since.
    """
    keyframe_at, before = 0.0, None
    async for frame in eye.frames:
        if not shows(frame.captured_at):
            continue
        if eye.ring is not None:
            eye.ring.put(frame)
        anew = before is not None and not shows(before)  # what was known before counts no more
        wanted, before = eye.gate.wants(frame) or anew, frame.captured_at
        if eye.watch is not None:
            eye.watch.saw(frame, eye.gate.motion, wanted)
        if eye.guard is not None:
            eye.guard.look(frame)
        if wanted:
            keyframe_at = frame.captured_at
            if eye.every_keyframe:
                await eye.keyframes.drained()
            if shows(frame.captured_at):
                eye.keyframes.put(frame)
        elif eye.gate.still:
            eye.still(frame.camera, keyframe_at, frame.captured_at)
    eye.keyframes.close()
