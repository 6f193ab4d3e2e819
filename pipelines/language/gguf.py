"""A language model out of a GGUF file, unpacked into torch, for machines without llama.cpp."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from pipelines import room
from pipelines.language.causal import Causal
from pipelines.language.loading import OFFLINE, Device, Placed, Precision, loading, placement


def placed(file: Path, threads: int, device: Device, precision: Precision) -> Causal:
    """The same, in half precision or what is wanted. Raises BackendError; for too little memory, before it is read."""
    import torch

    on = placement(device, precision, torch.float16)
    room.check_weights(file.name, on, file)
    return from_gguf(file, threads, on)


def from_gguf(file: Path, threads: int, on: Placed) -> Causal:
    """Load weights and tokenizer of one file; it takes as much memory as its numbers in `on.dtype`.

    Raises BackendError.
    """
    # Its progress bars go straight to stderr, also where that is no terminal.
    with loading(file), contextlib.redirect_stderr(io.StringIO()):
        import transformers

        where = {"pretrained_model_name_or_path": file.parent, "gguf_file": file.name, **OFFLINE}
        tokenizer = transformers.AutoTokenizer.from_pretrained(**where)
        model = transformers.AutoModelForCausalLM.from_pretrained(**where, dtype=on.dtype)
        return Causal(model.to(on.device), tokenizer, threads)
