"""One event in which several things happen: each time that something else is to be seen at rest, it is told again."""

from __future__ import annotations

from devices.media import Frame
from pipelines.types import Facts
from tests.rooms import room, walk
from tests.test_watching import Porch

BARE, FULL = room(), room(thing=True)


async def something_is_brought(porch: Porch, seconds: float = 1.5) -> None:
    """Somebody walks through, and a box stands there; it is still for so long."""
    await porch.show(walk(BARE, 1.5, porch.fps))
    await porch.still(FULL, seconds)


async def something_is_taken_away(porch: Porch, seconds: float = 1.5) -> None:
    await porch.show(walk(FULL, 1.5, porch.fps))
    await porch.still(BARE, seconds)


def unasked(porch: Porch) -> None:
    """No words are to come of any keyframe so far."""
    porch.watch.unchanged(Frame(BARE, porch.keyframes[-1], porch.name))


async def test_each_rest_that_shows_something_else_is_told_by_motion_alone() -> None:
    porch = Porch()
    await porch.still(BARE, 2)
    for happens in (something_is_brought, something_is_taken_away, something_is_brought):
        await happens(porch, 0.8)
        unasked(porch)
        await porch.still(FULL if happens is something_is_brought else BARE, 0.7)
    assert porch.told() == [("new", "motion"), *[("update", "scene_changed")] * 3]
    assert [event.seq for event in porch.events] == [0, 1, 2, 3]
    assert porch.events[-1].caption.endswith("it looks different now.")


async def test_a_rest_that_shows_what_was_there_before_is_no_news() -> None:
    porch = Porch()
    await porch.still(BARE, 2)
    await porch.show(walk(BARE, 3, porch.fps))
    unasked(porch)
    await porch.still(BARE, 2)
    assert porch.told() == [("new", "motion")]


async def test_the_same_words_of_something_else_at_rest_are_told_once() -> None:
    porch = Porch()
    await porch.still(BARE, 2)
    await something_is_brought(porch, 0.8)
    porch.caption("A room.", Facts(colours=("grey",)))
    await porch.still(FULL, 0.7)
    await something_is_taken_away(porch, 0.8)
    porch.caption("A room.", Facts(colours=("grey",)))
    assert len(porch.told()) == 2  # so far the same words of motion that goes on
    await porch.still(BARE, 0.7)
    assert [event.caption for event in porch.events[1:]] == ["A room."] * 2
    assert porch.events[-1].captured_at == porch.keyframes[-1]


async def test_words_that_come_late_are_told_of_what_was_at_rest_although_it_moves_again() -> None:
    porch = Porch()
    await porch.still(BARE, 2)
    await something_is_brought(porch)
    porch.caption("A room.", Facts(colours=("grey",)))
    await something_is_taken_away(porch)
    at_rest = len(porch.keyframes) - 1
    await porch.show(walk(BARE, 1, porch.fps))
    porch.caption("A room.", Facts(colours=("grey",)), keyframe=at_rest)
    assert [event.captured_at for event in porch.events[2:]] == [porch.keyframes[at_rest]]
