"""When a job is handed out to caption-workers, and when again: decided without a broker, on a clock that is given."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pipelines.backends import BackendError
from pipelines.remote.errand import ABSENT, BUSY, MOST, NOBODY, UNHEARD, Absent, Changed, Errand, Gone, Undelivered
from pipelines.remote.jobs import LEASE, Told
from pipelines.types import Seen

DONE = Told(worker="b", state="done", seen=Seen("a cat"))


@dataclass
class Sent:
    """What was handed out: the seconds for which each was worth something."""

    times: list[float] = field(default_factory=list)
    connected: bool = True

    def __call__(self, seconds: float) -> int | None:
        if not self.connected:
            return None
        self.times.append(seconds)
        return len(self.times)


def begun(sent: Sent) -> Errand:
    """A job of ten seconds that was handed out at 100 s."""
    errand = Errand(sent, until=110.0, due=100.0)
    errand.step(100.0)
    return errand


def taken(worker: str) -> Told:
    return Told(worker=worker, state="taken")


def declined(worker: str) -> Told:
    return Told(worker=worker, state="declined")


def test_a_job_is_handed_out_once_while_its_worker_shows_that_it_is_alive() -> None:
    errand = begun(sent := Sent())
    for at in (100.1, 101.0, 104.0, 108.0):
        errand.tell(taken("a"), at)
        assert errand.due == min(at + LEASE, 110.0)
    errand.tell(DONE, 109.0)
    assert errand.answer is DONE
    assert sent.times == [10.0]


def test_a_worker_that_is_gone_loses_its_job_at_once_to_another() -> None:
    errand = begun(sent := Sent())
    errand.tell(taken("a"), 100.1)
    errand.tell(Gone("another"), 100.2)
    assert sent.times == [10.0]
    errand.tell(Gone("a"), 101.0)
    assert sent.times == [10.0, 9.0]  # worth something for what is left of its time


def test_a_worker_that_goes_silent_loses_it_when_its_lease_is_over() -> None:
    errand = begun(sent := Sent())
    errand.tell(taken("a"), 100.5)
    errand.step(errand.due)
    assert errand.due == 100.5 + LEASE + UNHEARD
    assert len(sent.times) == 2


def test_what_no_worker_says_to_have_is_handed_out_again() -> None:
    errand = begun(sent := Sent())
    assert errand.due == 100.0 + UNHEARD
    errand.step(errand.due)
    assert len(sent.times) == 2


def test_a_late_answer_of_a_worker_that_was_given_up_counts() -> None:
    errand = begun(Sent())
    errand.tell(taken("b"), 100.1)
    errand.step(errand.due)
    errand.tell(DONE, 106.0)
    assert errand.answer is DONE


def test_it_goes_round_the_workers_until_one_is_free_and_rests_when_none_is() -> None:
    errand = begun(sent := Sent())
    for at, worker in ((100.1, "a"), (100.2, "b"), (100.3, "c")):
        errand.tell(declined(worker), at)
    assert len(sent.times) == 4
    errand.tell(declined("a"), 100.4)  # everybody was asked
    assert len(sent.times) == 4
    assert errand.due == 100.4 + BUSY
    errand.tell(Changed(), 100.5)
    assert len(sent.times) == 5


def test_a_worker_that_gives_a_job_back_is_no_loss() -> None:
    errand = begun(sent := Sent())
    for _ in range(MOST + 1):
        errand.tell(taken("a"), 100.1)
        errand.tell(declined("a"), 100.2)
    assert len(sent.times) == MOST + 2


def test_a_picture_over_which_workers_die_does_not_end_all_of_them() -> None:
    errand = begun(sent := Sent())
    for worker in "abcdefgh"[: MOST - 1]:
        errand.tell(taken(worker), 100.1)
        errand.tell(Gone(worker), 100.2)
    errand.tell(taken("z"), 100.3)
    with pytest.raises(BackendError, match=f"{MOST} caption-workers were lost over one picture"):
        errand.tell(Gone("z"), 100.4)
    assert len(sent.times) == MOST


def test_without_any_worker_it_is_given_up_soon() -> None:
    errand = begun(sent := Sent())
    for at in range(int(ABSENT / NOBODY)):
        now = 100.0 + at * NOBODY
        errand.tell(Undelivered(len(sent.times)), now)
        assert errand.due == now + NOBODY
        if errand.due < 100.0 + ABSENT:
            errand.step(errand.due)
    with pytest.raises(Absent):
        errand.step(100.0 + ABSENT)


def test_without_a_connection_nothing_is_handed_out_until_there_is_one() -> None:
    errand = begun(sent := Sent(connected=False))
    errand.step(errand.due)
    assert sent.times == []
    sent.connected = True
    errand.tell(Changed(), 101.0)
    assert sent.times == [9.0]


def test_that_nobody_got_another_message_means_nothing() -> None:
    errand = begun(Sent())
    errand.tell(Undelivered(99), 100.1)
    assert errand.due == 100.0 + UNHEARD


def test_a_model_s_error_is_the_answer() -> None:
    errand = begun(Sent())
    with pytest.raises(BackendError, match="caption-worker a: out of memory"):
        errand.tell(Told(worker="a", state="failed", why="out of memory"), 101.0)


def test_after_its_time_it_is_given_up_though_a_worker_has_it() -> None:
    errand = begun(Sent())
    for at in (103.0, 107.0, 109.9):
        errand.tell(taken("a"), at)
    assert errand.due == 110.0
    with pytest.raises(BackendError, match="patience"):
        errand.step(110.0)
