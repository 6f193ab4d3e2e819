"""What can be said in English of the facts of one picture, and the answers that need no picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pipelines.captionwords import spoken_age
from pipelines.chats.language import Language, OfMemory
from pipelines.chats.requests import Request
from pipelines.phrases import FRESH
from pipelines.types import Caption, Facts
from pipelines.wording import listed, quoted, where

FIXED: Mapping[Request, str] = {
    Request.HELP: "You can ask me what I see, how many people there are and where, what a text says, what changed, "
    "where I last saw something, about colours and light, and what time it is.",
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
    if age > FRESH:
        opening = f"on the {camera} camera I" if camera else "I"
        return f"{_begun(opening)} last looked {spoken_age(age)}: {sentence}"
    return f"On the {camera} camera, {_within(sentence)}" if camera else sentence


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


def _begun(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def when(age: float, now: datetime) -> str:
    """ "3 minutes ago", "2 hours ago, at 13:05", "yesterday at 13:05", "on Monday at 13:05"."""
    if age < 3600:
        return spoken_age(age)
    then = now - timedelta(seconds=age)
    days = (now.date() - then.date()).days
    if days == 0:
        return f"{spoken_age(age)}, at {then:%H:%M}"
    day = "yesterday" if days == 1 else f"on {then:%A}" if days < 7 else f"on {then.day} {then:%B}"
    return f"{day} at {then:%H:%M}"


def _moment(time: str, camera: str, told: str) -> str:
    return f"{time}{f' on the {camera} camera' if camera else ''}: {told}"


def _changed(caption: Caption) -> str:
    if caption.facts is None:
        return caption.text
    return f"{listed(caption.facts.changes)}." if caption.facts.changes else ""


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

OF_MEMORY = OfMemory(
    when=when,
    moment=lambda time, camera, told: _begun(_moment(time, camera, told)),
    seen=lambda caption: caption.text,
    changed=_changed,
    now=lambda told: f"I see it now: {told}",
    last=lambda moment: f"I last saw that {moment[:1].lower()}{moment[1:]}",
    first=lambda moment: f"I first saw that {moment[:1].lower()}{moment[1:]}",
    until=lambda first, last: f"I first saw that {first}, and last {last}.",
    came=lambda time: f"Someone came {time}.",
    always=lambda time: f"As far as I remember, someone has always been there; I first saw them {time}.",
    left=lambda seen, gone: f"I saw someone {seen}; since {gone} I see nobody.",
    looked=lambda time: f"I last looked {time}.",
    space=" ",
    unchanged="Nothing has changed, as far as I see.",
    nothing_before="I have seen nothing else before.",
    nobody="I have seen nobody, as far as I remember.",
    unknown="I can't tell from here.",
    never="I have not seen that.",
    nameless="I cannot name objects with the eyes I have, so I can't tell.",
)
ENGLISH = Language(
    fixed=FIXED,
    from_facts=FROM_FACTS,
    lead=lead,
    time=told_time,
    date=told_date,
    unseen="I can't tell from here: I have not seen anything yet.",
    outside="I have no rule for that. Ask me what I see, what a text says, or what changed.",
    nothing_said="I have not said anything yet.",
    of_memory=OF_MEMORY,
)
