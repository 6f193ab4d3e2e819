"""How well something was narrated: what was told of the changes, said again, made up, said late, and in how many words.

Judged by what is true when, not by wording: a sentence repeats where all that it claims was told before, and nothing of
it changed since; it is unsupported where it claims what is not true of the picture that it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from pipelines.gist import same
from pipelines.policy import MINUTE, count
from pipelines.spots import Spots
from tests.benchmarks._narration_claims import Claim, claims, named
from tests.narrating import LATE, SEEN, Change, Script, State, within

ROTATIONS = 24
EVIDENCE = 3.0
"""Seconds before a picture in which a box must have been found for it to be evidence of a place."""


BOUND = ("caption", "change", "working")
"""Priorities that keep to a number of words a minute; hazards and what a person must know do not."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said aloud, unasked."""

    text: str
    """What was heard of it."""
    seen_at: float
    """Seconds from the beginning of the film to the picture that it speaks of."""
    began_at: float
    """The same to the first sound of it at the device."""
    ended_at: float
    expires_at: float = float("inf")
    """When it was too late to begin with it."""
    priority: str = "caption"

    @property
    def claims(self) -> list[Claim]:
        return claims(self.text)


@dataclass(slots=True)
class Score:
    """Of one film, as one narrator told it."""

    script: Script
    said: Sequence[Said]
    announced: dict[Change, Said]
    chance: float
    """How many changes the same words would announce at other times, on the average of many rotations."""
    repeats: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    doubted: list[str] = field(default_factory=list)
    """Not true, and said to be only possible."""
    unbacked: list[str] = field(default_factory=list)
    """They name a place where no box was found."""
    late: list[str] = field(default_factory=list)
    """They began after their time."""

    @property
    def delays(self) -> list[float]:
        """Seconds from each announced change to the first sound of its words."""
        return [max(0.0, said.began_at - change.at) for change, said in self.announced.items()]

    @property
    def missed(self) -> list[str]:
        return [f"{one.subject} at {one.at:g} s" for one in self.script.changes if one not in self.announced]

    @property
    def words(self) -> int:
        return sum(count(one.text) for one in self.said)

    @property
    def busiest(self) -> int:
        """The most words of any one minute, of what has to keep to a number of them; what is in part of it is whole."""
        bound = [one for one in self.said if one.priority in BOUND]
        return max((_until(bound, one) for one in bound), default=0)


def scored(script: Script, said: Sequence[Said], looks: Sequence[Spots]) -> Score:
    """`looks`: all that was found, at seconds from the beginning of the film."""
    said = [one for one in said if one.text]
    rotated = [len(announced(_rotated(script, number), said)) for number in range(1, ROTATIONS + 1)]
    score = Score(script, said, announced(script.changes, said), float(np.mean(rotated)))
    for number, one in enumerate(said):
        if repeats(one, said[:number], script):
            score.repeats.append(_told(one))
        wrong = [claim for claim in one.claims if supported(claim, one, script) is False]
        if any(not claim.doubtful for claim in wrong):
            score.unsupported.append(_told(one))
        elif wrong:
            score.doubted.append(_told(one))
        if not all(backed(claim, one.seen_at, looks) for claim in one.claims):
            score.unbacked.append(_told(one))
        if one.began_at > one.expires_at:
            score.late.append(_told(one))
    return score


def announced(changes: Iterable[Change], said: Sequence[Said]) -> dict[Change, Said]:
    """The changes that were told of, each with the first words that did. One sentence may tell of several at once,
    but of no two of the same subject."""
    found: dict[Change, Said] = {}
    used: set[tuple[int, str]] = set()
    for change in sorted(changes, key=lambda one: one.at):
        for one in said:
            # of a camera it is told since when something is the matter, which is long before it can be known
            fits = change.fits(one.began_at) and (change.subject == "camera" or change.fits(one.seen_at))
            if fits and (id(one), change.subject) not in used and tells(one, change):
                found[change] = one
                used.add((id(one), change.subject))
                break
    return found


def tells(said: Said, change: Change) -> bool:
    """Whether the words are true after the change and were not before it."""
    if change.subject == "scene":
        return True
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


def holds(claim: Claim, state: State) -> bool | None:
    """Whether it is true in that state, of which nothing is said how it came to be; None: nobody knows."""
    if claim.subject == "camera" and state.tells("camera"):
        return (state.camera or "well") == {"darker": "dark", "brighter": "well"}.get(claim.sense, claim.sense)
    if state.camera or not state.tells(claim.subject):
        return None
    if claim.subject == "motion":
        return None
    if claim.subject == "room":
        return not (state.things or state.texts or state.cropped)
    if claim.subject == "text":
        return _stands(claim, state)
    if claim.subject in state.also:
        return None
    if claim.sense in ("closer", "away"):
        return state.course.get(claim.subject) == claim.sense
    there = state.count(claim.subject)
    if claim.sense in ("absent", "gone"):
        return not there
    enough = there >= claim.count if claim.subject in state.least else there == claim.count
    if claim.count not in (None, 1) and not enough and claim.place is None:
        return False
    return there > 0 and (claim.place is None or state.at(claim.subject, claim.place))


