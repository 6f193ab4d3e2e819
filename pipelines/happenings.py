"""One event before a camera, from the first moving picture to the last: what is known of it, and when it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines import gist
from pipelines.captionwords import among, people_in, quotations
from pipelines.eventwords import EventWords
from pipelines.memory import same
from pipelines.moving import Motion, Where
from pipelines.news import CameraEvent, Kind
from pipelines.types import Caption

RANK: dict[Kind, int] = {"motion": 0, "scene_changed": 1, "text_read": 2, "person_left": 3, "person_appeared": 3}
"""What an event is called may only become more telling: who came and went again has been there."""


@dataclass(slots=True)
class Happening:
    """What is known of something that moves, or moved. Times are seconds on the loop's clock."""

    told: CameraEvent
    """What was said of it last."""
    since: float
    """The first picture of the motion that it is."""
    where: Where | None
    moved_at: float
    """The newest picture in which something moved."""
    before: Caption | None = None
    """What was seen before it."""
    caption: Caption | None = None
    """What was told of it last, of those that were news."""
    calm_at: float | None = None
    """When all had been still for some time."""
    asked_at: float | None = None
    """When the newest picture of it was taken that is being put into words; None: none is."""
    differs: bool = False
    """Whether the picture is another one than before it, now that nothing moves."""
    rests_since: float | None = None
    """When it came to rest as something else than before, where nothing was told of that yet."""

    def learn(self, caption: Caption, words: EventWords) -> dict[str, Any]:
        """Take a caption of it. Gives the fields of an event that tell it; none where that is no news."""
        last, self.caption = self.caption, caption
        known = self.known(words)
        if last is None or not same(last, caption):
            return known
        exact = ("kind", "people", "labels") if caption.facts else ("kind", "people")
        if any(getattr(self.told, name) != known[name] for name in exact):
            return known
        if self.rests_since is not None and caption.captured_at >= self.rests_since:
            return known  # the same words, of another picture
        self.caption = last  # what comes next is compared with what was told
        return {}

    def known(self, words: EventWords) -> dict[str, Any]:
        """The fields of an event that tell what its caption says; none where there is no caption."""
        seen = self.caption
        if seen is None:
            return {}
        return {
            "kind": (kind := self.kind()),
            "caption": seen.text,
            "title": (seen.title if _tells(seen) else "") or self._title(kind, words),
            "labels": seen.labels or (seen.facts.labels if seen.facts else ()),
            "people": people(seen),
            "difference": difference(self.before, seen, words),
            "confidence": seen.confidence,
            "source": seen.source or "captioner",
            "described_at": seen.described_at,
            "keyframe": seen.keyframe,
        }

    def kind(self) -> Kind:
        """What it is by all that is known now."""
        found: list[Kind] = [self.told.kind]
        if self.differs:
            found.append("scene_changed")
        if self.caption is not None and self.before is not None:
            found += _kinds(self.before, self.caption)
        return max(found, key=RANK.__getitem__)  # of two that are as telling, the first

    def rests(self, at: float, motion: Motion) -> None:
        """Look at a frame in which it may be still."""
        if self.calm_at is None and motion.since != self.since:
            self.calm_at = at
        elif self.calm_at is None and not motion.share:
            self.differs = motion.differs > 0

    def settles(self, seen: Caption | None, words: EventWords) -> dict[str, Any]:
        """It came to rest as something else. Gives what tells it by the newest caption; none while that is to come.

        Without any caption it is told by the motion alone.
        """
        self.rests_since = self.moved_at if self.told.captured_at < self.moved_at else None
        if self.rests_since is None:
            return {}
        if self.caption is None:
            return self._moved(words, differs=True) if self.asked_at is None else {}
        if seen is None or seen.captured_at < self.moved_at:
            return {}
        self.caption = seen
        return {"captured_at": seen.captured_at, **self.known(words)}

    def calms(self) -> bool:
        """Whether it is to be told now that it is still again, because its end waits for its last words."""
        return self.calm_at is not None and self.told.ended_at is None

    def is_over(self, at: float, late: float) -> bool:
        """Whether it is: all is still, and no words of it are to come, or they take more than `late` seconds."""
        return self.calm_at is not None and (self.asked_at is None or at - self.calm_at >= late)

    def ended(self, captured_at: float, words: EventWords) -> CameraEvent:
        """What is told when it is over, by what the newest picture shows as well."""
        return over(self.told, self.moved_at, captured_at, **(self.known(words) or self._moved(words)))

    def covered(self, captured_at: float, words: EventWords) -> CameraEvent:
        """What is told when it is over because cameras are switched off: that something moved, and no more."""
        place, seconds = words.places[self.where], self.moved_at - self.told.began_at
        event = replace(self.told, labels=(), people=None, difference="", confidence=None, keyframe=None)
        event = replace(event, title=words.motion(place), caption=words.moved(place, seconds, False), source="motion")
        return over(event, self.moved_at, captured_at, described_at=None)

    def _moved(self, words: EventWords, differs: bool | None = None) -> dict[str, Any]:
        """The same without any caption."""
        kind, seconds = self.kind(), self.moved_at - self.told.began_at
        title = self.told.title if kind == self.told.kind else words.titles[kind]
        differs = self.differs if differs is None else differs
        return {"kind": kind, "title": title, "caption": words.moved(words.places[self.where], seconds, differs)}

    def _title(self, kind: Kind, words: EventWords) -> str:
        """For captioners that give none."""
        if self.caption is not None and kind == "person_appeared" and (number := people(self.caption)):
            return words.people(number)
        if self.caption is not None and self.before is not None and kind == "text_read":
            return words.read(new) if (new := _new_text(self.before, self.caption)) else words.titles[kind]
        return words.motion(words.places[self.where]) if kind == "motion" else words.titles[kind]


