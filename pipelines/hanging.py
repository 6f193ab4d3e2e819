"""After how long a model that says nothing counts as hung."""

from __future__ import annotations

from pydantic import Field

from devices.media import Options
from pipelines.backends import Kind


class HungOptions(Options):
    """Seconds without a sign of life after which a model hangs: it is left alone then until it is over.

    A piece of an answer or of a caption is a sign of life. The first one is the slowest: all of the prompt, and the
    picture, are taken in before it, and a graphics card may have to wake up.
    """

    captioner: float = Field(default=180.0, gt=0, le=3600)
    chat: float = Field(default=120.0, gt=0, le=3600)
    transcriber: float = Field(default=60.0, gt=0, le=3600)
    voice: float = Field(default=30.0, gt=0, le=3600)
    detector: float = Field(default=15.0, gt=0, le=3600)
    spotter: float = Field(default=30.0, gt=0, le=3600)
    reader: float = Field(default=60.0, gt=0, le=3600)
    wake: float = Field(default=15.0, gt=0, le=3600)
    turn: float = Field(default=15.0, gt=0, le=3600)

    def of(self, kind: Kind) -> float:
        """Those of a model of this kind."""
        seconds: float = getattr(self, kind)
        return seconds
