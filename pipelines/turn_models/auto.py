"""The turn model that chooses by itself: pulled weights that hear whether a speaker has ended, else the words alone."""

from __future__ import annotations

from typing import ClassVar

from pipelines.backends import Kind
from pipelines.choosing import Automatic


class Auto(Automatic):
    """With weights it hears the end of a turn; without, only the words tell."""

    kind: ClassVar[Kind] = "turn"
    embedded: ClassVar[str] = "constant"
