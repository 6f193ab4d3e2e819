"""Answers what boxes and lines of text can tell of what is there now, with its age; never a guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.chats.grounded import TONGUES
from pipelines.narration.answerwords import WORDS, AnswerWords, Asked, asked, names
from pipelines.narration.courses import cut
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import WORDS as PLACES
from pipelines.narration.places import Style, position, third
from pipelines.narration.situation import Situation, Thing
from pipelines.phrases import PHRASES, Language, language_of
from pipelines.spots import CODE, PERSON
from pipelines.visible import visible
from pipelines.wording import mentions

MOST = 8
"""Groups of things that are told: nobody remembers more."""
DOUBT = NarrationOptions().doubt


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    text: str
    found: bool
    """Whether what was asked for is there, or is known not to be; else others may know more."""
    there: bool = True
    """Whether it is there."""


def said(question: str, situations: Sequence[Situation], style: Style, now: float, language: Language) -> str | None:
    """The answer; None where it is no question of this kind. `now`: seconds on the loop's clock."""
    answer = told(question, situations, style, now, language)
    return None if answer is None else answer.text


def told(
    question: str, situations: Sequence[Situation], style: Style, now: float, language: Language, doubt: float = DOUBT
) -> Told | None:
    """The same, and whether it was found. Without evidence it says that it can't tell, and why where that is known."""
    wish, own = asked(question), language_of(question, otherwise=language)
    if wish is None:
        return None
    shown: Style = "side" if style == "none" and wish.wish == "where" else style
    eyes = [_Eyes(situation, shown, own, doubt) for situation in situations]
    looked = [(one, answer) for one in eyes if (answer := one.answer(wish)) is not None]
    if not looked:
        return _blind(wish, situations, own)
    found = [(one, answer) for one, answer in looked if answer.there] or looked[:1]
    sentences = [_led(one, wish, answer, now, several=len(eyes) > 1) for one, answer in found]
    return Told(_joined(sentences, own), any(answer.found for _, answer in found))


def _blind(wish: Asked, situations: Sequence[Situation], own: Language) -> Told:
    """Nobody looked, or nobody can."""
    troubles = dict.fromkeys(one.trouble for one in situations if one.trouble)
    return Told(_joined([WORDS[own].cannot, *troubles], own), bool(troubles) or wish.wish == "behind")


def _led(eyes: _Eyes, wish: Asked, answer: Told, now: float, *, several: bool) -> str:
    """With the age of the picture where it is not fresh, and with the camera where that is not the only one."""
    at, camera = eyes.at(wish), eyes.situation.camera if several and answer.there else ""
    return TONGUES[eyes.language].lead(camera, now - (now if at is None else at), answer.text)


def _joined(sentences: Sequence[str], language: Language) -> str:
    return (" " if language == "en" else "").join(sentences)


