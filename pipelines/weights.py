"""Where weights lie on this machine; fetching them is the business of `omni models`."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.backends import BackendError


def home() -> Path:
    """The folder of all weights: `$OMNI_HOME`, or the platform's cache directory."""
    if chosen := os.environ.get("OMNI_HOME"):
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("omni-assistant", appauthor=False)


def find(name: str) -> Path:
    """The folder of one pulled set of weights. Raises BackendError with the command that pulls it."""
    folder = home() / "models" / name
    if not folder.is_dir():
        raise BackendError(f"the weights {name!r} are not here: omni models pull {name}")
    return folder
