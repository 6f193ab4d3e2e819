"""Which picture goes to which worker of a pool, and when to another one: decided on a clock that is given."""

from __future__ import annotations

import math
import queue
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pipelines.backends import BackendError
from pipelines.remote.jobs import LEASE, JobReply, PoolTopics, Presence
from pipelines.remote.mqtt_client import Message

UNHEARD = 3.0
"""Seconds in which somebody must claim what was offered."""
ABSENT = 5.0
"""Seconds without a sign of any worker after which there is none."""
DECLINED, NOBODY = 0.1, 2.0
"""Seconds after which work is offered again where no worker was free, unless one says before that it is."""
MOST_OFFERS = 64
"""Offers under way at once, whoever says how often that it is free."""
MOST = 3
"""Workers that may be lost over one job: it may be its picture that ends them."""


class Absent(BackendError):
    """There is no worker."""


@dataclass(slots=True, eq=False)
class PendingJob:
    """A picture that somebody waits for, and what came of it. Times are in seconds, on one clock."""

    ask: str
    """What is wanted, as JSON."""
    picture: bytes
    since: float
    """When it began to wait for a worker last."""
    until: float
    """When it is given up."""
    outcome: queue.SimpleQueue[JobReply | BackendError] = field(default_factory=queue.SimpleQueue)
    lost: int = 0
    """Workers that were lost over it."""


@dataclass(slots=True)
class _Attempt:
    """A job that one worker was given."""

    job: PendingJob
    worker: str
    number: int
    """Under which it was sent."""
    lease: float = math.inf
    """When it is lost unless its worker shows a sign; infinite: another has it by now, but an answer still counts."""


@dataclass(slots=True)
class _Offer:
    """Work that nobody has claimed so far."""

    number: int
    """Under which it was sent."""
    until: float


