"""The waterfall of a turn: when each of its steps happened, gathered while it runs and told once at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Literal, TypeVar

from pipelines.speaking import Aloud
from pipelines.types import Caption, Looked, Perception, Transcript, TurnTrace

T = TypeVar("T")
Step = Literal["transcript", "look", "looked", "first_token", "first_sentence", "synthesized"]


class Trace:
    """Of one turn. A step counts when it happens for the first time."""

    def __init__(self, asked: Perception) -> None:
        self._asked = asked
        self._steps: dict[Step, float] = {}
        self._evidence: tuple[str, float, float, float] | None = None
        """Of the newest: its camera, when it was taken, when it became words, and until when it is known to hold."""

    def mark(self, step: Step) -> None:
        """It happens now."""
        self._steps.setdefault(step, asyncio.get_running_loop().time())

    async def first(self, step: Step, pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """The same pieces; the first of them is the step."""
        async for piece in pieces:
            self.mark(step)
            yield piece

    def rests_on(self, evidence: Iterable[Caption | Looked]) -> None:
        """The answer is made from these."""
        for seen in evidence:
            known = seen.known_at if isinstance(seen, Caption) else seen.captured_at
            if self._evidence is None or known >= self._evidence[3]:
                self._evidence = seen.camera, seen.captured_at, seen.captured_at + seen.took, known

    def end(self, aloud: Aloud, *, cut: bool) -> TurnTrace:
        """The whole, with what was heard of it."""
        evidence, began = self._evidence, aloud.began_at
        asked = self._asked
        said = asked if isinstance(asked, Transcript) else Transcript("", moment(asked), source=_source(asked))
        return TurnTrace(
            asked=said.text,
            source=said.source,
            said_at=said.said_at,
            started_at=said.started_at,
            endpoint_at=said.endpoint_at,
            **{f"{step}_at": at for step, at in self._steps.items()},
            first_audio_at=began,
            ended_at=asyncio.get_running_loop().time(),
            cut=cut,
            last_word=(aloud.text.split() or [""])[-1] if cut else "",
            camera=evidence[0] if evidence else "",
            photon_at=evidence[1] if evidence else None,
            caption_at=evidence[2] if evidence else None,
            evidence_age=max(0.0, began - evidence[3]) if evidence and began is not None else None,
        )


def moment(asked: Perception) -> float:
    """When it was asked, said, or seen, in seconds on the loop's clock."""
    if isinstance(asked, Transcript):
        return asked.said_at
    return asked.captured_at if isinstance(asked, Caption) else asked.at


def _source(asked: Perception) -> str:
    return "camera" if isinstance(asked, Caption) else "timer"
