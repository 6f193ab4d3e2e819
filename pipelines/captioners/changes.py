"""What differs between two keyframes of one camera, a short clause each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.captionwords import among
from pipelines.types import Facts

SAID = 4
"""Lines that are named one by one; more are counted."""


def changes(before: Facts, after: Facts) -> tuple[str, ...]:
    """The clauses, most important first."""
    return (
        *_people(before, after),
        *_lines("text", before.text, after.text),
        *_lines("code", before.codes, after.codes),
        *_light(before, after),
        *_motion(before, after),
    )


def _people(before: Facts, after: Facts) -> Iterator[str]:
    if before.people is None or after.people is None or before.people == after.people:
        return
    if (before if before.people == 0 else after).maybe_people:  # the one that is more may have been there all along
        return
    number, word = abs(after.people - before.people), "more" if after.people > before.people else "fewer"
    yield f"one person {word}" if number == 1 else f"{number} people {word}"


def _lines(kind: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    new = [line for line in after if not among(line, before)]
    gone = [line for line in before if not among(line, after)]
    for lines, fate in ((new, "new"), (gone, "gone")):
        if len(lines) > SAID:
            yield f"{len(lines)} lines of {kind} are {fate}"
        elif lines:
            yield f"the {kind} “{' / '.join(lines)}” is {fate}"


def _light(before: Facts, after: Facts) -> Iterator[str]:
    if before.light and after.light and before.light != after.light:
        yield f"the light went from {before.light} to {after.light}"
    elif before.colours and after.colours and before.colours[0] not in after.colours:
        yield f"the main colour went from {before.colours[0]} to {after.colours[0]}"


def _motion(before: Facts, after: Facts) -> Iterator[str]:
    if "dark" in (before.light, after.light) and before.light != after.light:  # nobody can tell
        return
    if after.motion == "camera":
        yield "the whole picture changed"
    elif after.motion in ("left", "centre", "right"):
        yield f"something moved {'in' if after.motion == 'centre' else 'on'} the {after.motion}"
