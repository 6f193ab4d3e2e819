"""A SmolVLM of random weights in GGUF: language model and eyes."""

from pathlib import Path
from typing import Any

from tests import gguf_files, tiny


def make(folder: Path) -> dict[str, Any]:
    marks = (*tiny.MARKS, *gguf_files.EYE_MARKS)
    shape = gguf_files.Decoder("llama")
    gguf_files.language(folder / "words.gguf", shape, marks=marks, template=gguf_files.IDEFICS3)
    gguf_files.eyes(folder / "mmproj-words.gguf")
    return {"weights": str(folder), "max_tokens": 12, "threads": 1}
