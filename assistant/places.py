"""Where the files that come along with the program lie: beside it in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path


def configs() -> Path:
    """The folder of the shipped configurations and of the manifest of weights."""
    package = Path(__file__).resolve().parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"
