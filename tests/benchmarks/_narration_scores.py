"""How well something was narrated: what was told of the changes, said again, made up, said late, and in how many words.

Judged by what is true when, not by wording: a change is named where its words were not true before it, and announced
also where it is only said that something changed, in the right place; a sentence repeats where all that it claims was
told before, and nothing of it changed since; it is unsupported where it claims what is not true of its picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from pipelines.gist import same
from pipelines.policy import MINUTE, count
from pipelines.spots import Spots
from tests.benchmarks._narration_claims import Claim, named
from tests.benchmarks._narration_stirs import stirred
from tests.benchmarks._narration_telling import RECENT, hint, hinted, hints_at, named_by, tells
from tests.benchmarks._narration_truth import Said, holds, implies
from tests.narrating import SEEN, SLOW, Change, Script, State, within

__all__ = ["Said", "Score", "scored"]

ROTATIONS = 24
EVIDENCE = 3.0
"""Seconds before a picture in which a box must have been found for it to be evidence of a place."""
BOUND = ("caption", "change", "working")
"""Priorities that keep to a number of words a minute; hazards and what a person must know do not."""


@dataclass(slots=True)
class Score:
    """Of one film, as one narrator told it."""

    script: Script
    said: Sequence[Said]
    announced: dict[Change, Said]
    """Told in time that something changed there, by its name or honestly without one."""
    named: dict[Change, Said]
    """Of these, what was told by its name."""
    chance: float
    """How many changes the same words would announce at other times, on the average of many rotations."""
    chance_named: float = 0.0
    """The same of those that are named."""
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
        return _listed(one for one in self.script.changes if one not in self.announced)

    @property
    def unnamed(self) -> list[str]:
        """Announced, but not by name."""
        return _listed(one for one in self.announced if one not in self.named)

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
    by_name = named_by(script.changes, said)
    rotated = [_by_chance(_rotated(script, number), said, script) for number in range(1, ROTATIONS + 1)]
    chance, chance_named = (float(np.mean(column)) for column in zip(*rotated, strict=True))
    told = hinted(script.changes, by_name, said, script)
    score = Score(script, said, told, by_name, chance, chance_named)
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


def _by_chance(changes: Sequence[Change], said: Sequence[Said], script: Script) -> tuple[int, int]:
    """How many are announced, and how many of these named."""
    found = named_by(changes, said)
    return len(hinted(changes, found, said, script)), len(found)


def _rotated(script: Script, number: int) -> list[Change]:
    by = script.seconds * number / (ROTATIONS + 1)
    return [replace(change, at=(change.at + by) % script.seconds) for change in script.changes]


def supported(claim: Claim, said: Said, script: Script) -> bool | None:
    """Whether it is true of the picture; what came, left or moves may have done so in the seconds before it."""
    states = script.states(said.began_at if claim.subject == "camera" else said.seen_at)
    near = script.states(said.seen_at, SLOW)
    if claim.subject in ("motion", "scene"):
        return _moved(claim, said, script) if all(one.tells(claim.subject) and not one.camera for one in near) else None
    if not script.known(said.seen_at) and claim.subject != "camera":
        return None
    judged = [holds(claim, state) for state in states]
    if claim.sense in ("gone", "came", "well", "absent", "closer", "away"):
        near = [state for state in near if state.tells(claim.subject)]
        if claim.sense == "gone":
            judged += [a.count(claim.subject) > b.count(claim.subject) or a.texts != b.texts for a, b in _pairs(near)]
        elif claim.sense == "away":
            judged += [a.count(claim.subject) > b.count(claim.subject) for a, b in _pairs(near)]
    known = [one for one in judged if one is not None]
    return any(known) if known else None


def _moved(claim: Claim, said: Said, script: Script) -> bool | None:
    """Whether something did, of which it is said without a name; or whether the picture is another altogether."""
    if claim.subject == "scene":
        return len({one.scene for one in script.states(said.seen_at, SLOW)}) > 1
    return stirred(script, claim.place, said.seen_at - RECENT, said.seen_at) if hint(claim) else None


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
    if (found := said.claims) and all(hint(claim) for claim in found) and _known(said, before, script):
        return True
    if not found:
        return any(same(one.text, said.text) and not _anything(one, said, script) for one in before)
    return all(any(_told_before(claim, one, said, script) for one in before) for claim in found)


def _known(said: Said, before: Sequence[Said], script: Script) -> bool:
    """Whether all that it may hint at was told by name before it."""
    meant = [one for one in script.changes if one.fits(said.seen_at) and (not one.where or hints_at(said, one, script))]
    named = named_by(meant, before)
    return bool(meant) and all(one in named for one in meant)


def _anything(before: Said, said: Said, script: Script) -> bool:
    return any(_changed(change.subject, before, said, script) for change in script.changes)


def _changed(subject: str, before: Said, said: Said, script: Script) -> bool:
    """Whether that may have become another between two pictures; not by a change that was told of the first already."""
    since, until = before.seen_at - SEEN, said.seen_at + SEEN
    return any(
        change.subject == subject
        and since - change.slack <= change.at <= until + change.slack
        and not (change.fits(before.began_at) and (change.subject == "scene" or tells(before, change)))
        for change in script.changes
    )


def _told_before(claim: Claim, before: Said, said: Said, script: Script) -> bool:
    if not all(state.tells(claim.subject) for state in script.states(said.seen_at)):
        return False  # nobody knows whether it changed
    if claim.subject in ("room", "motion"):
        changed = _anything(before, said, script)
    else:
        changed = any(_changed(one, before, said, script) for one in (claim.subject, "scene", "course", "camera"))
    return not changed and any(implies(one, claim) for one in before.claims)


def _until(said: Sequence[Said], last: Said) -> int:
    """Words of the minute that ends where `last` begins, its own among them."""
    since = last.began_at - MINUTE
    return sum(count(one.text) for one in said if one.ended_at > since and one.began_at <= last.began_at)


def _told(said: Said) -> str:
    return f"{said.began_at:.1f} s: {said.text}"


def _listed(changes: Iterable[Change]) -> list[str]:
    return [f"{one.subject} at {one.at:g} s" for one in changes]
