"""Echo cancelling: WebRTC takes out of what the microphone hears what the speaker really plays."""

from __future__ import annotations

import importlib.util
import math
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.lines import Sink, Through
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Microphone, Samples
from devices.proxies import MicrophoneProxy

Hears = Callable[[Samples, int, float], None]
"""Told by a speaker, in any thread, what is heard: samples, their rate, and when the first of them is heard, in seconds
on the loop's clock. It takes back what was told before for that moment and later."""

_FRAME = SPEECH_RATE // 100  # samples; the module takes 10 ms at a time
_LAG = 128 / SPEECH_RATE  # seconds by which sound comes out of the module later than it went in
_LEAD = 0.03  # seconds by which devices may mistake their times: an echo that seems to come before its sound is kept
_JITTER = 0.05  # seconds that a device's times may be off before its sound counts as interrupted
_SETTLED = 10  # blocks whose times must agree that the others were off, as they are after a device ran dry
_OFF = 0.004  # seconds by which they must be
_DRIFT = 2e-4  # of time: as much as two clocks drift apart, and so little that what was learnt of the room stays true
_KEPT = 2.0  # seconds of sound that an echo may come after
_LOBES = 8  # of the sinc by which sound is resampled, to each side


def nobody(samples: Samples, rate: int, at: float) -> None:
    """Is told what is heard, and needs it for nothing."""


def available() -> bool:
    """Whether the package is installed; it is not loaded."""
    return importlib.util.find_spec("livekit") is not None


class FarEnd:
    """What is played, placed on the loop's clock: told in pieces by a speaker's thread, read by the one that hears."""

    def __init__(self) -> None:
        self._told: deque[tuple[Samples, int, float]] = deque(maxlen=400)  # some seconds, while nobody reads
        self._sound: Samples = np.zeros(0, np.float32)
        self._rate, self._origin = 0, 0.0
        self._late: deque[float] = deque(maxlen=_SETTLED)

    def tell(self, samples: Samples, rate: int, at: float) -> None:
        """See `Hears`."""
        self._told.append((samples, rate, at))

    def read(self, at: float, count: int) -> Samples:
        """So many samples of it at 16 kHz, the first as heard `at` (seconds on the loop's clock); times must grow."""
        while self._told:
            self._take(*self._told.popleft())
        if not self._rate:
            return np.zeros(count, np.float32)
        self._forget(at - _KEPT)
        places = (at - self._origin) * self._rate + np.arange(count) * (self._rate / SPEECH_RATE)
        return _at(places, self._sound, min(1.0, SPEECH_RATE / self._rate))

    def _take(self, samples: Samples, rate: int, at: float) -> None:
        late = at - self._origin - len(self._sound) / (self._rate or rate)
        if rate != self._rate or late > _KEPT or at < self._origin:
            self._rate, self._origin, self._sound = rate, at, samples
            self._late.clear()
            return
        if abs(late) < _JITTER and len(samples):
            self._origin += self._corrected(late, len(samples) / rate)
            late = 0.0
        missing = round(late * rate)
        before = self._sound[:missing] if missing < 0 else self._sound
        self._sound = np.concatenate([before, np.zeros(max(0, missing), np.float32), samples])

    def _corrected(self, late: float, seconds: float) -> float:
        """By how much a block that is so late shows that all of it is heard later."""
        self._late.append(late)
        usual = median(self._late)
        if len(self._late) < _SETTLED or abs(usual) < _OFF:
            return _followed(late, seconds)
        self._late.clear()
        return usual

    def _forget(self, until: float) -> None:
        count = min(len(self._sound), max(0, int((until - self._origin) * self._rate)))
        self._sound = self._sound[count:]
        self._origin += count / self._rate


def _followed(late: float, seconds: float) -> float:
    """How much of such a lateness to believe after so much sound."""
    return max(-_DRIFT * seconds, min(late, _DRIFT * seconds))


