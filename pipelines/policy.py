"""Speech policy: which of the things that wait to be said is said now, which must wait, and which is never said.

Pure: its only clock is the times it is given. All that speaks goes by it: answers, narration, timers, programs.

- What is more urgent goes first, and cuts or holds what is less urgent (`Priority`).
- What was not begun before it expires is dropped, never said late.
- What is said unasked keeps to a number of words in any one minute, by the level of talk.
- A fact is told once, unless somebody asks.
- Nothing is said into what a person says, but a hazard.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from operator import is_

from pipelines.remarks import Priority, Remark
from pipelines.remarks import count as count
from pipelines.taste import SpeechOptions as SpeechOptions
from pipelines.taste import Taste as Taste
from pipelines.taste import Why as Why

_ENDS = re.compile(r"[.!?…][\"'”’)]*(?=\s|$)|[。！？…][”’）]*")
MINUTE = 60.0
MOST = 20
"""Remarks of one priority that wait."""
FACTS = 2000
"""Facts, and subjects, of which it is known when they were told."""


@dataclass(slots=True, eq=False)
class Spoken:
    """Something that is being said, or was."""

    remark: Remark
    words: int
    """What counts as said at any time from `began` to `ended`; 0 where it is free."""
    began: float
    ended: float = inf
    forgotten: bool = False
    """Cameras were switched off while it was said, and it tells what they showed."""


@dataclass(slots=True)
class SpeechPolicy:
    """What waits to be said, and what was said."""

    options: SpeechOptions = field(default_factory=SpeechOptions)
    taste: Taste = field(default_factory=Taste)
    dropped: list[tuple[Remark, Why]] = field(default_factory=list)
    """What is not said, and why; whoever tells of it empties this."""
    _waiting: list[Remark] = field(default_factory=list)
    _spoken: list[Spoken] = field(default_factory=list)
    """Of the last minute."""
    _told: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """From fact to when it was told."""
    _last: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """From key to when words about it began last."""
    _closed: bool = False

    def offer(self, remark: Remark, now: float) -> bool:
        """Take something that is to be said. False, and it is among the dropped, where it never will be."""
        if remark.expires_at is None:  # pictures of a file that is read fast are of a time to come
            remark = replace(remark, expires_at=min(remark.at, now) + self.options.lasts(remark.priority))
        self._review(now)
        remark = self._sized(remark) or remark
        if (why := self._refused(remark, now)) is not None:
            self.dropped.append((remark, why))
            return False
        self._drop("newer", partial(_gives_way, to=remark))
        alike = [one for one in self._waiting if one.priority is remark.priority]
        if len(alike) >= MOST and not remark.lasting:
            self._drop("too many", partial(is_, alike[0]))
        self._waiting.append(remark)
        return True

    def take(
        self, now: float, *, talking: bool = False, speaking: Priority | None = None, thinking: bool = False
    ) -> Remark | None:
        """What is to be begun now, if anything; whoever takes it tells of its end by `done`.

        `talking`: a person talks, or waits for an answer. `speaking`: what the assistant says is of that priority; what
        is given then is more urgent. `thinking`: an answer is on its way; only that it takes a while is said before it.
        """
        self._review(now)
        left = self.options.budget(self.taste.level) - self.spent(now)
        for remark in sorted(self._waiting, key=_turn):
            if speaking is not None and remark.priority <= speaking:
                break
            if not _may_begin(remark, talking=talking, thinking=thinking):
                continue
            if (fitted := self._fitted(remark, left - self._kept_from(remark), now)) is not None:
                self._begin(remark, fitted, now)
                return fitted
        return None

    def holds(self, said: Priority, urgent: Priority) -> bool:
        """Whether what is being said goes on after something more urgent; else it ends there."""
        return self.options.resume and said is Priority.ANSWER and urgent is Priority.HAZARD

    def done(self, remark: Remark, heard: str, now: float) -> None:
        """It was said, as far as was `heard`. Without a word it is dropped; of less than half its fact is not told."""
        spoken = next((one for one in self._spoken if one.remark is remark and one.ended == inf), None)
        if spoken is None:
            return
        spoken.words, spoken.ended = 0 if remark.free else count(heard), now
        if not heard:
            cut: Why = "expired" if self.late(remark, now) else "cut"
            self.dropped.append((remark, "cameras off" if spoken.forgotten else cut))
            return
        _note(self._last, remark.key, spoken.began)
        if remark.was_heard(heard):
            _note(self._told, remark.fact, now)

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""
        self._drop("withdrawn", lambda one: _any_same(key, [one.key]))

    def forget(self, camera: str) -> None:
        """What waits of that camera's pictures is not true any more; what somebody asked for, or what lasts, is."""
        self._drop("withdrawn", lambda one: one.camera == camera and not one.asked and not one.lasting)

    def forget_seen(self) -> None:
        """Cameras are switched off: what waits of their pictures is not said, and what is being said is not wanted."""
        self._drop("cameras off", lambda one: one.seen)
        for spoken in self._spoken:
            spoken.forgotten = spoken.forgotten or (spoken.ended == inf and spoken.remark.seen)

    def forgotten(self, remark: Remark) -> bool:
        """Whether it is being said, and is of what nobody may know any more."""
        return any(spoken.forgotten and spoken.remark is remark for spoken in self._spoken)

    def hush(self) -> None:
        """Somebody wants silence: forget what waits, but for hazards and what lasts."""
        self._drop("withdrawn", lambda one: one.priority < Priority.HAZARD and not one.lasting)

    def close(self) -> None:
        """Nothing is said any more."""
        self._closed = True
        self._drop("the end", lambda one: True)

    @property
    def waiting(self) -> tuple[Remark, ...]:
        """Oldest first."""
        return tuple(self._waiting)

    def ready(self, now: float) -> bool:
        """Whether anything waits that may be begun however much was said before."""
        return any(one.free and not self._cools(one, now) for one in self._waiting)

    def deadline(self, now: float) -> float | None:
        """When to look again, though nothing happens: something expires, or there are words left again."""
        times = [one.expires_at for one in self._waiting if one.expires_at is not None]
        times += [self._since(one.key) + one.cooldown for one in self._waiting if one.key]
        if self._waiting:
            times += [spoken.ended + MINUTE for spoken in self._spoken]
        return min((time for time in times if now < time < inf), default=None)

    def spent(self, now: float) -> int:
        """Words that were said unasked in the minute up to now, those of what is being said among them."""
        return sum(spoken.words for spoken in self._spoken if spoken.ended + MINUTE > now)

    def late(self, remark: Remark, now: float) -> bool:
        """Whether it is not to be begun any more."""
        return remark.expires_at is not None and now >= remark.expires_at

    def _refused(self, remark: Remark, now: float) -> Why | None:
        if self._closed:
            return "the end"
        as_urgent = [one for one in self._waiting if one.priority >= remark.priority]
        if not remark.asked and (self._knows(remark.fact) or _any_same(remark.fact, (one.fact for one in as_urgent))):
            return "told already"
        if self.late(remark, now):
            return "expired"
        if (why := self.taste.unwanted(remark)) is not None:
            return why
        if self._sized(remark) is None:
            return "no words left"
        if not remark.asked and _any_same(remark.key, (one.key for one in as_urgent if one.at > remark.at)):
            return "newer"
        full = sum(one.priority is remark.priority for one in as_urgent) >= MOST
        return "too many" if full and remark.priority is Priority.ANSWER and not remark.lasting else None

    def _sized(self, remark: Remark) -> Remark | None:
        """In no more words than there are in a whole minute; None where not one sentence of it has so few."""
        most = self.options.budget(self.taste.level)
        if remark.free or count(remark.text) <= most:
            return remark
        brief = remark.brief if count(remark.brief) <= most else ""
        text = brief or _cut(remark.text, most) or _cut(remark.brief, most)
        return replace(remark, text=text) if text else None

    def _kept_from(self, remark: Remark) -> int:
        """Words that it leaves to what is more urgent, and waits."""
        return sum(count(one.text) for one in self._waiting if one.priority > remark.priority and not one.free)

    def _fitted(self, remark: Remark, left: int, now: float) -> Remark | None:
        """In as many words as there are left; None where it must wait."""
        if self._cools(remark, now):
            return None
        if remark.free:
            return remark
        texts = [text for text in (remark.text, remark.brief) if text and count(text) <= left]
        return replace(remark, text=texts[0]) if texts else None

    def _begin(self, waited: Remark, remark: Remark, now: float) -> None:
        self._waiting = [one for one in self._waiting if one is not waited]
        self._drop("outranked", partial(_is_lost, over=remark))
        self._spoken = [one for one in self._spoken if one.ended + MINUTE > now]
        self._spoken.append(Spoken(remark, 0 if remark.free else count(remark.text), now))

    def _cools(self, remark: Remark, now: float) -> bool:
        """Whether words about it were said too lately."""
        return bool(remark.key) and not remark.asked and now < self._since(remark.key) + remark.cooldown

    def _knows(self, fact: str) -> bool:
        """Whether it was told, or is being told."""
        return fact in self._told or _any_same(fact, (one.remark.fact for one in self._spoken if one.ended == inf))

    def _since(self, key: str) -> float:
        """When words about it began last."""
        now = [one.began for one in self._spoken if one.ended == inf and one.remark.key == key]
        return max([self._last.get(key, -inf), *now])

    def _review(self, now: float) -> None:
        """Drop what is not to be said any more, and cut what has too many words since there is less to be said."""
        self._waiting = [self._sized(one) or one for one in self._waiting]
        for remark in [*self._waiting]:
            why = self.taste.unwanted(remark)
            if why is None and self._sized(remark) is None:
                why = "no words left"
            if self.late(remark, now):
                why = why or ("no words left" if self._poor(remark, now) else "expired")
            elif self._knows(remark.fact) and not remark.asked:
                why = "told already"
            if why is not None:
                self._drop(why, partial(is_, remark))

    def _poor(self, remark: Remark, now: float) -> bool:
        """Whether there are too few words left for it."""
        least = min(count(text) for text in (remark.text, remark.brief or remark.text))
        return not remark.free and least > self.options.budget(self.taste.level) - self.spent(now)

    def _drop(self, why: Why, which: Callable[[Remark], bool]) -> None:
        self.dropped += [(one, why) for one in self._waiting if which(one)]
        self._waiting = [one for one in self._waiting if not which(one)]


