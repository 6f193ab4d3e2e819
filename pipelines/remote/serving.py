"""A caption-worker: takes jobs from the broker, one at a time, has its captioner do them, and answers."""

from __future__ import annotations

import contextlib
import queue
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from devices.media import Frame
from devices.threads import DaemonThread
from pipelines.backends import BackendError, Captioner, Exchange, Loaded, Look, Looker, expect, first_line
from pipelines.remote.jobs import BEAT, LARGEST_ANSWER, LARGEST_JOB, LEASE, Ask, Places, Presence, Told, asked, host
from pipelines.remote.mqtt_client import Connection, Line, Mail
from pipelines.remote.pool import PoolOptions
from pipelines.remote.waiting import Clock
from pipelines.types import Seen
from pipelines.wording import one_line


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, for whom."""

    ask: Ask
    picture: bytes
    answers: str
    """The topic where the answer is wanted."""
    id: bytes
    began: float
    done: Callable[[], None]
    """Lets the broker forget it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has what was sent under this number."""

    number: int
    anybody: bool
    """Whether somebody was there to get it."""


News = Job | Future[Told] | Delivered | str
"""A line is to be said; an empty one: the broker is gone."""


class Serving:
    """One worker of a pool. It says what it does, and never what is to be seen on a picture."""

    def __init__(self, model: Loaded, thread: DaemonThread, options: PoolOptions, say: Callable[[str], None]) -> None:
        """`thread`: the one in which the model was loaded. Raises BackendError where `tls` names no good files."""
        self._model, self._thread, self._say, self._clock = model, thread, say, Clock()
        self._places, self.name = Places(options.pool), f"{host()}-{uuid.uuid4().hex[:8]}"
        self._job: Job | None = None
        self._one = threading.Lock()
        self._inbox: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._sent: dict[int, tuple[Mail, float]] = {}
        """Answers by their number, each with the time until which it is sent again if nobody gets it."""
        self._again: list[tuple[Mail, float]] = []
        self._told, self._beaten = "", self._clock.now()
        line = Line(self.name, (self._places.shared,), self._presence("gone"), LARGEST_JOB)
        try:
            self._connection = Connection(options, line, self)
        except ValueError as error:
            raise BackendError(str(error)) from error

    def run(self) -> None:
        """Work until `stop`. Raises BackendError where the broker does not let it in."""
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
        self._connection.send(self._presence("ready"))
        self._inbox.put(f"connected to {self._connection.place}: waits for pictures on {self._places.jobs}")

    def got(self, mail: Mail, done: Callable[[], None]) -> None:
        """Take a job, or leave it to another worker; what is none is passed over."""
        if not (self._places.is_answers(mail.response) and 0 < len(mail.id) <= 64):
            self._inbox.put("passed over what names no place for an answer")
            return done()
        try:
            job = Job(asked(mail.head), mail.payload, mail.response, mail.id, self._clock.now(), done)
        except ValueError as error:
            self._inbox.put(f"passed over {error}")
            self._send(Told(worker=self.name, state="failed", why=str(error)), mail.response, mail.id)
            return done()
        with self._one:
            free = self._job is None
            self._job = job if free else self._job
        if not free:
            self._send(Told(worker=self.name, state="declined"), job.answers, job.id)
            return done()
        self._inbox.put(job)

    def delivered(self, number: int, anybody: bool) -> None:
        """Told by the connection."""
        self._inbox.put(Delivered(number, anybody))

    def away(self) -> None:
        """Told by the connection."""
        self._inbox.put("")

    def _next(self) -> News | None:
        """What has happened; until then, and however much happens, the job at hand is known to be under way."""
        while True:
            if self._clock.now() >= self._beaten + BEAT:
                self._beat()
            with contextlib.suppress(queue.Empty):
                return self._inbox.get(timeout=BEAT)

    def _handle(self, news: News) -> None:
        match news:
            case Job():
                self._beat()
                self._thread.submit(self._made, news).add_done_callback(self._inbox.put)
            case Future():
                self._answer(news)
            case Delivered():
                self._delivered(news)
            case "":
                self._away()
            case str():
                self._told = ""
                self._say(news)

    def _made(self, job: Job) -> Told:
        """The answer, by the model, in its thread. Raises what the model raises, and ValueError."""
        from pipelines.remote.pictures import decoded

        ask, captioner = job.ask, self._model.backend
        frame = Frame(decoded(job.picture), ask.at, ask.camera)
        if ask.question is None:
            return Told(worker=self.name, state="done", seen=_caption(captioner, frame))
        if not isinstance(captioner, Looker):
            raise BackendError(f"its captioner, {self._model.name}, answers no questions: set questions = false")
        history = tuple(Exchange(*one) for one in ask.history)
        pieces = captioner.look(Look(frame, ask.question, history, ask.max_tokens, ask.form))
        return Told(worker=self.name, state="done", said="".join(expect(piece, str) for piece in pieces))

    def _answer(self, made: Future[Told]) -> None:
        """What came of the job; only then the broker may forget it."""
        job, error = self._job, made.exception()
        if job is None:
            return
        why = "" if error is None else str(error) if isinstance(error, BackendError | ValueError) else first_line(error)
        told = made.result() if error is None else Told(worker=self.name, state="failed", why=one_line(why)[:200])
        number, mail = self._send(told, job.answers, job.id)
        self._sent[number] = mail, self._clock.now() + LEASE
        job.done()
        with self._one:
            self._job = None
        self._connection.send(self._presence("ready"))
        took = self._clock.now() - job.began
        self._say(one_line(f"{job.ask.camera}: {f'failed: {why}' if error else 'answered'} in {took:.2f} s"))

    def _delivered(self, news: Delivered) -> None:
        """After the broker began anew a worker may be back before whoever waits for its answer."""
        mail, until = self._sent.pop(news.number, (None, 0.0))
        if mail is not None and not news.anybody and self._clock.now() < until:
            self._again.append((mail, until))

    def _beat(self) -> None:
        """Say that the job is under way, and again what nobody got."""
        self._beaten = self._clock.now()
        again, self._again = self._again, []
        for mail, until in again:
            self._sent[self._connection.send(mail)] = mail, until
        if (job := self._job) is not None:
            self._send(Told(worker=self.name, state="taken"), job.answers, job.id, qos=0)

    def _send(self, told: Told, topic: str, id: bytes, qos: int = 1) -> tuple[int, Mail]:
        payload = told.model_dump_json(exclude_defaults=True).encode()
        if len(payload) > LARGEST_ANSWER:
            payload = Told(worker=self.name, state="failed", why="the answer is too long").model_dump_json().encode()
        mail = Mail(topic, payload, id=id)
        return self._connection.send(mail, qos), mail

    def _away(self) -> None:
        """Say once why there is no connection. Raises BackendError where no time will help."""
        line = f"the broker {self._connection.place} {self._connection.trouble}"
        if self._connection.refused:
            raise BackendError(line)
        if line != self._told:
            self._say(f"{line}; it is tried again until it answers")
        self._told = line

    def _leave(self) -> None:
        """Take no more, give back what is under way, and go."""
        self._connection.forget()
        with self._one:
            job, self._job = self._job, None
        if job is not None:
            self._send(Told(worker=self.name, state="declined"), job.answers, job.id)
            job.done()
        self._connection.send(self._presence("gone"))
        self._connection.close()

    def _presence(self, state: str) -> Mail:
        news = Presence.model_validate({"worker": self.name, "state": state})
        return Mail(self._places.worker(self.name), news.model_dump_json().encode())


def _caption(captioner: Captioner, frame: Frame) -> Seen:
    return expect(captioner.caption(frame), Seen)
