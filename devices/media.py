"""The values that devices hand over, the three device protocols, and what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from devices.lines import Latest, Sink

SPEECH_RATE = 16_000
"""Samples per second of everything a microphone hands over."""

MOST_PIXELS = 100_000_000
"""Of a picture that is read: decoded, it takes three times as many bytes, and more while it is cut."""

Pixels = NDArray[np.uint8]
Samples = NDArray[np.float32]


class DeviceError(Exception):
    """A camera, microphone or speaker that cannot be used; the message is one line and says what to do."""


class NoSoundSystem(DeviceError):
    """This machine has no PortAudio, or no sound device at all: the part is left out and the others run."""


class Options(BaseModel):
    """Options of a part, as they stand in the configuration: frozen, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, at the moment it was taken."""

    pixels: Pixels
    """H×W×3, RGB."""
    captured_at: float
    """Seconds on the event loop's clock (for a file read with `fast`: start of reading + media time)."""
    camera: str
    """The camera's name."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """A piece of sound, mono."""

    samples: Samples
    """In [-1, 1]."""
    rate: int
    """Samples per second."""
    started_at: float
    """Seconds on the event loop's clock at its first sample."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


class Camera(Protocol):
    """Something that takes pictures."""

    name: str
    live: bool
    """True for a device or a stream, which has no end; False for a file, a folder or a still."""
    endless: bool
    """True when `run` never returns by itself (live ones, and a still, which is shown for ever)."""

    def probe(self) -> None:
        """Find out, blocking, whether it can be used now. Raises DeviceError if not."""

    async def run(self, frames: Latest[Frame]) -> None:
        """Put frames on the line until the source ends. Does not close the line.

        Raises DeviceError when the source cannot be opened or is lost; calling `run` again tries anew.
        """


class Microphone(Protocol):
    """Something that hears; hands over 16 kHz mono."""

    live: bool
    endless: bool

    @property
    def lost(self) -> int:
        """Samples (at 16 kHz) that the device lost so far: counted, never replaced by silence unsaid."""

    def probe(self) -> None:
        """Find out, blocking, whether it can be used now. Raises DeviceError (NoSoundSystem) if not."""

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        """Put chunks on the line, 20 to 100 ms each, until the source ends. Does not close the line.

        Raises DeviceError when the source cannot be opened or is lost; calling `run` again tries anew.
        """


class Speaker(Protocol):
    """Something that makes sound be heard."""

    live: bool

    @property
    def played(self) -> int:
        """Samples of the present (or last) `play` that were heard, at the rate they were given."""

    @property
    def began_at(self) -> float | None:
        """Seconds on the event loop's clock at which the first sample of the present (or last) `play` is heard, output
        latency included; set as soon as it is known, None before."""

    def probe(self) -> None:
        """Find out, blocking, whether it can be used now. Raises DeviceError (NoSoundSystem) if not."""

    async def play(self, samples: Samples, rate: int) -> None:
        """Return when the last sample was heard, output latency included.

        Cancelling it is silence within 50 ms, on an idle machine; `played` then tells how far it came.
        Raises DeviceError when the device is lost or the file cannot be written.
        """

    async def close(self) -> None:
        """Give the device back; finish the file."""


def within(pixels: Pixels, side: int) -> Pixels:
    """An H×W×3 picture with a longer side of at most so many pixels; the very same one where it is small enough."""
    import cv2

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
