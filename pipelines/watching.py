"""What happens before one camera, as events: told as they begin, again as more is known, and when they are over."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from pydantic import Field

from devices.media import Frame, Options
from pipelines.eventwords import WORDS
from pipelines.happenings import Happening, over
from pipelines.moving import Motion
from pipelines.news import CameraEvent, Kind
from pipelines.phrases import Language
from pipelines.trouble import STEADY
from pipelines.types import Caption, Emit
from pipelines.wording import slug

WARM_UP = 0.8
"""Seconds after a camera's first picture in which it finds its exposure, and nothing counts as motion."""


class WatchOptions(Options):
    """What happens before the cameras, as events. When something moves, [gate] says."""

    late: float = Field(default=20.0, ge=0, le=600)
    """Seconds for which the end of an event waits, at the most, for the words to its last keyframe."""
    longest: float = Field(default=120.0, ge=1, le=86_400)
    """Seconds after which an event that goes on ends, and another begins."""


def event_ids(camera: str, since: datetime) -> Iterator[str]:
    """Of what happens before a camera from a time on (UTC), like no other events: `door-20260102T030405678Z-1`, …"""
    name = slug(camera, "-")
    if name != camera:  # two names may have one slug
        name = f"{name}-{zlib.crc32(camera.encode()):08x}"
    moment = since.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    return (f"{name}-{moment}Z-{number}" for number in count(1))


