"""Devices as they are, watched: what they give, and when, goes into a journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict, replace
from typing import Any

from assistant.recordings.journal import Journal
from assistant.recordings.values import rounded
from assistant.recordings.watched_models import Album, Clock
from devices.lines import Latest, Sink, Through
from devices.media import AudioChunk, Camera, DeviceError, Frame, Microphone, Samples, Speaker
from devices.proxies import CameraProxy, MicrophoneProxy, SpeakerProxy
from pipelines.gate import Gate
from pipelines.guard import Guard, Told
from pipelines.moving import STILL, Motion
from pipelines.narration.light import Lightness, Step
from pipelines.news import Kind


class WatchedMicrophone(MicrophoneProxy):
    """The microphone itself. What it hears is rounded to 16 bits, which is what is kept."""

    def __init__(self, microphone: Microphone, journal: Journal, clock: Clock) -> None:
        super().__init__(microphone)
        self._journal, self._clock = journal, clock

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        running = self._microphone.run(Through(chunks, self._heard))
        await _until_end(running, "microphone", self._journal, self._clock)

    def _heard(self, chunk: AudioChunk) -> AudioChunk:
        kept = replace(chunk, samples=rounded(chunk.samples))
        self._journal.hear(kept.samples)
        counts = {"from": kept.started_at, "n": len(kept.samples), "lost": self._microphone.lost}
        self._journal.line("chunk", at=self._clock(), **counts)
        return kept


class WatchedCamera(CameraProxy):
    """The camera itself; what it shows is kept by the gate, and here only when it ends."""

    def __init__(self, camera: Camera, journal: Journal, clock: Clock) -> None:
        super().__init__(camera)
        self._journal, self._clock = journal, clock

    async def run(self, frames: Latest[Frame]) -> None:
        await _until_end(self._camera.run(frames), f"camera {self._camera.name}", self._journal, self._clock)


async def _until_end(running: Coroutine[Any, Any, None], device: str, journal: Journal, clock: Clock) -> None:
    try:
        await running
    except DeviceError as error:
        journal.line("ended", device=device, at=clock(), error=str(error))
        raise
    journal.line("ended", device=device, at=clock())


class WatchedGate:
    """The gate itself: which frames it was shown, and what it decided; its keyframes are kept."""

    def __init__(self, gate: Gate, journal: Journal, album: Album, clock: Clock) -> None:
        self._gate, self._journal, self._album, self._clock = gate, journal, album, clock

    @property
    def still(self) -> bool:
        return self._gate.still

    @property
    def motion(self) -> Motion:
        return self._gate.motion

    def forget(self) -> None:
        self._gate.forget()

    def wants(self, frame: Frame) -> bool:
        wanted = self._gate.wants(frame)
        if wanted:
            self._album.keep(frame)
        told = {"camera": frame.camera, "taken": frame.captured_at, "wanted": wanted, "still": self._gate.still}
        told |= {} if self._gate.motion == STILL else {"motion": asdict(self._gate.motion)}
        self._journal.line("frame", at=self._clock(), **told)
        return wanted


class WatchedGuard:
    """The guard itself, and who is told by it: what it tells of a frame is kept.

    What it tells because a camera was switched off, it tells again when that is switched off again.
    """

    def __init__(self, guarded: Callable[[Told], Guard], told: Told, journal: Journal, clock: Clock) -> None:
        """`guarded`: gives the guard, which is to tell this one."""
        self._told, self._journal, self._clock = told, journal, clock
        self._guard = guarded(self)
        self._frame: Frame | None = None

    def look(self, frame: Frame) -> None:
        self._frame = frame
        self._guard.look(frame)
        self._frame = None

    def forget(self) -> None:
        self._guard.forget()

    def began(self, kind: Kind, at: float) -> None:
        self._keep(kind, True, at)
        self._told.began(kind, at)

    def over(self, kind: Kind, at: float) -> None:
        self._keep(kind, False, at)
        self._told.over(kind, at)

    def _keep(self, kind: Kind, began: bool, since: float) -> None:
        if self._frame is not None:
            frame = {"camera": self._frame.camera, "taken": self._frame.captured_at}
            self._journal.line("guard", at=self._clock(), **frame, kind=kind, began=began, since=since)


class WatchedLight:
    """What judges the light itself; what it finds is kept where it is not as at the frame before."""

    def __init__(self, camera: str, light: Lightness, journal: Journal, clock: Clock) -> None:
        self._camera, self._light, self._journal, self._clock = camera, light, journal, clock
        self._kept: dict[str, Any] | None = None
        """What was kept last; None: nothing since all was forgotten."""

    @property
    def steps(self) -> bool:
        return self._light.steps

    @property
    def blind(self) -> bool:
        return self._light.blind

    def look(self, frame: Frame) -> Step | None:
        step = self._light.look(frame)
        found = {"step": step, "steps": self._light.steps, "blind": self._light.blind}
        if found != self._kept:
            self._journal.line("light", at=self._clock(), camera=self._camera, taken=frame.captured_at, **found)
        self._kept = found
        return step

    def clear(self) -> None:
        self._light.clear()
        self._kept = None


class WatchedSpeaker(SpeakerProxy):
    """The speaker itself: how long after each call it was heard, and how far it came."""

    def __init__(self, speaker: Speaker, journal: Journal, clock: Clock) -> None:
        super().__init__(speaker)
        self._journal, self._clock = journal, clock

    async def play(self, samples: Samples, rate: int) -> None:
        told: dict[str, Any] = {"at": self._clock(), "total": len(samples), "rate": rate, "cut": False}
        playing = asyncio.ensure_future(self._speaker.play(samples, rate))
        try:
            await asyncio.wait([playing])
            await playing
        except asyncio.CancelledError:
            told |= {"cut": True, "cut_at": self._clock()}  # it may take a moment to fall silent
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            raise
        except DeviceError as error:
            told["error"] = str(error)
            raise
        finally:
            told |= {"began": self._speaker.began_at, "played": self._speaker.played, "ended": self._clock()}
            self._journal.line("play", **told)


class _Breath:
    """Whether the loop did nothing else since it began."""

    def __init__(self) -> None:
        self.same = False

    def begin(self) -> None:
        self.same = True
        asyncio.get_running_loop().call_soon(self._over)

    def _over(self) -> None:
        self.same = False


async def watched_asks(asks: AsyncIterator[str], journal: Journal, clock: Clock) -> AsyncIterator[str]:
    """The same lines. Those that come together, come before anything else happens: a key may stand for several."""
    breath = _Breath()
    async for line in asks:
        together = {"together": True} if breath.same else {}
        journal.line("ask", at=clock(), text=line, **together)
        breath.begin()
        yield line
    journal.line("ended", device="asks", at=clock())