def _stands(claim: Claim, state: State) -> bool:
    """Whether that is to be read, whole, or as far as it is to be seen."""
    wanted = _letters(claim.text)
    there = any(wanted in _letters(" ".join(state.texts)) or wanted in _letters(text) for text in state.texts)
    there = there or any(claim.partly and len(wanted) >= 2 and wanted in _letters(text) for text in state.cropped)
    return not there if claim.sense == "gone" else there


def supported(claim: Claim, said: Said, script: Script) -> bool | None:
    """Whether it is true of the picture; what came, left or moves may have done so in the seconds before it."""
    states = script.states(said.began_at if claim.subject == "camera" else said.seen_at)
    judged = [holds(claim, state) for state in states]
    if claim.sense in ("gone", "came", "well", "absent", "closer", "away"):
        near = [state for state in script.states(said.seen_at, LATE) if state.tells(claim.subject)]
        if claim.sense == "gone":
            judged += [a.count(claim.subject) > b.count(claim.subject) or a.texts != b.texts for a, b in _pairs(near)]
        elif claim.sense == "away":
            judged += [a.count(claim.subject) > b.count(claim.subject) for a, b in _pairs(near)]
    known = [one for one in judged if one is not None]
    return any(known) if known else None


def _pairs(states: Sequence[State]) -> list[tuple[State, State]]:
    return list(pairwise(states))


def backed(claim: Claim, at: float, looks: Sequence[Spots]) -> bool:
    """Whether a box of that was found there lately. What has gone was there a while ago."""
    if claim.place is None or claim.subject in ("camera", "motion"):
        return True
    since = at - (MINUTE if claim.sense in ("gone", "away") else EVIDENCE)
    spots = [spot for look in looks if since <= look.captured_at <= at + 0.05 for spot in look.found]
    return any(named(spot.label) == claim.subject and within(spot.box.x, claim.place) for spot in spots)


def repeats(said: Said, before: Sequence[Said], script: Script) -> bool:
    """Whether all that it says was said, and nothing of that changed since."""
    if not (found := said.claims):
        return any(same(one.text, said.text) and not _anything(one, said, script) for one in before)
    return all(any(_told_before(claim, one, said, script) for one in before) for claim in found)


def _anything(before: Said, said: Said, script: Script) -> bool:
    return any(_changed(change.subject, before, said, script) for change in script.changes)


def _changed(subject: str, before: Said, said: Said, script: Script) -> bool:
    """Whether that may have become another between two pictures; not by a change that was told of the first already."""
    since, until = before.seen_at - SEEN, said.seen_at + SEEN
    return any(
        change.subject == subject
        and since - change.slack <= change.at <= until + change.slack
        and not (change.fits(before.began_at) and tells(before, change))
        for change in script.changes
    )


def _told_before(claim: Claim, before: Said, said: Said, script: Script) -> bool:
    if not all(state.tells(claim.subject) for state in script.states(said.seen_at)):
        return False  # nobody knows whether it changed
    if claim.subject in ("room", "motion"):
        changed = _anything(before, said, script)
    else:
        changed = any(_changed(one, before, said, script) for one in (claim.subject, "scene", "course", "camera"))
    return not changed and any(_implies(one, claim) for one in before.claims)


def _implies(told: Claim, claim: Claim) -> bool:
    gone, here = ("gone", "absent"), ("there", "came")
    alike = told.sense == claim.sense or {told.sense, claim.sense} <= {*gone} or {told.sense, claim.sense} <= {*here}
    number = claim.count is None or claim.count == told.count or (told.count is None and claim.count == 1)
    place = claim.place is None or claim.place == told.place
    return told.subject == claim.subject and alike and number and place and _letters(claim.text) in _letters(told.text)


def _rotated(script: Script, number: int) -> list[Change]:
    by = script.seconds * number / (ROTATIONS + 1)
    return [replace(change, at=(change.at + by) % script.seconds) for change in script.changes]


def _until(said: Sequence[Said], last: Said) -> int:
    """Words of the minute that ends where `last` begins, its own among them."""
    since = last.began_at - MINUTE
    return sum(count(one.text) for one in said if one.ended_at > since and one.began_at <= last.began_at)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _told(said: Said) -> str:
    return f"{said.began_at:.1f} s: {said.text}"
