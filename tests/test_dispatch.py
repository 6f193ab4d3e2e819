"""Which job goes to which caption-worker, and when to another: decided without a broker, on a clock that is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from pipelines.backends import BackendError
from pipelines.remote.dispatch import (
    ABSENT,
    DECLINED,
    MOST,
    MOST_OFFERS,
    NOBODY,
    UNHEARD,
    Absent,
    Dispatcher,
    PendingJob,
)
from pipelines.remote.jobs import LEASE, JobReply, PoolTopics, Presence
from pipelines.remote.mqtt_client import Message
from pipelines.types import Seen

JPEG = bytes(200_000)
DONE = JobReply(worker="b", state="done", seen=Seen("a cat"))


@dataclass
class Hall:
    """A dispatcher that has a connection, and what it has sent."""

    sent: list[Message] = field(default_factory=list)
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher(self._send, PoolTopics("pool"), "pool/replies/me")
        self.dispatcher.connected(100.0)

    def _send(self, message: Message) -> int:
        self.sent.append(message)
        return len(self.sent)

    def job(self, ask: str = "first", at: float = 100.0, seconds: float = 30.0) -> PendingJob:
        """One that somebody begins to wait for."""
        job = PendingJob(ask, JPEG, at, at + seconds)
        self.dispatcher.add(job, at)
        return job

    def says(self, worker: str, state: Literal["claimed", "declined"], at: float) -> None:
        """To what was sent last."""
        self.dispatcher.heard(self.sent[-1].correlation, JobReply(worker=worker, state=state), at)

    def is_(self, worker: str, state: Literal["free", "busy", "gone"], at: float) -> None:
        self.dispatcher.present(Presence(worker=worker, state=state), at)

    def pass_until(self, end: float) -> None:
        while (due := self.dispatcher.due()) <= end:
            self.dispatcher.step(due)

    @property
    def offers(self) -> list[Message]:
        return [message for message in self.sent if message.topic == "pool/offers"]

    @property
    def given(self) -> list[tuple[str, str]]:
        """To whom what was given."""
        return [(message.topic.split("/")[2], message.user_property) for message in self.sent if message.payload]


def outcome(job: PendingJob) -> JobReply | BackendError | None:
    return None if job.outcome.empty() else job.outcome.get()


def error(job: PendingJob) -> str:
    found = outcome(job)
    assert isinstance(found, BackendError)
    return str(found)


def test_a_picture_goes_only_to_the_worker_that_has_claimed_it() -> None:
    job = (hall := Hall()).job()
    assert [(one.payload, one.user_property) for one in hall.sent] == [(b"", "")]  # the offer
    hall.says("a", "claimed", 100.1)
    picture = hall.sent[-1]
    assert (picture.topic, picture.payload, picture.user_property) == ("pool/workers/a/jobs", JPEG, "first")
    assert picture.expires == 30  # worth something for what is left of its time
    hall.dispatcher.heard(picture.correlation, DONE, 101.0)
    assert outcome(job) is DONE
    assert len(hall.sent) == 2


def test_who_claims_is_given_the_oldest_and_the_next_is_offered_then() -> None:
    hall = Hall()
    for ask in ("first", "second", "third"):
        hall.job(ask)
    assert len(hall.offers) == 1
    for worker in "abc":
        hall.says(worker, "claimed", 100.1)
    assert hall.given == [("a", "first"), ("b", "second"), ("c", "third")]
    assert len(hall.offers) == 3


def test_while_all_workers_are_busy_no_picture_is_sent_and_hardly_an_offer() -> None:
    hall = Hall()
    for ask in ("first", "second", "third"):
        hall.job(ask)
    for tick in range(200):
        hall.is_("a", "busy", at := 100.0 + tick / 10)
        hall.pass_until(at)
        hall.dispatcher.undelivered(len(hall.sent), at)
    assert hall.given == []
    assert len(hall.offers) <= 1 + 20 / NOBODY


def test_a_worker_that_becomes_free_is_offered_one_job_at_once() -> None:
    hall = Hall()
    for ask in ("first", "second"):
        hall.job(ask)
    hall.dispatcher.undelivered(1, 100.0)
    hall.is_("a", "free", 100.3)
    assert len(hall.offers) == 2
    hall.says("a", "claimed", 100.4)
    assert hall.given == [("a", "first")]


def test_an_offer_that_only_a_listener_has_heard_keeps_no_free_worker_waiting() -> None:
    (hall := Hall()).job()
    hall.is_("a", "free", 100.3)
    assert len(hall.offers) == 2
    hall.says("a", "claimed", 100.4)
    assert hall.given == [("a", "first")]


def test_a_worker_that_became_free_while_nobody_waited_is_known_to_be() -> None:
    hall = Hall()
    hall.dispatcher.drop(hall.job())
    hall.dispatcher.undelivered(1, 100.0)
    hall.is_("a", "free", 100.1)
    hall.job(at=100.2)
    assert len(hall.offers) == 2


def test_whoever_says_without_end_that_it_is_free_is_not_given_offers_without_end() -> None:
    (hall := Hall()).job()
    for _ in range(1000):
        hall.is_("liar", "free", 100.1)
    assert len(hall.offers) == MOST_OFFERS


def test_where_another_assistant_was_quicker_it_is_offered_again_soon() -> None:
    (hall := Hall()).job()
    hall.says("a", "declined", 100.1)
    assert len(hall.offers) == 1
    assert hall.dispatcher.due() == 100.1 + DECLINED
    hall.pass_until(100.1 + DECLINED)
    assert len(hall.offers) == 2


def test_what_nobody_claims_is_offered_again() -> None:
    (hall := Hall()).job()
    hall.pass_until(100.0 + UNHEARD)
    assert len(hall.offers) == 2


def test_a_worker_that_claims_when_nobody_waits_any_more_is_let_go() -> None:
    job = (hall := Hall()).job()
    hall.dispatcher.drop(job)
    hall.says("a", "claimed", 100.1)
    assert (hall.sent[-1].topic, hall.sent[-1].payload) == ("pool/workers/a/jobs", b"")
    hall.dispatcher.heard(b"of another life", JobReply(worker="b", state="claimed"), 100.2)
    assert (hall.sent[-1].topic, hall.sent[-1].payload) == ("pool/workers/b/jobs", b"")


def test_a_job_stays_with_its_worker_while_that_shows_that_it_is_alive() -> None:
    (hall := Hall()).job()
    hall.says("a", "claimed", 100.1)
    for at in range(101, 115):
        hall.is_("a", "busy", at)
        hall.pass_until(at)
    assert len(hall.sent) == 2


def test_a_worker_that_is_gone_loses_its_job_at_once_to_another_before_all_younger_jobs() -> None:
    hall = Hall()
    hall.job("first")
    hall.says("a", "claimed", 100.1)
    hall.job("second", 100.2)
    hall.is_("another", "gone", 100.3)
    assert hall.given == [("a", "first")]
    hall.is_("a", "gone", 101.0)
    for worker in "bc":
        hall.says(worker, "claimed", 101.1)
    assert hall.given == [("a", "first"), ("b", "first"), ("c", "second")]


def test_a_worker_that_goes_silent_loses_it_when_its_lease_is_over_but_its_late_answer_counts() -> None:
    job = (hall := Hall()).job()
    hall.says("a", "claimed", 100.5)
    late = hall.sent[-1].correlation
    hall.pass_until(100.5 + LEASE)
    hall.says("b", "claimed", 106.0)
    assert hall.given == [("a", "first"), ("b", "first")]
    hall.dispatcher.heard(late, DONE, 106.5)
    assert outcome(job) is DONE


def test_a_job_that_is_given_back_or_never_came_is_no_loss() -> None:
    job = (hall := Hall()).job()
    for _ in range(MOST + 1):
        hall.says("a", "claimed", 100.1)
        hall.says("a", "declined", 100.2)
        hall.says("a", "claimed", 100.3)
        hall.dispatcher.undelivered(len(hall.sent), 100.4)
    assert job.lost == 0
    assert len(hall.given) == 2 * (MOST + 1)


def test_a_picture_over_which_workers_die_does_not_end_all_of_them() -> None:
    job = (hall := Hall()).job()
    for worker in "abcdefgh"[:MOST]:
        hall.says(worker, "claimed", 100.1)
        hall.is_(worker, "gone", 100.2)
    assert error(job) == f"{MOST} caption-workers were lost over one picture"
    assert len(hall.given) == MOST
    assert hall.dispatcher.due() == float("inf")


def test_without_any_worker_it_is_given_up_soon() -> None:
    job = (hall := Hall()).job()
    for at in range(int(ABSENT)):
        hall.dispatcher.undelivered(len(hall.sent), 100.0 + at)
        hall.pass_until(100.0 + at)
    assert outcome(job) is None
    hall.pass_until(100.0 + ABSENT)
    assert isinstance(outcome(job), Absent)


def test_without_a_connection_nothing_is_sent_until_there_is_one() -> None:
    (hall := Hall()).dispatcher.away()
    hall.job()
    hall.pass_until(102.0)
    assert hall.sent == []
    hall.dispatcher.connected(102.0)
    assert len(hall.offers) == 1


def test_a_broker_that_was_away_for_a_moment_costs_no_worker_its_job() -> None:
    job = (hall := Hall()).job()
    hall.says("a", "claimed", 100.1)
    hall.dispatcher.away()
    hall.pass_until(104.0)
    hall.dispatcher.connected(104.0)
    hall.pass_until(104.0 + LEASE - 0.1)
    assert hall.given == [("a", "first")]
    assert job.lost == 0


def test_a_broker_that_stays_away_ends_what_is_under_way() -> None:
    job = (hall := Hall()).job()
    hall.says("a", "claimed", 100.1)
    hall.dispatcher.away()
    hall.pass_until(100.1 + LEASE + ABSENT)
    assert isinstance(outcome(job), Absent)


def test_a_model_s_error_is_the_answer() -> None:
    job = (hall := Hall()).job()
    hall.says("a", "claimed", 100.1)
    why = JobReply(worker="a", state="failed", why="out of memory")
    hall.dispatcher.heard(hall.sent[-1].correlation, why, 101.0)
    assert error(job) == "caption-worker a: out of memory"


@pytest.mark.parametrize("claimed", [True, False])
def test_after_its_time_it_is_given_up_though_workers_live(claimed: bool) -> None:
    job = (hall := Hall()).job(seconds=10.0)
    if claimed:
        hall.says("a", "claimed", 100.1)
    for at in range(101, 110):
        hall.is_("a", "busy", at)
        hall.pass_until(at)
    assert outcome(job) is None
    hall.pass_until(110.0)
    assert "see patience" in error(job)