def _at(places: npt.NDArray[np.floating[Any]], sound: Samples, band: float) -> Samples:
    """The sound at `places` between its samples, from `band` of its frequencies on without the higher ones.

    soxr's streams hold back up to 40 ms of what they were given, more than there is time for.
    """
    half = math.ceil(_LOBES / band)
    first, last = math.floor(places[0]) - half + 1, math.floor(places[-1]) + half + 1
    inside = sound[max(0, first) : max(0, last)]
    if not inside.any():
        return np.zeros(len(places), np.float32)
    before = max(0, -first)
    window = np.pad(inside, (before, last - first - before - len(inside)))
    index = np.floor(places).astype(np.int64)[:, np.newaxis] + np.arange(1 - half, half + 1)
    distance = (places[:, np.newaxis] - index) * band
    taper = np.cos(np.pi / 2 * np.clip(distance / _LOBES, -1, 1)) ** 2
    weights: Samples = (band * np.sinc(distance) * taper).astype(np.float32)
    result: Samples = np.einsum("ij,ij->i", window[index - first], weights)
    return result


class EchoCanceller:
    """The far end in, the near end through. It learns the room by itself, and goes on learning."""

    def __init__(self) -> None:
        """Loads the package, which takes a while. Raises DeviceError."""
        rtc = _webrtc()
        self.far = FarEnd()
        self._frame = rtc.AudioFrame
        self._module = rtc.AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
        self._rest: Samples = np.zeros(0, np.float32)
        self._ended_at = -math.inf
        self._steady = 0.0

    def through(self, chunk: AudioChunk) -> AudioChunk | None:
        """A chunk at 16 kHz without the echo in it, up to the last whole 10 ms; None where there are none yet."""
        self._follow(chunk)
        began, sound = chunk.started_at - len(self._rest) / SPEECH_RATE, np.concatenate([self._rest, chunk.samples])
        whole = len(sound) // _FRAME * _FRAME
        far = self.far.read(self._steady - len(self._rest) / SPEECH_RATE + _LEAD, whole)
        self._rest, self._steady = sound[whole:], self._steady + chunk.seconds
        if not whole:
            return None
        cleaned = [self._pass(far[at : at + _FRAME], sound[at : at + _FRAME]) for at in range(0, whole, _FRAME)]
        return AudioChunk(np.concatenate(cleaned), SPEECH_RATE, began - _LAG)

    def _follow(self, chunk: AudioChunk) -> None:
        """Know when the chunk began, without the jitter of its time."""
        if (
            abs(chunk.started_at - self._ended_at) > _FRAME / SPEECH_RATE
            or abs(chunk.started_at - self._steady) > _JITTER
        ):
            self._steady = chunk.started_at
            self._rest = np.zeros(0, np.float32)  # after a gap its sound stands alone
        self._steady += _followed(chunk.started_at - self._steady, chunk.seconds)
        self._ended_at = chunk.started_at + chunk.seconds

    def _pass(self, far: Samples, near: Samples) -> Samples:
        self._module.process_reverse_stream(self._framed(far))
        frame = self._framed(near)
        self._module.process_stream(frame)
        return np.frombuffer(bytes(frame.data), np.int16).astype(np.float32) / np.float32(32767)

    def _framed(self, sound: Samples) -> Any:
        data = bytearray((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
        return self._frame(data, SPEECH_RATE, 1, _FRAME)


class WithoutEcho(MicrophoneProxy):
    """A microphone that does not hear what the speaker plays."""

    def __init__(self, microphone: Microphone, canceller: EchoCanceller) -> None:
        super().__init__(microphone)
        self._canceller = canceller

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        # In the event loop's thread: it takes about a millisecond a chunk.
        await self._microphone.run(Through(chunks, self._canceller.through))


def _webrtc() -> Any:
    try:
        from livekit import rtc
    except ImportError as error:
        raise DeviceError(
            'echo cancelling needs WebRTC: pip install "omni-assistant[aec]", or set conversation.duplex = "half"'
        ) from error
    return rtc
