"""Answers by rule, from what was seen and said: nothing is invented, and what cannot be known is said to be so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from pipelines import gist
from pipelines.backends import BackendOptions, Prompt
from pipelines.captionwords import people_in
from pipelines.chats import in_words
from pipelines.chats.chinese import CHINESE
from pipelines.chats.english import ENGLISH
from pipelines.chats.language import Language
from pipelines.chats.objects import named
from pipelines.chats.requests import Request, about_scene, bare, recognise
from pipelines.chats.timeline import Course
from pipelines.phrases import language_of
from pipelines.types import Caption
from pipelines.wording import one_line

Clock = Callable[[], datetime]
TONGUES = {"en": ENGLISH, "zh": CHINESE}
OF_TIME = frozenset({Request.CHANGE, Request.EARLIER, Request.VISITS, Request.LAST_SEEN, Request.HOW_LONG})
"""What is asked of the course of things, and not of the present picture."""
NO_THINGS = frozenset({"been", "bring", "hide", "lie", "lay", "drop", "lose", "place", "camera", "use"})
"""What one does with things that are looked for."""


class Grounded(BackendOptions):
    """Answers by rule alone."""

    stand_in: ClassVar[str] = (
        "Answers are made by rule from what was seen: I can say how many people, where, what a text says, what "
        "changed, colours, light, the time and where I last saw something, and I cannot talk about anything else."
    )

    def load(self) -> Rules:
        """Ready at once."""
        return Rules()


class Rules:
    """A Chat without a model."""

    def __init__(self, clock: Clock = datetime.now) -> None:
        self._clock = clock

    def reply(self, prompt: Prompt) -> Iterator[str]:
        """The whole answer as one piece; what was not seen is said to be so, and where no rule has one, the limits."""
        tongue = TONGUES[language_of(prompt.question)]
        yield self.answer(prompt) or (tongue.of_memory.never if about_scene(prompt.question) else tongue.outside)

    def answer(self, prompt: Prompt) -> str | None:
        """The answer, or None where no rule has one: the wording is unknown, or the captions do not tell.

        One line without control characters, whatever was read in the picture.
        """
        request = recognise(prompt.question)
        answer = _looked(prompt) if _for_eyes(request, prompt) else None
        answer = answer or self._answer(request, prompt) or _looked(prompt)
        return None if answer is None else one_line(answer)

    def _answer(self, request: Request | None, prompt: Prompt) -> str | None:
        if request is None:
            return None
        tongue = TONGUES[language_of(prompt.question)]
        if request in tongue.fixed:
            return tongue.fixed[request]
        if request in (Request.TIME, Request.DATE):
            return (tongue.time if request is Request.TIME else tongue.date)(self._clock())
        if request in (Request.REPEAT, Request.ASKED):
            return _again(request, prompt, tongue)
        if not prompt.scene:
            return tongue.unseen
        course = Course(prompt.record or prompt.scene, prompt.now, self._clock(), tongue.of_memory)
        if request in OF_TIME:
            return _remembered(request, course, prompt)
        return _seen(request, prompt, tongue) or course.last_seen(_things(request, prompt))


def _for_eyes(request: Request | None, prompt: Prompt) -> bool:
    """Whether a look at the question itself is better evidence than what was seen before.

    Where a thing is that is out of sight now, memory knows.
    """
    if not about_scene(prompt.question) or request in OF_TIME or request is Request.ELSEWHERE:
        return False
    things = _things(request, prompt)
    away = not any(things <= gist.told(caption) for caption in _newest(prompt))
    known = any(things <= gist.told(caption) for caption in prompt.record)
    return not (things and away and known and bare(prompt.question).startswith("where"))


def _looked(prompt: Prompt) -> str | None:
    """What the look at the question itself gave, with its age where it is not fresh."""
    looked, tongue = prompt.looked, TONGUES[language_of(prompt.question)]
    if looked is None or not one_line(looked.text):
        return None
    return tongue.lead("", prompt.now - looked.captured_at, one_line(looked.text))


def _remembered(request: Request, course: Course, prompt: Prompt) -> str:
    """An answer out of all that is remembered; no claim without evidence."""
    if request is Request.CHANGE:
        return course.changes()
    if request is Request.VISITS:
        return course.visits()
    if request is Request.EARLIER:
        return course.earlier(gist.wanted(prompt.question.lower().partition(" before ")[2]))
    things = _things(request, prompt)
    told = course.last_seen(things) if request is Request.LAST_SEEN else course.since(things)
    return told or (course.words.nameless if course.unnamed() else course.words.never)


def _things(request: Request | None, prompt: Prompt) -> frozenset[str]:
    """What the question names; for "it", what the question before did."""
    if request not in (Request.OBJECT, Request.LAST_SEEN, Request.HOW_LONG):
        return frozenset()
    things = gist.wanted(prompt.question) - NO_THINGS
    if things or not prompt.history:
        return things
    before = recognise(prompt.history[-1].asked)
    return _things(before, replace(prompt, question=prompt.history[-1].asked, history=()))


def _again(request: Request, prompt: Prompt, tongue: Language) -> str:
    if not prompt.history:
        return tongue.nothing_said if request is Request.REPEAT else "You have not asked me anything before."
    last = prompt.history[-1]
    return last.heard if request is Request.REPEAT else f'You asked: "{last.asked}".'


def _seen(request: Request, prompt: Prompt, tongue: Language) -> str | None:
    """An answer out of the scene, which is not empty."""
    several = len({caption.camera for caption in prompt.scene}) > 1
    told = []
    for caption in _newest(prompt):
        sentence = _of_one(request, caption, prompt.question, tongue)
        if sentence is not None:
            told.append(tongue.lead(caption.camera if several else "", prompt.now - caption.known_at, sentence))
    return " ".join(told) or None


def _newest(prompt: Prompt) -> list[Caption]:
    """The last caption of each camera, or only of those that the question names."""
    newest = {caption.camera: caption for caption in prompt.scene}
    asked = [caption for name, caption in newest.items() if name.lower() in prompt.question.lower()]
    return asked or list(newest.values())


def _of_one(request: Request, caption: Caption, question: str, tongue: Language) -> str | None:
    facts = caption.facts
    if facts is None:
        return in_words.answer(request, caption.text, question) if tongue is ENGLISH else _in_chinese(request, caption)
    if request in tongue.from_facts:
        return tongue.from_facts[request](facts)
    if request is Request.OBJECT:
        return named(question, facts)
    return caption.text if request is Request.DESCRIBE else None


def _in_chinese(request: Request, caption: Caption) -> str | None:
    """A Chinese caption as it stands, where it tells what is asked."""
    if language_of(caption.text) != "zh":
        return None
    of_people = request in (Request.COUNT, Request.PRESENCE) and people_in(caption.text) is not None
    return caption.text if request is Request.DESCRIBE or of_people else None
