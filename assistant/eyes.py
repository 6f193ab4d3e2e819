"""What `omni look` and `omni chat` look with: a model by name or path, or the best there is, and one picture for it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

from assistant.naming import chosen, given
from devices.media import Frame
from devices.stills import load_still
from pipelines import backends
from pipelines.backends import Captioner, Loaded, Look, Looker, Prompt
from pipelines.chats.grounded import Rules
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
    options = chosen(arguments.model, arguments.backend, given(arguments.option))
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


def picture(name: str) -> Frame:
    """A photo as a frame. Raises DeviceError when it is none, or too large."""
    path = Path(os.path.expanduser(name))
    return Frame(load_still(path, LONGEST_SIDE), 0.0, path.name)
