"""How old what an answer rests on is at its first word, where the picture changed shortly before the question.

On the virtual clock: every part takes exactly as long as it says, and the real gate picks what is captioned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from devices.lines import Latest
from devices.media import Frame
from pipelines.backends import Kind
from pipelines.clock import run
from pipelines.gate import KeyframeGate
from pipelines.live import live
from pipelines.types import Seen, TurnTrace
from tests.fakes import FakeCamera, FakeMicrophone
from tests.stage import Stage

TAKES: dict[Kind, float] = {"captioner": 0.5, "transcriber": 0.3, "chat": 0.1, "voice": 0.2}
"""Seconds of a caption, of the words of a question, of one word of an answer, and of the sound of a sentence."""
SPEECH, AROUND = 0.64, 6.0
"""Seconds of a question, and from one question to the next."""
LOUDNESS = 0.2
"""With it the question is asked that is answered in two sentences."""
THINGS = ("a red cup", "two books", "an open laptop", "a small plant", "the white lamp", "three coins", "a green hat")


@dataclass
class ChangingCamera(FakeCamera):
    """Shows another thing at another place from each of the `changes` on, in seconds since it began."""

    changes: Sequence[float] = field(kw_only=True)

    async def run(self, frames: Latest[Frame]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (since := loop.time() - began) < self.changes[-1] + 2 * AROUND:
            number = sum(change <= since for change in self.changes)
            frames.put(Frame(_picture(number % len(THINGS)), loop.time(), self.name))
            await asyncio.sleep(self.every)


class ThingCaptioner:
    """Says what is shown."""

    def caption(self, frame: Frame) -> Seen:
        return Seen(THINGS[int(np.argmax(frame.pixels[90, :, 0])) // 40])


@dataclass(frozen=True)
class Rested:
    """What one answer rested on."""

    delay: float
    """Seconds from the change of the picture to the question's first sound."""
    age: float
    """Seconds from the newest evidence to the answer's first sound."""
    anew: bool
    """Whether that was seen after the change."""


def rested(delays: Sequence[float]) -> list[Rested]:
    """One question so long after each change of the picture."""
    return run(_session(delays))


async def _session(delays: Sequence[float]) -> list[Rested]:
    asked = [AROUND * (number + 1) for number in range(len(delays))]
    changes = [at - delay for at, delay in zip(asked, delays, strict=True)]
    play = Stage(
        cameras=[ChangingCamera((), changes=changes)],
        microphone=FakeMicrophone(list(_sound(len(delays)))),
        captioner=ThingCaptioner(),
        takes=TAKES,
    )
    session, began = play.session(), asyncio.get_running_loop().time()
    eyes = tuple(replace(eye, gate=KeyframeGate()) for eye in session.eyes)
    await live(replace(session, eyes=eyes), play.events.append)
    traces = play.told(TurnTrace)
    return [_rested(*one) for one in zip(delays, [began + change for change in changes], traces, strict=True)]


def _sound(questions: int) -> Iterator[tuple[float, float]]:
    gap = AROUND
    for _ in range(questions):
        yield from ((gap, 0.0), (SPEECH, LOUDNESS))
        gap = AROUND - SPEECH
    yield gap, 0.0


def _rested(delay: float, changed_at: float, trace: TurnTrace) -> Rested:
    if trace.evidence_age is None or trace.photon_at is None:
        raise ValueError(f"the answer to {trace.asked!r} rests on nothing")
    return Rested(delay, trace.evidence_age, trace.photon_at >= changed_at)


def _picture(place: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = np.full((180, 320, 3), 40, np.uint8)
    pixels[60:120, 40 * place : 40 * place + 40] = 220
    return pixels
