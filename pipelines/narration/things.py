"""What was told of the things before one camera, and what of that is not so any more: only this is told next.

Pure: its only clock is the time of the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from math import hypot
from typing import Literal

from pipelines.narration.courses import cut
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import third
from pipelines.narration.situation import Course
from pipelines.narration.tracks import WITHIN, Track, share_within
from pipelines.spots import PERSON, Box

SAME_PLACE = 0.3
"""Share of the picture: what was lost and found no further away is the same thing."""
LOW = 1.5, 5
"""Seconds, and looks, for which something is there before it is told in spite of a doubt."""
SMALL, LARGE = 0.025, 0.1
"""Shares of the picture: what is smaller must be so much surer, or nothing is told of it; and what a thing, other than
a person, must be to be told in spite of a low score."""
SURER = 0.1
KNOWN = 5
"""Looks after which it is told that something is another thing than was said."""
HOLD = 0.5
"""Seconds for which something must be elsewhere, or come or go, before that is told."""
RESTLESS, LONGEST, FORGOTTEN = 4.0, 8.0, 20.0
"""Seconds within which something that came is gone again, or the other way: the next time it must last for a second
before it is told, then for two, up to so many; and seconds of rest after which that is forgotten."""

GUESSED = 120.0
"""Seconds for which it holds that something was said to be possible there."""

Kind = Literal["new", "gone", "moved", "course", "renamed"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a listener knows, or is about to hear, of one thing."""

    label: str
    third: int
    """See `places.third`."""
    box: Box
    course: Course
    doubtful: bool
    """Whether it was only told as possible."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the listener does not know."""

    kind: Kind
    number: int
    """The thing's."""
    now: Told
    """What it is to be told as; of what is gone, what it was told as."""
    before: Told | None = None
    """What it was told as."""


