"""Puts into a sentence or two what is new of people and things, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.narration.labels import counted, measure, plural, spoken
from pipelines.narration.places import WORDS, Style
from pipelines.narration.situation import Course
from pipelines.narration.things import Change, Told
from pipelines.phrases import Language
from pipelines.spots import PERSON
from pipelines.wording import listed

MOST = 6
"""Kinds of things in one sentence: nobody remembers more."""


@dataclass(frozen=True, slots=True)
class Group:
    """Things that are told in one breath."""

    label: str
    place: str
    doubtful: bool
    course: Course
    count: int


Before = Mapping[str, int]
"""How many of each name the listener knows of, before the changes."""


def news(changes: Sequence[Change], before: Before, style: Style, language: Language) -> str:
    """All of it, what is there first. With the style `none` there are no places, and it is shorter."""
    by_kind = {kind: [one for one in changes if one.kind == kind] for kind in ("new", "gone")}
    places = WORDS[language][style]
    after = {one.now.label: before.get(one.now.label, 0) for one in changes}
    for one in changes:
        after[one.now.label] += {"new": 1, "gone": -1}.get(one.kind, 0)
    words = _english if language == "en" else _chinese
    new, gone = (_groups(by_kind[kind], places) for kind in ("new", "gone"))
    told = [one for one in changes if one.kind not in ("new", "gone")]
    sentences = words.new(new, before, after) + [words.gone(one, before, after) for one in gone]
    sentences += [words.other(one, places, before) for one in told]
    return words.joint.join(dict.fromkeys(sentence[0].upper() + sentence[1:] for sentence in sentences))


@dataclass(frozen=True, slots=True)
class _Words:
    new: Callable[[Sequence[Group], Before, Before], list[str]]
    gone: Callable[[Group, Before, Before], str]
    other: Callable[[Change, Sequence[str], Before], str]
    joint: str


def _groups(changes: Sequence[Change], places: Sequence[str]) -> list[Group]:
    """Of the same in the same place so many; those of one name together, the sure ones first, from left to right."""
    found: dict[tuple[str, str, bool, Course], int] = {}
    names = [change.now.label for change in sorted(changes, key=lambda one: one.now.box.x)]
    for change in sorted(changes, key=lambda one: (names.index(one.now.label), one.now.doubtful, one.now.box.x)):
        told = change.now
        course = told.course if told.course in ("approaching", "leaving") and change.kind == "new" else "still"
        key = told.label, places[told.third], told.doubtful, course if not told.doubtful else "still"
        found[key] = found.get(key, 0) + 1
    return [Group(*key, count) for key, count in found.items()]


def _new_in_english(groups: Sequence[Group], before: Before, after: Before) -> list[str]:
    first, others = _parted(groups, before, after)
    more = [_more_in_english(one, after) for one in others]
    if not first:
        return more
    labels = {one.label for one in first}
    plain = all(one.count == 1 and not one.doubtful and one.course == "still" for one in first)
    if len(labels) == 1 and len(first) > 1 and plain:
        sentence = f"{counted(first[0].label, len(first), 'en')}: {listed([one.place for one in first])}."
        return [sentence, *more]
    known = ["", *(one.label for one in first)]
    parts = [_part_in_english(one, one.label == last) for one, last in zip(first[:MOST], known, strict=False)]
    rest = sum(one.count for one in first[MOST:])
    parts += [f"{rest} more thing{'s' * (rest != 1)}"] * bool(rest)
    return [f"{listed(parts)}.", *more]


def _parted(groups: Sequence[Group], before: Before, after: Before) -> tuple[list[Group], list[Group]]:
    """Those that are told by themselves, and those that are more than there were: where some went, nobody adds up."""
    first = [one for one in groups if not before.get(one.label) or after[one.label] <= before[one.label]]
    return first, [one for one in groups if one not in first]


def _part_in_english(group: Group, again: bool) -> str:
    """`again`: the last one was of the same name."""
    doubt = "possibly " if group.doubtful else ""
    course = {"approaching": ", approaching", "leaving": ", going away"}.get(group.course, "")
    what = str(group.count if group.count > 1 else "one") if again else counted(group.label, group.count, "en")
    return f"{doubt}{_placed(what, group.place)}{course}"


def _more_in_english(group: Group, after: Before) -> str:
    name = spoken(group.label, "en")
    more = f"{'one' if group.count == 1 else group.count} more {name if group.count == 1 else plural(name)}"
    course = {"approaching": ", approaching", "leaving": ", going away"}.get(group.course, "")
    if group.doubtful:
        return f"possibly {_placed(more, group.place)}."
    return f"{_placed(more, group.place)}{course}: now {after[group.label]}."


def _gone_in_english(group: Group, before: Before, after: Before) -> str:
    if group.doubtful:
        return f"what may have been {_placed(counted(group.label, group.count, 'en'), group.place)} is gone."
    name, left = spoken(group.label, "en"), after[group.label]
    now = f": now {left}" if left > 0 else ""
    if group.count == 1:
        return f"{'the' if before.get(group.label) == 1 else 'a'} {_placed(name, group.place)} is gone{now}."
    return f"{_placed(counted(group.label, group.count, 'en'), group.place)} are gone{now}."


def _other_in_english(change: Change, places: Sequence[str], before: Before) -> str:
    now, name, place = change.now, spoken(change.now.label, "en"), places[change.now.third]
    which = "the" if before.get(now.label, 0) == 1 else "a"
    if change.kind == "moved":
        return f"{which} {name} is {place} now."
    if change.kind == "course":
        goes = "approaching" if now.course == "approaching" else "going away"
        return f"{_placed(f'{which} {name}', place)} is {goes}."
    if now.course == "approaching":
        return f"correction: {counted(now.label, 1, 'en')} approaching{', ' * bool(place)}{place}."
    return f"correction: {_placed(counted(now.label, 1, 'en'), place)}."


def _placed(name: str, place: str) -> str:
    return f"{name} {place}" if place else name


def _new_in_chinese(groups: Sequence[Group], before: Before, after: Before) -> list[str]:
    first, others = _parted(groups, before, after)
    more = [_more_in_chinese(one, after) for one in others]
    if not first:
        return more
    parts = [_part_in_chinese(one) for one in first[:MOST]]
    rest = sum(one.count for one in first[MOST:])
    parts += [f"还有{rest}样东西"] * bool(rest)
    return [f"{'，'.join(parts)}。", *more]


def _part_in_chinese(group: Group) -> str:
    doubt = "可能" if group.doubtful else ""
    return f"{group.place}{doubt}有{counted(group.label, group.count, 'zh')}{_course_in_chinese(group)}"


def _course_in_chinese(group: Group | Told) -> str:
    comes = "正在走近" if group.label == PERSON else "正在靠近"
    return {"approaching": comes, "leaving": "正在离开"}.get(group.course, "")


def _more_in_chinese(group: Group, after: Before) -> str:
    more = counted(group.label, group.count, "zh")
    if group.doubtful:
        return f"{group.place}可能又多了{more}。"
    return f"{group.place}又多了{more}：现在{after[group.label]}{measure(group.label)}。"


def _gone_in_chinese(group: Group, before: Before, after: Before) -> str:
    name, left, of = spoken(group.label, "zh"), after[group.label], "的" if group.place else ""
    if group.doubtful:
        return f"{group.place}可能是{name}的东西不见了。"
    if before.get(group.label, 0) == group.count == 1:
        return f"{group.place}{of}{name}不见了。"
    now = f"：现在{left}{measure(group.label)}" if left > 0 else ""
    return f"{group.place}{of}{counted(group.label, group.count, 'zh')}不见了{now}。"


def _other_in_chinese(change: Change, places: Sequence[str], before: Before) -> str:
    now, name, place = change.now, spoken(change.now.label, "zh"), places[change.now.third]
    one = name if before.get(now.label, 0) == 1 else f"有{counted(now.label, 1, 'zh')}"
    which = f"那{measure(now.label)}{name}" if before.get(now.label, 0) == 1 else one
    if change.kind == "moved":
        return f"{which}现在在{place}。"
    if change.kind == "course":
        return f"{place}{'的' if place and one == name else ''}{one}{_course_in_chinese(now)}。"
    comes = _course_in_chinese(now) if now.course == "approaching" else ""
    return f"更正：{place or '那'}是{counted(now.label, 1, 'zh')}{'，' * bool(comes)}{comes}。"


_english = _Words(_new_in_english, _gone_in_english, _other_in_english, " ")
_chinese = _Words(_new_in_chinese, _gone_in_chinese, _other_in_chinese, "")
