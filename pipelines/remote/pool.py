"""A pool of caption-workers on other machines, as it is for whoever has pictures to be looked at."""

from __future__ import annotations

import math
import queue
import uuid
from collections.abc import Callable, Generator

from pydantic import ValidationError, field_validator

from pipelines.backends import BackendError
from pipelines.remote.errand import Absent, Changed, Errand, Gone, News, Undelivered
from pipelines.remote.jobs import LARGEST_ANSWER, LARGEST_JOB, Ask, Places, Presence, Told, told
from pipelines.remote.mqtt_client import Connection, Line, Mail
from pipelines.remote.mqtt_options import BrokerOptions, topic_levels
from pipelines.remote.waiting import STEP, Clock


class PoolOptions(BrokerOptions):
    """Where the pool's broker is, and what the pool is called there."""

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
        self._places, self._patience, self._clock = Places(options.pool), patience, clock or Clock()
        self._open: dict[bytes, queue.SimpleQueue[News]] = {}
        name = f"omni-{uuid.uuid4().hex}"
        self._answers = self._places.answers(name)
        line = Line(name, (self._answers, self._places.workers), largest=LARGEST_ANSWER)
        try:
            self._connection = Connection(options, line, self)
        except ValueError as error:
            raise BackendError(str(error)) from error
        self._connection.start()

    def carry(self, ask: Ask, picture: bytes) -> Generator[str, None, Told]:
        """Give a JPEG to a worker and return what it answers; empty pieces while it does not. Raises BackendError."""
        if len(picture) > LARGEST_JOB:
            raise BackendError("the picture is too large for a job: lower max_side")
        id, now = uuid.uuid4().bytes, self._clock.now
        inbox = self._open[id] = queue.SimpleQueue()
        errand = Errand(self._sender(id, ask, picture), now() + self._patience, now())
        try:
            while errand.answer is None:
                if now() >= errand.due:
                    errand.step(now())
                elif (news := _next(inbox, errand.due - now())) is None:
                    yield ""
                else:
                    errand.tell(news, now())
            return errand.answer
        except Absent as error:
            raise BackendError(self._absent()) from error
        finally:
            del self._open[id]

    def close(self) -> None:
        self._connection.close()

    def _sender(self, id: bytes, ask: Ask, picture: bytes) -> Callable[[float], int | None]:
        head = ask.model_dump_json(exclude_defaults=True)

        def send(seconds: float) -> int | None:
            if self._connection.trouble:
                return None
            mail = Mail(self._places.jobs, picture, head, self._answers, id, max(1, math.ceil(seconds)))
            return self._connection.send(mail)

        return send

    def _absent(self) -> str:
        place, trouble = self._connection.place, self._connection.trouble
        if trouble:
            return f"the broker {place} {trouble}"
        return f"no caption-worker answers at {place}: start one with omni caption-worker CONFIG --mqtt {place}"

    def connected(self) -> None:
        """Told by the connection."""
        self._tell_all(Changed())

    def got(self, mail: Mail, done: Callable[[], None]) -> None:
        """An answer, or the news of a worker; anything else is passed over."""
        done()
        if mail.topic != self._answers:
            self._presence(mail)
        elif (inbox := self._open.get(mail.id)) is not None and (news := told(mail.payload)) is not None:
            inbox.put(news)

    def delivered(self, number: int, anybody: bool) -> None:
        """Told by the connection."""
        if not anybody:
            self._tell_all(Undelivered(number))

    def away(self) -> None:
        """What is under way may still come to an end; what is not is handed out when the broker is back."""

    def _presence(self, mail: Mail) -> None:
        try:
            news = Presence.model_validate_json(mail.payload)
        except ValidationError:
            return
        if mail.topic == self._places.worker(news.worker):
            self._tell_all(Gone(news.worker) if news.state == "gone" else Changed())

    def _tell_all(self, news: News) -> None:
        for inbox in tuple(self._open.values()):
            inbox.put(news)


def _next(inbox: queue.SimpleQueue[News], seconds: float) -> News | None:
    try:
        return inbox.get(timeout=max(0.0, min(STEP, seconds)))
    except queue.Empty:
        return None
