"""The transcriber that chooses by itself: a pulled recogniser of free speech, else the closed grammar."""

from __future__ import annotations

from typing import ClassVar, Literal

from pipelines.backends import Kind
from pipelines.choosing import Automatic


class Auto(Automatic):
    """With weights it understands free speech; without, only requests."""

    kind: ClassVar[Kind] = "transcriber"
    embedded: ClassVar[str] = "pocketsphinx"

    language: Literal["auto", "en", "zh"] = "auto"
    """What is spoken, for weights that know several languages."""

    @property
    def language_wanted(self) -> str:
        return "" if self.language == "auto" else self.language
