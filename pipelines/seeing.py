"""From frames to keyframes: each camera with its gate, and the captioner that all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.lines import Latest
from devices.media import Camera, Frame
from pipelines.backends import Captioner
from pipelines.framering import FrameRing
from pipelines.gate import Gate
from pipelines.precedence import Precedence, Preemption
from pipelines.relief import Relief
from pipelines.trouble import Patience
from pipelines.types import Caption
from pipelines.watching import Watch
from pipelines.worker import Worker


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
    kept: Callable[[Frame, Caption], None] = lambda frame, caption: None
    """Given each keyframe with its caption."""
    watch: Watch | None = None
    """Makes events of what happens before it; None: nobody wants any."""
    ring: FrameRing | None = None
    """Holds the last seconds for questions about them; None where nothing can answer such."""
    frames: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "frames"))
    keyframes: Latest[Frame] = field(default_factory=lambda: Latest[Frame](1, "keyframes"))


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


async def gate(eye: Eye, sees: Callable[[], bool]) -> None:
    """Pass on the frames that are worth a caption, until the camera's line is closed; none while cameras are off."""
    keyframe_at = 0.0
    async for frame in eye.frames:
        if not sees():
            continue
        if eye.ring is not None:
            eye.ring.put(frame)
        wanted = eye.gate.wants(frame)
        if eye.watch is not None:
            eye.watch.saw(frame, eye.gate.motion, wanted)
        if wanted:
            keyframe_at = frame.captured_at
            if eye.every_keyframe:
                await eye.keyframes.drained()
            eye.keyframes.put(frame)
        elif eye.gate.still:
            eye.still(frame.camera, keyframe_at, frame.captured_at)
    eye.keyframes.close()
