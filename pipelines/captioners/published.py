"""Calls as in published snippets, `from_pretrained(name, revision=…, torch_dtype=…)`, as options of this project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from pipelines import weights
from pipelines.backends import BackendError
from pipelines.captioners.split import VisionOptions
from pipelines.language.loading import Device
from pipelines.mistakes import first_mistake

Chosen = TypeVar("Chosen", bound=VisionOptions)

UNNEEDED = {"trust_remote_code", "local_files_only"}
"""Accepted, and nothing comes of them: code of a repository is never run, and nothing is fetched while loading."""


def options(form: type[Chosen], name: str, given: Mapping[str, Any]) -> Chosen:
    """What a call means, where `name` is a published one, one that weights were pulled by, or a path.

    `given` may hold options of `form`, `revision`, `dtype` or `torch_dtype`, `device_map`, and what is `UNNEEDED`.
    Raises BackendError for everything else.
    """
    told = {key: value for key, value in given.items() if key not in UNNEEDED and value is not None}
    named = _here(str(name), str(told.pop("revision", "main")))
    for key in ("torch_dtype", "dtype"):
        if key in told:
            told["precision"] = str(told.pop(key)).removeprefix("torch.")
    if "device_map" in told:
        told["device"] = _device(told.pop("device_map"))
    try:
        return form.model_validate({"weights": named} | told)
    except ValidationError as error:
        raise BackendError(f"{name}: {first_mistake(error, form)}") from error


def _here(name: str, revision: str) -> str:
    """What `weights.find` knows it by. A folder of one's own goes before a published name that is alike."""
    path = Path(os.path.expanduser(name))
    if path.exists() and (weights.is_path(name) or not weights.is_here(name)):
        return str(path.resolve())
    return weights.published(name, revision)


def _device(wanted: Any) -> str:
    """The kind of device that a `device_map` begins with; whatever it leaves open is left to this project."""
    if isinstance(wanted, Mapping):
        wanted = next(iter(wanted.values()), "auto")
    kind = "cuda" if isinstance(wanted, int) else str(wanted).partition(":")[0]
    return kind if kind in get_args(Device) else "auto"
