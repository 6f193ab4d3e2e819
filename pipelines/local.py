"""What the language models on this machine can be told, in chats and in captioners alike, by what runs them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipelines.backends import BackendOptions
from pipelines.language.loading import Device, Precision, Threads
from pipelines.language.sampling import Sampling


class LocalOptions(BackendOptions):
    """Whatever runs it."""

    weights: str
    """The name they were pulled by, or a path."""
    threads: Threads
    sampling: Sampling = Field(default_factory=Sampling)


class TorchOptions(LocalOptions):
    """On torch, where there is a choice of devices and number formats."""

    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers", "safetensors", "jinja2")
    extra: ClassVar[str] = "neural"

    device: Device = "auto"
    precision: Precision = "auto"


class GgufOptions(LocalOptions):
    """On llama.cpp, which computes on the processor, in the number format of the file."""

    needs: ClassVar[tuple[str, ...]] = ("llama_cpp",)
    extra: ClassVar[str] = "llamacpp"

    context: int = Field(default=4096, ge=256, le=1_000_000)
    """All that it can keep in mind at once, pictures and answers included, in tokens; memory grows with it."""