class Watch:
    """Makes events of what one camera's gate, its captions and its guard tell. Its time is that of the pictures."""

    def __init__(
        self, camera: str, ids: Iterator[str], options: WatchOptions, emit: Emit, language: Language = "en"
    ) -> None:
        """`ids`: those of its events, see `event_ids`."""
        self._camera, self._ids = camera, ids
        self._options, self._emit, self._words = options, emit, WORDS[language]
        self._open: list[Happening] = []
        """What moves, or waits for its last words; oldest first."""
        self._beside: dict[Kind, CameraEvent] = {}
        """What is the matter with the camera itself."""
        self._seen: Caption | None = None
        self._first_at: float | None = None
        self._frame_at = self._ended_at = 0.0

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken; `keyframe`: it is to be put into words."""
        at, lost = frame.captured_at, self._beside.get("camera_lost")
        if lost is not None and at <= lost.began_at:
            return
        self._frame_at, self._first_at = at, at if self._first_at is None else self._first_at
        if lost is not None and at - self._first_at >= STEADY:
            self.over("camera_lost", self._first_at)
        if motion.share and at - self._first_at >= WARM_UP:
            self._moves(at, motion)
        for happening in self._open:
            happening.rests(at, motion)
        if keyframe and self._open:
            self._open[-1].asked_at = at
        if motion.settled and self._open:
            self._tell(self._open[-1], at, self._open[-1].settles(self._seen, self._words))
        self._end_what_is_over()
        for happening in [one for one in self._open if one.calms()]:
            self._tell_again(happening, ended_at=happening.moved_at)

    def captioned(self, caption: Caption) -> None:
        """A keyframe's caption: of the event in which it was taken, if there is one and it is not over."""
        happening = next((one for one in reversed(self._open) if one.told.began_at <= caption.captured_at), None)
        if happening is not None:
            self._say_more(happening, caption)
        for later in self._open:
            if caption.captured_at < later.told.began_at:
                later.before = caption
        self._seen = caption
        self._answered(caption.captured_at)

    def unchanged(self, frame: Frame) -> None:
        """A keyframe that shows nothing new, or is not put into words."""
        self._answered(frame.captured_at)

    def began(self, kind: Kind, at: float) -> None:
        """Something is the matter with the camera itself: one of the kinds `camera_…`.

        Told beside what moves. Again, while it goes on: nothing.
        """
        if kind not in self._beside:
            self._beside[kind] = self._first(kind, at, self._words.sentences[kind], "camera")
            self._emit(self._beside[kind])

    def over(self, kind: Kind, at: float) -> None:
        """It is well again since then; nothing where it was."""
        if (event := self._beside.pop(kind, None)) is not None:
            self._emit(replace(over(event, at, at), took=self._took(at)))

    def lost(self) -> None:
        """The camera shows nothing any more."""
        self._end_all()
        self.began("camera_lost", asyncio.get_running_loop().time())

    def cover(self) -> None:
        """Cameras are switched off: so is all over that moves. One that is lost may be lost still."""
        for happening in [*self._open]:
            self._end(happening, covered=True)
        self._seen = self._first_at = None

    def close(self) -> None:
        """The session is over: so is all that goes on."""
        self._end_all()
        for kind, event in [*self._beside.items()]:
            self.over(kind, max(self._frame_at, event.began_at))

    def _moves(self, at: float, motion: Motion) -> None:
        """One that takes too long ends when the next one has begun: something moves all the time."""
        newest = self._open[-1] if self._open else None
        if newest is None or newest.since != motion.since:
            self._begin(at, motion)
        elif at - newest.told.began_at >= self._options.longest:
            self._begin(at, motion)
            self._end(newest)
        else:
            newest.moved_at = at

    def _begin(self, at: float, motion: Motion) -> None:
        """A new event: from its first picture on, or from now on where that one belongs to an earlier event."""
        since = at if motion.since is None else motion.since
        earlier = max([(self._first_at or 0.0) + WARM_UP, self._ended_at, *(one.moved_at for one in self._open)])
        place = self._words.places[motion.where]
        event = self._first("motion", since if since >= earlier else at, self._words.moves(place), "motion")
        event = replace(event, title=self._words.motion(place), captured_at=at, took=self._took(at))
        self._open.append(Happening(event, since, motion.where, at, self._seen))
        self._emit(event)

    def _say_more(self, happening: Happening, caption: Caption) -> None:
        self._tell(happening, caption.captured_at, happening.learn(caption, self._words))

    def _tell(self, happening: Happening, at: float, known: dict[str, Any]) -> None:
        """Again, by a picture of that time unless `known` names another; nothing where nothing is known."""
        if known:
            happening.rests_since, known = None, {"captured_at": at, **known}
            self._tell_again(happening, **known, took=self._took(known["captured_at"]))

    def _tell_again(self, happening: Happening, **known: Any) -> None:
        happening.told = replace(happening.told, **known, seq=happening.told.seq + 1, change="update")
        self._emit(happening.told)

    def _answered(self, captured_at: float) -> None:
        """Captions come in the order of their keyframes: no other will come of an earlier one."""
        for happening in self._open:
            if happening.asked_at is not None and happening.asked_at <= captured_at:
                happening.asked_at = None
        self._end_what_is_over()

    def _end_what_is_over(self) -> None:
        for happening in [one for one in self._open if one.is_over(self._frame_at, self._options.late)]:
            self._end(happening)

    def _end_all(self) -> None:
        for happening in [*self._open]:
            self._end(happening)
        self._first_at = None

    def _end(self, happening: Happening, *, covered: bool = False) -> None:
        self._open.remove(happening)
        self._ended_at = happening.moved_at
        at = max(self._frame_at, happening.moved_at)
        event = happening.covered(at, self._words) if covered else happening.ended(at, self._words)
        self._emit(replace(event, took=self._took(at)))

    def _first(self, kind: Kind, at: float, caption: str, source: str) -> CameraEvent:
        return CameraEvent(
            id=next(self._ids),
            seq=0,
            change="new",
            camera=self._camera,
            kind=kind,
            caption=caption,
            title=self._words.titles[kind],
            began_at=at,
            captured_at=at,
            took=self._took(at),
            source=source,
        )

    def _took(self, at: float) -> float:
        """Seconds from a picture to now; 0 for a file read fast, whose time runs ahead."""
        return max(0.0, asyncio.get_running_loop().time() - at)
