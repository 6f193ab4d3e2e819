"""What comes closer and may hurt, told once for each time that it does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from pipelines.narration.courses import cut
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import position
from pipelines.narration.tracks import Track, share_within
from pipelines.narration.words import WORDS
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.spots import PERSON, Box

LOOMS = 0.5
"""Growth as a logarithm a second: it would arrive in two seconds."""
MIDDLE = 0.25, 0.75
"""Where what looms would arrive, in shares of the picture's width."""
LARGE = 0.03
"""Share of the picture: what is smaller is no danger yet, whatever it is."""
PART = 0.5
"""Share of a box that lies within another one's, when both are one danger."""
OVER = 3.0
"""Seconds without coming closer after which it may come anew."""


class Hazards:
    """Of one camera."""

    def __init__(self, camera: str, options: NarrationOptions, language: Language) -> None:
        self._camera, self._options, self._language = camera, options, language
        self._told: dict[int, float] = {}
        """From the number of a thing to when it was last found to come closer."""
        self._numbers = count(1)

    def look(self, tracks: Iterable[Track], at: float) -> list[Remark]:
        """What begins to come closer by the look of that time."""
        seen = [track for track in tracks if track.seen_at == at]
        coming = [track for track in seen if self._comes(track)]
        told = [track.box for track in seen if track.number in self._told]
        new = list[Track]()
        for track in sorted(coming, key=lambda one: -one.box.area):
            if track.number not in self._told and not any(_same(track.box, box) for box in told):
                new.append(track)
            told.append(track.box)
        self._told |= {track.number: at for track in coming}
        self._told = {number: last for number, last in self._told.items() if at - last < OVER}
        return [self._remark(track, at) for track in new]

    def clear(self) -> None:
        """Another scene."""
        self._told = {}

    def _comes(self, track: Track) -> bool:
        """People see where they go; all else is a danger when it is one of those named as such, or is about to hit."""
        if track.course != "approaching" or not track.confirmed:
            return False
        if track.named and track.label in self._options.hazards:
            return track.score >= self._options.least
        left, right = MIDDLE
        ahead = left <= track.box.x <= right and track.box.area >= LARGE and not cut(track.box)
        return ahead and track.growth >= LOOMS and track.label != PERSON

    def _remark(self, track: Track, at: float) -> Remark:
        place = position(track.box, self._options.positions, self._language)
        doubtful = track.score < self._options.doubt or bool(track.rivals)
        sure = track.named and (track.label in self._options.hazards or not doubtful)
        latest = track.firsts[-1]  # of several names that it may have the one from nearby
        label = latest if track.rivals and latest in self._options.hazards else track.label
        return Remark(
            WORDS[self._language].danger(label if sure else "", place, doubtful),
            Priority.HAZARD,
            at,
            key=f"{self._camera} hazard {track.number}",
            fact=f"{self._camera} hazard {next(self._numbers)}",
            camera=self._camera,
            source="camera",
        )


def _same(box: Box, other: Box) -> bool:
    return max(share_within(box, other), share_within(other, box)) >= PART
