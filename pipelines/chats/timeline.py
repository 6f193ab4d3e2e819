"""What can be said of the course of things: what changed, what was seen before, where and since when, who came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile

from pipelines import gist
from pipelines.captionwords import people_in
from pipelines.chats.language import OfMemory
from pipelines.phrases import FRESH
from pipelines.types import Caption

MOST = 3
"""So many moments are told, the newest first: more cannot be followed by ear."""

Things = frozenset[str]
"""What is asked after, as `gist.wanted` has it."""


@dataclass(frozen=True, slots=True)
class Course:
    """Everything that is remembered, oldest first and never empty, and the words to tell of it."""

    record: Sequence[Caption]
    now: float
    """Seconds on the loop's clock."""
    clock: datetime
    """What time it is now."""
    words: OfMemory

    def changes(self) -> str:
        """What became different, and when."""
        told = ((caption, self._change(caption)) for caption in reversed(self.record))
        moments = [self._moment(caption, change) for caption, change in islice((one for one in told if one[1]), MOST)]
        return self.words.space.join(moments) or self._as_of(self.words.unchanged)

    def earlier(self, things: Things = frozenset()) -> str:
        """What was seen before that which is seen now, or before the things were."""
        past = [caption for caption in reversed(self.record) if not self._newest(caption)]
        if things and (run := self._run(things)):
            past = [caption for caption in reversed(self.record) if caption.captured_at < run[0].captured_at]
        told = [self._moment(caption, self.words.seen(caption)) for caption in past[:MOST]]
        return self.words.space.join(told) or self.words.nothing_before

    def last_seen(self, things: Things) -> str | None:
        """When and where all of the things were seen last; None where they were not."""
        caption = next((caption for caption in reversed(self.record) if things <= gist.told(caption)), None)
        if caption is None or not things:
            return None
        if self._newest(caption) and self.now - caption.known_at <= FRESH:
            return self.words.now(self.words.seen(caption))
        return self.words.last(self._moment(caption, self.words.seen(caption), self.now - caption.known_at))

    def since(self, things: Things) -> str | None:
        """Since when the things are, or were, to be seen; without any, the present picture. None: they were not."""
        run = self._run(things) if things else [self.record[-1]]
        if not run:
            return None
        if self._newest(run[-1]):
            return self._as_of(self.words.first(self._moment(run[0], self.words.seen(run[0]))))
        return self.words.until(self._when(run[0]), self._when(run[-1]))

    def visits(self) -> str:
        """Whether people came or left, and when."""
        counted = [(caption, people) for caption in self.record if (people := people_seen(caption)) is not None]
        seen = [caption for caption, people in counted if people]
        if not seen:
            return self._as_of(self.words.nobody) if counted else self.words.unknown
        course = [(caption, people) for caption, people in counted if caption.camera == seen[-1].camera]
        gone = [caption for caption, people in course if not people]
        if gone and gone[-1].captured_at > seen[-1].captured_at:
            left = next(caption for caption in gone if caption.captured_at > seen[-1].captured_at)
            return self._as_of(self.words.left(self._when(seen[-1]), self._when(left)))
        return self._came(course, gone)

    def unnamed(self) -> bool:
        """Whether no eyes that looked can name things."""
        return all(caption.facts is not None and not caption.facts.labels for caption in self.record)

    def _came(self, course: Sequence[tuple[Caption, int]], gone: Sequence[Caption]) -> str:
        if not gone:
            return self.words.always(self._when(course[0][0]))
        first = next(caption for caption, people in course if people and caption.captured_at > gone[-1].captured_at)
        return self.words.came(self._when(first))

    def _run(self, things: Things) -> list[Caption]:
        """The last captions of one camera in a row that tell of all the things, oldest first."""
        last = next((caption for caption in reversed(self.record) if things <= gist.told(caption)), None)
        if last is None:
            return []
        before = [one for one in self.record if one.camera == last.camera and one.captured_at <= last.captured_at]
        return [*takewhile(lambda one: things <= gist.told(one), reversed(before))][::-1]

    def _change(self, caption: Caption) -> str:
        first = next(other for other in self.record if other.camera == caption.camera)
        return "" if first is caption and not (caption.facts and caption.facts.changes) else self.words.changed(caption)

    def _newest(self, caption: Caption) -> bool:
        return caption is next(other for other in reversed(self.record) if other.camera == caption.camera)

    def _moment(self, caption: Caption, told: str, age: float | None = None) -> str:
        several = len({other.camera for other in self.record}) > 1
        return self.words.moment(self._when(caption, age), caption.camera if several else "", told)

    def _when(self, caption: Caption, age: float | None = None) -> str:
        return self.words.when(self.now - caption.captured_at if age is None else age, self.clock)

    def _as_of(self, sentence: str) -> str:
        """What is said of the present, and how old the newest evidence for it is, where it is not fresh."""
        age = self.now - max(caption.known_at for caption in self.record)
        looked = self.words.looked(self.words.when(age, self.clock))
        return f"{sentence}{self.words.space}{looked}" if age > FRESH else sentence


def people_seen(caption: Caption) -> int | None:
    """At least so many people; None where the caption does not say."""
    return caption.facts.people if caption.facts is not None else people_in(caption.text)
