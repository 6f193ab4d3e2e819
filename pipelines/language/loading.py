"""What all users of transformers share: one lock for loading, the device, and errors in one line."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from pipelines.backends import BackendError, first_line

if TYPE_CHECKING:
    import torch

OFFLINE = {"local_files_only": True, "trust_remote_code": False}
"""How everything of transformers is loaded. Left open, it would ask on the terminal whether to run code it found."""

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

ALONE = threading.Lock()
"""Held by whoever builds a model in torch. transformers is imported, and loads a model, in one thread at a time: two at
once leave weights out. Meanwhile it changes the number format in which torch makes what says none, for all threads."""


def cores_for_models() -> int:
    """Processor threads of a model by default: all cores but one, which camera, sound and screen share.

    Threads that wait for a busy core stall all the others of their model.
    """
    return max(1, (os.cpu_count() or 2) - 1)


Threads = Annotated[int, Field(default_factory=cores_for_models, ge=1, le=256)]


def half_of_the_cores() -> int:
    """Processor threads of the embedded chat by default: it is so small that more threads make it no faster, and it
    works beside the other models, of which each waits for its slowest thread."""
    return max(1, (os.cpu_count() or 2) // 2)


HalfTheThreads = Annotated[int, Field(default_factory=half_of_the_cores, ge=1, le=256)]


@contextmanager
def loading(folder: Path) -> Iterator[None]:
    """Load with transformers here, alone; what is wrong with the files becomes one line. Raises BackendError."""
    try:
        # What torch warns of, an error says more clearly, and nobody is to read it before that.
        with ALONE, warnings.catch_warnings(action="ignore", category=UserWarning):
            import transformers

            transformers.utils.logging.disable_progress_bar()
            transformers.utils.logging.set_verbosity_error()
            yield
    except BackendError:
        raise
    except Exception as error:  # foreign code builds what damaged files describe, and may raise anything
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> BackendError:
    if isinstance(error, ImportError):
        return BackendError(f"the weights {folder.name!r} need a package that is not here: {_reason(error)}")
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return BackendError(
            f'there is not enough memory for {folder.name!r}: choose a smaller model, or device = "cpu"'
        )
    return BackendError(f"the weights {folder.name!r} cannot be read, pull them anew: {_reason(error)}")


def _reason(error: Exception) -> str:
    """What foreign code says, in one line: without its advice, and with the second line where the first names none."""
    said = [line.strip() for line in str(error).splitlines() if line.strip()]
    if said and "instantiate the backend tokenizer" in said[0]:
        return "its tokenizer has no file that can be read"
    if len(said) > 1 and type(error).__name__.startswith("StrictDataclass"):
        return f"config.json: {said[0].rstrip(':')}: {said[1]}"
    plain = isinstance(error, OSError | ValueError | RuntimeError) or type(error) is Exception
    return first_line(error, named=not plain)


def device_of(wanted: Device) -> torch.device:
    """The device that is meant; `auto` is the GPU where there is one. Raises BackendError."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, present in there.items() if present))
    if not there[wanted]:
        raise BackendError(f'this machine has no {wanted} device that torch can use: set device = "cpu"')
    return torch.device(wanted)


def precision_of(wanted: Precision, saved: torch.dtype | None, device: torch.device) -> torch.dtype:
    """The number format to compute in. `auto`: that of the file, but half precision on a processor is bfloat16."""
    import torch

    if wanted != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[wanted]
    if device.type == "cpu" and saved == torch.float16:
        return torch.bfloat16
    return saved or torch.float32


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a model lives, and in which number format."""

    device: torch.device
    dtype: torch.dtype


def placement(device: Device, precision: Precision, saved: torch.dtype | None) -> Placed:
    """Where a model shall live; `saved`: the number format of its file, None where it does not say.

    Raises BackendError.
    """
    there = device_of(device)
    return Placed(there, precision_of(precision, saved, there))


def dtype_named(text: object) -> torch.dtype | None:
    """The number format that a configuration names, as `bfloat16` or `torch.bfloat16`; None where it names none."""
    import torch

    found = getattr(torch, str(text).removeprefix("torch."), None)
    return found if isinstance(found, torch.dtype) and found.is_floating_point else None


def dtype_told(told: Mapping[str, Any]) -> torch.dtype | None:
    """The number format of the weights beside a config.json, as old and new versions of transformers write it."""
    return dtype_named(told.get("torch_dtype") or told.get("dtype"))
