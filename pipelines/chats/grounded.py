"""Answers by rule, from what was seen and said: nothing is invented, and what cannot be known is said to be so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import ClassVar

from pipelines.backends import BackendOptions, Prompt
from pipelines.chats import in_words, timeline
from pipelines.chats.chinese import CHINESE
from pipelines.chats.english import ENGLISH
from pipelines.chats.language import Language
from pipelines.chats.objects import named
from pipelines.chats.requests import Request, recognise
from pipelines.phrases import ago_in_chinese, language_of
from pipelines.types import Caption
from pipelines.wording import one_line

Clock = Callable[[], datetime]
TONGUES = {"en": ENGLISH, "zh": CHINESE}


class Grounded(BackendOptions):
    """Answers by rule alone."""

    stand_in: ClassVar[str] = (
        "Answers are made by rule from what was seen: I can say how many people, where, what a text says, what "
        "changed, colours, light and the time, and I cannot talk about anything else."
    )

    def load(self) -> Rules:
        """Ready at once."""
        return Rules()


class Rules:
    """A Chat without a model."""

    def __init__(self, clock: Clock = datetime.now) -> None:
        self._clock = clock

    def reply(self, prompt: Prompt) -> Iterator[str]:
        """The whole answer as one piece; where no rule has one, the limits are said."""
        tongue = TONGUES[language_of(prompt.question)]
        yield self.answer(prompt) or tongue.outside

    def answer(self, prompt: Prompt) -> str | None:
        """The answer, or None where no rule has one: the wording is unknown, or the captions do not tell.

        One line without control characters, whatever was read in the picture.
        """
        answer = self._answer(prompt)
        return None if answer is None else one_line(answer)

    def _answer(self, prompt: Prompt) -> str | None:
        request = recognise(prompt.question)
        if request is None:
            return None
        tongue = TONGUES[language_of(prompt.question)]
        if request in tongue.fixed:
            return tongue.fixed[request]
        if request in (Request.TIME, Request.DATE):
            return (tongue.time if request is Request.TIME else tongue.date)(self._clock())
        if request in (Request.REPEAT, Request.ASKED):
            return _again(request, prompt, tongue)
        return _seen(request, prompt, tongue) if prompt.scene else tongue.unseen


def _again(request: Request, prompt: Prompt, tongue: Language) -> str:
    if not prompt.history:
        return tongue.nothing_said if request is Request.REPEAT else "You have not asked me anything before."
    last = prompt.history[-1]
    return last.heard if request is Request.REPEAT else f'You asked: "{last.asked}".'


def _seen(request: Request, prompt: Prompt, tongue: Language) -> str | None:
    """An answer out of the scene, which is not empty."""
    if tongue is CHINESE and request is Request.CHANGE:
        return _course(prompt)
    tell = {Request.CHANGE: timeline.changes, Request.EARLIER: timeline.earlier, Request.VISITS: timeline.visits}
    if request in tell:
        return tell[request](prompt.record or prompt.scene, prompt.now)
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
        return in_words.answer(request, caption.text, question) if tongue is ENGLISH else None
    if request in tongue.from_facts:
        return tongue.from_facts[request](facts)
    if request is Request.OBJECT:
        return named(question, facts)
    return caption.text if request is Request.DESCRIBE else None


def _course(prompt: Prompt) -> str:
    """The last moments in Chinese, oldest first: the clauses that say what changed are English."""
    describe = CHINESE.from_facts[Request.DESCRIBE]
    moments = [caption for caption in (prompt.record or prompt.scene)[-timeline.MOST :] if caption.facts is not None]
    if len(moments) < 2:
        return "没有看到变化。"
    return "".join(f"{ago_in_chinese(prompt.now - at.captured_at)}：{describe(at.facts)}" for at in moments if at.facts)
