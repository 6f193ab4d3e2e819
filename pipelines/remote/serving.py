"""A caption-worker: claims jobs from the broker, one at a time, has its captioner do them, and answers."""

from __future__ import annotations

import contextlib
import math
import queue
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal

from devices.threads import DaemonThread
from pipelines.backends import BackendError, Loaded
from pipelines.remote import work
from pipelines.remote.jobs import (
    BEAT,
    LARGEST_JOB,
    LARGEST_REPLY,
    LEASE,
    MOST_NEWS,
    JobReply,
    PoolTopics,
    Presence,
    asked,
    host,
)
from pipelines.remote.mqtt_client import Connection, Message, Subscription
from pipelines.remote.pool import PoolOptions
from pipelines.remote.waiting import Clock
from pipelines.remote.work import Job
from pipelines.wording import one_line

JUNK = 60.0
"""Seconds between two lines about what was no job."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has what was sent under this number."""

    number: int
    anybody: bool
    """Whether somebody was there to get it."""


@dataclass(frozen=True, slots=True)
class Link:
    """The broker is there, or away."""

    up: bool


News = Message | Future[JobReply] | Delivered | Link


class Serving:
    """One worker of a pool. It says what it does, and never what is to be seen on a picture."""

    def __init__(self, model: Loaded, thread: DaemonThread, options: PoolOptions, say: Callable[[str], None]) -> None:
        """`thread`: the one in which the model was loaded. Raises BackendError where `tls` names no good files."""
        self._model, self._thread, self._say, self._clock = model, thread, say, Clock()
        self._topics, self.name = PoolTopics(options.pool), f"{host()}-{uuid.uuid4().hex[:8]}"
        self._claimed, self._claimed_until = b"", math.inf
        """The id under which a picture is to come, and until when; empty: none is."""
        self._job: Job | None = None
        self._inbox: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._sent: dict[int, tuple[Message, float]] = {}
        """Answers by their number, each with the time until which it is sent again if nobody gets it."""
        self._again: list[tuple[Message, float]] = []
        self._junk, self._junk_said = 0, -math.inf
        self._told, self._beaten, self._was_up = "", -math.inf, False
        filters = (self._topics.jobs(self.name), self._topics.shared_offers)
        try:
            wants = Subscription(self.name, filters, self._presence("gone"), LARGEST_JOB)
            self._connection = Connection(options, wants, self)
        except ValueError as error:
            raise BackendError(str(error)) from error

    def run(self) -> None:
        """Work until `stop`. Raises BackendError where the broker does not let it in at the start."""
        self._connection.start()
        try:
            while (news := self._next()) is not None:
                self._handle(news)
        finally:
            self._leave()

    def stop(self) -> None:
        """Make `run` end; a job that is under way is another worker's then. May be called from anywhere."""
        self._inbox.put(None)

    def connected(self) -> None:
        """Told by the connection."""
        self._inbox.put(Link(True))

    def got(self, message: Message) -> None:
        """Told by the connection: an offer or a picture. What is neither, or comes too fast, is counted."""
        wanted = self._topics.is_replies(message.response_topic) and 0 < len(message.correlation) <= 64
        if not wanted or self._inbox.qsize() >= MOST_NEWS:
            self._junk += 1
            return
        claimed = message.correlation == self._claimed
        # A picture that was not claimed is declined: it need not be kept until then.
        self._inbox.put(message if claimed else replace(message, payload=b"", user_property=""))

    def delivered(self, number: int, anybody: bool) -> None:
        """Told by the connection."""
        self._inbox.put(Delivered(number, anybody))

    def away(self) -> None:
        """Told by the connection."""
        self._inbox.put(Link(False))

    @property
    def _free(self) -> bool:
        return self._job is None and not self._claimed

    def _next(self) -> News | None:
        """What has happened; until then, and however much happens, the worker is known to be alive."""
        while True:
            if self._clock.now() >= self._beaten + BEAT:
                self._beat()
            with contextlib.suppress(queue.Empty):
                return self._inbox.get(timeout=BEAT)

    def _handle(self, news: News) -> None:
        match news:
            case Message() if news.topic == self._topics.offers:
                self._offered(news)
            case Message():
                self._given(news)
            case Future():
                self._answer(news)
            case Delivered():
                self._delivered(news)
            case Link(True):
                self._up()
            case Link():
                self._away()

    def _offered(self, offer: Message) -> None:
        """Claim it, or leave it to another worker. Before either is said, the broker knows not to send more."""
        self._connection.unsubscribe(self._topics.shared_offers)
        state: Literal["claimed", "declined"] = "claimed" if self._free else "declined"
        if state == "claimed":
            self._claimed, self._claimed_until = offer.correlation, self._clock.now() + LEASE
        self._send(JobReply(worker=self.name, state=state), offer.response_topic, offer.correlation)

    def _given(self, message: Message) -> None:
        """A picture; an empty one: there is none any more."""
        replies, id = message.response_topic, message.correlation
        if id != self._claimed:
            self._send(JobReply(worker=self.name, state="declined"), replies, id)
        elif not message.payload and not message.user_property:
            self._set_free()
        else:
            try:
                self._begin(Job(asked(message.user_property), message.payload, replies, id, self._clock.now()))
            except ValueError as error:
                self._junk += 1
                self._send(work.failed(error, self.name), replies, id)
                self._set_free()

    def _begin(self, job: Job) -> None:
        self._job, self._claimed = job, b""
        self._beat()
        self._thread.submit(work.done, job, self._model, self.name).add_done_callback(self._inbox.put)

    def _answer(self, made: Future[JobReply]) -> None:
        """What came of the job."""
        job, error = self._job, made.exception()
        assert job is not None
        found = made.result() if error is None else work.failed(error, self.name)
        number, message = self._send(found, job.reply_topic, job.id)
        self._sent[number] = message, self._clock.now() + LEASE
        took = self._clock.now() - job.began
        self._set_free()
        self._say(one_line(f"{job.ask.camera}: {f'failed: {found.why}' if error else 'answered'} in {took:.2f} s"))

    def _set_free(self) -> None:
        """Want offers again; who waits for a free worker is told."""
        self._job, self._claimed = None, b""
        self._connection.subscribe(self._topics.shared_offers)
        self._tell("free")

    def _delivered(self, news: Delivered) -> None:
        """After the broker began anew a worker may be back before whoever waits for its answer."""
        message, until = self._sent.pop(news.number, (None, 0.0))
        if message is not None and not news.anybody and self._clock.now() < until:
            self._again.append((message, until))

    def _beat(self) -> None:
        """What is to be done again and again."""
        self._beaten = now = self._clock.now()
        again, self._again = self._again, []
        for message, until in again:
            self._sent[self._connection.send(message)] = message, until
        if self._claimed and now >= self._claimed_until:
            self._set_free()
        elif not self._free:
            self._tell("busy", qos=0)
        if self._junk and now >= self._junk_said + JUNK:
            self._say(f"passed over {self._junk} messages that are no jobs")
            self._junk, self._junk_said = 0, now

    def _send(self, reply: JobReply, topic: str, id: bytes) -> tuple[int, Message]:
        payload = reply.model_dump_json(exclude_defaults=True).encode()
        if len(payload) > LARGEST_REPLY:
            return self._send(work.failed(ValueError("the answer is too long"), self.name), topic, id)
        message = Message(topic, payload, correlation=id)
        return self._connection.send(message), message

    def _up(self) -> None:
        self._told, self._was_up = "", True
        self._say(f"connected to {self._connection.place}: waits for pictures on {self._topics.offers}")
        if self._free:
            self._tell("free")

    def _away(self) -> None:
        """Say once why there is no connection. Raises BackendError where no time will help."""
        line = self._connection.trouble
        if self._connection.refused and not self._was_up:
            raise BackendError(line)
        if self._claimed:
            self._set_free()
        if line != self._told:
            self._say(f"{line}; it is tried again until it answers")
        self._told = line

    def _leave(self) -> None:
        """Take no more, give back what is under way, and go."""
        self._connection.unsubscribe(self._topics.shared_offers)
        if self._job is not None:
            self._send(JobReply(worker=self.name, state="declined"), self._job.reply_topic, self._job.id)
        self._tell("gone")
        self._connection.close()

    def _tell(self, state: Literal["free", "busy", "gone"], qos: int = 1) -> None:
        self._connection.send(self._presence(state), qos)

    def _presence(self, state: Literal["free", "busy", "gone"]) -> Message:
        payload = Presence(worker=self.name, state=state).model_dump_json().encode()
        return Message(self._topics.presence(self.name), payload)
