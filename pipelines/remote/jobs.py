"""Pictures as jobs for workers on other machines: what travels there and back, and how it is checked on both sides.

Whoever has a picture *offers* work on a topic that all free workers share; it reaches one of them, which *claims* it
and is then sent the picture, on a topic of its own. A worker that is not free has left the shared topic.
"""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.mistakes import first_mistake
from pipelines.types import Facts, Seen
from pipelines.wording import one_line, printable, slug

BEAT = 1.0
"""Seconds between two signs of life of a worker that is not free."""
LEASE = 5.0
"""Seconds without one after which its job is another worker's; also how long it waits for what it has claimed."""
LARGEST_JOB = 8 << 20
"""Bytes of a picture."""
LARGEST_REPLY = 64 << 10
"""Bytes of a reply."""
LARGEST_ASK = 60 << 10
"""Bytes of what is asked, with what was asked before."""
MOST_NEWS = 256
"""Messages that wait to be handled; beyond, what comes in is passed over: timers make up for it."""
_LONGEST = 2000
"""Letters of one text in an answer."""

Name = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]


class Wire(BaseModel):
    """What comes from the broker is taken as it is meant, or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Ask(Wire):
    """What is wanted of a picture, which travels beside it: a caption, or the answer to a question."""

    camera: str = Field(max_length=200)
    at: float = 0.0
    """When it was taken, in seconds on the clock of whoever asks."""
    question: str | None = Field(default=None, max_length=8000)
    history: tuple[tuple[str, str], ...] = Field(default=(), max_length=64)
    """What was asked about it before, and answered."""
    max_tokens: int | None = Field(default=None, ge=1, le=4000)
    form: dict[str, Any] | None = None
    """JSON schema of the form that the question asks for."""

    def text(self) -> str:
        """As JSON in ASCII: there are letters for which a broker breaks the connection. Raises ValueError: too long."""
        text = json.dumps(self.model_dump(mode="json", exclude_defaults=True))
        if len(text) > LARGEST_ASK:
            raise ValueError("the question, with what was asked before, is too long for a job")
        return text


class JobReply(Wire):
    """What a worker tells of a job."""

    worker: Name
    state: Literal["claimed", "declined", "done", "failed"]
    """`claimed`: it waits for the picture; `declined`: somebody else may do it."""
    seen: Seen | None = None
    """The caption."""
    said: str | None = None
    """The answer to the question."""
    why: str = ""
    """What failed."""

    @model_validator(mode="after")
    def _whole(self) -> JobReply:
        if (self.state == "done") != (self.seen is not None or self.said is not None):
            raise ValueError("an answer goes with `done`")
        return self


class Presence(Wire):
    """What a worker tells of itself."""

    worker: Name
    state: Literal["free", "busy", "gone"]
    """`free` is told once, `busy` again and again, `gone` by the broker where the worker could not."""


@dataclass(frozen=True, slots=True)
class PoolTopics:
    """The topics of one pool of workers."""

    pool: str

    @property
    def offers(self) -> str:
        return f"{self.pool}/offers"

    @property
    def shared_offers(self) -> str:
        """The filter under which each offer goes to one of the workers."""
        return f"$share/captioners/{self.offers}"

    @property
    def workers(self) -> str:
        """The filter for the presence of all workers."""
        return f"{self.pool}/workers/+"

    def presence(self, worker: str) -> str:
        return f"{self.pool}/workers/{worker}"

    def jobs(self, worker: str) -> str:
        """Where a worker gets the pictures that it has claimed."""
        return f"{self.pool}/workers/{worker}/jobs"

    def replies(self, client: str) -> str:
        return f"{self.pool}/replies/{client}"

    def is_replies(self, topic: str) -> bool:
        """Whether replies may be sent there: an offer that names another topic may want to do harm with them."""
        return re.fullmatch(re.escape(self.pool) + r"/replies/[\w.-]{1,64}", topic) is not None


def reply(payload: bytes) -> JobReply | None:
    """What a worker tells, fit to be shown; None where it is nothing of the kind."""
    if len(payload) > LARGEST_REPLY:
        return None
    try:
        found = JobReply.model_validate_json(payload)
    except ValueError:
        return None
    update = {
        "seen": found.seen and _clean(found.seen),
        "said": found.said and printable(found.said, keep="\n"),
        "why": one_line(found.why)[:200],
    }
    return found.model_copy(update=update)


def asked(text: str) -> Ask:
    """What a job wants. Raises ValueError for what is none."""
    if len(text.encode()) > LARGEST_ASK:
        raise ValueError("a job whose question is too long")
    try:
        return Ask.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(f"no job: {first_mistake(error)[:200]}") from error


def host() -> str:
    """This machine's name as a part of a worker's."""
    return slug(socket.gethostname(), "-", "worker")


def _clean(seen: Seen) -> Seen:
    """Texts that may be shown, each on one line, of a bounded length; a number from 0 to 1 as confidence."""
    confidence = None if seen.confidence is None else min(1.0, max(0.0, seen.confidence))
    return replace(
        seen,
        text=_line(seen.text),
        facts=_clean_facts(seen.facts),
        title=_line(seen.title),
        labels=_lines(seen.labels),
        confidence=confidence,
    )


def _clean_facts(facts: Facts | None) -> Facts | None:
    if facts is None:
        return None
    return replace(
        facts,
        people=None if facts.people is None else max(0, facts.people),
        text=_lines(facts.text),
        codes=_lines(facts.codes),
        colours=_lines(facts.colours),
        changes=_lines(facts.changes),
        labels=_lines(facts.labels),
    )


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(filter(None, map(_line, texts)))


def _line(text: str) -> str:
    return one_line(text)[:_LONGEST]
