"""Whether a model fits into memory, asked before it is loaded."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import checkpoints
from pipelines.backends import BackendError

if TYPE_CHECKING:
    import torch

    from pipelines.language.loading import Placed

SPARE = 256 << 20
"""Bytes that stay free for everything else."""
WORKING = 1.03
"""Memory in proportion to the weights: with what a model remembers of a text, and what one pass needs."""


def free() -> int:
    """Bytes of memory that can be had now: the machine's, or what is left of the limit this process runs under."""
    import psutil

    return min(int(psutil.virtual_memory().available), _under_limit())


def check(weights: int, what: str, device: torch.device | None = None) -> None:
    """Raises BackendError with both figures if a model with so many bytes of weights needs more memory than is free.

    On a GPU, of its own memory.
    """
    need = int(weights * WORKING)
    on_gpu = device is not None and device.type == "cuda"
    have = graphics_memory(device) if on_gpu else free()
    if need + SPARE > have:
        raise BackendError(
            f"{what} needs {gigabytes(need)} of {'GPU ' if on_gpu else ''}memory, {gigabytes(have)} are free: "
            'choose a smaller model, or one on a server (backend = "openai")'
        )


def check_weights(what: str, on: Placed, *paths: Path) -> None:
    """The same for the weights in these files and folders, in the number format they will be computed in."""
    check(sum(map(checkpoints.parameters, paths)) * on.dtype.itemsize, what, on.device)


def graphics_memory(device: torch.device | None = None) -> int:
    """Bytes free on a CUDA device."""
    import torch

    return int(torch.cuda.mem_get_info(device)[0])


def give_back() -> None:
    """Hand memory that was freed back to the system: glibc keeps it for this process, half a model of it at times."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none, and keep little
        if trim is not None:
            trim(0)


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _under_limit() -> int:
    """Bytes left under the control group's limit; very many where there is none."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        reclaimable = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())["inactive_file"]
    except (OSError, ValueError, KeyError):
        return 1 << 62
    return (1 << 62) if limit == "max" else max(0, int(limit) - used + int(reclaimable))
