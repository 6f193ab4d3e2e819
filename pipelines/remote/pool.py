"""A pool of caption-workers on other machines, as it is for whoever has pictures to be looked at."""

from __future__ import annotations

import contextlib
import queue
import uuid
from collections.abc import Callable, Generator
from typing import ClassVar

from pydantic import ValidationError, field_validator

from devices.threads import DaemonThread
from pipelines.backends import BackendError
from pipelines.remote.dispatch import Absent, Dispatcher, PendingJob
from pipelines.remote.jobs import (
    LARGEST_JOB,
    LARGEST_REPLY,
    MOST_NEWS,
    Ask,
    JobReply,
    PoolTopics,
    Presence,
    reply,
)
from pipelines.remote.mqtt_client import Connection, Message, Subscription
from pipelines.remote.mqtt_options import BrokerOptions, topic_levels
from pipelines.remote.waiting import STEP, Clock

News = Callable[[float], None]
"""What has happened, told to the dispatcher at that time."""
_LONGEST = 60.0
"""Seconds that the dispatcher waits at most where nothing is due."""


class PoolOptions(BrokerOptions):
    """Where the pool's broker is, and what the pool is called there."""

    secret: ClassVar[str] = "OMNI_CAPTIONERS_PASSWORD"

    pool: str = "omni-captioners"
    """What the topics of the pool begin with; workers and whoever asks them must name the same."""

    @field_validator("pool")
    @classmethod
    def _is_topic(cls, pool: str) -> str:
        return topic_levels(pool)


class Pool:
    """Hands jobs out, and waits for what comes of them; any number of threads may do so at once."""

    def __init__(self, options: PoolOptions, patience: float, clock: Clock | None = None) -> None:
        """`patience`: seconds after which a job is given up. Raises BackendError where `tls` names no good files."""
        self._topics, self._patience, self._clock = PoolTopics(options.pool), patience, clock or Clock()
        name = f"omni-{uuid.uuid4().hex}"
        self._replies = self._topics.replies(name)
        wants = Subscription(name, (self._replies, self._topics.workers), largest=LARGEST_REPLY)
        try:
            self._connection = Connection(options, wants, self)
        except ValueError as error:
            raise BackendError(str(error)) from error
        self._dispatcher = Dispatcher(self._connection.send, self._topics, self._replies)
        self._news: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        thread = DaemonThread("captioners")
        self._dispatching = thread.submit(self._dispatch)
        thread.shutdown()
        self._connection.start()

    def carry(self, ask: Ask, picture: bytes) -> Generator[str, None, JobReply]:
        """Give a JPEG to a worker and return what it answers; empty pieces while it does not. Raises BackendError."""
        if len(picture) > LARGEST_JOB:
            raise BackendError("the picture is too large for a job: lower max_side")
        now = self._clock.now()
        try:
            job = PendingJob(ask.text(), picture, now, now + self._patience)
        except ValueError as error:
            raise BackendError(str(error)) from error
        self._news.put(lambda now: self._dispatcher.add(job, now))
        try:
            while (outcome := _next(job)) is None:
                if self._dispatching.done():
                    raise BackendError("the captioner was closed")
                yield ""
        finally:
            self._news.put(lambda _: self._dispatcher.drop(job))
        if isinstance(outcome, Absent):
            raise BackendError(self._absent())
        if isinstance(outcome, BackendError):
            raise outcome
        return outcome

    def close(self) -> None:
        self._news.put(None)
        self._dispatching.exception()
        self._connection.close()

    def _dispatch(self) -> None:
        """Until closed."""
        clock, dispatcher = self._clock, self._dispatcher
        while True:
            with contextlib.suppress(queue.Empty):
                news = self._news.get(timeout=min(max(0.0, dispatcher.due() - clock.now()), _LONGEST))
                if news is None:
                    return
                news(clock.now())
            if clock.now() >= dispatcher.due():
                dispatcher.step(clock.now())

    def _absent(self) -> str:
        if self._connection.trouble:
            return self._connection.trouble
        place = self._connection.place
        return f"no caption-worker answers at {place}: start one with omni caption-worker CONFIG --mqtt {place}"

    def connected(self) -> None:
        """Told by the connection."""
        self._news.put(self._dispatcher.connected)

    def got(self, message: Message) -> None:
        """A reply, or a worker's presence. Anything else is passed over, as is what comes faster than it is read."""
        if self._news.qsize() >= MOST_NEWS:
            return
        if message.topic != self._replies:
            self._presence(message)
        elif (found := reply(message.payload)) is not None:
            self._news.put(lambda now: self._dispatcher.heard(message.correlation, found, now))

    def delivered(self, number: int, anybody: bool) -> None:
        """Told by the connection."""
        if not anybody:
            self._news.put(lambda now: self._dispatcher.undelivered(number, now))

    def away(self) -> None:
        """Told by the connection."""
        self._news.put(lambda _: self._dispatcher.away())

    def _presence(self, message: Message) -> None:
        try:
            found = Presence.model_validate_json(message.payload)
        except ValidationError:
            return
        if message.topic == self._topics.presence(found.worker):
            self._news.put(lambda now: self._dispatcher.present(found, now))


def _next(job: PendingJob) -> JobReply | BackendError | None:
    try:
        return job.outcome.get(timeout=STEP)
    except queue.Empty:
        return None
