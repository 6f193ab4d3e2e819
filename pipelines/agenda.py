"""What waits to be said in a session: the speech policy on the loop's clock, and who hears of what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time

from pipelines.dials import Dials
from pipelines.policy import SpeechOptions, SpeechPolicy, Taste
from pipelines.remarks import Priority, Remark
from pipelines.types import Emit, Unsaid

Clock = Callable[[], datetime]
Settled = Callable[[Remark, str], None]
"""Told of a remark what was heard of it; empty: nothing, or it was dropped."""


class Agenda:
    """Everybody offers here; the conversation takes."""

    def __init__(
        self,
        options: SpeechOptions,
        dials: Dials,
        emit: Emit,
        clock: Clock = datetime.now,
        sees: Callable[[], bool] = lambda: True,
    ) -> None:
        """`sees`: whether cameras are switched on; while they are not, nothing is said of their pictures."""
        self._dials, self._emit, self._clock, self._sees = dials, emit, clock, sees
        self._hours = _hours(options.quiet)
        self.policy = SpeechPolicy(options)
        self._offered: Callable[[], None] = lambda: None
        self._settled: list[Settled] = []
        self.dropped = 0
        """Remarks that were not said."""
        self._taste()
        dials.when_changed(self._changed)

    def when_offered(self, wake: Callable[[], None]) -> None:
        """Call this when something may be said now."""
        self._offered = wake

    def when_settled(self, settled: Settled) -> None:
        """Call this when it is known what was heard of a remark, or that nothing will be."""
        self._settled.append(settled)

    def offer(self, remark: Remark) -> bool:
        """Something that is to be said; False where it never will be."""
        self._taste()
        taken = self.policy.offer(remark, _now())
        self._tell_dropped()
        if taken:
            self._offered()
        return taken

    def take(self, talking: bool, speaking: Priority | None, thinking: bool = False) -> Remark | None:
        """What is to be begun now, see `SpeechPolicy.take`."""
        self._taste()
        remark = self.policy.take(_now(), talking=talking, speaking=speaking, thinking=thinking)
        self._tell_dropped()
        return remark

    def done(self, remark: Remark, heard: str) -> None:
        """It is over, and that was heard of it; without a word it was dropped."""
        self.policy.done(remark, heard, _now())
        self._tell_dropped()
        if heard:
            self._tell(remark, heard)

    def late(self, remark: Remark) -> bool:
        """Whether it is not to be begun any more."""
        return self.policy.late(remark, _now())

    def unwanted(self, remark: Remark) -> bool:
        """Whether nobody wants to hear it at present, or may."""
        self._taste()
        return self.forgotten(remark) or self.policy.taste.unwanted(remark) is not None

    def forgotten(self, remark: Remark) -> bool:
        """Whether it is being said, and cameras were switched off that showed what it tells."""
        return self.policy.forgotten(remark)

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""
        self.policy.withdraw(key)
        self._tell_dropped()

    def forget(self, camera: str) -> None:
        """Another scene, see `SpeechPolicy.forget`: all that waits unasked of that camera, hazards too."""
        self.policy.forget(camera)
        self._tell_dropped()

    def forget_seen(self) -> None:
        """Cameras are switched off: of what they showed nothing more is said, nor told in writing."""
        self._taste()
        self.policy.forget_seen()
        self._tell_dropped()
        self._offered()

    def hush(self) -> None:
        """Somebody wants silence, see `SpeechPolicy.hush`."""
        self.policy.hush()
        self._tell_dropped()

    def close(self) -> None:
        """Nothing is said any more."""
        self.policy.close()
        self._tell_dropped()

    @property
    def waits(self) -> bool:
        """Whether anything does that was asked for, or may hurt, and need not wait any longer."""
        return self.policy.ready(_now())

    def deadline(self) -> float | None:
        """When to look again, in seconds on the loop's clock."""
        return self.policy.deadline(_now())

    @property
    def silent(self) -> str:
        """Why nothing is said unasked at present but hazards; empty: it is."""
        self._taste()
        quiet, paused = self.policy.taste.quiet, self.policy.taste.paused
        return f"these are quiet hours ({self.policy.options.quiet})" if quiet else "speech is paused" if paused else ""

    def _changed(self) -> None:
        self._taste()
        self._offered()

    def _taste(self) -> None:
        settings, hour = self._dials.now, self._clock().time()
        quiet = self._hours is not None and _within(hour, *self._hours)
        topics = frozenset(settings.topics)
        self.policy.taste = Taste(settings.level, topics, settings.paused, quiet, blind=not self._sees())

    def _tell_dropped(self) -> None:
        dropped, self.policy.dropped = self.policy.dropped, []
        self.dropped += len(dropped)
        for remark, why in dropped:
            text = "" if why == "cameras off" or (remark.seen and not self._sees()) else remark.text
            self._emit(Unsaid(text, remark.priority.word, why, _now(), remark.topic or "", remark.camera))
            self._tell(remark, "")

    def _tell(self, remark: Remark, heard: str) -> None:
        for settled in self._settled:
            settled(remark, heard)


def _hours(quiet: str) -> tuple[time, time] | None:
    """From `22:00-07:00`."""
    if not quiet:
        return None
    begins, _, ends = quiet.partition("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)


def _within(hour: time, begins: time, ends: time) -> bool:
    """Whether it lies between the two, the end left out; around midnight where they are in that order."""
    return begins <= hour < ends if begins <= ends else hour >= begins or hour < ends


def _now() -> float:
    return asyncio.get_running_loop().time()
