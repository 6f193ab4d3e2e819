"""Checkpoints as files: safetensors, a weights-only load of an older format, or GGUF. No code in them is run."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines import plausible
from pipelines.backends import BackendError, first_line

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

T = TypeVar("T")

_HALF_PRECISION = 2
"""Bytes of a number, in the files that do not say it."""

Rename = Callable[[str], str | None]
"""From a tensor's name in the file to its name in the module; None for one that is not used."""


def config(folder: Path) -> dict[str, Any]:
    """What `config.json` of a checkpoint says. Raises BackendError, also for sizes that no model has."""
    path = folder / "config.json"
    if not path.is_file():
        raise BackendError(f"{folder} is no checkpoint: it holds no config.json")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BackendError(f"{path} cannot be read, pull it anew: {first_line(error)}") from error
    if not isinstance(told, dict):
        raise BackendError(f"{path} is no configuration of a model: pull it anew")
    plausible.sane(told, path)
    return told


def files(path: Path) -> list[Path]:
    """The files with the weights of a folder, or the file itself. Raises BackendError where there is none."""
    if path.is_file():
        return [path]
    for pattern in ("*.safetensors", "*.gguf", "pytorch_model*.bin"):
        if found := sorted(path.glob(pattern)):
            return found
    raise BackendError(f"{path} is no checkpoint: it holds no *.safetensors and no *.gguf")


def parameters(path: Path) -> int:
    """How many numbers the weights are, told from the heads of the files. Raises BackendError for a damaged one."""
    counters = {".safetensors": _counts_of_safetensors, ".gguf": _counts_of_gguf}
    found = ((file, counters.get(file.suffix)) for file in files(path))
    return sum(
        sum(_readable(file, counts(file))) if counts else file.stat().st_size // _HALF_PRECISION
        for file, counts in found
    )


def tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a checkpoint by name, one at a time. Raises BackendError for a file that is damaged."""
    for file in files(path):
        reader = {".safetensors": _safetensors, ".gguf": _gguf}.get(file.suffix, _weights_only)
        yield from _readable(file, reader(file))


def fill(module: nn.Module, found: Iterator[tuple[str, Tensor]], rename: Rename, dtype: torch.dtype) -> None:
    """Give a module (made on the meta device) its weights. Raises BackendError naming what is missing or misshapen."""
    wanted, given = module.state_dict(), {}
    for name, tensor in found:
        own = rename(name)
        if own is None or own not in wanted:
            continue
        if tensor.shape != wanted[own].shape:
            raise BackendError(
                f"the weights do not fit: {name} has the shape {tuple(tensor.shape)}, "
                f"this model wants {tuple(wanted[own].shape)}"
            )
        given[own] = tensor.to(dtype)
    if absent := sorted(wanted.keys() - given.keys()):
        raise BackendError(f"the weights lack {len(absent)} of {len(wanted)} tensors, {absent[0]} among them")
    module.load_state_dict(given, assign=True)
    module.eval().requires_grad_(False)


def prefixed(prefix: str, then: Rename = str) -> Rename:
    """Takes the tensors whose names begin with `prefix`, which it cuts off."""
    return lambda name: then(name[len(prefix) :]) if name.startswith(prefix) else None


def _readable(file: Path, found: Iterator[T]) -> Iterator[T]:
    """The same, its errors in one line."""
    import pickle

    from safetensors import SafetensorError

    try:
        yield from found
    except pickle.UnpicklingError as error:  # torch's own words would have the reader open it nevertheless
        raise BackendError(f"{file} holds more than numbers and is not opened: pull safetensors instead") from error
    except (SafetensorError, OSError, ValueError, IndexError, RuntimeError, EOFError) as error:
        reason = first_line(error)
        raise BackendError(f"{file} is damaged or no checkpoint, pull it anew: {reason}") from error


def _safetensors(file: Path) -> Iterator[tuple[str, Tensor]]:
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        for name in opened.keys():  # noqa: SIM118  it is no dict
            yield name, opened.get_tensor(name)


def _counts_of_safetensors(file: Path) -> Iterator[int]:
    from safetensors import safe_open

    with safe_open(file, "np") as opened:
        for name in opened.keys():  # noqa: SIM118  it is no dict
            yield prod(opened.get_slice(name).get_shape())


def _weights_only(file: Path) -> Iterator[tuple[str, Tensor]]:
    import torch

    held = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    if not (isinstance(held, dict) and all(isinstance(tensor, torch.Tensor) for tensor in held.values())):
        raise ValueError("it is no dictionary of tensors")
    yield from ((str(name), tensor) for name, tensor in held.items())


def _counts_of_gguf(file: Path) -> Iterator[int]:
    """Raises BackendError for sizes that no model has."""
    reader = gguf_reader(file)
    single = {key: field.contents() for key, field in reader.fields.items() if len(field.types) == 1}
    plausible.sane({key.rpartition(".")[2]: told for key, told in single.items() if told}, file)
    return (int(tensor.n_elements) for tensor in reader.tensors)


def _gguf(file: Path) -> Iterator[tuple[str, Tensor]]:
    import torch

    reader = gguf_reader(file)
    for tensor in reader.tensors:
        from gguf.quants import dequantize

        yield tensor.name, torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        if isinstance(reader.data.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            reader.data.base.madvise(mmap.MADV_DONTNEED)  # else the file itself fills as much memory as its weights


def gguf_reader(file: Path) -> Any:
    """An open GGUF file. Raises BackendError."""
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise BackendError("a GGUF file needs gguf: pip install 'omni-assistant[neural]'") from error
    try:
        return GGUFReader(file)
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise BackendError(f"{file} is damaged or no GGUF file, pull it anew: {first_line(error)}") from error
