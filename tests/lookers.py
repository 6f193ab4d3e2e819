"""A scripted vision-language model that takes its time on the virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from devices.media import Frame
from pipelines.backends import BackendError, Look
from pipelines.types import Seen
from tests.virtual import VirtualLoop


def spend(seconds: float) -> None:
    """Let the model take so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.spend(seconds)


@dataclass
class ScriptedLooker:
    """Captions the shade; answers questions as its script says, both after so many seconds."""

    answer: str | Callable[[Look], str] = "A red cup."
    seconds: float = 0.3
    captioning: float = 0.04
    fails: int = 0
    """So many looks fail first."""
    says: Callable[[int], str] = lambda shade: f"shade {shade}"
    looked: list[Look] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    """The shades whose captions were begun."""
    closed: int = 0
    """How many captions were ended before their end."""

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        shade = int(frame.pixels[0, 0, 0])
        self.begun.append(shade)
        try:
            for piece in ("", "", "", self.says(shade)):
                spend(self.captioning / 4)
                yield piece
        except GeneratorExit:
            self.closed += 1
            raise

    def look(self, request: Look) -> Iterator[str]:
        self.looked.append(request)
        spend(self.seconds / 2)
        yield ""
        if self.fails:
            self.fails -= 1
            raise BackendError("the lens is dirty")
        spend(self.seconds / 2)
        yield self.answer if isinstance(self.answer, str) else self.answer(request)
