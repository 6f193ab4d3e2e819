"""The waterfall of a turn: when each of its steps happened, gathered while it runs and told once at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import replace
from math import inf, isfinite
from typing import Any, Literal, TypeVar

from pipelines.speaking import Aloud
from pipelines.types import Caption, Looked, Transcript, TurnTrace

T = TypeVar("T")
Step = Literal["transcript_at", "look_at", "looked_at", "first_token_at", "first_sentence_at", "synthesized_at"]
"""A field of a `TurnTrace`."""


class Trace:
    """Of one turn. A step counts when it happens for the first time."""

    def __init__(self, said: Transcript) -> None:
        """`said`: what is answered; where nobody asked, one without words tells when and by what the turn came."""
        self._trace = TurnTrace(said.text, said.source, said.said_at, said.started_at, said.endpoint_at)
        self._steps: dict[str, Any] = {}
        """From step to time: fields of the trace."""
        self._holds_until = -inf
        """When the newest evidence is known to have been true."""

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
            known_at = seen.known_at if isinstance(seen, Caption) else seen.captured_at
            if known_at >= self._holds_until:
                self._holds_until, worded_at = known_at, seen.captured_at + seen.took
                self._trace = replace(self._trace, camera=seen.camera, photon_at=seen.captured_at, caption_at=worded_at)

    def tells_of(self, camera: str, captured_at: float) -> None:
        """It says what that camera's picture of then shows."""
        self._holds_until = captured_at
        self._trace = replace(self._trace, camera=camera, photon_at=captured_at)

    @property
    def photon_at(self) -> float | None:
        """Seconds on the loop's clock when the newest picture was taken that the answer rests on; None: on none."""
        return self._trace.photon_at

    def end(self, aloud: Aloud, *, cut: bool) -> TurnTrace:
        """The whole, with what was heard of it."""
        began, known = aloud.began_at, isfinite(self._holds_until)
        return replace(
            self._trace,
            **self._steps,
            first_audio_at=began,
            ended_at=asyncio.get_running_loop().time(),
            cut=cut,
            last_word=(aloud.text.split() or [""])[-1] if cut else "",
            evidence_age=max(0.0, began - self._holds_until) if known and began is not None else None,
        )
