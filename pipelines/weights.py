"""Where weights lie on this machine; fetching them is the business of `omni models`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipelines.backends import BackendError

PUBLISHED: Mapping[str, Mapping[str, str]] = {
    "openbmb/OmniLMM-12B": {"main": "omnilmm-12b"},
    "openbmb/MiniCPM-V": {"main": "omnilmm-3b"},
    "vikhyatk/moondream2": {"2025-06-21": "moondream2", "2024-04-02": "moondream2-2024-04-02"},
    "AIDC-AI/Ovis1.6-Gemma2-9B": {"main": "ovis16-gemma2-9b"},
}
"""Names on the model hub that published snippets use, and what their revisions are pulled as; the first by default."""


def home() -> Path:
    """The folder of all weights: `$OMNI_HOME`, or the platform's cache directory.

    Raises BackendError where the variable begins with `~` and names nobody.
    """
    if chosen := os.environ.get("OMNI_HOME"):
        folder = os.path.expanduser(chosen)
        if folder.startswith("~"):
            raise BackendError(f"OMNI_HOME is {chosen}, but nobody here is called so: give the whole path")
        return Path(folder)
    from platformdirs import user_cache_path

    return user_cache_path("omni-assistant", appauthor=False)


def compiled() -> Path:
    """Where vision towers compiled for another runtime are kept: what is deleted there is compiled anew."""
    return home() / "compiled"


def find(name: str) -> Path:
    """One pulled set of weights by its name, or any file or folder by its path, see `is_path`.

    Raises BackendError with what to do.
    """
    if is_path(name):
        path = Path(os.path.expanduser(name))
        if not path.exists():
            raise BackendError(f"there is no file or folder {name}")
        return path
    folder = home() / "models" / name
    if not folder.is_dir():
        raise BackendError(f"the weights {name!r} are not here: omni models pull {name}")
    return folder


def is_path(name: str) -> bool:
    """Whether a file or folder is meant and no name: it has a `/`, or begins with `~` or a dot."""
    return os.sep in name or "/" in name or name.startswith(("~", "."))


def published(name: str, revision: str = "main") -> str:
    """What the weights are pulled as that have this name on the model hub; any other name is left as it is.

    Raises BackendError for a revision that needs weights which are not known here.
    """
    if name not in PUBLISHED:
        return name
    known = PUBLISHED[name]
    if len(known) > 1 and revision not in (*known, "main"):
        raise BackendError(f"{name} of the revision {revision} is not known here: ask for {' or '.join(known)}")
    return known.get(revision, next(iter(known.values())))


def is_here(name: str) -> bool:
    """Whether `find` would find them."""
    try:
        find(name)
    except BackendError:
        return False
    return True
