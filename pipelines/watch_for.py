"""Watches for what somebody wants to be told of: checked on every change, told once, and then over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Literal

from devices.lines import Lossless
from devices.media import Frame
from pipelines.breaking import Breakable
from pipelines.moving import Motion
from pipelines.narration.labels import counted
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import position
from pipelines.narration.situation import Situation, Thing
from pipelines.news import Kind
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.types import Caption, Perception
from pipelines.watch_words import alike, label_of, name_of, text_of
from pipelines.wishwords import WORDS
from pipelines.wording import mentions

MOST = 8
"""Conditions at once."""
EVERY = 3.0
"""Seconds between two rounds in which a model is asked."""
LATE = 30.0
"""Seconds after which it is not told any more that a condition was met."""

Asks = Callable[[Frame, str], Awaitable[bool]]
"""Puts a question that is answered by yes or no; what is not sure is no."""


@dataclass(frozen=True, slots=True)
class Means:
    """By what conditions can be checked here."""

    labels: frozenset[str] = frozenset()
    """What the object detector finds, by name."""
    reads: bool = False
    """Whether there is a reader of text."""
    asks: Asks | None = None
    """A vision-language model; None: there is none."""


@dataclass(slots=True)
class Watched:
    """One condition."""

    what: str
    """As it was said."""
    how: Literal["label", "text", "question"]
    sought: str
    """The detector's name for it, the text, or the question."""
    language: Language
    fresh: bool = True
    """It was not checked yet: what is so now was so already."""


class WatchFor:
    """All conditions of a session; a `Watcher` of all its cameras."""

    def __init__(
        self,
        means: Means,
        offer: Callable[[Remark], bool],
        situations: Callable[[], Sequence[Situation]],
        options: NarrationOptions,
    ) -> None:
        self._means, self._offer, self._situations, self._options = means, offer, situations, options
        self._watched: list[Watched] = []
        self._frames: dict[str, Frame] = {}
        """From camera to the newest frame that the model is to be asked about."""
        self._known: dict[str, tuple[float | None, float | None]] = {}
        """From camera to when it was searched last for things and for text."""
        self._changed, self._asking = asyncio.Event(), Breakable()

    @property
    def watched(self) -> tuple[str, ...]:
        """The conditions, as they were said."""
        return tuple(one.what for one in self._watched)

    def begin(self, what: str, language: Language) -> str:
        """Watch for it from now on; what is to be said to that: also where it is so already, or cannot be checked."""
        words, one = WORDS[language], self._condition(what, language)
        if one is None:
            return words.cannot_watch
        if (found := next(filter(None, (self._met(one, now) for now in self._situations())), None)) is not None:
            return found
        one.fresh = one.how == "question"
        if len(self._watched) >= MOST and what not in self.watched:
            return words.watches_enough
        self._watched = [other for other in self._watched if other.what != what] + [one]
        return words.reading(one.sought) if one.how == "text" else words.watching(what)

    def end(self, what: str = "") -> list[str]:
        """Watch no longer for what has these words, or for anything; those that are over."""
        gone = [one for one in self._watched if not what or alike(one.what, what)]
        self._watched = [one for one in self._watched if one not in gone]
        return [one.what for one in gone]

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        """A frame, in the order in which they were taken."""
        if self._watched:
            self._look()
        asked = [one for one in self._watched if one.how == "question"]
        if asked and (keyframe or any(one.fresh for one in asked)):
            self._frames[frame.camera] = frame
            self._changed.set()

    def captioned(self, caption: Caption) -> None:
        """Words are no evidence for what is to be told without doubt."""

    def unchanged(self, frame: Frame) -> None:
        """A keyframe that shows nothing new."""

    def began(self, kind: Kind, at: float) -> None:
        """Something is the matter with the camera itself; its narrator tells of it."""

    def over(self, kind: Kind, at: float) -> None:
        """It is well again since then."""

    def lost(self) -> None:
        """The camera shows nothing any more."""

    def cover(self) -> None:
        """Cameras are switched off: nothing comes of what is being asked."""
        self._frames.clear()
        self._asking.break_off()

    def close(self) -> None:
        """The session is over."""

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Ask the model about what changed; until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            frames, self._frames = self._frames, {}
            await self._asking.run(self._ask_all([*frames.values()]))
            await asyncio.sleep(EVERY)

    def _look(self) -> None:
        """Whether anything is met by what was found since."""
        for situation in self._situations():
            known = situation.known_at, situation.read_at
            if self._known.get(situation.camera) == known:
                continue
            self._known[situation.camera] = known
            for one in [*self._watched]:
                if (told := self._met(one, situation)) is not None:
                    at = situation.read_at if one.how == "text" else situation.known_at
                    self._tell(one, told, at, situation.camera)

    async def _ask_all(self, frames: Sequence[Frame]) -> None:
        asked = [one for one in self._watched if one.how == "question"]
        for frame, one in product(frames, asked):
            if one not in self._watched:
                continue
            holds = await self._holds(one, frame)
            already, one.fresh = one.fresh, False
            if holds and one in self._watched:
                self._tell(one, WORDS[one.language].true(one.what, already), frame.captured_at, frame.camera)

    async def _holds(self, one: Watched, frame: Frame) -> bool:
        return self._means.asks is not None and await self._means.asks(frame, one.sought)

    def _condition(self, what: str, language: Language) -> Watched | None:
        """How it is checked: by the quickest that can; None where nothing here can."""
        means = self._means
        if label := label_of(what, means.labels):
            return Watched(what, "label", label, language)
        if (text := text_of(what)) and means.reads:
            return Watched(what, "text", text, language)
        if means.asks is not None:
            return Watched(what, "question", WORDS[language].ask(what, bool(name_of(what))), language)
        if (text := name_of(what)) and means.reads:
            return Watched(what, "text", text, language)
        return None

    def _met(self, one: Watched, situation: Situation) -> str | None:
        """What is to be said where boxes bear it out; None where they do not."""
        words = WORDS[one.language]
        if one.how == "label":
            things = [thing for thing in situation.things if thing.label == one.sought and self._sure(thing)]
            return self._there(things, one) if things else None
        if one.how == "text" and any(mentions(spot.text, one.sought) for spot in situation.texts):
            return words.read(one.sought, one.fresh)
        return None

    def _there(self, things: Sequence[Thing], one: Watched) -> str:
        (place,) = {position(thing.box, self._options.positions, one.language) for thing in things[:1]}
        where = place if len(things) == 1 else ""
        return WORDS[one.language].there(counted(one.sought, len(things), one.language), where, one.fresh)

    def _sure(self, thing: Thing) -> bool:
        return thing.score >= self._options.doubt and not thing.rivals

    def _tell(self, one: Watched, text: str, at: float | None, camera: str) -> None:
        """Once; then it is over. Who says "stop" to something else still wants to hear it."""
        self._watched.remove(one)
        now = asyncio.get_running_loop().time()
        at = max(now - LATE, at if at is not None else -inf)
        self._offer(
            Remark(
                text,
                Priority.ANSWER,
                at,
                expires_at=now + LATE,
                asked=True,
                lasting=True,
                camera=camera,
                source="watch",
            )
        )
