"""What can be said in English of the facts of one picture, and the answers that need no picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from pipelines.chats.language import Language
from pipelines.chats.requests import Request
from pipelines.chats.words import spoken_age
from pipelines.types import Facts
from pipelines.wording import listed, quoted, where

FIXED: Mapping[Request, str] = {
    Request.HELP: "You can ask me what I see, how many people there are and where, what a text says, what changed, "
    "about colours and light, and what time it is.",
    Request.SELF: "I am your camera assistant. I look through the camera, listen, and answer, all on this machine.",
    Request.HEARING: "Yes, I hear you.",
    Request.HELLO: "Hello! Ask me what I see.",
    Request.THANKS: "You are welcome.",
    Request.BYE: "Goodbye!",
    Request.STOP: "Okay.",
    Request.YES_NO: "Okay.",
    Request.ELSEWHERE: "I can't tell from here: I do not know where the camera looks.",
}

_LIGHT = {"dark": "it is dark", "dim": "it is dim", "normal": "the light is normal", "bright": "it is bright"}


def lead(camera: str, age: float, sentence: str) -> str:
    """The sentence, with its camera where there are several and its age where it is not fresh."""
    front = [f"on the {camera} camera"] if camera else []
    if age > 5:
        front.append(f"as of {spoken_age(age)}")
    if not front:
        return sentence
    opening = ", ".join(front)
    return f"{opening[:1].upper()}{opening[1:]}, {_within(sentence)}"


def told_time(now: datetime) -> str:
    return f"It is {now:%H:%M}."


def told_date(now: datetime) -> str:
    return f"Today is {now:%A}, {now.day} {now:%B %Y}."


def people(facts: Facts) -> str:
    """How many, at least, and where."""
    if facts.people is None:
        return "I can't tell from here whether anyone is there."
    if facts.people == 0:
        return "I am not sure: something may be a person." if facts.maybe_people else "I see nobody."
    many = "one person" if facts.people == 1 else f"{facts.people} people"
    return f"I see at least {many}{_where(facts)}."


def read(facts: Facts) -> str:
    lines = [quoted(line) for line in facts.text]
    codes = [f"a code that says {quoted(code)}" for code in facts.codes]
    return f"I read {listed(lines + codes)}." if lines or codes else "I see no text that I can read."


def _within(sentence: str) -> str:
    """A sentence as it goes on after a comma: "I" and what is written in capitals stay as they are."""
    first = sentence.partition(" ")[0]
    return sentence if first == "I" or first[1:].isupper() else sentence[:1].lower() + sentence[1:]


def _where(facts: Facts) -> str:
    counts = Counter(facts.places)
    if len(counts) > 1 and max(counts.values()) > 1:
        return ": " + listed([f"{count} {where(place)}" for place, count in counts.items()])
    return f", {listed([where(place) for place in counts])}" if counts else ""


def _presence(facts: Facts) -> str:
    return f"Yes, {people(facts)}" if facts.people else people(facts)


def _who(facts: Facts) -> str:
    return f"I cannot recognise who someone is. {people(facts)}" if facts.people else people(facts)


def _detail(facts: Facts) -> str:
    return f"I can't tell from here. {people(facts)}"


def _surroundings(facts: Facts) -> str:
    return "I can't tell from here."


def _colour(facts: Facts) -> str:
    return f"I see mostly {listed(facts.colours)}." if facts.colours else "I can't tell the colours from here."


def _light(facts: Facts) -> str:
    return f"{_LIGHT[facts.light].capitalize()}." if facts.light else "I can't tell the light from here."


def _motion(facts: Facts) -> str:
    if facts.motion is None:
        return "I can't tell from here whether anything moves."
    if facts.motion == "none":
        return "I see nothing moving."
    if facts.motion == "camera":
        return "The camera itself moves."
    return f"I see something moving {where(facts.motion)}."


def _sharpness(facts: Facts) -> str:
    return "The picture is blurred." if facts.blurred else "The picture is sharp."


FROM_FACTS: Mapping[Request, Callable[[Facts], str]] = {
    Request.COUNT: people,
    Request.PRESENCE: _presence,
    Request.WHERE: people,
    Request.WHO: _who,
    Request.DETAIL: _detail,
    Request.SURROUNDINGS: _surroundings,
    Request.READ: read,
    Request.COLOUR: _colour,
    Request.LIGHT: _light,
    Request.MOTION: _motion,
    Request.SHARPNESS: _sharpness,
}

ENGLISH = Language(
    fixed=FIXED,
    from_facts=FROM_FACTS,
    lead=lead,
    time=told_time,
    date=told_date,
    unseen="I have not seen anything yet.",
    outside="I have no rule for that. Ask me what I see, what a text says, or what changed.",
    nothing_said="I have not said anything yet.",
)
