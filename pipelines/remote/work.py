"""What a caption-worker makes of a job with its captioner."""

from __future__ import annotations

from dataclasses import dataclass

from devices.media import Frame
from pipelines.backends import BackendError, Captioner, Exchange, Loaded, Look, Looker, expect, first_line
from pipelines.remote.jobs import Ask, JobReply
from pipelines.types import Seen
from pipelines.wording import one_line


@dataclass(frozen=True, slots=True)
class Job:
    """A picture, and what is wanted of it."""

    ask: Ask
    picture: bytes
    """A JPEG."""
    reply_topic: str
    id: bytes
    began: float
    """When it came, in seconds on the worker's clock."""


def done(job: Job, model: Loaded, worker: str) -> JobReply:
    """The answer, by the model. Raises what the model raises, and ValueError."""
    from pipelines.remote.pictures import decoded

    ask, captioner = job.ask, model.backend
    frame = Frame(decoded(job.picture), ask.at, ask.camera)
    if ask.question is None:
        return JobReply(worker=worker, state="done", seen=_caption(captioner, frame))
    if not isinstance(captioner, Looker):
        raise BackendError(f"its captioner, {model.name}, answers no questions: set questions = false")
    history = tuple(Exchange(*one) for one in ask.history)
    pieces = captioner.look(Look(frame, ask.question, history, ask.max_tokens, ask.form))
    return JobReply(worker=worker, state="done", said="".join(expect(piece, str) for piece in pieces))


def failed(error: BaseException, worker: str) -> JobReply:
    """Why there is no answer, on one line."""
    why = str(error) if isinstance(error, BackendError | ValueError) else first_line(error)
    return JobReply(worker=worker, state="failed", why=one_line(why)[:200])


def _caption(captioner: Captioner, frame: Frame) -> Seen:
    return expect(captioner.caption(frame), Seen)
