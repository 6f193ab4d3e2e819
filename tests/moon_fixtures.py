"""Fixtures of moondream2's tests: a small checkpoint of each revision, and both loaded."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.captioners.moondream import Moondream
from tests.small import captioner_moondream as small


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return {revision: make(tmp_path_factory.mktemp(revision)) for revision, make in small.REVISIONS.items()}


@pytest.fixture(scope="module")
def loaded(options: dict[str, dict[str, Any]]) -> dict[str, Moondream]:
    return {revision: Moondream(**told) for revision, told in options.items()}
