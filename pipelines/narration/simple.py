"""What captions made of facts tell that nobody else looks for: people and text where there are no boxes, and codes."""

from __future__ import annotations

from pipelines.captionwords import among
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation
from pipelines.narration.slowwords import FACTS
from pipelines.phrases import Language
from pipelines.policy import count
from pipelines.remarks import Priority, Remark, Topic
from pipelines.types import Caption, Facts

MAYBE = -1
"""For a number of people: possibly someone."""
MOST = 200
"""Lines and codes that are remembered as told."""

News = tuple[str, Topic, object]
"""What is said, of what, and what the listener knows then."""


class Simple:
    """Of one camera. What boxes tell is left to them."""

    def __init__(self, camera: str, options: NarrationOptions, language: Language) -> None:
        self._camera, self._placed, self._words = camera, options.positions == "side", FACTS[language]
        self._told: dict[str, object] = {}
        """From what it is about to what was told of it, or is about to be."""
        self._heard: dict[str, object] = {}
        self._offered: dict[str, tuple[str, object]] = {}
        """By its fact, what each remark tells that waits or is being said."""

    def captioned(self, caption: Caption, situation: Situation) -> list[Remark]:
        """What its facts tell that is new."""
        facts = caption.facts
        if facts is None:
            return []
        news = {
            "people": self._people(facts, situation),
            "text": self._text(facts, situation),
            "codes": self._codes(facts, situation, caption),
        }
        return [self._remark(caption, about, one) for about, one in news.items() if one is not None]

    def settled(self, remark: Remark, heard: str) -> None:
        """What was not heard counts as untold."""
        about, told = self._offered.pop(remark.fact, ("", None))
        if not about:
            return
        if 2 * count(heard) >= count(remark.text):
            self._heard[about] = told
        elif self._told.get(about) == told:
            self._told[about] = self._heard.get(about)

    def clear(self) -> None:
        """Forget it all."""
        for known in (self._told, self._heard, self._offered):
            known.clear()

    def _people(self, facts: Facts, situation: Situation) -> News | None:
        if situation.known_at is not None or facts.people is None:
            return None
        now = MAYBE if facts.people == 0 and facts.maybe_people else facts.people
        if now == (self._told.get("people") or 0):
            return None
        words = self._words
        some = words.maybe if now == MAYBE else words.people(facts, self._placed)
        return some if now else words.nobody, "people", now

    def _text(self, facts: Facts, situation: Situation) -> News | None:
        known = self._lines("text")
        lines = [line for line in facts.text if not among(line, known)]
        if situation.read_at is not None or not lines:
            return None
        return self._words.text(lines), "text", (*lines, *known)[:MOST]

    def _codes(self, facts: Facts, situation: Situation, caption: Caption) -> News | None:
        """Those that a reader of text would have found by now."""
        known, read = self._lines("codes"), {spot.text for spot in situation.texts}
        codes = [code for code in facts.codes if code not in known and code not in read]
        reads_yet = situation.read_at is not None and situation.read_at < caption.captured_at
        if reads_yet or not codes:
            return None
        return " ".join(map(self._words.code, codes)), "text", (*codes, *known)[:MOST]

    def _lines(self, about: str) -> tuple[str, ...]:
        lines = self._told.get(about)
        return lines if isinstance(lines, tuple) else ()

    def _remark(self, caption: Caption, about: str, news: News) -> Remark:
        text, topic, told = news
        key, at = f"{self._camera} {about} by caption", caption.captured_at
        fact = f"{key} {caption.keyframe}"
        self._told[about] = told
        self._offered[fact] = about, told
        return Remark(text, Priority.CAPTION, at, topic, key=key, fact=fact, camera=self._camera, source="camera")
