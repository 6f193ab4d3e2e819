"""What `omni look` and `omni chat` look with: a model by name or path, or the best there is, and one picture for it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import difflib
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from assistant.config import ConfigError
from devices.media import Frame
from devices.stills import load_still
from pipelines import backends, pulled, weights
from pipelines.backends import REGISTRY, BackendError, BackendOptions, Captioner, Loaded, Look, Looker, Prompt
from pipelines.captioners.auto import Auto
from pipelines.captioners.families import backend_for
from pipelines.chats.grounded import Rules
from pipelines.mistakes import first_mistake
from pipelines.pulled import Use
from pipelines.types import Caption
from pipelines.wording import one_line, printable
from pipelines.worker import Worker

LONGEST_SIDE = 2048
"""Pixels of a photo's longer side beyond which it is made smaller; models take less, but some read it in tiles."""


class Eyes:
    """A model in the thread it lives in."""

    def __init__(self, loaded: Loaded, worker: Worker) -> None:
        self.name, self.notice = loaded.name, loaded.notice
        self.by_rule = not isinstance(loaded.backend, Looker)
        self._model = ByRule(loaded.backend) if self.by_rule else loaded.backend
        self._worker = worker

    async def look(self, request: Look) -> AsyncIterator[str]:
        """Printable pieces of the answer as they come. Raises BackendError; cancelling it ends the work."""
        async with contextlib.aclosing(self._worker.iterate(lambda: iter(self._pieces(request)))) as pieces:
            async for piece in pieces:
                if said := printable(piece, keep="\n"):
                    yield said

    def _pieces(self, request: Look) -> Iterator[str]:
        found: Iterator[str] = self._model.look(request) if request.question else self._model.describe(request.frame)
        return found


class ByRule:
    """A captioner that answers no questions, as one that does: a chat that knows rules reads its caption."""

    def __init__(self, captioner: Captioner) -> None:
        self._captioner = captioner

    def describe(self, frame: Frame) -> Iterator[str]:
        yield self._captioner.caption(frame).text

    def look(self, request: Look) -> Iterator[str]:
        seen = self._captioner.caption(request.frame)
        scene = (Caption(seen.text, request.frame.camera, 0.0, 0.0, 1, seen.facts),)
        yield from Rules().reply(Prompt("", request.history, scene, request.question, 0.0, scene))


def open_eyes(arguments: argparse.Namespace) -> Eyes:
    """The model that was asked for, loaded; why it was chosen goes to the standard error stream.

    Raises ConfigError for a name that means nothing, BackendError for what cannot be loaded.
    """
    options = chosen(arguments.model, arguments.backend)
    worker = Worker("captioner")
    loaded = asyncio.run(worker.call(backends.loaded, options, "captioner"))
    if arguments.model:
        loaded = replace(loaded, name=Path(arguments.model).name)
    eyes = Eyes(loaded, worker)
    if eyes.notice:
        print(f"omni: {one_line(eyes.notice)}", file=sys.stderr)
    if eyes.by_rule:
        print(f"omni: {eyes.name} answers by rule; for a model that looks: omni models pull desktop", file=sys.stderr)
    return eyes


def chosen(model: str | None, backend: str | None) -> BackendOptions:
    """The backend and its options that are meant. Raises ConfigError, or BackendError where weights are absent."""
    if model is None:
        return _made(backend) if backend else Auto(share=1.0)
    if backend is not None:
        return _made(backend, weights=model)
    if weights.is_path(model):
        return _found(model)
    if weights.is_here(model):
        return _pulled(model)
    if model in _shipped():
        raise BackendError(f"the weights {model!r} are not here: omni models pull {model}")
    if model in REGISTRY["captioner"] or ":" in model:
        return _made(model)
    if Path(model).exists():
        return _found(f"./{model}")
    known = sorted({*REGISTRY["captioner"], *_shipped(), *(one.name for one in pulled.all_pulled() if _looks(one.use))})
    near = difflib.get_close_matches(model, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(f"--model {model}: no model is called so; {hint}there are {', '.join(known)}, or a folder's path")


def picture(name: str) -> Frame:
    """A photo as a frame. Raises DeviceError when it is none, or too large."""
    path = Path(name).expanduser()
    return Frame(load_still(path, LONGEST_SIDE), 0.0, path.name)


def _pulled(name: str) -> BackendOptions:
    """Weights that are here, used as they say themselves; those without a record as a folder."""
    found = pulled.record_of(weights.find(name), pulled.Pulled)
    if found is None or not found.use:
        return _found(str(weights.find(name)))
    use = next((use for use in found.use if use.kind == "captioner"), None)
    if use is None:
        raise ConfigError(f"--model {name}: is a {found.use[0].kind}, it cannot look at pictures")
    return pulled.options(use, name)


def _found(path: str) -> BackendOptions:
    backend = backend_for(weights.find(path))
    return pulled.options(Use(kind="captioner", backend=backend), path)


def _made(backend: str, **given: str) -> BackendOptions:
    try:
        kind = backends.find("captioner", backend)
    except backends.UnknownBackend as error:
        raise ConfigError(f"--backend {backend}: {error}") from error
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        why = first_mistake(error, kind)
        raise ConfigError(f"--backend {backend}: {why}: give it in a configuration instead") from error


def _shipped() -> set[str]:
    """The names of the manifest's weights that can look at pictures."""
    from assistant import manifest

    known = manifest.read().models
    return {name for name, one in known.items() if _looks(one.use)}


def _looks(uses: Iterable[Use]) -> bool:
    return any(use.kind == "captioner" for use in uses)
