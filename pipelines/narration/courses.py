"""Where a thing goes, by its boxes of about a second: towards the camera, away from it, aside, or nowhere.

How near something is, a box does not say; that it comes nearer, its growth does.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, log

from pipelines.narration.situation import Course
from pipelines.spots import Box

MEMORY = 1.3
"""Seconds of boxes that are compared."""
SPAN = 0.55
"""Seconds that they must span, and the number of boxes, before anything is said of a course."""
LEAST = 4
GROWS, GREW = 0.2, 0.08
"""Growth as a logarithm a second from which on it counts, and below which not any more; at 0.2 it would arrive in five
seconds."""
MOVES, MOVED = 0.12, 0.06
"""The same of moving aside, in shares of the picture a second."""
EDGE = 0.03
"""Share of the picture: a box that is as close to its edge shows but a part of the thing."""
INWARDS = 0.15
"""Shares of the picture a second: what comes in over the edge so fast grows because more of it is seen."""

Past = Sequence[tuple[float, Box]]
"""Times in seconds, oldest first, each with the box of then."""


def cut(box: Box) -> bool:
    """Whether the edge of the picture cuts it off."""
    return any(_cuts(box))


def course(past: Past, last: Course) -> Course:
    """By the boxes of the last second or so; `last`: what it was before, which takes less to go on."""
    if not _tell(past):
        return "still"
    grows = growth(past)
    if grows >= (GREW if last == "approaching" else GROWS):
        return "approaching"
    if grows <= -(GREW if last == "leaving" else GROWS):
        return "leaving"
    return "moving" if drift(past) >= (MOVED if last == "moving" else MOVES) else "still"


def growth(past: Past) -> float:
    """By how much it grows, as the logarithm a second; 0 where nobody can tell.

    Both ways must agree. A side that the edge cuts off says nothing, and something that slides in over the edge grows
    only for the eye.
    """
    if not _tell(past):
        return 0.0
    (began, first), (ended, last) = past[0], past[-1]
    across, upright = (a or b for a, b in zip(_cuts(first), _cuts(last), strict=True))
    if (across and upright) or ((across or upright) and _slides(first, last, ended - began)):
        return 0.0
    sizes = [] if across else [_slope([(at, box.right - box.left) for at, box in past])]
    sizes += [] if upright else [_slope([(at, box.bottom - box.top) for at, box in past])]
    if min(sizes) > 0:
        return min(sizes)
    return max(sizes) if max(sizes) < 0 else 0.0


def drift(past: Past) -> float:
    """Shares of the picture a second by which its middle moves."""
    (began, first), (ended, last) = past[0], past[-1]
    return hypot(last.x - first.x, last.y - first.y) / max(ended - began, 1e-6)


def _tell(past: Past) -> bool:
    return len(past) >= LEAST and past[-1][0] - past[0][0] >= SPAN


def _slides(first: Box, last: Box, seconds: float) -> bool:
    """Whether what an edge cuts off moves over it, in or out."""
    return hypot(last.x - first.x, last.y - first.y) / seconds > INWARDS


def _cuts(box: Box) -> tuple[bool, bool]:
    """Whether an edge cuts it off across, and upright."""
    return box.left < EDGE or box.right > 1 - EDGE, box.top < EDGE or box.bottom > 1 - EDGE


def _slope(sizes: list[tuple[float, float]]) -> float:
    """Least squares of the logarithm over the seconds: one box that is off counts little."""
    times = [at for at, _ in sizes]
    logs = [log(max(size, 1e-3)) for _, size in sizes]
    middle, level = sum(times) / len(times), sum(logs) / len(logs)
    spread = sum((at - middle) ** 2 for at in times)
    return sum((at - middle) * (value - level) for at, value in zip(times, logs, strict=True)) / spread
