"""Follows things from one look to the next: which boxes are the same thing, what it is, and where it goes.

Pure: its only clock is the time of the pictures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import hypot

from pipelines.narration.courses import LEAST, MEMORY, course, cut, growth
from pipelines.narration.situation import Course, Thing
from pipelines.spots import PERSON, Box, Spot, Spots

SAME_BOX = 0.6
"""Overlap from which on two boxes of one look are the same thing, whatever they are called."""
WITHIN = 0.8
"""Share of a box that lies within another one of the same name: a part of the same thing."""
FOLLOWED = 0.4, 0.2
"""Overlap with the look before from which on it is the same thing: under another name, under the same one."""
NEAR = 0.5
"""The same by the distance of the middles, in shares of the larger side, for what moves fast."""
CLEAR = 0.8
"""Score from which on one look is enough to know that something is there."""
APART = 0.15
"""Seconds between two looks that bear each other out."""
RIVAL = 0.25
"""Share of another name's votes, against those of the first, from which on nobody knows what it is."""
NAMED, PURE, FICKLE = 0.45, 0.9, 3
"""Share of all votes that a name needs; what it needs of what comes in over the edge of the picture, or was called so
many different things lately: there a detector sees a part, and guesses."""
MANY, LONG = 3, 8
"""Names that it had from which on as many looks in a row must be sure of one: a detector that does not know a thing is
often sure for a moment of what it is not."""
YOUNG = 1.5
"""Seconds for which something that began at the edge still comes in."""
LATELY = 8
"""Looks."""
AGREE, SURE = 3, 0.7
"""Looks in a row that have one name for it, and their least score, from which on it is that, whatever it was before."""
FADING = 0.95
"""What a vote counts one look later."""
SMOOTHING = 0.4
"""Share of a new score in the score over several looks."""
COVERED = 0.5
"""Share of its box that something else hides, when it is not gone for not being found."""
GONE = 0.5
"""Seconds without being found until it is gone, at the least."""


@dataclass(slots=True)
class Sighting:
    """One thing in one look."""

    box: Box
    score: float
    """Of the name that fits best."""
    names: dict[str, float]
    """Every name that the detector has for it, with the score of each; the best first."""


@dataclass(slots=True)
class Track:
    """One thing over several looks. Times are seconds on the loop's clock."""

    number: int
    box: Box
    since: float
    seen_at: float
    score: float
    votes: dict[str, float]
    label: str
    firsts: deque[str]
    """The name that fitted best, of each of the last looks."""
    names: set[str]
    """Those that fitted best in any look."""
    began_cut: bool
    """Whether it was first seen at the edge of the picture."""
    sightings: int = 1
    found: float = 0.7
    """How surely one look finds it, 0 to 1."""
    missed: int = 0
    course: Course = "still"
    growth: float = 0.0
    """By how much it grows, as the logarithm a second."""
    past: deque[tuple[float, Box]] = field(default_factory=deque)
    agreeing: int = 0
    """Looks in a row up to now that were sure of the name that fits best."""

    def see(self, seen: Sighting, at: float) -> None:
        """It was found again."""
        self.votes = {name: FADING * votes for name, votes in self.votes.items()}
        for name, score in seen.names.items():
            self.votes[name] = self.votes.get(name, 0.0) + score
        self._name(seen)
        score = seen.names.get(self.label, seen.score)
        self.score += SMOOTHING * (score - self.score)
        self.sightings, self.missed, self.found = self.sightings + 1, 0, self.found + 0.15 * (1 - self.found)
        self.box, self.seen_at = seen.box, at
        self._move(at)

    def _name(self, seen: Sighting) -> None:
        """By all votes, or by the last ones where they are sure of another name: it was too far away before."""
        first, last = next(iter(seen.names)), self.firsts[-1]
        agreed = seen.names[first] >= SURE
        self.agreeing = (self.agreeing + 1 if first == last else 1) if agreed else 0
        self.firsts.append(first)
        self.names.add(first)
        fickle = cut(seen.box) or len(set(self.firsts)) >= FICKLE
        enough = self.agreeing >= (LONG if self._puzzles else AGREE)
        if enough and not fickle and (first != self.label or self._puzzles):
            self.label, self.score, self.votes = first, seen.names[first], {first: self.votes[first]}
            self.names = {first}
            return
        best = max(self.votes, key=self.votes.__getitem__)
        if self.votes[best] > 1.5 * self.votes[self.label] or self.sightings < 3:
            self.label = best

    def miss(self) -> None:
        """A look did not find it."""
        self.rest()
        self.missed += 1
        if self.missed == 1:
            self.found -= 0.15 * self.found

    def rest(self) -> None:
        """It was not seen: nobody knows where it goes."""
        self.past.clear()
        self.course, self.growth = "still", 0.0

    def gone(self, at: float) -> bool:
        """Whether it is, by the looks up to now that did not find it."""
        if not self.confirmed:
            return self.missed >= (1 if self.sightings == 1 else 2)
        needed = 2 if self.found >= 0.8 else 3 if self.found >= 0.6 else 4
        return self.missed >= needed and at - self.seen_at >= GONE

    @property
    def confirmed(self) -> bool:
        """Whether there is something at all."""
        if self.sightings == 1:
            return self.score >= CLEAR and not self.rivals and not cut(self.box)
        return self.seen_at - self.since >= APART or self.sightings >= 3

    @property
    def named(self) -> bool:
        """Whether it is known, or nearly known, what it is."""
        needed = PURE if self._comes or self._puzzles or len(set(self.firsts)) >= FICKLE else NAMED
        return self.confirmed and self.votes[self.label] >= needed * sum(self.votes.values())

    @property
    def _comes(self) -> bool:
        """Whether it may be about to come in over the edge of the picture, or to go."""
        if self.began_cut and self.seen_at - self.since < YOUNG:
            return True
        return cut(self.box) and (self.course != "still" or (len(self.past) < LEAST and self.sightings < 5))

    @property
    def _puzzles(self) -> bool:
        """Whether the detector took it for many different things, up to now."""
        return len(self.names) >= MANY

    @property
    def rivals(self) -> tuple[str, ...]:
        """What else it may be."""
        least = RIVAL * self.votes[self.label]
        return tuple(name for name, votes in self.votes.items() if name != self.label and votes >= least)

    @property
    def thing(self) -> Thing:
        """As it is told."""
        return Thing(self.number, self.label, self.box, self.score, self.since, self.seen_at, self.course, self.rivals)

    def _move(self, at: float) -> None:
        if self.past and not 0.6 < scale(self.past[-1][1], self.box) < 1.6:
            self.past.clear()  # the detector found another part of it
        self.past.append((at, self.box))
        while at - self.past[0][0] > MEMORY:
            self.past.popleft()
        self.growth = growth(self.past)
        self.course = course(self.past, self.course)


