"""What kind of request a question is, by its wording, in English and Chinese; None where no rule knows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from pipelines.chats.shapes import SHAPES
from pipelines.chats.wordings import ENGLISH
from pipelines.chats.wordings_chinese import CHINESE
from pipelines.phrases import Language, language_of


class Request(Enum):
    """The kinds of request that rules can answer from what was seen, said or is known anyway."""

    DESCRIBE = "describe"
    COUNT = "count"
    PRESENCE = "presence"
    WHERE = "where"
    READ = "read"
    CHANGE = "change"
    EARLIER = "earlier"
    VISITS = "visits"
    LAST_SEEN = "last seen"
    """Where, or when, a thing was seen last."""
    HOW_LONG = "how long"
    """Since when it is there."""
    COLOUR = "colour"
    LIGHT = "light"
    MOTION = "motion"
    SHARPNESS = "sharpness"
    OBJECT = "object"
    DETAIL = "detail"
    """Of a person, such as clothes and what they do."""
    SURROUNDINGS = "surroundings"
    """Weather, day or night, place, state and colour of a thing: no eyes here tell them."""
    ELSEWHERE = "elsewhere"
    """Beside or behind someone: where the camera looks is not known."""
    WHO = "who"
    TIME = "time"
    DATE = "date"
    REPEAT = "repeat"
    ASKED = "asked"
    HELP = "help"
    SELF = "self"
    HEARING = "hearing"
    HELLO = "hello"
    THANKS = "thanks"
    BYE = "bye"
    STOP = "stop"
    YES_NO = "yes or no"


_ABOUT_THE_SCENE = frozenset(
    {
        Request.DESCRIBE, Request.COUNT, Request.PRESENCE, Request.WHERE, Request.READ, Request.CHANGE,
        Request.EARLIER, Request.VISITS, Request.LAST_SEEN, Request.HOW_LONG, Request.COLOUR,
        Request.LIGHT, Request.MOTION, Request.SHARPNESS,
        Request.OBJECT, Request.DETAIL, Request.WHO, Request.SURROUNDINGS, Request.ELSEWHERE,
    }
)  # fmt: skip

_WORDINGS: dict[Language, Sequence[tuple[str, Sequence[str]]]] = {"en": ENGLISH + SHAPES, "zh": CHINESE}
_RULES = {
    language: [(Request(name), re.compile("|".join(patterns))) for name, patterns in wordings]
    for language, wordings in _WORDINGS.items()
}

_SHORT = {"what's": "what is", "who's": "who is", "where's": "where is", "how's": "how is", "it's": "it is",
          "there's": "there is", "you're": "you are", "i'm": "i am", "isn't": "is", "aren't": "are",
          "anyone's": "anyone is", "here's": "here is"}  # fmt: skip

_POLITE = re.compile(
    r"^(((okay|ok|(hey|hi|hello)(?! there)|well|so|and|please|now|excuse me|assistant"
    r"|(can|could|would|will) you( please)?"
    r"(?= (tell|read|describe|repeat|say|give|count|look|stop|help|introduce|summari[sz]e|sing))"
    r"|tell me(?= (what|how|where|who|when|if|is|are|the (time|date)))|do you know(?= (what|how|where))|if) )+)"
)
_AFTER = re.compile(r"( (please|now|right now|at the moment|for me|then|today|exactly|assistant))+$")


def recognise(question: str) -> Request | None:
    """The first rule that fits the wording."""
    language = language_of(question)
    words = question.strip() if language == "zh" else bare(question)
    words = "hello" if words == "assistant" else words  # being called, and nothing more, is a greeting
    return next((request for request, pattern in _RULES[language] if pattern.search(words)), None)


def about_scene(question: str) -> bool:
    """True if the question, by its wording, is about what the camera sees."""
    return recognise(question) in _ABOUT_THE_SCENE


def bare(question: str) -> str:
    """An English question in small letters, without marks, short forms and politeness."""
    words = re.sub(r"[^\w' ]", " ", question.lower().replace("’", "'")).split()
    spoken = " ".join(_SHORT.get(word, word) for word in words).replace("'", " ")
    return _AFTER.sub("", _POLITE.sub("", spoken)) or spoken
