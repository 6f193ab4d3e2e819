"""Tells what one camera shows: what is there, then what changes. Its time is that of the pictures."""

from __future__ import annotations

from dataclasses import replace

from devices.media import Frame
from pipelines.moving import Motion
from pipelines.narration.hazards import Hazards
from pipelines.narration.light import Lightness
from pipelines.narration.motions import Motions, moves_in, reaches
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation
from pipelines.narration.slow import Slow
from pipelines.narration.telling import Telling, Voice
from pipelines.narration.texts import Texts
from pipelines.narration.things import Change, Known
from pipelines.narration.tracks import Track, Tracks
from pipelines.narration.troubles import Troubles
from pipelines.narration.words import WORDS
from pipelines.news import Kind
from pipelines.phrases import Language
from pipelines.remarks import Offers, Priority, Remark
from pipelines.spots import Box, Spots
from pipelines.trouble import STEADY
from pipelines.types import Caption

LOOKS, FIRST = 2, 1.5
"""Looks before anything is told of a scene, so that it is told in one breath; or seconds of it."""
EMPTY = 2.0
"""Seconds of looking after which it is said that nothing was found, where nothing else describes the scene."""
EARLIER = 0.5
"""Seconds by which a thing may be told of before the motion that it made is told."""


class Narrator:
    """Of one camera; a `Watcher` that is told of spots as well."""

    def __init__(
        self, camera: str, options: NarrationOptions, agenda: Offers, language: Language = "en", several: bool = False
    ) -> None:
        """`several`: there are more cameras, so what is said names this one."""
        self._camera, self._options, self._words = camera, options, WORDS[language]
        self._prefix = self._words.of(camera, "") if several else ""
        self._agenda: Offers = Named(agenda, self._prefix) if several else agenda
        self._tracks, self._known = Tracks(), Known(options)
        voice = Voice(options, language)
        self._tellings = (
            Telling(camera, "people", self._known, self._agenda, voice),
            Telling(camera, "objects", self._known, self._agenda, voice),
        )
        self._motions = Motions(camera, options, language)
        self._hazards = Hazards(camera, options, language)
        self._troubles = Troubles(camera, self._agenda, language)
        self._slow, self._texts = Slow(camera, options, language), Texts(camera, options, language)
        self._frame_at = 0.0
        self._back_at: float | None = None
        """When the first picture was taken after the camera was lost."""
        self._finds: tuple[bool, bool] | None = None
        """What could be found, where it is still to be said that nothing of that is there; see `tell_of_nothing`."""
        self._begin()

    def tell_of_nothing(self, things: bool, text: bool) -> None:
        """At the beginning, say also that nothing was found: nobody else describes the scene, and silence is ambiguous.

        `things`, `text`: whether things beside people could be found, and text.
        """
        self._finds = things, text

    def _begin(self) -> None:
        """Of what is there now nothing is known yet."""
        self._tracks.clear()
        self._looks = 0
        self._first_look: float | None = None
        self._known_at: float | None = None
        self._read_at: float | None = None
        self._text_at: float | None = None
        """When the picture was taken of which new text was told last."""
        self._elsewhere = ""
        """By its fact, that this is another scene, while that waits or is said: what is there is told after it."""

    def judge_light_by(self, light: Lightness) -> None:
        """From the first frame on."""
        self._motions.judge_light_by(light)

    @property
    def situation(self) -> Situation:
        """What is there now."""
        trouble = self._troubles.words
        if trouble:
            return Situation(self._camera, known_at=self._known_at, read_at=self._read_at, trouble=trouble)
        least = self._options.least
        things = tuple(track.thing for track in self._tracks.all if track.named and track.score >= least)
        return Situation(self._camera, things, self._texts.lines, self._known_at, self._read_at)

    def spotted(self, spots: Spots) -> None:
        """What one look found."""
        cut = self._motions.cut_at
        if self._troubles.words or (cut is not None and spots.captured_at < cut):
            return
        if spots.sought == "text":
            self._read(spots)
        else:
            self._look(spots)

    def guided(self, spots: Spots) -> None:
        """The same while somebody is guided to a text, and hears of it by the guide."""
        if not self._troubles.words:
            self._read_at = spots.captured_at
            self._offer(self._texts.guided(spots))

    def _read(self, spots: Spots) -> None:
        if self._motions.blind:
            return
        self._read_at = spots.captured_at
        if not self._elsewhere:
            remarks = self._texts.read(spots)
            self._text_at = spots.captured_at if remarks else self._text_at
            self._offer(remarks)

    def _look(self, spots: Spots) -> None:
        at = self._known_at = spots.captured_at
        self._tracks.look(spots)
        self._looks, self._first_look = self._looks + 1, at if self._first_look is None else self._first_look
        self._offer(self._hazards.look(self._tracks.all, at))
        scanned = self._looks >= LOOKS or at - self._first_look >= FIRST
        if scanned and not self._motions.blind and not self._elsewhere:
            for telling in self._tellings:
                telling.tell(self._changes, at)
            self._tell_of_nothing(at)

    def _tell_of_nothing(self, at: float) -> None:
        """Once, when all that could be found was looked for."""
        if self._finds is None or self._first_look is None or at - self._first_look < EMPTY:
            return
        if self._finds[1] and self._read_at is None:
            return
        finds, self._finds = self._finds, None
        if not self._tracks.all and not self._texts.lines:
            key = f"{self._camera} nothing"
            self._agenda.offer(
                Remark(self._words.nothing(*finds), Priority.CAPTION, at, key=key, fact=key, camera=self._camera)
            )

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark; empty: nothing, or it was dropped."""
        if remark.camera != self._camera:
            return
        self._elsewhere = "" if remark.fact == self._elsewhere else self._elsewhere
        heard = heard.removeprefix(self._prefix)
        for telling in self._tellings:
            telling.settled(remark, heard)
        self._troubles.settled(remark, heard)
        self._slow.settled(remark, heard)
        self._texts.settled(remark, heard)

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken."""
        at = frame.captured_at
        if self._troubles.has("camera_lost"):
            self._come_back(at)
        self._frame_at = max(self._frame_at, at)
        if self._troubles.words:
            return
        cut = self._motions.cut_at
        largest = max((track.box.area for track in self._tracks.all if track.named), default=0.0)
        remarks = self._motions.saw(frame, motion, self._explained, largest)
        if anew := self._motions.cut_at != cut:
            self._forget()
        for remark in remarks:
            taken = self._agenda.offer(remark)
            self._elsewhere = remark.fact if taken and anew and remark.topic == "motion" else self._elsewhere

    def captioned(self, caption: Caption) -> None:
        """A keyframe's caption."""
        if self._troubles.words or caption.captured_at < (self._motions.cut_at or 0.0):
            return
        self._offer(self._slow.captioned(caption, self.situation))

    def unchanged(self, frame: Frame) -> None:
        """A keyframe that shows nothing new."""

    def began(self, kind: Kind, at: float) -> None:
        """Something is the matter with the camera itself: nothing else is told of it."""
        for telling in self._tellings:
            telling.withdraw()
        self._agenda.forget(self._camera)
        self._troubles.began(kind, at)

    def over(self, kind: Kind, at: float) -> None:
        """It is well again since then: what is not as it was told before is told now."""
        self._troubles.over(kind, at)
        if not self._troubles.words:
            self._begin()
            self._motions.clear()

    def lost(self) -> None:
        """The camera shows nothing any more."""
        self._back_at = None
        self.began("camera_lost", self._frame_at)

    def cover(self) -> None:
        """Cameras are switched off: what was shown is nobody's business any more."""
        self._troubles.clear()
        self._motions.clear()
        self._motions.cut_at = None
        self._forget()

    def close(self) -> None:
        """The session is over."""

    def _forget(self) -> None:
        """Another scene: nothing that was told of the one before counts, and what waits is not so any more."""
        for telling in self._tellings:
            telling.clear()
        self._agenda.forget(self._camera)
        self._known.clear()
        self._hazards.clear()
        self._slow.clear()
        self._texts.clear()
        self._begin()

    def _offer(self, remarks: list[Remark]) -> None:
        for remark in remarks:
            if not self._agenda.offer(remark):
                self.settled(remark, "")

    def _changes(self) -> list[Change]:
        at = self._known_at or 0.0
        return self._known.changes(self._tracks.all, at, self._motions.turning)

    def _explained(self, place: Box, since: float, surely: bool = False) -> bool:
        """See `Explains`. Of what is too doubtful to be told nobody hears, so it explains nothing."""
        if self._text_at is not None and self._text_at >= since - EARLIER:
            return True  # what is written came or went
        least = self._options.least
        found = [one for one in self._tracks.all if one.score >= least or one.sightings == 1]
        fresh: list[Track] = [one for one in found if one.seen_at >= since - EARLIER]
        told = [box for telling in self._tellings for box in telling.told_since(since - EARLIER, surely)]
        return moves_in(fresh, place, since) or any(reaches(box, place) for box in told)

    def _come_back(self, at: float) -> None:
        """A camera that shows something again for some time."""
        if at <= self._frame_at:
            return
        self._back_at = at if self._back_at is None else self._back_at
        if at - self._back_at >= STEADY:
            self.over("camera_lost", self._back_at)


class Named:
    """Offers that say which of several cameras they are about."""

    def __init__(self, agenda: Offers, prefix: str) -> None:
        self._agenda, self._prefix = agenda, prefix

    def offer(self, remark: Remark) -> bool:
        """False where it never will be said."""
        brief = f"{self._prefix}{remark.brief}" if remark.brief else ""
        return self._agenda.offer(replace(remark, text=f"{self._prefix}{remark.text}", brief=brief))

    def withdraw(self, key: str) -> None:
        """What waits about this is not true any more."""
        self._agenda.withdraw(key)

    def forget(self, camera: str) -> None:
        """What waits of that camera's pictures is not true any more."""
        self._agenda.forget(camera)
