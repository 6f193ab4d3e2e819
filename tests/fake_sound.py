"""A sound system made of nothing, in place of the module `sounddevice`: its devices call back on the loop's clock."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from devices.media import Samples

RATE = 48_000
BLOCK = 960  # samples, 20 ms
DELAY = 0.05  # seconds from a callback to its block being heard, or from a sample to the callback that brings it


class PortAudioError(Exception):
    """As sounddevice raises it: a text that may have several lines, and a number."""


class FakeStream:
    """Calls back every 20 ms until it is closed, unplugged, or stuck."""

    samplerate = float(RATE)

    def __init__(self, callback: Any, finished_callback: Any, channels: int, **settings: Any) -> None:
        self._callback, self._finished, self._channels = callback, finished_callback, channels
        self.active = self.stuck = False
        self.flags = SimpleNamespace(input_overflow=False, output_underflow=False)
        self.heard: list[Samples] = []
        self._first_at: float | None = None
        self._starts = 0
        self._blocks = 0

    def start(self) -> None:
        """In `heard`, the time since an abort is silence."""
        self.active, self._starts = True, self._starts + 1
        at = asyncio.get_running_loop().time() + DELAY
        self._first_at = self._first_at or at
        self.heard.append(np.zeros(round((at - self._first_at) * RATE) - sum(map(len, self.heard)), np.float32))
        self._call(self._starts)

    def abort(self) -> None:
        """What is not heard yet never is."""
        if self.active and self._first_at is not None:
            count = round((asyncio.get_running_loop().time() - self._first_at) * RATE)
            self.heard = [np.concatenate(self.heard)[: max(0, count)]]
        self.active = False

    def close(self) -> None:
        self.active = False

    def unplug(self) -> None:
        self.active = False
        self._finished()

    def skip(self, blocks: int) -> None:
        """Lose so many blocks."""
        self._blocks += blocks

    def _call(self, start: int) -> None:
        if not self.active or start != self._starts:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self.stuck:
            self._hand_over(
                SimpleNamespace(currentTime=now, outputBufferDacTime=now + DELAY, inputBufferAdcTime=now - DELAY)
            )
        loop.call_later(BLOCK / RATE, self._call, start)

    def _hand_over(self, time: Any) -> None:
        block = np.zeros((BLOCK, self._channels), np.float32)
        block[:, 0] = self._blocks / 1000  # an input counts its blocks
        self._callback(block, BLOCK, time, self.flags)
        self.heard.append(block[:, 0])
        self._blocks += 1


class FakeSound(SimpleNamespace):
    """Three devices, of which one cannot record in mono, and one cannot record at all though it says so."""

    PortAudioError = PortAudioError
    default = SimpleNamespace(device=[2, 1])
    listed: ClassVar[tuple[dict[str, Any], ...]] = (
        {"name": "Built-in Output", "max_input_channels": 0, "max_output_channels": 2},
        {"name": "USB Headset", "max_input_channels": 1, "max_output_channels": 2},
        {"name": "usb headset (2)", "max_input_channels": 2, "max_output_channels": 0},
    )

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.started = 1
        self._known = self.listed

    def query_devices(self) -> list[dict[str, Any]]:
        return [{**row, "index": index, "default_samplerate": float(RATE)} for index, row in enumerate(self._known)]

    def check_input_settings(self, device: int, channels: int, **settings: Any) -> None:
        if device == 1 or channels == 1:
            raise PortAudioError("Device unavailable\n [PaErrorCode -9985]", -9985)

    def check_output_settings(self, **settings: Any) -> None:
        """All of them play."""

    def InputStream(self, **settings: Any) -> FakeStream:
        self.streams.append(FakeStream(**settings))
        return self.streams[-1]

    OutputStream = InputStream

    def refuse(self) -> None:
        """In place of a stream's `start`."""
        raise PortAudioError("Device unavailable", -9985)

    def _terminate(self) -> None:
        self.started -= 1

    def _initialize(self) -> None:
        """As the real one: only now it sees what was plugged in meanwhile."""
        self.started += 1
        self._known = self.listed
