"""Two runs of a session side by side, and the clock on which one runs again."""

from __future__ import annotations

import asyncio
from typing import Any

from assistant.recordings.differences import Difference, aligned, compared
from pipelines.clock import VirtualLoop


def event(text: str, at: float, kind: str = "reply") -> dict[str, Any]:
    return {"type": kind, "text": text, "at": at}


def told(found: list[Difference]) -> list[tuple[str, float]]:
    return [(one.what, one.at) for one in found]


def test_events_are_the_same_where_times_differ_by_a_breath() -> None:
    assert compared([event("yes", 1.0)], [event("yes", 1.09)]) == []
    assert told(compared([event("yes", 1.0)], [event("yes", 1.2)])) == [("late", 1.0)]
    assert told(compared([event("yes", 1.0)], [event("yes", 0.8)])) == [("early", 1.0)]


def test_one_missing_event_does_not_make_all_that_follow_differ() -> None:
    before = [event("", at, "speech_started") for at in (1.0, 8.0, 15.0, 22.0)]
    assert told(compared(before, before[1:])) == [("missing", 1.0)]
    assert told(compared(before[:2] + before[3:], before)) == [("extra", 15.0)]


def test_other_words_at_the_same_time_are_one_difference() -> None:
    before, after = [event("yes", 1.0), event("no", 9.0)], [event("perhaps", 1.0), event("no", 9.0)]
    assert told(compared(before, after)) == [("wording", 1.0)]


def test_counters_are_not_compared_and_the_day_neither() -> None:
    before = [{"type": "health", "at": 1.0, "counters": {"a": 1}}, {"type": "started", "at": 0.0, "utc": "x"}]
    assert compared(before, [{"type": "started", "at": 0.0, "utc": "y"}]) == []


def test_an_age_that_is_a_frame_more_is_no_difference() -> None:
    before, after = [{"type": "turn_trace", "asked": "why", "said_at": 1.0, "evidence_age": age} for age in (0.2, 0.7)]
    assert compared([before], [after]) == []
    assert told(compared([before], [after | {"said_at": 1.5}])) == [("late", 1.0)]


def test_long_runs_are_aligned_too() -> None:
    before = [event("", float(at), "speech_started") for at in range(400)]
    assert len(aligned(before, before[:200] + before[201:])) == 400


# The clock on which it runs.


async def test_jobs_of_one_thread_take_their_time_one_after_the_other() -> None:
    loop, thread, done = asyncio.get_running_loop(), object(), list[tuple[str, float]]()
    assert isinstance(loop, VirtualLoop)
    began = loop.time()

    def work(name: str) -> None:
        loop.spend(0.5)
        done.append((name, loop.worked() - began))

    await asyncio.gather(*(loop.run_in_executor(thread, work, name) for name in "ab"))
    assert done == [("a", 0.5), ("b", 1.0)]
    assert loop.time() == began + 1.0


async def test_a_job_that_is_cancelled_before_its_turn_is_left_out() -> None:
    loop, thread, done = asyncio.get_running_loop(), object(), list[str]()
    assert isinstance(loop, VirtualLoop)

    def work(name: str) -> None:
        loop.spend(0.5)
        done.append(name)

    jobs = [loop.run_in_executor(thread, work, name) for name in "abc"]
    jobs[1].cancel()
    await jobs[2]
    assert done == ["a", "c"]
