"""Motion that nothing explains, what is not as it was afterwards, another scene, and another light, as remarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Protocol

from devices.media import Frame
from pipelines.moving import CUT, REST, Motion, Where
from pipelines.narration.light import Light, Lightness
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import position
from pipelines.narration.tracks import Track
from pipelines.narration.words import WORDS
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark, Topic
from pipelines.spots import PERSON, Box

WAITS = 0.45
"""Seconds of motion in which an object detector may find out what moves, before it is told as something."""
RESTS = 1.0
"""The same after it came to rest."""
AGAIN = 5.0
"""Seconds between two such remarks."""
ONE = 1.35
"""How much more of the picture than the box of something large may change when that goes: it is no other scene."""
SHARED = 0.1
"""Share of the picture: so far around a thing motion is its own."""


class Explains(Protocol):
    """Knows what was found, and told, of things and of text."""

    def __call__(self, place: Box, since: float, surely: bool = False) -> bool:
        """Whether it is known what moved in that place since then; `surely`: what was told as possible is no answer."""


class Motions:
    """Of one camera; is told every frame in the order in which they were taken."""

    def __init__(self, camera: str, options: NarrationOptions, language: Language) -> None:
        self._camera, self._options, self._language = camera, options, language
        self._words, self._numbers = WORDS[language], count(1)
        self._light: Lightness = Light()
        self.clear()

    def judge_light_by(self, light: Lightness) -> None:
        """From the first frame on."""
        self._light = light

    def clear(self) -> None:
        """Nothing that was seen counts any more."""
        self._light.clear()
        self._since: float | None = None
        """When the motion at hand began."""
        self._first_at: float | None = None
        self._where: Where | None = None
        self._told = False
        self._unnamed_at: float | None = None
        """When it was told that something moves; None: it was not, or also what came of it."""
        self._moved_at = 0.0
        self._settled_at: float | None = None
        self.cut_at: float | None = None
        """When the scene at hand began, where another one was seen before it."""

    @property
    def blind(self) -> bool:
        """Whether hardly anything can be seen."""
        return self._light.blind

    @property
    def turning(self) -> bool:
        """Whether all of the picture moves, as it does when the camera is turned."""
        return self._where == "camera"

    def saw(self, frame: Frame, motion: Motion, explained: Explains, largest: float = 0.0) -> list[Remark]:
        """What a frame tells.

        `largest`: share of the picture of the largest thing that is there, which may have gone.
        """
        at, step = frame.captured_at, self._light.look(frame)
        if step == "elsewhere":  # what was found in the dark does not count either
            return [self._elsewhere(at, motion, at)]
        remarks = [] if step is None else [self._remark(getattr(self._words, step), "light", at, Priority.CHANGE)]
        new = motion.since is not None and motion.since != self._since
        lit = self._light.steps or step is not None or self._light.blind
        if new and motion.share >= CUT and not lit and self._first_at is not None:
            if motion.share > ONE * largest:
                return [*remarks, self._elsewhere(at, motion, motion.since)]
            motion = replace(motion, where=None)  # nor is it the camera that turns
        self._first_at = at if self._first_at is None else self._first_at
        if new:
            self._told, self._settled_at, self._unnamed_at = False, None, None
        self._since, self._where = motion.since, motion.where if motion.share else self._kept(motion)
        if motion.settled:
            self._settled_at = at
        if motion.share:
            self._moved_at = at
        return remarks + self._moved(at, motion, explained)

    def _kept(self, motion: Motion) -> Where | None:
        """Where it was that something moved, as long as that is not over."""
        return self._where if motion.since is not None else None

    def _elsewhere(self, at: float, motion: Motion, since: float | None) -> Remark:
        self.clear()
        self._since, self.cut_at, self._told = motion.since, since if since is not None else at, True
        return self._remark(self._words.elsewhere, "motion", at, Priority.CAPTION, "scene")

    def _moved(self, at: float, motion: Motion, explained: Explains) -> list[Remark]:
        if self._since is None or self._where is None or self._where == "camera" or self.blind:
            return []
        since, box = self._since, BOXES[self._where]
        place = position(box, self._options.positions, self._language)
        unnamed = self._unnamed_at
        if unnamed is not None and at - self._moved_at >= REST and self._settled_at is None:
            self._unnamed_at = None
            if not explained(box, unnamed, surely=True):
                return [self._remark(self._words.over(place), "motion", at, Priority.CHANGE, "over")]
        if self._settled_at is not None and at - self._settled_at >= RESTS:
            self._settled_at, self._told, self._unnamed_at = None, True, None
            cut = self.cut_at is not None and since <= self.cut_at  # then it was told that all is another
            if not cut and not explained(box, since):
                return [self._remark(self._words.changed(place), "motion", at, Priority.CHANGE, "changed")]
        if self._told or not motion.share or at - since < WAITS or explained(box, since):
            return []
        self._told, self._unnamed_at = True, at
        return [self._remark(self._words.moves(place), "motion", at, Priority.CHANGE)]

    def _remark(self, text: str, topic: Topic, at: float, priority: Priority, about: str = "") -> Remark:
        return Remark(
            text,
            priority,
            at,
            topic=topic,
            key=f"{self._camera} {about or topic}",
            fact=f"{self._camera} {about or topic} {next(self._numbers)}",
            cooldown=AGAIN,
            camera=self._camera,
            source="camera",
        )


BOXES: dict[Where, Box] = {
    "left": Box(0, 0, 1 / 3, 1),
    "centre": Box(1 / 3, 0, 2 / 3, 1),
    "right": Box(2 / 3, 0, 1, 1),
}
"""Where in the picture something moves."""


def moves_in(tracks: Iterable[Track], place: Box, since: float) -> bool:
    """Whether a person is there, who may always move, a thing that does, or something that one more look may name."""
    return any(_moves(track, since) and reaches(track.box, place) for track in tracks)


def _moves(track: Track, since: float) -> bool:
    if track.sightings == 1:
        return track.since - since < WAITS
    return track.named and (track.label == PERSON or track.course != "still")


def reaches(box: Box, place: Box) -> bool:
    """Whether what moves there may be the thing with that box."""
    return place.left - SHARED <= box.right and box.left <= place.right + SHARED