def _cut(text: str, most: int) -> str:
    """Its first sentences, in no more words than that; empty where the first has more."""
    fitting = ""
    for end in _ENDS.finditer(text):
        if count(text[: end.end()]) > most:
            break
        fitting = text[: end.end()].rstrip()
    return fitting


def _may_begin(remark: Remark, *, talking: bool, thinking: bool) -> bool:
    """Whether it is said to somebody who talks, or waits for an answer that is on its way."""
    if remark.priority is Priority.HAZARD:
        return True
    works = remark.priority is Priority.WORKING and remark.asked
    return not talking and (works or not thinking)


def _turn(remark: Remark) -> tuple[float, ...]:
    """What is more urgent goes first; of what was asked for the oldest, of what is seen the newest."""
    newest = remark.priority <= Priority.CAPTION
    return -remark.priority, not remark.lasting, -remark.at if newest else 0.0


def _gives_way(one: Remark, to: Remark) -> bool:
    """Whether one that waits is the same thing as a newer one, and no more urgent."""
    same = _any_same(to.key, [one.key]) or _any_same(to.fact, [one.fact])
    return same and one.priority <= to.priority and (to.asked or not one.asked)


def _is_lost(one: Remark, over: Remark) -> bool:
    """Whether it is too small to wait for the end of something else."""
    return one.priority <= Priority.CHANGE and one.priority < over.priority and not one.asked


def _any_same(name: str, others: Iterable[str]) -> bool:
    return bool(name) and name in others


def _note(known: OrderedDict[str, float], name: str, at: float) -> None:
    """Remember when, and forget the oldest of too many."""
    if name:
        known[name] = at
        known.move_to_end(name)
    while len(known) > FACTS:
        known.popitem(last=False)
