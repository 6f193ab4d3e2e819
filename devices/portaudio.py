"""PortAudio where a machine has it: loaded late and quietly, its devices by name or number, and streams of it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StrictInt

from devices.media import DeviceError, NoSoundSystem
from devices.quiet import quiet
from devices.threads import DaemonThread

T = TypeVar("T")

Kind = Literal["input", "output"]
Choice = Annotated[StrictInt, Field(ge=0)] | Annotated[str, Field(min_length=1)]
"""A device as a person names it: "default", its index, or a part of its name."""

_CALLED = {"input": "microphone", "output": "speaker"}
_CHANNELS = {"input": (1, 2), "output": (2, 1)}  # one of an input, if it can; an output in the middle of its two
_LATENCY = {"input": 0.1, "output": 0.06}  # seconds that a busy machine may leave a device alone
_LEAVING = 0.3  # seconds that closing may take; a device that hangs longer is left to its thread

_lock = threading.RLock()  # PortAudio must not be called by two threads at once
_streams: set[Stream] = set()
_stale = False


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """A microphone or a speaker, as PortAudio knows it."""

    index: int
    name: str
    is_default: bool
    rate: int
    """Samples per second that it runs at by itself."""


def sounddevice() -> Any:
    """The module `sounddevice`. Raises NoSoundSystem, with what helps, where PortAudio is absent or does not start."""
    try:
        import sounddevice as module
    except OSError as error:
        raise NoSoundSystem(f"no sound on this machine: PortAudio is missing; {_help()}") from error
    except Exception as error:
        if type(error).__name__ != "PortAudioError":  # the class is gone with the module that could not be imported
            raise
        raise _no_answer() from error
    return module


def _help() -> str:
    if sys.platform.startswith("linux"):
        return "install it: sudo apt install libportaudio2 (Fedora: dnf install portaudio, Arch: pacman -S portaudio)"
    return "it comes with a package: pip install --force-reinstall sounddevice"


def list_microphones() -> list[SoundDevice]:
    """All that can record; none is an empty list. Raises NoSoundSystem without PortAudio."""
    return _list("input")


def list_speakers() -> list[SoundDevice]:
    """All that can play; none is an empty list. Raises NoSoundSystem without PortAudio."""
    return _list("output")


def _list(kind: Kind) -> list[SoundDevice]:
    with _portaudio() as module:
        default = module.default.device[kind == "output"]
        return [
            SoundDevice(row["index"], row["name"], row["index"] == default, round(row["default_samplerate"]))
            for row in module.query_devices()
            if row[f"max_{kind}_channels"] > 0
        ]


def find(kind: Kind, wanted: int | str) -> SoundDevice:
    """The device of that index, or the first whose name is or contains `wanted`, or the default one.

    Raises NoSoundSystem when there is no device at all, DeviceError when there is none like that.
    """
    devices = _list(kind)
    if not devices:
        raise NoSoundSystem(f"no {_CALLED[kind]} on this machine: connect one, or name a WAV file in its place")
    for fits in _ways(wanted):
        if found := next(filter(fits, devices), None):
            return found
    raise DeviceError(f"there is no {_CALLED[kind]} {wanted!r}: `omni devices` lists those there are")


def _ways(wanted: int | str) -> list[Callable[[SoundDevice], bool]]:
    """The tests to try on all devices, one after the other: the first device that passes one is meant."""
    if wanted == "default":
        return [lambda device: device.is_default, lambda device: True]
    if str(wanted).isdecimal():
        return [lambda device: device.index == int(wanted)]
    name = str(wanted).casefold()
    return [lambda device: device.name.casefold() == name, lambda device: name in device.name.casefold()]


class Stream:
    """A device that calls back from PortAudio's own thread; opened once and closed once, on a thread of its own."""

    rate: int
    """Samples per second, known from the first callback on."""

    def __init__(self, kind: Kind, wanted: int | str, callback: Callable[..., None], ended: Callable[[], None]) -> None:
        """`callback(data, frames, time, status)` is sounddevice's; `ended` is called when no more callbacks come."""
        self._kind, self._wanted = kind, wanted
        self._callback, self._ended = callback, ended
        self._stream: Any = None
        self._closed = self._halted = False
        self._thread = DaemonThread(_CALLED[kind])

    @property
    def active(self) -> bool:
        """False before it is open and after it is closed or lost; True while it is halted."""
        stream = self._stream  # another thread may close it meanwhile
        try:
            return stream is not None and (self._halted or bool(stream.active))
        except sounddevice().PortAudioError:
            return False

    async def open(self) -> None:
        """Open and start it. Raises DeviceError (NoSoundSystem)."""
        await self.work(self._open)

    def halt(self) -> None:
        """Drop what the device still holds, without waiting for that; it is silent until `resume`."""
        self._halted = True
        asyncio.get_running_loop().run_in_executor(self._thread, self._halt)

    async def resume(self) -> None:
        """Call back again after a halt; an output is heard at once. Raises DeviceError if it was lost meanwhile."""
        if self._halted:
            await self.work(self._resume)

    async def close(self) -> None:
        """Give the device back at once; what it still holds is not heard. Where that hangs, it is not waited for."""
        self._closed = True
        try:
            async with asyncio.timeout(_LEAVING):
                await self.work(self._close)
        except TimeoutError:
            return
        finally:
            self._thread.shutdown()

    async def work(self, call: Callable[..., T], *values: Any) -> T:
        """Do something that blocks, on this device's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *values)

    def _open(self) -> None:
        with _portaudio():
            if self._closed:  # the one who wanted it was cancelled while this thread waited its turn
                return
            _renew_list()
            stream = _reach(self._kind, self._wanted, self._start)
            self._stream = stream
            _streams.add(self)
        if self._closed:  # the one who wanted it left while it opened, and does not wait any more
            self._close()

    def _close(self) -> None:
        global _stale
        with _lock, quiet():
            _streams.discard(self)
            if self._stream is not None:
                _stale = _stale or not self.active
                with suppress(sounddevice().PortAudioError):  # a lost device may refuse even this
                    self._stream.abort()
                    self._stream.close()
                self._stream = None

    def _halt(self) -> None:
        with _lock, suppress(sounddevice().PortAudioError):  # what is lost is silent too
            if self._stream is not None:
                self._stream.abort()

    def _resume(self) -> None:
        with _lock, quiet():
            try:
                self._stream.start()
            except sounddevice().PortAudioError as error:
                raise DeviceError(f"the {_CALLED[self._kind]} was lost: connect it again") from error
            finally:
                self._halted = False

    def _start(self, settings: dict[str, Any]) -> Any:
        module = sounddevice()
        make = module.InputStream if self._kind == "input" else module.OutputStream
        # An output begins with what it is to play, where it would begin with as much silence as it can hold.
        settings |= {"latency": _LATENCY[self._kind], "prime_output_buffers_using_stream_callback": True}
        stream = make(callback=self._callback, finished_callback=self._ended, **settings)
        self.rate = round(stream.samplerate)
        try:
            stream.start()
        except module.PortAudioError:
            stream.close()
            raise
        return stream


def check(kind: Kind, wanted: int | str) -> None:
    """Raises DeviceError (NoSoundSystem) when there is no such device, or it cannot be used now."""
    with _portaudio():
        _renew_list()
        _reach(kind, wanted, lambda settings: settings)


def _reach(kind: Kind, wanted: int | str, use: Callable[[dict[str, Any]], Any]) -> Any:
    """`use` the settings that the device supports. Raises DeviceError, and then looks for devices anew next time."""
    global _stale
    _stale = True
    device = find(kind, wanted)
    module = sounddevice()
    supports = module.check_input_settings if kind == "input" else module.check_output_settings
    why = ""
    for channels in _CHANNELS[kind]:
        settings = {"device": device.index, "channels": channels, "samplerate": device.rate, "dtype": "float32"}
        try:
            supports(**settings)
            used = use(settings)
        except module.PortAudioError as error:
            why = " ".join(str(error.args[0]).split())
        else:
            _stale = False
            return used
    raise DeviceError(
        f"the {_CALLED[kind]} {device.name!r} cannot be opened ({why}): close what else uses it, or choose another"
    )


def _renew_list() -> None:
    """Look for devices anew once one was lost: PortAudio only looks when it starts, and only if no stream is open."""
    global _stale
    if _stale and not _streams:
        module = sounddevice()
        with suppress(module.PortAudioError):  # it may have failed to start the last time
            module._terminate()
        module._initialize()
        _stale = False


@contextmanager
def _portaudio() -> Iterator[Any]:
    """The module `sounddevice`, for this thread alone, quietly. Raises NoSoundSystem for errors nobody else names."""
    with _lock, quiet():  # ALSA and PortAudio print about devices that nobody asked for
        module = sounddevice()
        try:
            yield module
        except module.PortAudioError as error:
            raise _no_answer() from error


def _no_answer() -> NoSoundSystem:
    return NoSoundSystem("the sound system does not answer: start it, or name a WAV file in its place")
