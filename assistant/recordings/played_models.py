"""What is behind a shell when a session runs again: a recording of the model, or the model itself with its time."""

from __future__ import annotations

import bisect
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from assistant.recordings.reading import Call, Recording
from assistant.recordings.values import digest, from_kept, summary
from pipelines.backends import BackendError

Spend = Callable[[float], None]
"""Lets so many seconds pass on the session's clock."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A call that the recording does not have."""

    kind: str
    method: str
    at: float
    asked: str
    """What the model was given, in words, where it has some."""
    instead: str | None
    """What it was given in the recorded call whose result stood in; None where there is no such call."""


class Calls:
    """The recorded calls of one method, found by what they were given, else by when."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = sorted(calls, key=lambda call: call.at)
        self._times = [call.at for call in self._calls]
        self._waiting: dict[str, deque[Call]] = defaultdict(deque)
        for call in self._calls:
            self._waiting[call.digest].append(call)

    def take(self, given: str) -> Call | None:
        """The next one that was given the same; None where there is none any more."""
        waiting = self._waiting.get(given)
        return waiting.popleft() if waiting else None

    def nearest(self, at: float) -> Call | None:
        """The one that began at about that time."""
        after = bisect.bisect_left(self._times, at)
        near = self._calls[max(0, after - 1) : after + 1]
        return min(near, key=lambda call: abs(call.at - at), default=None)


@dataclass(slots=True)
class PlayedModel:
    """Gives what the model gave when it was given the same, after as long as that took."""

    kind: str
    recording: Recording
    clock: Callable[[], float]
    spend: Spend
    state: dict[str, Any]
    """What the model said of itself at first."""
    mismatches: list[Mismatch] = field(default_factory=list)
    _calls: dict[str, Calls] = field(default_factory=dict)

    def attribute(self, name: str) -> Any:
        if name not in self.state:
            raise AttributeError(f"the recorded {self.kind} has no {name}")
        return from_kept(self.state[name])

    def call(self, method: str, *given: Any) -> Any:
        if method == "reset":
            return None
        call = self._found(method, given)
        self.spend(call.took)
        self._become(call)
        if call.error is not None:
            raise BackendError(call.error)
        return self.recording.result(call)

    def stream(self, method: str, *given: Any) -> Iterator[Any]:
        call = self._found(method, given)
        for piece in call.pieces:
            self.spend(piece.took)
            yield from_kept(piece.gave)
        self.spend(call.took)
        self._become(call)
        if call.error is not None:
            raise BackendError(call.error)

    def _of(self, method: str) -> Calls:
        if method not in self._calls:
            mine = (call for call in self.recording.calls if (call.kind, call.method) == (self.kind, method))
            self._calls[method] = Calls(list(mine))
        return self._calls[method]

    def _found(self, method: str, given: tuple[Any, ...]) -> Call:
        """The recorded call with the same input, else the one nearest in time. Raises BackendError: there is none."""
        calls, now = self._of(method), self.clock()
        if (same := calls.take(digest(given))) is not None:
            return same
        other = calls.nearest(now)
        asked = None if other is None else other.asked
        self.mismatches.append(Mismatch(self.kind, method, now, summary(given), asked))
        if other is None:
            raise BackendError(f"the recording has no {method} of the {self.kind}")
        return other

    def _become(self, call: Call) -> None:
        self.state = self.state | (call.state or {})


class TimedModel:
    """The model itself; what it takes in the world, it takes on the session's clock."""

    def __init__(self, model: Any, spend: Spend) -> None:
        self._model, self._spend = model, spend

    def attribute(self, name: str) -> Any:
        return getattr(self._model, name)

    def call(self, method: str, *given: Any) -> Any:
        return self._timed(lambda: getattr(self._model, method)(*given))

    def stream(self, method: str, *given: Any) -> Iterator[Any]:
        pieces = self._timed(lambda: iter(getattr(self._model, method)(*given)))
        end = object()
        try:
            while (piece := self._timed(lambda: next(pieces, end))) is not end:
                yield piece
        finally:
            getattr(pieces, "close", lambda: None)()

    def _timed(self, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self._spend(time.perf_counter() - began)
