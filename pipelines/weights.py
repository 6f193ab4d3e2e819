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
    """One pulled set of weights by its name, or any file or folder by its path (which has a `/`, or begins with `~`).

    Raises BackendError with what to do.
    """
    if os.sep in name or "/" in name or name.startswith(("~", ".")):
        path = Path(name).expanduser()
        if not path.exists():
            raise BackendError(f"there is no file or folder {name}")
        return path
    folder = home() / "models" / name
    if not folder.is_dir():
        raise BackendError(f"the weights {name!r} are not here: omni models pull {name}")
    return folder


def is_here(name: str) -> bool:
    """Whether `find` would find them."""
    try:
        find(name)
    except BackendError:
        return False
    return True