def difference(before: Caption | None, after: Caption, words: EventWords) -> str:
    """What is different in the later of two captions, in words; empty where nothing can tell."""
    if after.facts is None or before is None:
        return ""
    if after.facts.changes or before.facts is None:
        return ", ".join(after.facts.changes)
    then, now = before.facts.labels, after.facts.labels
    return words.labels([one for one in now if one not in then], [one for one in then if one not in now])


def people(caption: Caption) -> int | None:
    """At least so many are there; None where it does not say."""
    counted = caption.facts.people if caption.facts else None
    return people_in(caption.text) if counted is None else counted


def over(event: CameraEvent, ended_at: float, captured_at: float, **known: Any) -> CameraEvent:
    """The last that is told of an event."""
    return replace(event, seq=event.seq + 1, change="end", ended_at=ended_at, captured_at=captured_at, **known)


def _tells(caption: Caption) -> bool:
    """Whether it tells of anything: that nobody is there is no name for something that moves."""
    facts = caption.facts
    if facts is None or facts.light == "dark":
        return True
    return bool(facts.people or facts.maybe_people or facts.text or facts.codes or facts.labels)


def _someone(caption: Caption) -> bool | None:
    """Whether a person is there; None where that is doubtful."""
    if (number := people(caption)) is not None:
        doubtful = number == 0 and caption.facts is not None and caption.facts.maybe_people
        return None if doubtful else number > 0
    return "person" in gist.told(caption) | gist.told(replace(caption, facts=None))


def _kinds(before: Caption, after: Caption) -> list[Kind]:
    """What happened between two captions."""
    then, now = _someone(before), _someone(after)
    found: list[Kind] = ["person_appeared"] if then is False and now else []
    found += ["person_left"] if then and now is False else []
    return [*found, "text_read"] if _new_text(before, after) else found


def _new_text(before: Caption, after: Caption) -> list[str]:
    """Lines that can be read only now."""
    then = _text(before)
    return [line for line in _text(after) if not among(line, then)]


def _text(caption: Caption) -> Sequence[str]:
    return (caption.facts.text if caption.facts else ()) or quotations(caption.text)
