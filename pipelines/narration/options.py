"""What is told unasked of what the cameras see."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from devices.media import Options


class NarrationOptions(Options):
    """What is told, and how. Times are in seconds."""

    positions: Literal["clock", "side", "none"] = "side"
    """How it is said where something is: as on the face of a clock ("at 2 o'clock"), or left, ahead and right."""
    doubt: float = Field(default=0.6, ge=0, le=1)
    """Below this score something is only told as possible."""
    least: float = Field(default=0.5, ge=0, le=1)
    """Below this score nothing is told of it."""
    introduction: bool = True
    """Say at the start what there is, and which keys help; any key skips it."""
    hazards: tuple[str, ...] = ("car", "truck", "bus", "motorbike", "bicycle", "train")
    """Things that are a hazard when they come closer, by the names of the object detector."""
    warnings: tuple[str, ...] = ("danger", "warning", "caution", "wet floor", "high voltage", "危险", "小心", "注意")
    """Words that make a text that is read a hazard."""

    @field_validator("hazards", "warnings")
    @classmethod
    def _words(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(name.strip() for name in names):
            raise ValueError("has an empty word, which means nothing: take it out")
        return names
