"""A chat of random weights."""

from pathlib import Path
from typing import Any

from tests import tiny


def make(folder: Path) -> dict[str, Any]:
    return {"weights": str(tiny.chat_checkpoint(folder)), "max_tokens": 12, "threads": 1}
