"""The slow tier: what a caption adds to all that was told before of what one camera shows, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.narration.history import History, Point, nouns, points
from pipelines.narration.labels import spoken
from pipelines.narration.neutral import neutral
from pipelines.narration.options import NarrationOptions
from pipelines.narration.simple import Simple
from pipelines.narration.situation import Situation
from pipelines.narration.slowwords import clauses, doubt, hedged, of_what_is_there
from pipelines.phrases import Language, language_of
from pipelines.policy import count
from pipelines.refusals import refuses
from pipelines.remarks import Priority, Remark
from pipelines.spots import PERSON
from pipelines.types import Caption

FIRST = 30.0
"""Seconds after its picture was taken, up to which a first description may begin: late is better than never."""
LATELY = 60.0
"""Seconds for which what had a box is left to boxes: a caption may come when its thing is gone, and told to be."""
LANGUAGES: tuple[Language, ...] = ("en", "zh")
MOST = 40
"""Words of one remark, at the most, but for its first sentence."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence that was offered."""

    text: str
    new: frozenset[Point]
    """What only this told, so that it is unknown again where it was not heard."""


class Slow:
    """Of one camera. Its time is that of the pictures."""

    def __init__(self, camera: str, options: NarrationOptions, language: Language = "en") -> None:
        self._camera, self._options, self._language = camera, options, language
        self._history = History()
        self._simple = Simple(camera, options, language)
        self._offered: dict[str, tuple[_Part, ...]] = {}
        """By its fact, what each remark tells that waits or is being said."""
        self._begun = False
        self._found: dict[str, float] = {}
        """Nouns and lines of what boxes told of, and when they last did: of that they tell by themselves."""

    def captioned(self, caption: Caption, situation: Situation) -> list[Remark]:
        """What is to be told of it, as far as the listener does not know it."""
        if caption.facts is not None:
            return self._simple.captioned(caption, situation)
        if not caption.text or refuses(caption.text):
            return []
        parts = self._new(caption, situation)
        return [self._remark(caption, parts)] if parts else []

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark: what was not counts as untold."""
        self._simple.settled(remark, heard)
        if (parts := self._offered.pop(remark.fact, None)) is None:
            return
        lost = [part for part in parts if not _heard(part.text, heard)]
        for part in lost:
            self._history.forget(part.new)
        self._begun = bool(self._history) or len(lost) < len(parts)  # an empty room tells of no thing

    def clear(self) -> None:
        """Forget it all: nobody is to know what was shown."""
        self._history.clear()
        self._simple.clear()
        self._offered.clear()
        self._found.clear()
        self._begun = False

    def _new(self, caption: Caption, situation: Situation) -> list[_Part]:
        """Its sentences that add something, as far as they are sure enough."""
        at, language = caption.captured_at, language_of(caption.text, otherwise=self._language)
        known = self._known(situation, at)
        whole = not (self._begun or self._found)
        parts, words = list[_Part](), 0
        for sentence in clauses(neutral(of_what_is_there(caption.text, language), language, situation), language):
            told = points(sentence)
            self._history.mention(told, at)
            how = doubt(sentence, caption.confidence, situation, at, self._options)
            adds = whole or self._history.adds(told, at, known, self._found)
            adds = adds or (not self._begun and how == "possible")
            if how == "silent" or not adds or (parts and words + count(sentence) > MOST):
                continue
            words += count(sentence)
            parts.append(
                _Part(hedged(sentence, language) if how == "possible" else sentence, self._history.tell(told, at))
            )
        return parts

    def _known(self, situation: Situation, at: float) -> frozenset[str]:
        """Things of which the listener hears as soon as they come or go: those that had boxes lately, and people."""
        names = [spoken(thing.label, language) for thing in situation.things for language in LANGUAGES]
        self._found = {word: seen for word, seen in self._found.items() if at - seen <= LATELY}
        self._found |= dict.fromkeys((word for name in names for word in nouns(name)), at)
        self._found |= dict.fromkeys((spot.text for spot in situation.texts), at)
        return frozenset(self._found) | ({PERSON} if situation.known_at is not None else frozenset())

    def _remark(self, caption: Caption, parts: list[_Part]) -> Remark:
        fact, first = f"{self._camera} scene {caption.keyframe}", not self._begun
        self._offered[fact], self._begun = tuple(parts), True
        joint = "" if language_of(parts[0].text) == "zh" else " "
        text = joint.join(part.text for part in parts)
        return Remark(
            text,
            Priority.CAPTION,
            caption.captured_at,
            topic=None if first else "objects",
            brief=parts[0].text if len(parts) > 1 else "",
            key=f"{self._camera} caption",  # of two that wait, the older one may not be so any more
            fact=fact,
            expires_at=caption.captured_at + FIRST if first else None,
            camera=self._camera,
            source="camera",
        )


def _heard(text: str, heard: str) -> bool:
    """Whether at least half of it was."""
    return text in heard or (heard != "" and text.startswith(heard) and 2 * count(heard) >= count(text))
