"""Helpers for tests of pulled weights: folders with records as a pull leaves them, and backends that use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from devices.media import Frame, Samples
from pipelines.backends import BackendError, BackendOptions, Look, Prompt
from pipelines.captioners.options import CaptionOptions
from pipelines.types import Heard, Seen


def lay(home: Path, name: str, *use: dict[str, Any], memory: int = 1000, **files: bytes) -> Path:
    """Weights of that name, pulled; each use as a manifest has it."""
    folder = home / "models" / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    kept = {file: {"sha256": "", "size": len(content)} for file, content in files.items()}
    record = {"name": name, "files": kept, "use": use, "memory": memory, "licence": "MIT"}
    (folder / "manifest.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def use(kind: str, backend: str, rank: int = 1, **more: Any) -> dict[str, Any]:
    """One use; the backend is one of this module."""
    return {"kind": kind, "backend": f"{__name__}:{backend}", "rank": rank, **more}


class Watcher(BackendOptions):
    """A vision-language model of no weights: it tells what it was asked, word by word."""

    weights: str
    answers: tuple[str, ...] = ()
    """What it says instead, one answer after the other."""
    prompt: str = "a caption"

    def load(self) -> LoadedWatcher:
        return LoadedWatcher(self)


class Bilingual(CaptionOptions):
    """One that understands Chinese as well."""

    bilingual: ClassVar[bool] = True

    weights: str

    def load(self) -> LoadedWatcher:
        return LoadedWatcher(Watcher(weights=self.weights, prompt=self.caption_prompt))


class LoadedWatcher:
    def __init__(self, options: Watcher) -> None:
        self.options = options
        self.looks: list[Look] = []

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        yield from self.look(Look(frame, self.options.prompt))

    def look(self, request: Look) -> Iterator[str]:
        self.looks.append(request)
        if self.options.answers:
            yield self.options.answers[min(len(self.looks), len(self.options.answers)) - 1]
            return
        yield ""
        said = f"{self.options.weights} of {request.frame.pixels[0, 0, 0]}, asked {len(request.history)}: "
        for word in f"{said}{request.question}".split()[: request.max_tokens]:
            yield f"{word} "


class Broken(BackendOptions):
    """Weights that cannot be loaded."""

    weights: str

    def load(self) -> object:
        raise BackendError("the weights are damaged")


class TooLarge(BackendOptions):
    """Weights for which a GPU has too little memory after all."""

    weights: str

    def load(self) -> object:
        raise RuntimeError("CUDA out of memory.\nTried to allocate 20 GiB.")


class Surprising(BackendOptions):
    """Weights at which foreign code fails as nobody foresaw."""

    weights: str

    def load(self) -> object:
        return 1 // 0


class Uninstalled(Watcher):
    """Needs a package that is not there."""

    needs: ClassVar[tuple[str, ...]] = ("no_such_package",)


class Listener(BackendOptions):
    """A transcriber that hears the language it was told."""

    weights: str
    language: str = ""

    def load(self) -> Listener:
        return self

    def transcribe(self, samples: Samples) -> Heard:
        return Heard(self.language)


class Talker(BackendOptions):
    """A chat."""

    weights: str

    def load(self) -> Talker:
        return self

    def reply(self, prompt: Prompt) -> Iterator[str]:
        yield self.weights


class Singer(BackendOptions):
    """A voice of silence."""

    weights: str
    rate: int = 16_000

    def load(self) -> Singer:
        return self

    def synthesize(self, text: str) -> Samples:
        return np.zeros(len(text), np.float32)
