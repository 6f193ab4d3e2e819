"""Moments in which a session stood still, because the machine had other things to do: noted, and done again."""

from __future__ import annotations

import asyncio

from assistant.recordings.journal import Journal
from assistant.recordings.reading import Recording
from pipelines.clock import VirtualLoop

TICK = 0.05
"""Seconds between two looks at the clock."""
LATE = 0.02
"""Seconds by which a timer may be late without a word."""


async def watched_stalls(journal: Journal) -> None:
    """Note every stall of the loop, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + TICK
        await asyncio.sleep(TICK)
        if (late := loop.time() - due) > LATE:
            journal.line("stall", at=due, lasted=round(late, 6))


def played_stalls(recording: Recording, loop: VirtualLoop) -> None:
    """Let the loop stand still where it did: what was due meanwhile comes after it."""

    def stand(until: float) -> None:
        loop.now = max(loop.now, until)

    for line in recording.lines("stall"):
        loop.call_at(line["at"], stand, line["at"] + line["lasted"])
