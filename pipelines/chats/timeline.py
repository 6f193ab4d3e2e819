"""What can be said of the course of things: what changed, what was seen earlier, who came and went."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.chats.words import listed, people_in, spoken_age
from pipelines.types import Caption

MOST = 3
"""So many moments are told, the newest first: more cannot be followed by ear."""


def changes(scene: Sequence[Caption], now: float) -> str:
    """What became different, and when."""
    told = [_moment(scene, caption, now, told) for caption in reversed(scene) if (told := _change(scene, caption))]
    return " ".join(told[:MOST]) or "Nothing has changed, as far as I see."


def earlier(scene: Sequence[Caption], now: float) -> str:
    """What was seen before that which is seen now."""
    newest = {caption.camera: caption for caption in scene}
    past = [caption for caption in reversed(scene) if newest[caption.camera] is not caption]
    told = [_moment(scene, caption, now, caption.text) for caption in past[:MOST]]
    return " ".join(told) or "I have seen nothing else before."


def visits(scene: Sequence[Caption], now: float) -> str:
    """Whether people came or left, and when."""
    counted = [(caption, people) for caption in scene if (people := people_seen(caption)) is not None]
    seen = [caption for caption, people in counted if people]
    if not seen:
        return "I have seen nobody so far." if counted else "I can't tell from here."
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
    return f"Someone has been there since I began to look, {_age(course[0][0], now)}."


def _change(scene: Sequence[Caption], caption: Caption) -> str:
    if caption.facts is not None:
        return f"{listed(caption.facts.changes)}." if caption.facts.changes else ""
    first = next(other for other in scene if other.camera == caption.camera)
    return "" if first is caption else caption.text


def _moment(scene: Sequence[Caption], caption: Caption, now: float, told: str) -> str:
    several = len({other.camera for other in scene}) > 1
    where = f" on the {caption.camera} camera" if several else ""
    when = _age(caption, now)
    return f"{when[:1].upper()}{when[1:]}{where}: {told}"


def _age(caption: Caption, now: float) -> str:
    return spoken_age(now - caption.captured_at)
