"""Timers and reminders: kept on the loop's clock, and said when their time has come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from devices.lines import LineClosed, Lossless
from pipelines.durations import spoken
from pipelines.phrases import Language
from pipelines.types import Perception, Reminder
from pipelines.wording import mentions

MOST = 20
"""Timers at the same time."""
LONGEST = 86_400.0
"""Seconds of the longest one; they end with the session."""
LABEL = 200
"""Characters of the longest label."""


class Refused(ValueError):
    """A timer that cannot be set; the message is one line."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One that runs."""

    due: float
    """Seconds on the loop's clock."""
    seconds: float
    """How long it was set for."""
    label: str
    """What for; empty where nobody said."""
    language: Language


class Timers:
    """Those that run, and the task that says when one is over."""

    def __init__(self) -> None:
        self._running: list[Timer] = []
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._running)

    @property
    def running(self) -> Sequence[Timer]:
        """The next one that is due first."""
        return tuple(sorted(self._running, key=lambda timer: timer.due))

    def start(self, seconds: float, label: str, language: Language) -> Timer:
        """Raises Refused."""
        if not 1 <= seconds <= LONGEST:
            raise Refused("a timer runs for 1 second to 24 hours")
        if len(self._running) >= MOST:
            raise Refused(f"{MOST} timers run already: cancel one")
        timer = Timer(asyncio.get_running_loop().time() + seconds, seconds, label[:LABEL], language)
        self._running.append(timer)
        self._changed.set()
        return timer

    def cancel(self, label: str = "") -> list[Timer]:
        """Those whose label has these words, or all; they are over."""
        gone = [timer for timer in self.running if not label.strip() or mentions(named(timer), label)]
        self._running = [timer for timer in self._running if timer not in gone]
        self._changed.set()
        return gone

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Put a reminder on the line whenever one is due; until cancelled, or the line is closed."""
        with suppress(LineClosed):
            await self._run(perceptions)

    async def _run(self, perceptions: Lossless[Perception]) -> None:
        while True:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self.running[0].due if self._running else None):
                    await self._changed.wait()
            now = asyncio.get_running_loop().time()
            for timer in [timer for timer in self.running if timer.due <= now]:
                self._running.remove(timer)
                await perceptions.put(Reminder(_over(timer), timer.due))


def named(timer: Timer) -> str:
    """What it is called by and how long it was set for: "tea, 5 minutes"."""
    return ", ".join(filter(None, [timer.label, spoken(timer.seconds, timer.language)]))


def _over(timer: Timer) -> str:
    length = spoken(timer.seconds, timer.language)
    if timer.language == "zh":
        return f"时间到了：{timer.label}。" if timer.label else f"{length}的计时到了。"
    return f"It is time: {timer.label}." if timer.label else f"Your timer of {length} is over."
