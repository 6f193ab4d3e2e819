"""Towers compiled for another runtime: once, in pieces, and kept as files that other weights never match."""

from __future__ import annotations

import contextlib
import copy
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.backends import BackendError
from pipelines.vision.engines import Steps, Tower, Values, values

VERSION = 1
"""Goes up when towers are compiled in another way, so that files of the old way are made anew."""
BLOCKS = 4
"""Blocks of a piece: a question waits for one piece at most, and no more than one is in memory while compiling."""
ALIKE = 0.99
"""Cosine between the features of the compiled tower and of the tower in float32, below which it is not used."""

Run = Callable[[Values], Values]
"""One piece at work: pixels or hidden states of one picture to hidden states or features."""


class Unlike(BackendError):
    """A tower that 8 bits do not suit: compiled anew, it would be the same."""


class Runtime(Protocol):
    """What a tower can be compiled for."""

    name: str
    suffix: str

    def make(self, piece: nn.Module, examples: Sequence[Tensor], file: Path) -> None:
        """Compile one piece, with what it is given for some pictures."""
        ...

    def open(self, file: Path) -> Run:
        """Load a piece. Raises BackendError where the file is damaged."""
        ...


class Piece(nn.Module):
    """Some blocks of a tower, in float32; the first piece also begins the tower, the last also ends it."""

    def __init__(self, tower: Tower, first: int) -> None:
        super().__init__()
        last = min(first + BLOCKS, len(tower.blocks))
        absent = {id(block): nn.Identity() for at, block in enumerate(tower.blocks) if not first <= at < last}
        self.tower = copy.deepcopy(tower, absent).float()  # in the copy, the other blocks do nothing and weigh nothing
        self.begins, self.ends = first == 0, last == len(tower.blocks)

    def forward(self, given: Tensor) -> Tensor:
        hidden = self.tower.begin(given) if self.begins else given
        for block in self.tower.blocks:
            hidden = block(hidden)
        done: Tensor = self.tower.end(hidden) if self.ends else hidden
        return done


class CompiledVision:
    """Runs a compiled tower, picture by picture; pauses after every piece."""

    notice = ""

    def __init__(self, pieces: Sequence[Run]) -> None:
        self.pieces = pieces

    def features(self, pixels: Values) -> Steps:
        done = []
        for picture in pixels:
            hidden = np.ascontiguousarray(picture[None], np.float32)
            for run in self.pieces:
                hidden = run(hidden)
                yield
            done.append(hidden)
        return np.concatenate(done)


def compiled(tower: Tower, runtime: Runtime, cache: Path) -> CompiledVision:
    """The tower in that runtime: from the files in `cache`, or compiled now, which takes a minute for 400 M parameters.

    Raises BackendError where the files cannot be kept, or the result is not like the tower: that is kept in mind, too.
    """
    folder = cache / f"{fingerprint(tower)}.{runtime.name}"
    refused = folder.with_name(f"{folder.name}.refused")
    if refused.is_file():
        raise Unlike(refused.read_text("utf-8"))
    if folder.is_dir():
        try:
            return _opened(folder, runtime, len(tower.blocks))
        except BackendError:  # damaged: made anew
            shutil.rmtree(folder, ignore_errors=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as making:
            _make(tower, runtime, Path(making, "tower"))
            os.replace(Path(making, "tower"), folder)
    except Unlike as error:
        with contextlib.suppress(OSError):  # then it is tried again at the next start
            refused.write_text(str(error), "utf-8")
        raise
    except OSError as error:
        raise BackendError(f"the compiled model cannot be kept in {cache}: {error.strerror or error}") from error
    return _opened(folder, runtime, len(tower.blocks))


def fingerprint(tower: Tower) -> str:
    """A name for these weights in this architecture; another value, shape or version has another name."""
    digest = blake2b(f"{VERSION} {BLOCKS} {type(tower).__qualname__} {tower.shape}".encode(), digest_size=16)
    for name, tensor in tower.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def scenes(side: int, count: int = 3) -> list[Tensor]:
    """Pictures (1, 3, side, side), -1 to 1, with the spectrum of photos: mostly large shapes. Always the same."""
    chance, made = np.random.default_rng(0), []
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) + 1 / side
    for _ in range(count):
        waves = np.fft.rfft2(chance.standard_normal((3, side, side))) / frequency
        picture = np.fft.irfft2(waves, (side, side))
        picture /= 2 * picture.std()
        made.append(torch.from_numpy(np.clip(picture + chance.uniform(-0.5, 0.5), -1, 1)[None].astype(np.float32)))
    return made


def _make(tower: Tower, runtime: Runtime, folder: Path) -> None:
    """All pieces as files, compared with the tower on a picture."""
    folder.mkdir()
    given, runs = scenes(tower.shape.image), []
    seen = values(given[0])
    for first in range(0, len(tower.blocks), BLOCKS):
        piece = Piece(tower, first).eval().requires_grad_(False)
        file = folder / f"{first:03}{runtime.suffix}"
        runtime.make(piece, given, file)
        with torch.no_grad():
            given = [piece(one) for one in given]
        runs.append(runtime.open(file))
        seen = runs[-1](seen)
    if (alike := cosine(seen, values(given[0]))) < ALIKE:
        raise Unlike(f'compiled for {runtime.name} these weights lose too much ({alike:.3f}): set vision = "torch"')


def _opened(folder: Path, runtime: Runtime, blocks: int) -> CompiledVision:
    files = [folder / f"{first:03}{runtime.suffix}" for first in range(0, blocks, BLOCKS)]
    return CompiledVision([runtime.open(file) for file in files])


def cosine(one: Values, other: Values) -> float:
    """How alike two arrays are: 1 where they point the same way."""
    a, b = one.ravel().astype(np.float64), other.ravel().astype(np.float64)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
