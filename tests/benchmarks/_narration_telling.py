"""Which changes were told of: by their names, or honestly without, by saying that something is another there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipelines.gist import same
from tests.benchmarks._narration_claims import Claim
from tests.benchmarks._narration_stirs import stirred
from tests.benchmarks._narration_truth import Said, holds, implies
from tests.narrating import GRADUAL, Change, Script, within

RECENT = 4.0
"""Seconds before a picture in which something must have moved that is said to move or to have changed."""
SHOWS = re.compile(
    r"\b(?:shows?|can be seen|scene|looks? like|there (?:is|are)|(?:picture|image|photo|view) of)\b", re.IGNORECASE
)
"""Words that describe a picture."""


def named_by(changes: Iterable[Change], said: Sequence[Said]) -> dict[Change, Said]:
    """The changes that were told by name, each with the first words that did. One sentence may tell of several at
    once, but of no two of the same subject."""
    found: dict[Change, Said] = {}
    used: set[tuple[int, str]] = set()
    for change in sorted(changes, key=lambda one: one.at):
        for number, one in enumerate(said):
            if _in_time(one, change) and (id(one), change.subject) not in used and tells(one, change, said[:number]):
                found[change] = one
                used.add((id(one), change.subject))
                break
    return found


def hinted(
    changes: Iterable[Change], found: dict[Change, Said], said: Sequence[Said], script: Script
) -> dict[Change, Said]:
    """These, and the changes of which it was only said that something is not as it was, each by words of its own."""
    told, used = dict(found), set[int]()
    for change in sorted(changes, key=lambda one: one.at):
        hints = (one for one in said if id(one) not in used and _in_time(one, change) and hints_at(one, change, script))
        if change not in told and (first := next(hints, None)) is not None:
            told[change] = first
            used.add(id(first))
    return told


def _in_time(said: Said, change: Change) -> bool:
    """Of a camera it is told since when something is the matter, which is long before it can be known."""
    return change.fits(said.began_at) and (change.subject == "camera" or change.fits(said.seen_at))


def tells(said: Said, change: Change, before: Sequence[Said] = ()) -> bool:
    """Whether the words are true after the change and were not before it; of another scene, whether they say that it
    is another, or describe it otherwise than the last one was."""
    if change.subject == "scene":
        return any(one.subject == "scene" for one in said.claims) or _described_anew(said, before)
    return any(_new(claim, change) for claim in said.claims)


def _new(claim: Claim, change: Change) -> bool:
    before, after = change.before, change.after
    if change.subject == "course":
        return claim.sense == after.course.get(claim.subject)
    if claim.subject not in (change.subject, "room"):
        return False
    if claim.subject == "text" and claim.sense == "gone":
        return (
            len(after.texts) + len(after.cropped) < len(before.texts) + len(before.cropped)
            or before.texts != after.texts
        )
    fewer = after.count(claim.subject) < before.count(claim.subject)
    if claim.sense in ("gone", "away") and claim.subject not in ("text", "camera"):
        return fewer
    if claim.sense == "came" and claim.count is None and claim.place is None:
        return after.count(claim.subject) > before.count(claim.subject)
    return holds(claim, after) is True and holds(claim, before) is not True


def hints_at(said: Said, change: Change, script: Script) -> bool:
    """Whether the words say that something they cannot name came, went or is another, and where it truly did.
    Letters, an approach, another scene and a trouble of the camera are not told by that."""
    if change.subject in ("text", "scene", *GRADUAL):
        return False
    return any(hint(claim) and _right_place(claim, change, said, script) for claim in said.claims)


def hint(claim: Claim) -> bool:
    """Whether it says that something is not as it was, without a name for it."""
    return claim.subject == "motion" and claim.sense == "there" and not claim.doubtful


def _right_place(claim: Claim, change: Change, said: Said, script: Script) -> bool:
    """By what is known of the change, or else by where the picture itself is another."""
    if claim.place is None:
        return True
    known = [x for x in change.where if x is not None]
    if known:
        return any(within(x, claim.place) for x in known)
    return stirred(script, claim.place, said.seen_at - RECENT, said.seen_at)


def _described_anew(said: Said, before: Sequence[Said]) -> bool:
    last = next((one for one in reversed(before) if _describes(one)), None)
    if not _describes(said) or last is None:
        return _describes(said)
    if not said.claims:
        return not same(last.text, said.text)
    return not all(any(implies(told, claim) for told in last.claims) for claim in said.claims)


def _describes(said: Said) -> bool:
    """Whether it says what is to be seen, and not what became of it."""
    if said.priority != "caption":
        return False
    if not said.claims:
        return bool(SHOWS.search(said.text))
    return all(one.sense in ("there", "absent") and one.subject not in ("camera", "motion") for one in said.claims)
