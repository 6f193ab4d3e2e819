"""The chat that chooses by itself: a pulled language model, else the embedded chat."""

from __future__ import annotations

from typing import ClassVar

from pipelines.backends import Kind
from pipelines.choosing import Automatic


class Auto(Automatic):
    """With weights it converses; without, rules answer first."""

    kind: ClassVar[Kind] = "chat"
    embedded: ClassVar[str] = "embedded"
