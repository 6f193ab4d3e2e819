"""Speakers: a sound card, a WAV file written as if it were heard, or nowhere; all take as long as the sound lasts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import field_validator

from devices import portaudio
from devices.echo import Hears, nobody
from devices.media import DeviceError, Options, Samples, Speaker
from devices.soundfiles import WavWriter, resample
from devices.threads import DaemonThread

_SOUNDS = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wma"}
"""Of files that are not written here."""
_FADE = 0.01  # seconds; long enough to make no click
_TICK = 0.02  # seconds between two looks at how far a sound has come
_USUAL_DELAY = 0.06  # seconds from handing a sample over to its being heard, for a device that does not tell
_PATIENCE = 3.0  # seconds without a call from the device until it counts as lost


class SpeakerOptions(Options):
    """Where the voice is heard."""

    sink: portaudio.Choice = "default"
    """"default", a device's index or a part of its name, a path that ends in .wav, or "none"."""

    @field_validator("sink")
    @classmethod
    def _playable(cls, sink: int | str) -> int | str:
        if isinstance(sink, str) and not sink.lower().endswith(".wav") and _is_path(sink):
            raise ValueError("is no device and no .wav file: name a .wav file")
        return sink

    @property
    def live(self) -> bool:
        """Whether it is a device, which is heard in a room."""
        return self.sink != "none" and not str(self.sink).lower().endswith(".wav")


def open_speaker(options: SpeakerOptions, hears: Hears = nobody) -> Speaker:
    """The speaker that the options name; no device and no file is opened yet. `hears` is told what is really heard."""
    if options.live:
        return SoundCard(options.sink, hears)
    return Nowhere() if options.sink == "none" else WavFile(Path(str(options.sink)), hears)


def _is_path(sink: str) -> bool:
    """Whether it can only be meant as a file or a folder: devices have no such names."""
    path = Path(sink)
    begins = sink.startswith(("/", "./", "../", "~", ".\\"))
    return begins or path.suffix.lower() in _SOUNDS or (sink != "default" and path.is_dir())


class Nowhere:
    """Plays to nobody, in real time."""

    live = False

    def __init__(self) -> None:
        self.played = 0
        self.began_at: float | None = None

    def probe(self) -> None:
        """Nowhere is always there."""

    async def play(self, samples: Samples, rate: int) -> None:
        watch = _Stopwatch(len(samples), rate)
        self.played, self.began_at = 0, watch.started
        while self.played < len(samples):
            try:
                await watch.tick()
            finally:
                self.played = watch.heard()

    async def close(self) -> None:
        """There is nothing to give back."""


class WavFile:
    """A 16-bit mono WAV in which everything stands at the time it was heard, with the silence between.

    Its time starts when it is opened inside the event loop; opened outside, at the first `play`. The first `play`
    makes the file, or overwrites it, and decides its rate.
    """

    live = False

    def __init__(self, path: Path, hears: Hears = nobody) -> None:
        self.played = 0
        self.began_at: float | None = None
        self._path, self._hears = path, hears
        self._thread = DaemonThread("speaker")
        self._file: WavWriter | None = None
        self._origin = _loop_time()

    def probe(self) -> None:
        folder = self._path.parent
        if self._path.is_dir():
            raise DeviceError(f"{self._path} is a directory: name a WAV file to write")
        if not folder.is_dir():
            raise DeviceError(f"{self._path} cannot be written, the folder {folder} does not exist: make it first")
        if not os.access(self._path if self._path.exists() else folder, os.W_OK):
            raise DeviceError(f"{self._path} cannot be written: you have no permission there; name another file")

    async def play(self, samples: Samples, rate: int) -> None:
        self.played, self.began_at = 0, None
        self._file = self._file or WavWriter(self._path, rate)
        loop = asyncio.get_running_loop()
        sound = await loop.run_in_executor(self._thread, resample, samples, rate, self._file.rate)
        watch = _Stopwatch(len(samples), rate)
        self.began_at = watch.started
        self._hears(sound, self._file.rate, watch.started)
        take = _Take(self._file, self._place(watch.started, self._file), sound)
        try:
            while self.played < len(samples):
                await watch.tick()
                self._advance(take, watch)
        except asyncio.CancelledError:
            with suppress(DeviceError):  # a full disk must not turn cancelling into something else
                self._advance(take, watch)
                self._hears(take.fade(), self._file.rate, watch.started + self.played / rate)
            raise

    async def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._thread.shutdown()

    def _advance(self, take: _Take, watch: _Stopwatch) -> None:
        take.write_until((heard := watch.heard()) / watch.total)
        self.played = heard

    def _place(self, started: float, file: WavWriter) -> int:
        """The sample of the file at which a sound that starts now stands."""
        self._origin = started if self._origin is None else self._origin
        return max(file.length, round((started - self._origin) * file.rate))


class _Take:
    """One sound on its way into a file, as far as it was heard. Writes are short and local: they need no thread."""

    def __init__(self, file: WavWriter, at: int, sound: Samples) -> None:
        self._file, self._at, self._sound = file, at, sound
        self._written = 0

    def write_until(self, share: float) -> None:
        """Write on, until this share of it is written."""
        until = round(share * len(self._sound))
        self._write(self._sound[self._written : until])

    def fade(self) -> Samples:
        """End it within 10 ms, which are returned."""
        end = _faded(self._sound[self._written :], self._file.rate)
        self._write(end)
        return end

    def _write(self, sound: Samples) -> None:
        self._file.write(self._at + self._written, sound)
        self._written += len(sound)


