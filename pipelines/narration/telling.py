"""Offers what is new of people, or of things, and learns what of that was heard: what was not is told again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from pipelines.narration.newswords import news
from pipelines.narration.options import NarrationOptions
from pipelines.narration.things import Change, Known, Told
from pipelines.phrases import Language
from pipelines.remarks import Offers, Priority, Remark, Topic
from pipelines.remarks import count as words_in
from pipelines.spots import PERSON, Box

FIRST, LONGEST = 2.0, 60.0
"""Seconds after which something that nobody heard is told again while it holds; each time twice as many, up to that."""
CALM = 3.0
"""Seconds between two remarks that something is elsewhere."""

Changes = Callable[[], list[Change]]
"""What is to be told, as of now: it depends on what was told."""


class Telling:
    """Of one camera and one topic."""

    def __init__(self, camera: str, topic: Topic, known: Known, agenda: Offers, voice: Voice) -> None:
        self._camera, self.topic, self._known, self._agenda, self._voice = camera, topic, known, agenda, voice
        self.key = f"{camera} {topic}"
        self._numbers = count(1)
        self._flying: dict[str, list[Change]] = {}
        """From fact to what it tells, of remarks that wait or are being said."""
        self._withdraws = False
        self._dropped: frozenset[tuple[str, str, int]] = frozenset()
        self._wait, self._again_at = 0.0, 0.0
        self._at = 0.0
        self._told: list[tuple[float, Told]] = []
        """When what was told to be, or not to be, where."""

    def tell(self, changes: Changes, at: float) -> None:
        """Offer what is new by the look of that time."""
        self._at = at
        found = self._mine(changes())
        if found and self._flying:
            self.withdraw()  # what waits is told in one breath with what is new, or is not so any more
            found = self._mine(changes())
        if not found or (at < self._again_at and _named(found) <= self._dropped):
            return
        remark = self._remark(found, at)
        self._flying[remark.fact] = found
        for change in found:
            self._known.apply(change, at)
        self._told = [(then, told) for then, told in self._told if at - then < LONGEST]
        self._told += [(at, change.now) for change in found]
        if not self._agenda.offer(remark):
            self.settled(remark, "")

    def told_since(self, since: float, surely: bool = False) -> list[Box]:
        """Where something was told to be, or not to be; `surely`: and not only as possible."""
        return [told.box for at, told in self._told if at >= since and not (surely and told.doubtful)]

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark; less than half is nothing."""
        changes = self._flying.pop(remark.fact, None)
        if changes is None:
            return
        if heard and words_in(heard) * 2 >= words_in(remark.text):
            self._wait, self._again_at, self._dropped = 0.0, 0.0, frozenset()
            return
        for change in reversed(changes):
            self._known.undo(change)
        if not self._withdraws:
            self._dropped, self._wait = _named(changes), min(LONGEST, max(FIRST, 2 * self._wait))
            self._again_at = self._at + self._wait

    def withdraw(self) -> None:
        """What waits is not to be said; what is being said goes on."""
        self._withdraws = True
        self._agenda.withdraw(self.key)
        self._withdraws = False

    def clear(self) -> None:
        """Another scene, or none."""
        self.withdraw()
        self._flying, self._dropped, self._wait, self._again_at, self._told = {}, frozenset(), 0.0, 0.0, []

    def _mine(self, changes: list[Change]) -> list[Change]:
        return [one for one in changes if (one.now.label == PERSON) == (self.topic == "people")]

    def _remark(self, changes: list[Change], at: float) -> Remark:
        before = {one.now.label: self._known.count(one.now.label) for one in changes}
        small = all(change.kind == "moved" for change in changes)
        text, brief = self._voice.words(changes, before)
        return Remark(
            text,
            Priority.CHANGE if small else Priority.CAPTION,
            at,
            topic=self.topic,
            brief=brief,
            key=self.key,
            fact=f"{self.key} {next(self._numbers)}",
            cooldown=CALM if small else 0.0,
            camera=self._camera,
            source="camera",
        )


class Voice:
    """In which words."""

    def __init__(self, options: NarrationOptions, language: Language) -> None:
        self._options, self._language = options, language

    def words(self, changes: list[Change], before: Mapping[str, int]) -> tuple[str, str]:
        """All of it, and the same without places; empty where that is not shorter."""
        text = news(changes, before, self._options.positions, self._language)
        whole = [change for change in changes if change.kind != "moved"]
        brief = news(whole, before, "none", self._language) if whole else ""
        return text, brief if words_in(brief) < words_in(text) else ""


def _named(changes: list[Change]) -> frozenset[tuple[str, str, int]]:
    return frozenset((one.kind, one.now.label, one.now.third) for one in changes)