def noted(situations: Sequence[Situation], style: Style, now: float, language: Language) -> str:
    """A line for a chat's note: what has a box, and where; empty where nothing has."""
    lines, wish = list[str](), Asked("describe")
    for situation in situations:
        eyes = _Eyes(situation, style, language, DOUBT)
        at, there = eyes.at(wish), eyes.answer(wish)
        front = f"{situation.camera}: " if len(situations) > 1 else ""
        if situation.trouble:
            lines.append(f"{front}{situation.trouble}")
        elif at is not None and there is not None and there.found:
            lines.append(f"{front}{WORDS[language].boxes(PHRASES[language].ago(now - at), there.text)}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a session's cameras know at any time, for whoever answers questions."""

    situations: Callable[[], Sequence[Situation]]
    style: Style
    doubt: float = DOUBT

    def told(self, question: str, camera: str, now: float, language: Language) -> Told | None:
        """The answer, see `told`; where no camera shows anything, to whatever asks for what is to be seen.

        `camera`: only that one; empty: all.
        """
        there = self._of(camera)
        if asked(question) is None and there and all(one.trouble for one in there) and visible(question):
            return _blind(Asked("describe"), there, language_of(question, otherwise=language))
        return told(question, there, self.style, now, language, self.doubt)

    def noted(self, camera: str, now: float, language: Language) -> str:
        """A line for a chat's note, see `noted`."""
        return noted(self._of(camera), self.style, now, language)

    def _of(self, camera: str) -> list[Situation]:
        return [one for one in self.situations() if camera in ("", one.camera)]


@dataclass(frozen=True, slots=True)
class _Eyes:
    """What one camera knows."""

    situation: Situation
    style: Style
    language: Language
    doubt: float

    def at(self, wish: Asked) -> float | None:
        """When the picture was taken that the answer rests on; None: nobody looked for it."""
        situation = self.situation
        if situation.trouble or wish.wish == "behind":
            return None
        if wish.wish == "read":
            return situation.read_at
        reads = wish.wish in ("describe", "where", "side") and bool(situation.texts)
        return situation.known_at if situation.known_at is not None or not reads else situation.read_at

    def answer(self, wish: Asked) -> Told | None:
        """None: nobody looked for it."""
        if self.at(wish) is None:
            return None
        ways: dict[str, Callable[[Asked], Told]] = {
            "describe": self._describe, "side": self._side, "where": self._where, "count": self._count,
            "presence": self._presence, "read": self._read,
        }  # fmt: skip
        return ways[wish.wish](wish)

    @property
    def _words(self) -> AnswerWords:
        return WORDS[self.language]

    def _describe(self, wish: Asked) -> Told:
        parts = self._parts(self.situation.things)[:MOST]
        said = [self._words.there(parts)] if parts else []
        said += [self._read(wish).text] if self.situation.texts else []
        joint = " " if self.language == "en" else ""
        return Told(joint.join(said) or self._words.nothing, bool(said), bool(said))

    def _side(self, wish: Asked) -> Told:
        place = PLACES[self.language]["side"][wish.side]
        things = [thing for thing in self.situation.things if third(thing.box, "side") == wish.side]
        parts = self._parts(things, placed=False)
        parts += [self._words.text(spot.text) for spot in self.situation.texts if third(spot.box, "side") == wish.side]
        return Told(self._words.at(place, parts), True) if parts else Told(self._words.nothing_at(place), False, False)

    def _where(self, wish: Asked) -> Told:
        things = [thing for thing in self.situation.things if names(wish.name, thing.label)]
        parts = self._parts(things) or [
            f"{self._words.text(spot.text)} {position(spot.box, self.style, self.language)}".strip()
            for spot in self.situation.texts
            if mentions(spot.text, wish.name.removesuffix(" sign"))
        ]
        return (
            Told(self._words.where(wish.name, parts), True)
            if parts
            else Told(self._words.none(wish.name), False, False)
        )

    def _count(self, wish: Asked) -> Told:
        things = [thing for thing in self.situation.things if names(wish.name, thing.label)]
        if not things:
            nobody = names(wish.name, PERSON)
            return Told(self._words.nobody if nobody else self._words.none(wish.name), nobody, there=False)
        sure = [thing for thing in things if not self._doubtful(thing)]
        parts = [self._part(sure)] if sure else []
        parts += [self._part([thing for thing in things if self._doubtful(thing)])] if len(sure) < len(things) else []
        return Told(self._words.there(parts), True)

    def _presence(self, wish: Asked) -> Told:
        count = self._count(wish)
        things = [thing for thing in self.situation.things if names(wish.name, thing.label)]
        sure = any(not self._doubtful(thing) for thing in things)
        return replace(count, text=self._words.yes(count.text) if sure else count.text)

    def _read(self, wish: Asked) -> Told:
        lines = [(spot.label, spot.text, spot.label != CODE and cut(spot.box)) for spot in self.situation.texts]
        return Told(self._words.reads(lines) if lines else self._words.unread, bool(lines), bool(lines))

    def _part(self, things: Sequence[Thing]) -> str:
        """So many of one name, and where each is."""
        label, doubtful, words = things[0].label, self._doubtful(things[0]), self._words
        places = list(dict.fromkeys(position(thing.box, self.style, self.language) for thing in things))
        if len(places) == 1:
            return words.part(label, len(things), places[0], doubtful)
        return words.several(words.part(label, len(things), "", doubtful), places)

    def _parts(self, things: Sequence[Thing], *, placed: bool = True) -> list[str]:
        """From left to right; of the same in the same place so many."""
        groups = Counter(
            (thing.label, position(thing.box, self.style, self.language) if placed else "", self._doubtful(thing))
            for thing in sorted(things, key=lambda thing: thing.box.x)
        )
        return [self._words.part(label, number, place, doubtful) for (label, place, doubtful), number in groups.items()]

    def _doubtful(self, thing: Thing) -> bool:
        return thing.score < self.doubt or bool(thing.rivals)
