"""A chat of random weights in GGUF."""

from pathlib import Path
from typing import Any

from tests import gguf_files


def make(folder: Path) -> dict[str, Any]:
    return {"weights": str(gguf_files.language(folder / "words.gguf")), "max_tokens": 12, "threads": 1}