class Tracks:
    """All that is before one camera."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._last = 0

    def look(self, spots: Spots) -> None:
        """Take what one look for objects found."""
        at, seen = spots.captured_at, sightings(spots.found)
        found = {id(track): sighting for track, sighting in self._matched(seen)}
        for track in self._tracks:
            if (sighting := found.get(id(track))) is not None:
                track.see(sighting, at)
            elif track.confirmed and any(_hides(one, track) for one in seen):
                track.rest()
            else:
                track.miss()
        self._tracks = [track for track in self._tracks if not track.gone(at)]
        taken = {id(sighting) for sighting in found.values()}
        self._tracks += [self._new(sighting, at) for sighting in seen if id(sighting) not in taken]

    def clear(self) -> None:
        """Another scene: nothing is known."""
        self._tracks = []

    @property
    def all(self) -> tuple[Track, ...]:
        """Whether or not it is known what they are; from left to right."""
        return tuple(sorted(self._tracks, key=lambda one: one.box.x))

    def _matched(self, seen: list[Sighting]) -> list[tuple[Track, Sighting]]:
        """The pairs that fit best, each thing once."""
        fits = [(fit(track, one), track, one) for track in self._tracks for one in seen]
        pairs: list[tuple[Track, Sighting]] = []
        taken: set[int] = set()
        for quality, track, one in sorted(fits, key=lambda fitted: -fitted[0]):
            if quality > 0 and id(track) not in taken and id(one) not in taken:
                pairs.append((track, one))
                taken |= {id(track), id(one)}
        return pairs

    def _new(self, seen: Sighting, at: float) -> Track:
        self._last += 1
        label, cut_off = next(iter(seen.names)), cut(seen.box)
        firsts = deque([label], LATELY)
        track = Track(self._last, seen.box, at, at, seen.score, dict(seen.names), label, firsts, {label}, cut_off)
        track.past.append((at, seen.box))
        return track


def sightings(found: Iterable[Spot]) -> list[Sighting]:
    """The things of one look: boxes that nearly are each other's, and parts of what has the same name, are one."""
    things: list[Sighting] = []
    for spot in sorted(found, key=lambda one: -one.score):
        same = next((one for one in things if _is_part(spot, one)), None)
        if same is None:
            things.append(Sighting(spot.box, spot.score, {spot.label: spot.score}))
        else:
            same.names.setdefault(spot.label, spot.score)
    return things


def _is_part(spot: Spot, thing: Sighting) -> bool:
    if spot.box.overlap(thing.box) > SAME_BOX:
        return True
    inside = max(share_within(spot.box, thing.box), share_within(thing.box, spot.box))
    return spot.label == next(iter(thing.names)) and inside >= WITHIN


def _hides(seen: Sighting, track: Track) -> bool:
    """Whether somebody stands before it. People do that; of what else is said to be there, much was so before."""
    return track.label != PERSON and PERSON in seen.names and share_within(track.box, seen.box) >= COVERED


def fit(track: Track, seen: Sighting) -> float:
    """How well a box continues a thing; 0: not at all."""
    overlap, known = track.box.overlap(seen.box), track.label in seen.names
    if not known:
        return overlap if overlap >= FOLLOWED[0] else 0.0
    side = max(_sides(track.box), _sides(seen.box))
    near = hypot(track.box.x - seen.box.x, track.box.y - seen.box.y) <= NEAR * side
    inside = max(share_within(track.box, seen.box), share_within(seen.box, track.box)) >= WITHIN
    return 0.5 + overlap if overlap >= FOLLOWED[1] or near or inside else 0.0


def share_within(box: Box, other: Box) -> float:
    """How much of `box` lies within the other one, 0 to 1."""
    width = min(box.right, other.right) - max(box.left, other.left)
    height = min(box.bottom, other.bottom) - max(box.top, other.top)
    return width * height / box.area if width > 0 and height > 0 and box.area > 0 else 0.0


def scale(before: Box, after: Box) -> float:
    """How many times as large it is now, each way."""
    return float((after.area / before.area) ** 0.5) if before.area > 0 else 1.0


def _sides(box: Box) -> float:
    return max(box.right - box.left, box.bottom - box.top)