class SoundCard:
    """Plays through PortAudio, at the device's own rate; once opened it stays open, silent between two sounds."""

    live = True

    def __init__(self, sink: int | str, hears: Hears = nobody) -> None:
        self.played = 0
        self.began_at: float | None = None
        self._sink, self._hears = sink, hears
        self._output: _Output | None = None

    def probe(self) -> None:
        portaudio.check("output", self._sink)

    async def play(self, samples: Samples, rate: int) -> None:
        self.played, self.began_at = 0, None
        output = await self._opened()
        sound = await output.stream.work(resample, samples, rate, output.stream.rate)
        try:
            await output.begin(sound)
            while (heard := output.heard()) < len(sound):
                self.played, self.began_at = _scaled(heard, len(sound), len(samples)), output.began_at
                output.check()
                await asyncio.sleep(min(_TICK, (len(sound) - heard) / output.stream.rate))
            self.played = len(samples)
        except asyncio.CancelledError:
            self.played = _scaled(output.cut(), len(sound), len(samples))
            raise
        except DeviceError:
            await self._drop()
            raise
        finally:
            self.began_at = output.began_at

    async def close(self) -> None:
        if self._output is not None and self._output.stream.active:
            await asyncio.sleep(self._output.delay)  # what is on its way is still heard
        await self._drop()

    async def _opened(self) -> _Output:
        if self._output is None or not self._output.stream.active:
            await self._drop()
            self._output = _Output(self._sink, asyncio.get_running_loop().time, self._hears)
            await self._output.stream.open()
        return self._output

    async def _drop(self) -> None:
        output, self._output = self._output, None  # first, so that nobody plays to it while it closes
        if output is not None:
            await output.stream.close()


class _Output:
    """An open device and the sound it plays next, shared by the event loop and the device's thread under one lock."""

    def __init__(self, sink: int | str, clock: Callable[[], float], hears: Hears) -> None:
        self.stream = portaudio.Stream("output", sink, self._fill, lambda: None)
        self.delay = 0.0
        """Seconds from handing a sample over to its being heard."""
        self.began_at: float | None = None
        """Seconds on the loop's clock at which the first sample of this sound is heard, once it is known."""
        self._clock, self._hears = clock, hears
        self._lock = threading.Lock()
        self._sound: Samples = np.zeros(0, np.float32)
        self._taken = 0
        self._mark = (0, clock())
        self._called = clock()

    async def begin(self, sound: Samples) -> None:
        """Play this now. Raises DeviceError when the device was lost since it was cut."""
        with self._lock:
            self._sound, self._taken, self.began_at = sound, 0, None
            self._called = self._clock()
            self._mark = (0, self._called)
        await self.stream.resume()

    def heard(self) -> int:
        """How many samples of this sound have been heard up to now."""
        with self._lock:
            taken, at = self._mark
            return int(max(0, min(taken + (self._clock() - at) * self.stream.rate, self._taken)))

    def cut(self) -> int:
        """Fall silent. The samples that were heard; what the device holds besides, it drops: waiting takes too long."""
        heard, silence = self.heard(), np.zeros(1, np.float32)
        with self._lock:
            self._sound, self.began_at = silence[:0], self.began_at if heard else None
        self.stream.halt()
        self._hears(silence, self.stream.rate, self._clock())
        return heard

    def check(self) -> None:
        """Raises DeviceError when the device takes no more sound."""
        if not self.stream.active or self._clock() - self._called > _PATIENCE:
            raise DeviceError("the speaker was lost: connect it again")

    def _fill(self, out: Any, frames: int, time: Any, status: Any) -> None:
        """PortAudio's callback, in its own thread."""
        delay = time.outputBufferDacTime - time.currentTime
        with self._lock:
            self.delay = delay if 0 <= delay < 2 else _USUAL_DELAY
            self._called = self._clock()
            count = min(frames, len(self._sound))
            if count:
                self._mark = (self._taken, self._called + self.delay)
                self.began_at = self.began_at or self._mark[1]
            out[:count] = self._sound[:count, np.newaxis]
            out[count:] = 0
            self._sound, self._taken = self._sound[count:], self._taken + count
        self._hears(out[:, 0].copy(), self.stream.rate, self._called + self.delay)


class _Stopwatch:
    """How much of a sound that started now has been heard, on the loop's clock."""

    def __init__(self, total: int, rate: int) -> None:
        self.total, self._rate = total, rate
        self.started = _now()

    def heard(self) -> int:
        """Samples up to this moment."""
        return min(self.total, round((_now() - self.started) * self._rate))

    async def tick(self) -> None:
        """Wait a little, at most until its end."""
        await asyncio.sleep(min(_TICK, self.started + self.total / self._rate - _now()))


def _scaled(count: int, of: int, to: int) -> int:
    """Samples out of `of`, counted at the rate at which there are `to`."""
    return round(count * to / of) if of else 0


def _faded(sound: Samples, rate: int) -> Samples:
    """Its first 10 ms, falling to silence."""
    start = sound[: round(_FADE * rate)]
    return start * np.linspace(1, 0, len(start), dtype=np.float32)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _loop_time() -> float | None:
    with suppress(RuntimeError):
        return _now()
    return None
