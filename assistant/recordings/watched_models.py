"""Models as they are, watched: what they are given and give, when, and how long it took goes into a journal."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from assistant.recordings.journal import Journal
from assistant.recordings.shells import ATTRIBUTES
from assistant.recordings.values import NEVER, as_kept, digest, pictures, rounded, summary
from devices.media import Frame
from pipelines.backends import BackendError, Spoken, Spotter, first_line

Clock = Callable[[], float]
Soon = Callable[[Callable[[], None]], object]
"""Has something done in the session's loop as soon as that comes to it; callable in any thread."""

MOST_KNOWN = 1000
"""Frames that are known again; whoever looks, looks at one of the last."""


def at_once(work: Callable[[], None]) -> None:
    """Where the loop has no other threads."""
    work()


class Album:
    """Keeps each frame once, however often it is looked at."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[tuple[str, float], None] = {}
        self._lock = threading.Lock()  # several models may look at once

    def keep(self, frame: Frame) -> None:
        if not self._is_new((frame.camera, frame.captured_at)):
            return
        name = f"{self._journal.number():06d}.png"
        self._journal.picture(name, frame)
        self._journal.line("picture", camera=frame.camera, taken=frame.captured_at, file=name)

    def _is_new(self, key: tuple[str, float]) -> bool:
        with self._lock:
            known = key in self._known
            self._known[key] = None
            if len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
            return not known


class WatchedModel:
    """What is behind a shell in a recorded session: the model itself.

    A call took from when its thread could begin until the session knew of its end: a busy machine wakes both late.
    """

    def __init__(
        self, kind: str, model: Any, journal: Journal, album: Album, clock: Clock, soon: Soon = at_once
    ) -> None:
        """`clock`: of the session; `soon`: brings into its loop what a model's thread has to tell."""
        self._kind, self._model = kind, model
        self._journal, self._album, self._clock = journal, album, clock
        self._soon = soon
        self.late: Callable[[], float] = lambda: 0.0
        """Seconds by which its thread came late to what it does now."""
        self._unknown: deque[Callable[[], None]] = deque()
        """Writes what has ended, and the session does not know yet."""
        self._known_at = 0.0
        """When it knew of the last."""
        self._state: dict[str, Any] = {}
        self._at_work: tuple[str, dict[str, Any]] | None = None
        """What is to be written of the call that goes on."""

    def attribute(self, name: str) -> Any:
        return getattr(self._model, name)

    def call(self, method: str, *given: Any) -> Any:
        if method == "reset":
            return self._model.reset()
        told, began = self._told(method, given), self._clock() - self.late()
        self._at_work = ("call", told)
        try:
            result = getattr(self._model, method)(*given)
        except BaseException as error:
            self._write(began, "call", **told, error=_line(error), **self._change())
            raise
        finally:
            self._at_work = None
        result, file = self._with_sound(result)
        self._write(began, "call", **told, gave=as_kept(result), **file, **self._change())
        return result

    def stream(self, method: str, *given: Any) -> Iterator[Any]:
        told = self._told(method, given)
        number = self._journal.number()
        self._journal.line("stream", **told, id=number)
        pieces, end, began = None, dict[str, Any](), self._clock() - self.late()
        self._at_work = ("end", {"of": number})
        try:
            pieces = iter(getattr(self._model, method)(*given))
            for piece in pieces:
                self._at_work = None
                self._write(began, "piece", of=number, gave=as_kept(piece))
                began = float("inf")  # where nobody asks for more, its end takes no time
                yield piece
                began, self._at_work = self._clock() - self.late(), ("end", {"of": number})
        except Exception as error:
            end = {"error": _line(error)}
            raise
        finally:
            self._at_work = None
            getattr(pieces, "close", lambda: None)()
            self._write(began, "end", of=number, **end, **self._change())

    def end(self) -> None:
        """Write down what the session will not know any more, and the call that goes on: it hangs, or came too late."""
        while self._unknown:
            self._known()
        if self._at_work is not None:
            what, told = self._at_work
            self._journal.line(what, **told, took=NEVER)

    def _told(self, method: str, given: tuple[Any, ...]) -> dict[str, Any]:
        for frame in pictures(given):
            self._album.keep(frame)
        told = {"kind": self._kind, "method": method, "at": self._clock(), "digest": digest(given)}
        return told | ({"asked": asked} if (asked := summary(given)) else {})

    def _write(self, began: float, what: str, **told: Any) -> None:
        """The line, as soon as the session knows of it."""
        self._unknown.append(partial(self._put, began, what, told))
        try:
            self._soon(self._known)
        except RuntimeError:  # the loop is closed
            self._known()

    def _known(self) -> None:
        with suppress(IndexError):  # it was written at the end already
            self._unknown.popleft()()

    def _put(self, began: float, what: str, told: dict[str, Any]) -> None:
        now = self._clock()
        # What a thread began before the session knew of the last is, to the session, begun then.
        took = max(0.0, now - max(began, self._known_at))
        self._known_at = now
        self._journal.line(what, **told, took=round(took, 6))

    def _with_sound(self, result: Any) -> tuple[Any, dict[str, str]]:
        """The result with its sound as it is kept, and where that is kept."""
        samples = result.samples if isinstance(result, Spoken) else result
        if not isinstance(samples, np.ndarray):
            return result, {}
        kept, name = rounded(samples), f"{self._journal.number():06d}.flac"
        self._journal.voice(name, kept, int(self._model.rate))
        return replace(result, samples=kept) if isinstance(result, Spoken) else kept, {"sound": name}

    def _change(self) -> dict[str, Any]:
        """What the model says of itself, where that has changed."""
        state = attributes_of(self._model)
        changed = {"state": state} if state != self._state else {}
        self._state = state
        return changed


def attributes_of(model: Any) -> dict[str, Any]:
    """What a model says of itself, as JSON."""
    found = {name: getattr(model, name) for name in ATTRIBUTES if hasattr(model, name)}
    labels = {"labels": [str(label) for label in model.labels]} if isinstance(model, Spotter) else {}
    return {name: as_kept(value) for name, value in found.items()} | labels


def _line(error: BaseException) -> str:
    """As the worker will say it."""
    return str(error) if isinstance(error, BackendError) else first_line(error)
