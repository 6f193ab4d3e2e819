"""What weights lie on this machine, and which backends can use them: read from the records beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from devices.media import Options
from pipelines import backends
from pipelines.backends import BackendError, BackendOptions, Kind, UnknownBackend
from pipelines.mistakes import first_mistake
from pipelines.weights import home

RECORD = "manifest.json"
"""The file in each pulled folder that says what lies there."""


class Use(Options):
    """One thing that weights can be used for."""

    kind: Kind
    backend: str
    """A name of the registry, or a user's own `module:Class`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """The backend's options, except `weights`, which is the name they were pulled by."""
    rank: int = Field(default=0, ge=0)
    """`backend = "auto"` takes the highest; 0: never by itself."""
    gpu: int | None = Field(default=None, ge=0)
    """The rank on a machine with a GPU, where it is another one."""
    language: str = ""
    """The one language it is made for, `en` or `zh`; empty: any."""


class Kept(BaseModel):
    """One file that lies there."""

    model_config = ConfigDict(frozen=True)

    size: int


class Pulled(BaseModel):
    """One set of weights that is here, so far as a pipeline has to do with it; `omni models` records more."""

    model_config = ConfigDict(frozen=True)

    name: str
    files: Mapping[str, Kept]
    """What lies there, by its path in the folder."""
    use: tuple[Use, ...] = ()
    memory: int | None = None

    @property
    def need(self) -> int:
        """Bytes of memory it takes to run: as the manifest says, else as large as its files."""
        return self.memory or sum(kept.size for kept in self.files.values())


Record = TypeVar("Record", bound=Pulled)


def all_pulled() -> list[Pulled]:
    """Every set of weights with a record that can be read, by name; nothing is hashed."""
    place = home() / "models"
    folders = sorted(place.iterdir()) if place.is_dir() else []
    return [found for folder in folders if (found := record_of(folder, Pulled)) is not None]


def record_of(folder: Path, form: type[Record]) -> Record | None:
    """What the record in a folder says; None where there is none that can be read."""
    try:
        return form.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def options(use: Use, weights: str, **more: Any) -> BackendOptions:
    """The options of a backend for weights of that name (or path). Raises BackendError."""
    try:
        return backends.find(use.kind, use.backend).model_validate({"weights": weights, **use.options, **more})
    except UnknownBackend as error:
        raise BackendError(f"{weights} cannot be used as a {use.kind}: {error}") from error
    except ValidationError as error:
        raise BackendError(f"{weights} cannot be used as a {use.kind}: {first_mistake(error)}") from error
