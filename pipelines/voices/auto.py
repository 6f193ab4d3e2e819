"""The voice that chooses by itself: a pulled neural voice of the wanted language, else espeak-ng."""

from __future__ import annotations

from typing import ClassVar, Literal

from pipelines.backends import BackendOptions, Kind
from pipelines.choosing import Automatic
from pipelines.voices.espeak import Espeak


class Auto(Automatic):
    """Weights of another language are not taken."""

    kind: ClassVar[Kind] = "voice"
    embedded: ClassVar[str] = "espeak"

    language: Literal["en", "zh"] = "en"

    @property
    def language_wanted(self) -> str:
        return self.language

    def fallback(self) -> BackendOptions:
        return Espeak(voice={"en": "en-us", "zh": "cmn"}[self.language])
