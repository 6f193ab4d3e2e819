"""What can be said of the course of things: what changed, what was seen earlier, who came and went."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from pipelines.chats.words import people_in, spoken_age
from pipelines.types import Caption
from pipelines.wording import listed

MOST = 3
"""So many moments are told, the newest first: more cannot be followed by ear."""


def changes(record: Sequence[Caption], now: float) -> str:
    """What became different, and when."""
    changed = ((caption, change) for caption in reversed(record) if (change := _change(record, caption)))
    told = [_moment(record, caption, now, change) for caption, change in islice(changed, MOST)]
    return " ".join(told) or "Nothing has changed, as far as I see."


def earlier(record: Sequence[Caption], now: float) -> str:
    """What was seen before that which is seen now."""
    newest = {caption.camera: caption for caption in record}
    past = [caption for caption in reversed(record) if newest[caption.camera] is not caption]
    told = [_moment(record, caption, now, caption.text) for caption in past[:MOST]]
    return " ".join(told) or "I have seen nothing else before."


def visits(record: Sequence[Caption], now: float) -> str:
    """Whether people came or left, and when."""
    counted = [(caption, people) for caption in record if (people := people_seen(caption)) is not None]
    seen = [caption for caption, people in counted if people]
    if not seen:
        return "I have seen nobody, as far as I remember." if counted else "I can't tell from here."
    course = [(caption, people) for caption, people in counted if caption.camera == seen[-1].camera]
    gone = [caption for caption, people in course if not people]
    if gone and gone[-1].captured_at > seen[-1].captured_at:
        left = next(caption for caption in gone if caption.captured_at > seen[-1].captured_at)
        return f"I saw someone {_age(seen[-1], now)}; since {_age(left, now)} I see nobody."
    return _came(course, gone, now)


def people_seen(caption: Caption) -> int | None:
    """At least so many people; None where the caption does not say."""
    return caption.facts.people if caption.facts is not None else people_in(caption.text)


def _came(course: Sequence[tuple[Caption, int]], gone: Sequence[Caption], now: float) -> str:
    if gone:
        first = next(caption for caption, people in course if people and caption.captured_at > gone[-1].captured_at)
        return f"Someone came {_age(first, now)}."
    return f"As far as I remember, someone has always been there; I first saw them {_age(course[0][0], now)}."


def _change(record: Sequence[Caption], caption: Caption) -> str:
    if caption.facts is not None:
        return f"{listed(caption.facts.changes)}." if caption.facts.changes else ""
    first = next(other for other in record if other.camera == caption.camera)
    return "" if first is caption else caption.text


def _moment(record: Sequence[Caption], caption: Caption, now: float, told: str) -> str:
    several = len({other.camera for other in record}) > 1
    where = f" on the {caption.camera} camera" if several else ""
    when = _age(caption, now)
    return f"{when[:1].upper()}{when[1:]}{where}: {told}"


def _age(caption: Caption, now: float) -> str:
    return spoken_age(now - caption.captured_at)
