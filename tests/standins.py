"""Where the weights lie that stand in for those people pull; a test without them is skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def stand_in(name: str) -> Path:
    """A folder of `weights/` in the test data: $OMNI_TEST_DATA, or `shared` beside the repository."""
    folder = Path(os.environ.get("OMNI_TEST_DATA", REPOSITORY.parent / "shared")) / "weights" / name
    if not folder.is_dir():
        pytest.skip(f"no test weights: weights/{name} is absent; name the folder above `weights` in OMNI_TEST_DATA")
    return folder
