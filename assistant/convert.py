"""Makes a GGUF language model into safetensors and a tokenizer, once, so that loading it takes two seconds, not 14."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import io
import struct
from pathlib import Path

from assistant.errors import WeightsError
from pipelines.backends import first_line

NEEDS = ("accelerate", "gguf", "torch", "transformers")


def missing() -> str:
    """One line with the install command where a needed package is absent, else an empty string."""
    absent = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if not absent:
        return ""
    return f'it is converted once, which needs {", ".join(absent)}: pip install "omni-assistant[embedded]"'


def from_gguf(gguf: Path, folder: Path) -> Path:
    """Write config, bfloat16 safetensors, tokenizer and chat template of one GGUF file into `folder`, and return it.

    Needs no network. Raises WeightsError, or OSError where the disk fails.
    """
    from safetensors import SafetensorError

    try:
        # Its progress bars go straight to stderr, also where that is no terminal.
        with contextlib.redirect_stderr(io.StringIO()):
            _convert(gguf, folder)
    except SafetensorError as error:  # however the disk failed, it comes without its number
        full = "No space left on device" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, first_line(error, named=False), str(folder)) from error
    except (struct.error, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{gguf.name} cannot be converted: {first_line(error, named=False)}") from error
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    packed = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16, device_map="cpu")
    # What comes out of a GGUF file refuses to be saved, though its weights are plain by then: a fresh model takes them.
    config = packed.config
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(packed.state_dict())
    model.generation_config = packed.generation_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
