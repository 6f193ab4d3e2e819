"""A staged session that goes on while a story is told from outside of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pipelines.backends import Prompt
from pipelines.live import Session, live
from pipelines.types import PartialTranscript, SpeechStarted, Transcript
from tests.fakes import FakeChat
from tests.lookers import spend
from tests.stage import Stage


@dataclass
class Thinker(FakeChat):
    """Thinks so many seconds for each word."""

    seconds: float = 0.5

    def reply(self, prompt: Prompt) -> Iterator[str]:
        for piece in super().reply(prompt):
            spend(self.seconds)
            yield piece


class Played:
    """A session that runs."""

    def __init__(self, stage: Stage, session: Session) -> None:
        self.stage, self.session, self.controls = stage, session, stage.controls

    async def hears(self, question: str) -> None:
        """Somebody says it."""
        now = asyncio.get_running_loop().time
        await self.session.perceptions.put(SpeechStarted(now()))
        await self.session.perceptions.put(PartialTranscript(question, now()))
        await self.session.perceptions.put(Transcript(question, now(), source="voice"))

    def since(self, began: float) -> float:
        return round(asyncio.get_running_loop().time() - began, 3)


@asynccontextmanager
async def playing(stage: Stage, after: float = 1.0) -> AsyncIterator[Played]:
    """So many seconds after its beginning."""
    over = asyncio.Event()

    async def asks() -> AsyncIterator[str]:
        await over.wait()
        for line in ():
            yield line

    stage.asks, stage.asks_hold = asks, True
    session = stage.session()
    running = asyncio.create_task(live(session, stage.events.append))
    await asyncio.sleep(after)
    try:
        yield Played(stage, session)
    finally:
        over.set()
        await running


def anything(answer: str | Callable[[Prompt], str]) -> Any:
    """A script that has this answer to all questions."""

    class Script(dict[str, Any]):
        def get(self, question: str, default: Any = None) -> Any:
            return answer

    return Script()