class Known:
    """What was told, thing by thing."""

    def __init__(self, options: NarrationOptions) -> None:
        self._options = options
        self._told: dict[int, Told] = {}
        self._since: dict[tuple[Kind, int, str, int], float] = {}
        """When each change was first found, for those that are to last before they are told."""
        self._times: dict[tuple[str, int], list[float]] = {}
        """When comings and goings were told, by name and place."""
        self._found: dict[int, int] = {}
        """From the number under which something was told to that under which it was found again."""
        self._guesses: dict[tuple[str, int], float] = {}
        """When something was last said to be possible, by name and place."""

    def changes(self, tracks: Sequence[Track], at: float, turning: bool = False) -> list[Change]:
        """What is to be told by the look of that time. `turning`: the camera itself moves, so that all seems to."""
        there = {track.number: track for track in tracks}
        self._find_again(there)
        found = [change for track in tracks if not self._is_part(track, tracks) for change in self._of(track, at)]
        found += [Change("gone", number, told) for number, told in self._told.items() if number not in there]
        for change in [one for one in found if _idle(one)]:
            self.apply(change)
            found.remove(change)
        if turning:  # who turns the camera knows that they do
            for change in found:
                if change.kind in ("gone", "moved"):
                    self.apply(change)
            found = [change for change in found if change.kind not in ("gone", "moved")]
        return [change for change in self._lasting(found, at) if change.kind != "course" or not change.now.doubtful]

    def apply(self, change: Change, at: float | None = None) -> None:
        """It is told; `at`: so it counts among the comings and goings."""
        if change.kind == "gone":
            self._told.pop(change.number, None)
        else:
            self._told[change.number] = change.now
        if at is not None and change.now.doubtful:
            self._guesses[change.now.label, change.now.third] = at
        if at is not None and change.kind in ("new", "gone"):
            self._times.setdefault((change.now.label, change.now.third), []).append(at)

    def undo(self, change: Change) -> None:
        """It was not heard."""
        number = self._found.get(change.number, change.number)
        if change.kind == "new":
            self._told.pop(number, None)
        elif change.kind == "gone":
            self._told[number] = change.now
        elif change.before is not None and number in self._told:
            self._told[number] = change.before
        place = change.now.label, change.now.third
        if change.now.doubtful:
            self._guesses.pop(place, None)
        if change.kind in ("new", "gone") and (times := self._times.get(place)):
            times.pop()

    def clear(self) -> None:
        """Nothing that was told counts any more."""
        self._told, self._since, self._times, self._guesses, self._found = {}, {}, {}, {}, {}

    def count(self, label: str) -> int:
        """How many of them were told of."""
        return sum(told.label == label for told in self._told.values())

    def __len__(self) -> int:
        return len(self._told)

    def _of(self, track: Track, at: float) -> list[Change]:
        """What is new of one thing that is there."""
        told = self._told.get(track.number)
        if track.seen_at != at or not track.named:
            return []
        if told is None:
            now = self._now(track, None)
            return [Change("new", track.number, now)] if self._tellable(track) and self._fresh(now, at) else []
        return self._differs(track, told, self._now(track, told))

    def _differs(self, track: Track, told: Told, now: Told) -> list[Change]:
        if now.label != told.label:
            sure = track.sightings >= KNOWN and not track.rivals and not self._doubtful(track)
            return [Change("renamed", track.number, replace(now, doubtful=False), told)] if sure else []
        if now.third != told.third:
            if told.doubtful:
                self._told[track.number] = replace(told, third=now.third, box=now.box)
                return []
            return [Change("moved", track.number, replace(told, third=now.third, box=now.box), told)]
        if now.course in ("approaching", "leaving") and now.course != told.course:
            return [Change("course", track.number, replace(told, course=now.course, box=now.box), told)]
        rests = now.course in ("still", "moving")
        self._told[track.number] = replace(told, box=now.box, course="still" if rests else told.course)
        return []

    def _now(self, track: Track, told: Told | None) -> Told:
        place = third(track.box, self._options.positions, told.third if told else None)
        return Told(track.label, place, track.box, track.course, self._doubtful(track))

    def _doubtful(self, track: Track) -> bool:
        return self._is_low(track) or bool(track.rivals)

    def _is_low(self, track: Track) -> bool:
        return track.score < self._options.doubt + SURER * (track.box.area < SMALL)

    def _tellable(self, track: Track) -> bool:
        """Silence is better than a guess at what is hardly there, or only partly to be seen."""
        if track.score < self._options.least:
            return False
        if not self._doubtful(track):
            sure = track.label == PERSON or track.score >= self._options.doubt + SURER
            return sure or track.seen_at - track.since >= HOLD
        seconds, looks = LOW
        lasted = track.seen_at - track.since >= seconds and track.sightings >= looks
        low = self._is_low(track)
        least = LARGE if low and track.label != PERSON else SMALL
        return lasted and track.box.area >= least and not (low and cut(track.box))

    def _is_part(self, track: Track, tracks: Sequence[Track]) -> bool:
        """Whether it is a guess at a part of something that is surely there, and nobody knows of it."""
        if track.number in self._told or track.score >= self._options.doubt:
            return False
        surer = [one for one in tracks if one.named and one.score > track.score]
        return any(share_within(track.box, one.box) >= WITHIN for one in surer if one is not track)

    def _fresh(self, now: Told, at: float) -> bool:
        """Whether it is worth telling: a guess is not made over and over."""
        guessed = self._guesses.get((now.label, now.third))
        return not now.doubtful or guessed is None or at - guessed >= GUESSED

    def _find_again(self, there: dict[int, Track]) -> None:
        """What was lost and is found again nearby is not new."""
        for number in [number for number in self._told if number not in there]:
            told = self._told[number]
            free = [
                (hypot(one.box.x - told.box.x, one.box.y - told.box.y), one.number)
                for one in there.values()
                if one.number not in self._told and one.label == told.label and not one.missed
            ]
            if free and min(free)[0] <= SAME_PLACE:
                found = min(free)[1]
                self._told[found] = self._told.pop(number)
                self._found = {old: found if new == number else new for old, new in self._found.items()}
                self._found = {old: new for old, new in self._found.items() if new in self._told} | {number: found}

    def _lasting(self, found: list[Change], at: float) -> list[Change]:
        """Those that have been so for as long as they must."""
        keys = {(one.kind, one.number, one.now.label, one.now.third): one for one in found}
        self._since = {key: self._since.get(key, at) for key in keys}
        return [one for key, one in keys.items() if at - self._since[key] >= self._hold(one, at)]

    def _hold(self, change: Change, at: float) -> float:
        if change.kind == "renamed":  # that took some looks already
            return 0.0
        if change.kind not in ("new", "gone"):
            return HOLD
        place = change.now.label, change.now.third
        times = self._times.get(place, [])
        if not times or at - times[-1] >= FORGOTTEN:
            self._times.pop(place, None)
            return 0.0
        gaps = [later - earlier for earlier, later in pairwise(times[-10:])]
        flips = sum(1 for _ in takewhile(lambda gap: gap < RESTLESS, reversed(gaps)))
        return min(LONGEST, 2.0 ** (flips - 1)) if flips else 0.0


def _idle(change: Change) -> bool:
    """Whether nobody needs to hear it: a thing that was but a guess is not there any more."""
    return change.kind == "gone" and change.now.doubtful and change.now.label != PERSON
