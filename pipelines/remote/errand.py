"""One job on its way through a pool of workers: handed out, refused, taken, lost and handed out again, until done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.backends import BackendError
from pipelines.remote.jobs import LEASE, Told

UNHEARD = 3.0
"""Seconds in which a worker that was given a job must say so."""
ABSENT = 5.0
"""Seconds without a sign of any worker after which there is none."""
BUSY, NOBODY = 0.2, 1.0
"""Seconds after which it is handed out again, where no worker was free, or none there, and no news has come since."""
MOST = 3
"""Workers that may be lost over one job: it may be its picture that ends them."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Nobody is there for what was sent under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Gone:
    """That worker is not there any more."""

    worker: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A worker has come, or may have become free; or the connection is there again."""


News = Told | Undelivered | Gone | Changed


class Absent(BackendError):
    """There is no worker."""


@dataclass(slots=True)
class Errand:
    """Decides when a job is handed out, and when it is handed out again. Times are in seconds, on one clock."""

    send: Callable[[float], int | None]
    """Hands it out; given the seconds after which it is worth nothing, gives the number under which it was sent.
    None: there is no connection."""
    until: float
    """When it is given up."""
    due: float
    """When something must be done unless there is news before; at first, when it begins."""
    answer: Told | None = None
    _number: int | None = None
    _worker: str = ""
    """Who has it; empty: nobody so far."""
    _waits: bool = True
    """Whether nobody has it, and nobody was given it."""
    _busy: set[str] = field(default_factory=set)
    """Who has declined it since all were asked last."""
    _lost: int = 0
    _heard: float = field(init=False)
    """When there was a sign of a worker last; at first, when it begins."""

    def __post_init__(self) -> None:
        self._heard = self.due

    def step(self, now: float) -> None:
        """It is due. Raises BackendError when it is given up."""
        if now >= self.until:
            raise BackendError("the caption-workers have not come to an end in time: see patience")
        if self._waits and now >= self._heard + ABSENT:
            raise Absent
        if not self._waits:
            self._lose()
        self._hand_out(now)

    def tell(self, news: News, now: float) -> None:
        """What has become known. Raises BackendError when it has failed."""
        match news:
            case Told():
                self._heard = now
                self._told(news, now)
            case Undelivered(number) if number == self._number and not self._worker:
                self._pause(now, NOBODY)
            case Gone(worker) if worker == self._worker:
                self._lose()
                self._hand_out(now)
            case Changed() if self._waits:
                self._hand_out(now)

    def _told(self, news: Told, now: float) -> None:
        match news.state:
            case "done":
                self.answer = news
            case "failed":
                raise BackendError(f"caption-worker {news.worker}: {news.why or 'it failed'}")
            case "taken":
                self._worker, self._waits = news.worker, False
                self._busy.clear()
                self._wait(now, LEASE)
            case "declined" if self._worker in ("", news.worker):
                self._declined(news.worker, now)

    def _declined(self, worker: str, now: float) -> None:
        """Another one may be free, unless all were asked."""
        if worker in self._busy:
            self._pause(now, BUSY)
        else:
            self._busy.add(worker)
            self._hand_out(now)

    def _hand_out(self, now: float) -> None:
        self._worker = ""
        self._number = self.send(self.until - now)
        self._waits = self._number is None
        self._wait(now, BUSY if self._waits else UNHEARD)

    def _pause(self, now: float, seconds: float) -> None:
        self._waits, self._worker = True, ""
        self._busy.clear()
        self._wait(now, seconds)

    def _lose(self) -> None:
        self._lost += 1
        if self._lost >= MOST:
            raise BackendError(f"{MOST} caption-workers were lost over one picture")

    def _wait(self, now: float, seconds: float) -> None:
        self.due = min(now + seconds, self.until)
