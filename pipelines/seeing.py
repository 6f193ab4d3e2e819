"""From the frames of a camera to its keyframes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devices.lines import Latest
from devices.media import Camera, Frame
from pipelines.breaking import Breakable
from pipelines.framering import FrameRing
from pipelines.gate import Gate
from pipelines.guard import Guard
from pipelines.novelty import Novelty
from pipelines.spotting import Spotting
from pipelines.trouble import Patience
from pipelines.types import Caption
from pipelines.watchers import Watcher


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
    watch: Watcher | None = None
    """Who is told what happens before it; None: nobody wants to know."""
    spotting: tuple[Spotting, ...] = ()
    """What finds people, things and text in its frames at once."""
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
        self.gate.forget()
        self.wording.break_off()
        for part in (self.ring, self.novelty):
            if part is not None:
                part.clear()
        for spotting in self.spotting:
            spotting.cover()
        if self.guard is not None:
            self.guard.forget()
        if self.watch is not None:
            self.watch.cover()


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
        for spotting in eye.spotting:
            spotting.saw(frame, eye.gate.motion, wanted)
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
    for spotting in eye.spotting:
        spotting.close()
