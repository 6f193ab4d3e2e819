"""`backend = "auto"`: the best of the pulled weights that this machine can run, else what packages carry inside."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipelines import backends, pulled, room
from pipelines.backends import BackendError, BackendOptions, Kind, Loaded, first_line
from pipelines.pulled import Pulled, Use
from pipelines.room import gigabytes

SHARE: dict[Kind, float] = {"captioner": 0.5, "chat": 0.3, "transcriber": 0.15, "voice": 0.05, "turn": 0.05}
"""How much of the free memory a part may take by itself: all parts load side by side, and none knows of the others."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One set of weights in one use."""

    weights: Pulled
    use: Use
    rank: int

    @property
    def name(self) -> str:
        return self.weights.name


class Automatic(BackendOptions):
    """What all `auto` backends share; each names its kind and the backend that needs no weights."""

    kind: ClassVar[Kind]
    embedded: ClassVar[str]

    prefer: str = ""
    """The name of pulled weights that are taken before all others, whatever their rank, if they fit."""
    share: float | None = Field(default=None, gt=0, le=1)
    """How much of the free memory it may take; by itself half for a captioner, less for the others."""

    def load(self) -> Loaded:
        """The best that can be loaded, and why it is that one. Raises BackendError if not even the embedded one can."""
        passed: list[str] = []
        for one in self._fitting(passed):
            try:
                found = backends.loaded(pulled.options(one.use, one.name, **self.passed_on(one.use)), self.kind)
            except BackendError as error:
                passed.append(f"{one.name} cannot be loaded: {error}")
                continue
            except (Exception, SystemExit) as error:  # noqa: BLE001  foreign code loads it, and may raise anything
                passed.append(f"{one.name} cannot be loaded: {first_line(error)}")
                continue
            need = gigabytes(one.weights.need)
            why = f"{self.kind}: {one.name}, the best of what is pulled and fits (it needs {need})"
            return Loaded(found.backend, one.name, _told(why, passed, found.notice))
        return self._without_weights(passed)

    def outlook(self) -> str:
        """The name of what would be loaded now; nothing where a GPU decides, for to ask it takes seconds."""
        if _gpu_decides(self._uses()) and gpu_plausible():
            return ""
        if best := next(self._fitting([]), None):
            return best.name
        if line := backends.missing(backends.find(self.kind, self.embedded)):
            raise BackendError(line)
        return self.embedded

    @property
    def language_wanted(self) -> str:
        """The language that weights for one language only must have; empty: whichever."""
        return ""

    def passed_on(self, use: Use) -> dict[str, Any]:
        """What was set here and is no choice, for a backend that knows it and was not told otherwise."""
        known = backends.find(use.kind, use.backend).model_fields.keys() - Automatic.model_fields.keys()
        return {key: getattr(self, key) for key in self.model_fields_set & (known - use.options.keys())}

    def fallback(self) -> BackendOptions:
        """The backend that needs no weights."""
        return backends.find(self.kind, self.embedded)()

    def _without_weights(self, passed: list[str]) -> Loaded:
        try:
            found = backends.loaded(self.fallback(), self.kind)
        except BackendError as error:
            raise BackendError("; ".join([str(error), *passed])) from error
        why = f"{self.kind}: {found.name}, for nothing better can be used" if passed else ""
        return Loaded(found.backend, found.name, _told(why, passed, found.notice))

    def _fitting(self, passed: list[str]) -> Iterator[Candidate]:
        """Those that fit and whose packages are here, best first; why others are not among them goes to `passed`."""
        free = room.free() - room.SPARE  # before anything loads: the other parts begin at this moment, too
        uses, gpu = self._uses(), False
        if self.prefer and all(weights.name != self.prefer for weights, _ in uses):
            passed.append(f"{self.prefer} is not here as a {self.kind}: omni models pull {self.prefer}")
        if _gpu_decides(uses) and (graphics := gpu_free()):
            free, gpu = graphics, True
        for one in ranked(uses, self.prefer, gpu):
            if why := _hindrance(one, one.name == self.prefer, round(free * (self.share or SHARE[self.kind]))):
                passed.append(f"{one.name} {why}")
            else:
                yield one

    def _uses(self) -> list[tuple[Pulled, Use]]:
        """All pulled weights that can be used as this kind, whether they fit or not."""
        language = self.language_wanted
        return [
            (weights, use)
            for weights in pulled.all_pulled()
            for use in weights.use
            if use.kind == self.kind and (not language or use.language in ("", language))
        ]


def ranked(uses: list[tuple[Pulled, Use]], prefer: str, gpu: bool) -> list[Candidate]:
    """The same, best first; before them, so that it is told, what is only not taken because there is no GPU."""
    found = [Candidate(weights, use, use.gpu if gpu and use.gpu is not None else use.rank) for weights, use in uses]
    meant = [one for one in found if one.rank or one.use.gpu or one.name == prefer]
    return sorted(meant, key=lambda one: (one.name != prefer, one.rank > 0, -one.rank, one.name))


def _hindrance(one: Candidate, wanted: bool, most: int) -> str:
    """Why it is not taken here, else an empty string."""
    if not (one.rank or wanted):
        return "is too slow without a GPU"
    try:
        lacking = backends.missing(type(pulled.options(one.use, one.name)))
    except BackendError as error:
        return str(error).removeprefix(f"{one.name} ")
    need = one.weights.need
    return lacking or (f"needs {gigabytes(need)}, {gigabytes(most)} are its share" if need > most else "")


def _told(why: str, passed: list[str], limits: str) -> str:
    """One notice of it all."""
    reasons = f"; passed over: {', '.join(passed)}" if passed else ""
    return " ".join(part for part in (f"{why}{reasons}." if why else "", limits) if part)


def _gpu_decides(uses: list[tuple[Pulled, Use]]) -> bool:
    return any(use.gpu not in (None, use.rank) for _, use in uses)


def gpu_plausible() -> bool:
    """Whether there may be a GPU, as far as that can be told without loading torch."""
    return sys.platform != "linux" or any(Path(f"/dev/{name}").exists() for name in ("nvidiactl", "kfd", "dxg"))


def gpu_free() -> int:
    """Bytes free on the GPU that models would run on; 0 where there is none."""
    if not gpu_plausible() or importlib.util.find_spec("torch") is None:
        return 0
    import torch

    if torch.cuda.is_available():
        return room.graphics_memory()
    return room.free() if torch.backends.mps.is_available() else 0