class Dispatcher:
    """The jobs of one assistant. An offer names none of them: the oldest one goes to whoever claims it.

    There is one offer at a time, and one more for each worker that says that it is free.
    """

    def __init__(self, send: Callable[[Message], int], topics: PoolTopics, replies: str) -> None:
        """`send` gives the number under which the broker tells whether somebody got it; `replies`: our own topic."""
        self._send, self._topics, self._replies = send, topics, replies
        self._waiting: deque[PendingJob] = deque()
        self._attempts: dict[bytes, _Attempt] = {}
        self._offers: dict[bytes, _Offer] = {}
        self._resting = -math.inf
        """Until when there is no use in another offer."""
        self._connected, self._heard = False, -math.inf

    def add(self, job: PendingJob, now: float) -> None:
        self._waiting.append(job)
        self._offer_work(now)

    def drop(self, job: PendingJob) -> None:
        """Nobody waits for it any more, or it has come to an end."""
        if job in self._waiting:
            self._waiting.remove(job)
        self._attempts = {id: attempt for id, attempt in self._attempts.items() if attempt.job is not job}

    def connected(self, now: float) -> None:
        """What is under way may come to its end: workers could not show that they are alive."""
        self._connected, self._resting = True, now
        self._renew(list(self._attempts.values()), now)
        self._offer_work(now)

    def away(self) -> None:
        self._connected = False
        self._offers.clear()

    def heard(self, id: bytes, reply: JobReply, now: float) -> None:
        """A worker's reply to what was sent under this id."""
        self._heard = now
        attempt = self._attempts.get(id)
        match reply.state:
            case "claimed":
                self._claimed(id, reply.worker, now)
            case "declined" if id in self._offers:
                self._rest(id, now + DECLINED)
            case "declined" if attempt is not None and attempt.worker == reply.worker:
                del self._attempts[id]
                self._again(attempt, now)
            case "done" if attempt is not None:
                self._end(attempt.job, reply)
            case "failed" if attempt is not None:
                why = f"caption-worker {reply.worker}: {reply.why or 'it failed'}"
                self._end(attempt.job, BackendError(why))

    def present(self, news: Presence, now: float) -> None:
        """What a worker tells of itself."""
        self._heard, own = now, [one for one in self._attempts.values() if one.worker == news.worker]
        match news.state:
            case "busy":
                self._renew(own, now)
            case "gone":
                for attempt in own:
                    self._lose(attempt, now)
            case "free":
                self._resting = now
                self._offer(now)

    def undelivered(self, number: int, now: float) -> None:
        """Nobody was there for what was sent under this number."""
        for id, offer in tuple(self._offers.items()):
            if offer.number == number:
                self._rest(id, now + NOBODY)
        for id, attempt in tuple(self._attempts.items()):
            if attempt.number == number:
                del self._attempts[id]
                self._again(attempt, now)

    def step(self, now: float) -> None:
        """Do what is due."""
        for job in {*self._waiting, *(attempt.job for attempt in self._attempts.values())}:
            if now >= job.until:
                self._end(job, BackendError("the caption-workers have not come to an end in time: see patience"))
        for job in tuple(self._waiting):
            if now >= self._absent(job):
                self._end(job, Absent())
        for attempt in tuple(self._attempts.values()):
            if now >= attempt.lease:
                (self._lose if self._connected else self._again)(attempt, now)
        self._offers = {id: offer for id, offer in self._offers.items() if now < offer.until}
        self._offer_work(now)

    def due(self) -> float:
        """When `step` must be called unless there is news before."""
        times = [min(job.until, self._absent(job)) for job in self._waiting]
        times += [min(attempt.job.until, attempt.lease) for attempt in self._attempts.values()]
        if self._connected and self._waiting:
            times.append(min((offer.until for offer in self._offers.values()), default=self._resting))
        return min(times, default=math.inf)

    def _offer_work(self, now: float) -> None:
        """Unless that is under way already, or was of no use a moment ago."""
        if not self._offers and now >= self._resting:
            self._offer(now)

    def _offer(self, now: float) -> None:
        if self._connected and self._waiting and len(self._offers) < MOST_OFFERS:
            id = uuid.uuid4().bytes
            number = self._send(self._message(self._topics.offers, id, UNHEARD))
            self._offers[id] = _Offer(number, now + UNHEARD)

    def _claimed(self, id: bytes, worker: str, now: float) -> None:
        """Somebody is free: the oldest job is for that worker; none, that it need not wait for one."""
        offer = self._offers.pop(id, None)
        if offer is not None and self._waiting:
            job = self._waiting.popleft()
            message = self._message(self._topics.jobs(worker), id, job.until - now)
            given = replace(message, payload=job.picture, user_property=job.ask)
            self._attempts[id] = _Attempt(job, worker, self._send(given), now + LEASE)
        elif id not in self._attempts:
            self._send(self._message(self._topics.jobs(worker), id, LEASE))
        self._offer_work(now)

    def _message(self, topic: str, id: bytes, seconds: float) -> Message:
        """Without anything in it, worth nothing after so many seconds."""
        expires = max(1, math.ceil(seconds))
        return Message(topic, response_topic=self._replies, correlation=id, expires=expires)

    def _lose(self, attempt: _Attempt, now: float) -> None:
        """Its worker is gone, or silent."""
        attempt.job.lost += attempt.lease < math.inf
        if attempt.job.lost >= MOST:
            self._end(attempt.job, BackendError(f"{MOST} caption-workers were lost over one picture"))
        else:
            self._again(attempt, now)

    def _again(self, attempt: _Attempt, now: float) -> None:
        """Another worker's turn, before all younger jobs."""
        if attempt.lease < math.inf:
            attempt.lease, attempt.job.since = math.inf, now
            self._waiting.appendleft(attempt.job)
            self._offer_work(now)

    def _end(self, job: PendingJob, outcome: JobReply | BackendError) -> None:
        self.drop(job)
        job.outcome.put(outcome)

    def _renew(self, attempts: list[_Attempt], now: float) -> None:
        for attempt in attempts:
            if attempt.lease < math.inf:
                attempt.lease = now + LEASE

    def _rest(self, id: bytes, until: float) -> None:
        """Nobody takes that offer: so nobody would take another one now."""
        del self._offers[id]
        self._resting = until

    def _absent(self, job: PendingJob) -> float:
        """When it is given up because there is no worker."""
        return max(job.since, self._heard) + ABSENT
