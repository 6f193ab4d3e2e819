"""The captioner that chooses by itself: a pulled vision-language model, else the embedded captioner."""

from __future__ import annotations

from typing import ClassVar

from pipelines.backends import Kind
from pipelines.captioners.options import Spoken
from pipelines.choosing import Automatic


class Auto(Automatic):
    """See `configs/models.toml` for what is taken before what."""

    kind: ClassVar[Kind] = "captioner"
    embedded: ClassVar[str] = "embedded"

    prompt: str = ""
    """What is asked of each keyframe, where the model can be asked; empty: as its backend has it."""
    language: Spoken = "auto"
    """In which language it is asked, where the model knows several and `prompt` is empty."""
