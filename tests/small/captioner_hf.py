"""A model in the form of SmolVLM, with random weights."""

from pathlib import Path
from typing import Any

from tests import vlms


def make(folder: Path) -> dict[str, Any]:
    return {"weights": str(vlms.idefics3(folder)), "max_tokens": 12, "threads": 1}
