"""What was said aloud, and whether what it claims is true in a state."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks._narration_claims import Claim, claims
from tests.narrating import State


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


def holds(claim: Claim, state: State) -> bool | None:
    """Whether it is true in that state, of which nothing is said how it came to be; None: nobody knows."""
    if claim.subject == "camera" and state.tells("camera"):
        return (state.camera or "well") == {"darker": "dark", "brighter": "well"}.get(claim.sense, claim.sense)
    if state.camera or not state.tells(claim.subject):
        return None
    if claim.subject in ("motion", "scene"):
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
    """Whether that is to be read: whole, or, where it is said to be covered in part, as far as it is to be seen."""
    wanted = letters(claim.text)
    if claim.partly:
        return len(wanted) >= 2 and any(wanted in letters(text) for text in state.cropped)
    there = any(wanted in letters(text) for text in (" ".join(state.texts), *state.texts))
    return not there if claim.sense == "gone" else there


def implies(told: Claim, claim: Claim) -> bool:
    """Whether who heard the one knows the other."""
    gone, here = ("gone", "absent"), ("there", "came")
    alike = told.sense == claim.sense or {told.sense, claim.sense} <= {*gone} or {told.sense, claim.sense} <= {*here}
    number = claim.count is None or claim.count == told.count or (told.count is None and claim.count == 1)
    place = claim.place is None or claim.place == told.place
    return told.subject == claim.subject and alike and number and place and letters(claim.text) in letters(told.text)


def letters(text: str) -> str:
    """As texts are compared: not by their case, nor by what stands between the letters."""
    return "".join(letter for letter in text.lower() if letter.isalnum())
