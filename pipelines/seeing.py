"""From frames to captions: the gate picks keyframes, the captioner puts them into words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from devices.lines import Latest, Lossless
from devices.media import Camera, Frame
from pipelines.backends import BackendError, Captioner, Factual, Looker, expect
from pipelines.framering import FrameRing
from pipelines.gate import Gate
from pipelines.precedence import Precedence, Preemption
from pipelines.relief import Made, Relief
from pipelines.trouble import Patience
from pipelines.types import Caption, Perception, Seen
from pipelines.wording import one_line
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


async def gate(eye: Eye, sees: Callable[[], bool]) -> None:
    """Pass on the frames that are worth a caption, until the camera's line is closed; none while cameras are off."""
    keyframe_at = 0.0
    async for frame in eye.frames:
        if not sees():
            continue
        if eye.ring is not None:
            eye.ring.put(frame)
        if eye.gate.wants(frame):
            keyframe_at = frame.captured_at
            if eye.every_keyframe:
                await eye.keyframes.drained()
            eye.keyframes.put(frame)
        elif eye.gate.still:
            eye.still(frame.camera, keyframe_at, frame.captured_at)
    eye.keyframes.close()


async def caption(eye: Eye, sight: Sight, perceptions: Lossless[Perception]) -> None:
    """Put each keyframe into words, until the line is closed."""
    async for frame in eye.keyframes:
        number = eye.keyframes.accepted - len(eye.keyframes)
        seen = await _seen(frame, eye, sight)
        if seen is not None and seen.text:
            took = max(0.0, asyncio.get_running_loop().time() - frame.captured_at)
            said = Caption(seen.text, frame.camera, frame.captured_at, took, number, seen.facts)
            eye.kept(frame, said)
            await perceptions.put(said)


async def _seen(frame: Frame, eye: Eye, sight: Sight) -> Seen | None:
    """What is to be seen, tried again after each failure; None when a newer keyframe came, or no more will."""
    while True:
        try:
            seen = await _captioned(frame, eye, sight)
        except BackendError as error:
            eye.captioning.failed(str(error))
        else:
            if sight.relief is None or not sight.relief.stands_in:
                eye.captioning.answered(sight.captioner)
            return seen
        if not eye.keyframes.closed:
            await eye.captioning.rest()
        if eye.keyframes.closed or len(eye.keyframes):
            return None


async def _captioned(frame: Frame, eye: Eye, sight: Sight) -> Seen:
    """A caption, where the captioner does not keep up by what relieves it; of a file read fast all are waited for."""
    if sight.relief is None or eye.every_keyframe:
        seen, _ = await _by_model(frame, sight)
        return seen
    return await sight.relief.caption(frame, partial(_by_model, sight=sight), sight.worker)


async def _by_model(frame: Frame, sight: Sight) -> Made:
    """A caption of one camera after the other, and how long the model itself took."""
    return await sight.preemption.caption(lambda: _timed(frame, sight))


async def _timed(frame: Frame, sight: Sight) -> Made:
    before, captioner = sight.worker.spent, sight.captioner
    if isinstance(captioner, Looker):
        seen = await _described(frame, captioner, sight)
    else:
        seen = expect(await sight.worker.call(captioner.caption, frame), Seen)
    return seen, sight.worker.spent - before


async def _described(frame: Frame, captioner: Looker, sight: Sight) -> Seen:
    """A vision-language model's caption piece by piece, so that a question can go before it."""
    async with aclosing(sight.worker.iterate(lambda: captioner.describe(frame))) as pieces:
        text = "".join([expect(piece, str) async for piece in sight.precedence.patient(pieces)])
    # A captioner that steps in for a vision-language model may know facts as well.
    return Seen(one_line(text), captioner.facts if isinstance(captioner, Factual) else None)
