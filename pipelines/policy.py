"""Speech policy: which of the things that wait to be said is said now, which must wait, and which is never said.

Pure: its only clock is the times it is given. All that speaks goes by it: answers, narration, timers, programs.

- What is more urgent goes first, and cuts or holds what is less urgent (`Priority`).
- What was not begun before it expires is dropped, never said late.
- What is said unasked keeps to a number of words in any one minute, by the level of talk.
- A fact is told once, unless somebody asks.
- Nothing is said into what a person says, but a hazard.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from operator import is_
from typing import Literal

from pydantic import Field

from devices.media import Options
from pipelines.remarks import TOPICS, Level, Priority, Remark, Topic

MINUTE = 60.0
MOST = 20
"""Remarks of one priority that wait."""
FACTS = 2000
"""Facts, and subjects, of which it is known when they were told."""

Why = Literal[
    "expired",
    "no words left",
    "told already",
    "newer",
    "outranked",
    "switched off",
    "quiet hours",
    "paused",
    "too many",
    "withdrawn",
]
"""Why something is not said."""


class SpeechOptions(Options):
    """What is said, when and how much. Times are in seconds."""

    hazard: float = Field(default=5.0, gt=0, le=60)
    """A hazard that could not be told so soon is none any more."""
    caption: float = Field(default=6.0, gt=0, le=120)
    """What is seen is not told later than that."""
    change: float = Field(default=3.0, gt=0, le=120)
    """The same of small changes."""
    working: float = Field(default=2.0, gt=0, le=120)
    """The same of what is being done."""
    low: int = Field(default=30, ge=5, le=400)
    """Words a minute that are said unasked, at the most, at the level `low`."""
    normal: int = Field(default=75, ge=5, le=400)
    """The same at the level `normal`."""
    high: int = Field(default=150, ge=5, le=400)
    """The same at the level `high`; at `off` nothing is said unasked but hazards."""
    quiet: str = Field(default="", pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
    """Hours in which nothing is said unasked but hazards, by the clock on the wall: `22:00-07:00`."""
    resume: bool = True
    """Whether an answer that gave way to a hazard goes on after it."""

    def budget(self, level: Level) -> int:
        """Words a minute."""
        return {"off": 0, "low": self.low, "normal": self.normal, "high": self.high}[level]

    def lasts(self, priority: Priority) -> float:
        """Seconds until a remark expires that names no time; answers do not."""
        known = {
            Priority.HAZARD: self.hazard,
            Priority.CAPTION: self.caption,
            Priority.CHANGE: self.change,
            Priority.WORKING: self.working,
        }
        return known.get(priority, inf)


@dataclass(slots=True)
class Taste:
    """What somebody wants to hear at present."""

    level: Level = "normal"
    topics: frozenset[Topic] = frozenset(TOPICS)
    paused: bool = False
    """Nothing unasked but hazards, for now."""
    quiet: bool = False
    """These are quiet hours."""


@dataclass(slots=True)
class Spoken:
    """Words that count as said at any time from `began` to `ended`."""

    words: int
    began: float
    ended: float = inf


@dataclass(slots=True)
class SpeechPolicy:
    """What waits to be said, and what was said."""

    options: SpeechOptions = field(default_factory=SpeechOptions)
    taste: Taste = field(default_factory=Taste)
    dropped: list[tuple[Remark, Why]] = field(default_factory=list)
    """What is not said, and why; whoever tells of it empties this."""
    _waiting: list[Remark] = field(default_factory=list)
    _said: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """From fact to when it was told."""
    _last: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """From key to when words about it began last."""
    _ledger: deque[Spoken] = field(default_factory=deque)

    def offer(self, remark: Remark, now: float) -> bool:
        """Take something that is to be said. False, and it is among the dropped, where it never will be."""
        if (why := self._refused(remark)) is not None:
            self.dropped.append((remark, why))
            return False
        if remark.expires_at is None:
            remark = replace(remark, expires_at=remark.at + self.options.lasts(remark.priority))
        if remark.key:
            self._drop("newer", lambda one: one.key == remark.key and one.priority <= remark.priority)
        self._waiting.append(remark)
        self._expire(now)
        return remark in self._waiting

    def take(self, now: float, *, talking: bool = False, speaking: Priority | None = None) -> Remark | None:
        """What is to be begun now, if anything; whoever takes it tells of its end by `done`.

        `talking`: a person talks, or waits for an answer. `speaking`: what the assistant says is of that priority; what
        is given then is more urgent.
        """
        self._expire(now)
        for remark in sorted(self._waiting, key=lambda one: (-one.priority, not one.lasting)):
            if talking and remark.priority < Priority.HAZARD:
                break
            if speaking is not None and remark.priority <= speaking:
                break
            if (begun := self._fitted(remark, now)) is not None:
                self._begin(remark, begun, now)
                return begun
        return None

    def done(self, remark: Remark, heard: str, now: float) -> None:
        """It was said, as far as was `heard`; where that is less than half, its fact is not told yet."""
        if not remark.free and self._ledger:
            last = self._ledger[-1]
            last.words, last.ended = count(heard), now
        if count(heard) * 2 < count(remark.text):
            self._said.pop(remark.fact, None)

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""
        self._drop("withdrawn", lambda one: one.key == key)

    def hush(self) -> None:
        """Somebody wants silence: forget what waits, but for hazards and what lasts."""
        self._drop("withdrawn", lambda one: one.priority < Priority.HAZARD and not one.lasting)

    def clear(self) -> None:
        """Forget all that waits."""
        self._drop("withdrawn", lambda one: True)

    @property
    def waiting(self) -> tuple[Remark, ...]:
        """Oldest first."""
        return tuple(self._waiting)

    def deadline(self, now: float) -> float | None:
        """When to look again, though nothing happens: something expires, or there are words left again."""
        times = [one.expires_at for one in self._waiting if one.expires_at is not None]
        times += [self._last.get(one.key, -inf) + one.cooldown for one in self._waiting]
        if self._waiting:
            times += [spoken.ended + MINUTE for spoken in self._ledger]
        return min((time for time in times if now < time < inf), default=None)

    def spent(self, now: float) -> int:
        """Words that were said unasked in the minute up to now, those of what is being said among them."""
        return sum(spoken.words for spoken in self._ledger if spoken.ended > now - MINUTE)

    def _refused(self, remark: Remark) -> Why | None:
        known = self._said.keys() | {one.fact for one in self._waiting}
        if remark.fact and remark.fact in known and not remark.asked:
            return "told already"
        if (unwanted := self._unwanted(remark)) is not None:
            return unwanted
        if not remark.lasting and sum(one.priority == remark.priority for one in self._waiting) >= MOST:
            return "too many"
        return None

    def _unwanted(self, remark: Remark) -> Why | None:
        """Whether nobody wants to hear it at present."""
        if remark.asked or remark.priority is Priority.HAZARD:
            return None
        if self.taste.quiet:
            return "quiet hours"
        if remark.free:
            return None
        if self.taste.paused:
            return "paused"
        off = self.taste.level == "off" or (remark.topic is not None and remark.topic not in self.taste.topics)
        return "switched off" if off else None

    def _fitted(self, remark: Remark, now: float) -> Remark | None:
        """In as many words as there are left; None where it must wait."""
        if now < self._last.get(remark.key, -inf) + remark.cooldown and remark.key:
            return None
        if remark.free:
            return remark
        left = self.options.budget(self.taste.level) - self.spent(now)
        texts = [text for text in (remark.text, remark.brief) if text and count(text) <= left]
        return replace(remark, text=texts[0]) if texts else None

    def _begin(self, waited: Remark, remark: Remark, now: float) -> None:
        self._waiting.remove(waited)
        self._drop("outranked", lambda one: one.priority <= Priority.CHANGE and one.priority < remark.priority)
        for name, known in ((remark.key, self._last), (remark.fact, self._said)):
            if name:
                known.pop(name, None)
                known[name] = now
            while len(known) > FACTS:
                known.popitem(last=False)
        while self._ledger and self._ledger[0].ended <= now - MINUTE:
            self._ledger.popleft()
        if not remark.free:
            self._ledger.append(Spoken(count(remark.text), now))

    def _expire(self, now: float) -> None:
        budget = self.options.budget(self.taste.level)
        for remark in [*self._waiting]:
            if (why := self._unwanted(remark)) is not None:
                self._drop(why, partial(is_, remark))
            elif remark.expires_at is not None and now > remark.expires_at:
                least = min(count(text) for text in (remark.text, remark.brief or remark.text))
                poor = not remark.free and least > budget - self.spent(now)
                self._drop("no words left" if poor else "expired", partial(is_, remark))

    def _drop(self, why: Why, which: Callable[[Remark], bool]) -> None:
        self.dropped += [(one, why) for one in self._waiting if which(one)]
        self._waiting = [one for one in self._waiting if not which(one)]


def count(text: str) -> int:
    """Words as they are heard: of Chinese, two letters are about one."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    others = "".join(" " if "\u3400" <= letter <= "\u9fff" else letter for letter in text)
    return len(others.split()) + (chinese + 1) // 2
