"""What a person switches while the assistant runs: mode, talk key, microphone and cameras; told of at every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from devices.lines import Latest, Sink
from devices.media import AudioChunk, Camera, Frame, Microphone
from devices.proxies import CameraProxy, MicrophoneProxy
from pipelines.attention import AttentionOptions, AttentionState
from pipelines.types import Attention, Emit, Event, Mode

MODES: tuple[Mode, ...] = ("open", "wake", "push", "text")


@dataclass(frozen=True, slots=True)
class Present:
    """What there is to be switched."""

    microphone: bool = True
    camera: bool = True
    wake_word: str = ""
    """What must be said, in the mode `wake`; empty: there is no such mode."""


class Switches:
    """Changes who is attended to, tells of it, and lets those wait who capture sound and pictures."""

    def __init__(self, options: AttentionOptions, present: Present, emit: Emit) -> None:
        self.present, self._emit = present, emit
        self.attention = AttentionState(options, _now())
        self._told: Attention | None = None
        self._asleep_at: float | None = None
        self._changed = asyncio.Event()
        self._forget: list[Callable[[], None]] = []
        self._covered_at = -inf
        """When the cameras were switched off last."""
        self._here = {"microphone": options.microphone, "camera": options.camera}
        """What is on as far as it was switched at the machine: nobody outside can switch on what is off here."""
        self._away: set[str] = set()
        """What is off because of a privacy that was switched on from outside."""
        self._deaf = False
        """Whether the microphone was switched off from outside by itself."""

    def emit(self, event: Event) -> None:
        """Put an event on the feed, and stay awake for what it tells of."""
        self._emit(event)
        self.attention.take(event)
        self._touch()

    def to_mode(self, mode: Mode | None = None) -> None:
        """To this mode, or to the next one that there is."""
        if mode is None:
            possible = [one for one in MODES if one != "wake" or self.present.wake_word]
            mode = possible[(possible.index(self.attention.mode) + 1) % len(possible)]
        self.attention.switch(mode, _now())
        self._touch()

    def talk(self) -> None:
        """Press the talk key, or let it go."""
        now = _now()
        self.attention.release(now) if self.attention.awake(now) else self.attention.call(now)
        self._touch()

    def call(self, at: float) -> None:
        """The wake word ended then."""
        self.attention.call(at)
        self._touch()

    def mute(self, microphone: bool | None = None, camera: bool | None = None) -> None:
        """At the machine: switch capture on (True) or off; what is None stays as it is."""
        for name, on in (("microphone", microphone), ("camera", camera)):
            if on is not None:
                self._here[name] = on
                self._away -= {name} if on else set()
        self._deaf = self._deaf and not microphone
        self._settle()

    def listen(self, on: bool) -> bool:
        """From outside: switch the microphone. False where that has no effect, as it was muted at the machine."""
        self._deaf = not on
        self._away -= {"microphone"} if on else set()
        self._settle()
        return self.attention.microphone == on

    def privacy(self, on: bool) -> bool:
        """From outside: switch all capture off, or what of it was on before back on.

        False where that has no effect: what was muted at the machine is switched on there.
        """
        self._away = {*self._here} if on else set()
        self._settle()
        if self.private and not on:  # it came piece by piece
            self.listen(True)
        return self.private == on

    @property
    def now(self) -> Attention:
        """What is attended to at present."""
        there = self.present
        state = self.attention.told(_now())
        return replace(
            state,
            microphone=state.microphone if there.microphone else None,
            camera=state.camera if there.camera else None,
            wake_word=there.wake_word,
        )

    @property
    def private(self) -> bool:
        """Whether nothing is captured: no sound, no pictures."""
        there, state = self.present, self.attention
        return not (there.microphone and state.microphone) and not (there.camera and state.camera)

    @property
    def back(self) -> tuple[bool, bool] | None:
        """Whether microphone and camera are on again when privacy is over; None: it is not switched on from outside."""
        if self._away != {*self._here}:
            return None
        return self._here["microphone"] and not self._deaf, self._here["camera"]

    def restore(self, microphone: bool, camera: bool) -> None:
        """Begin with privacy switched on from outside, as an earlier session ended; with what was `back` then."""
        self._here = {"microphone": self._here["microphone"] and microphone, "camera": self._here["camera"] and camera}
        self.privacy(True)

    def when_covered(self, forget: Callable[[], None]) -> None:
        """Whenever the cameras are switched off this is called at once: what they showed is nobody's business then."""
        self._forget.append(forget)

    def hears(self) -> bool:
        """Whether sound is captured at present."""
        return self.attention.hears

    def sees(self) -> bool:
        """Whether pictures are captured at present."""
        return self.attention.camera

    def shows(self, captured_at: float) -> bool:
        """Whether a picture of that time may be looked at: cameras are on, and were not switched off since."""
        return self.attention.camera and captured_at > self._covered_at

    async def keep(self) -> None:
        """Tell of the state at the start, and when it changes by itself; until cancelled."""
        while True:
            self._touch()
            changed, asleep_at = self._changed, self.attention.falls_asleep_at
            with suppress(TimeoutError):
                async with asyncio.timeout_at(asleep_at if asleep_at and asleep_at > _now() else None):
                    await changed.wait()

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Return when it is so."""
        while not wanted():
            await self._changed.wait()

    async def while_on(self, on: Callable[[], bool], capture: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a device until it ends by itself. Switched off it is cancelled, and run anew when switched on again.

        Raises what the device raises.
        """
        while True:
            await self.until(on)
            capturing = asyncio.ensure_future(capture())
            off = asyncio.ensure_future(self.until(lambda: not on()))
            try:
                await asyncio.wait([capturing, off], return_when=asyncio.FIRST_COMPLETED)
                if capturing.done():
                    return capturing.result()
            finally:
                capturing.cancel()
                off.cancel()
                await asyncio.gather(capturing, off, return_exceptions=True)

    def _settle(self) -> None:
        """Capture what is on for everyone."""
        state, saw = self.attention, self.attention.camera
        state.microphone = self._here["microphone"] and not self._deaf and "microphone" not in self._away
        state.camera = self._here["camera"] and "camera" not in self._away
        covered = saw and not state.camera
        self._covered_at = _now() if covered else self._covered_at
        self._touch()  # first of all: who hears that something is over shall know why
        for forget in self._forget if covered else []:
            forget()

    def _touch(self) -> None:
        """If the state is another one, tell of it, and let everyone look who waits for a change.

        Every event of a session comes by here; most change nothing.
        """
        state, asleep_at = self.now, self.attention.falls_asleep_at
        another = self._told is None or replace(self._told, at=state.at) != state
        if another or asleep_at != self._asleep_at:
            changed, self._changed, self._asleep_at = self._changed, asyncio.Event(), asleep_at
            changed.set()
        if another:
            self._told = state
            self._emit(state)


class SwitchedCamera(CameraProxy):
    """A camera that takes pictures only while cameras are switched on."""

    def __init__(self, camera: Camera, switches: Switches) -> None:
        super().__init__(camera)
        self._switches = switches

    async def run(self, frames: Latest[Frame]) -> None:
        await self._switches.while_on(self._switches.sees, lambda: self._camera.run(frames))


class SwitchedMicrophone(MicrophoneProxy):
    """A microphone that hears only while it is switched on, and the mode wants to hear anything."""

    def __init__(self, microphone: Microphone, switches: Switches) -> None:
        super().__init__(microphone)
        self._switches = switches

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        await self._switches.while_on(self._switches.hears, lambda: self._microphone.run(chunks))


def _now() -> float:
    return asyncio.get_running_loop().time()
