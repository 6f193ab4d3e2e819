"""Models as they are, watched: what they are given and give, when, and how long it took goes into a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from assistant.recordings.journal import Journal
from assistant.recordings.shells import ATTRIBUTES
from assistant.recordings.values import NEVER, as_kept, digest, pictures, rounded, summary
from devices.media import Frame
from pipelines.backends import BackendError, Spoken, first_line

Clock = Callable[[], float]

MOST_KNOWN = 1000
"""Frames that are known again; whoever looks, looks at one of the last."""


class Album:
    """Keeps each frame once, however often it is looked at."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[tuple[str, float], None] = {}

    def keep(self, frame: Frame) -> None:
        key = (frame.camera, frame.captured_at)
        if key in self._known:
            return
        self._known[key] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        name = f"{self._journal.number():06d}.png"
        self._journal.picture(name, frame)
        self._journal.line("picture", camera=frame.camera, taken=frame.captured_at, file=name)


class WatchedModel:
    """What is behind a shell in a recorded session: the model itself."""

    def __init__(self, kind: str, model: Any, journal: Journal, album: Album, clock: Clock) -> None:
        self._kind, self._model = kind, model
        self._journal, self._album, self._clock = journal, album, clock
        self._state: dict[str, Any] = {}
        self._at_work: tuple[str, dict[str, Any]] | None = None
        """What is to be written of the call that goes on."""

    def attribute(self, name: str) -> Any:
        return getattr(self._model, name)

    def call(self, method: str, *given: Any) -> Any:
        if method == "reset":
            return self._model.reset()
        told, began = self._told(method, given), self._clock()
        self._at_work = ("call", told)
        try:
            result = getattr(self._model, method)(*given)
        except BaseException as error:
            self._journal.line("call", **told, took=self._since(began), error=_line(error), **self._change())
            raise
        finally:
            self._at_work = None
        took = self._since(began)
        result, file = self._with_sound(result)
        self._journal.line("call", **told, took=took, gave=as_kept(result), **file, **self._change())
        return result

    def stream(self, method: str, *given: Any) -> Iterator[Any]:
        told = self._told(method, given)
        number = self._journal.number()
        self._journal.line("stream", **told, id=number)
        pieces, end = None, dict[str, Any]()
        self._at_work = ("end", {"of": number})
        try:
            began = self._clock()
            pieces = iter(getattr(self._model, method)(*given))
            for piece in pieces:
                self._at_work = None
                self._journal.line("piece", of=number, took=self._since(began), gave=as_kept(piece))
                yield piece
                began, self._at_work = self._clock(), ("end", {"of": number})
            end = {"took": self._since(began)}
        except Exception as error:
            end = {"took": self._since(began), "error": _line(error)}
            raise
        finally:
            self._at_work = None
            getattr(pieces, "close", lambda: None)()
            self._journal.line("end", of=number, **end, **self._change())

    def end(self) -> None:
        """Write down the call that goes on: it hangs, or came too late for the session."""
        if self._at_work is not None:
            what, told = self._at_work
            self._journal.line(what, **told, took=NEVER)

    def _told(self, method: str, given: tuple[Any, ...]) -> dict[str, Any]:
        for frame in pictures(given):
            self._album.keep(frame)
        told = {"kind": self._kind, "method": method, "at": self._clock(), "digest": digest(given)}
        return told | ({"asked": asked} if (asked := summary(given)) else {})

    def _since(self, began: float) -> float:
        return round(self._clock() - began, 6)

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
    return {name: as_kept(value) for name, value in found.items()}


def _line(error: BaseException) -> str:
    """As the worker will say it."""
    return str(error) if isinstance(error, BackendError) else first_line(error)
