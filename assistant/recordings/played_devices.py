"""Devices that give what a recording holds, at the moments at which it came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

from assistant.recordings.journal import Line
from assistant.recordings.reading import Recording
from devices.lines import Latest, Sink
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Frame, Pixels, Samples
from pipelines.guard import Told
from pipelines.moving import STILL, Motion
from pipelines.narration.light import Step
from pipelines.news import Kind


class _Played:
    """A device whose lines are read from the recording, once, however often it is run anew."""

    def __init__(self, told: Line, lines: Iterator[Line]) -> None:
        self.live, self.endless = bool(told["live"]), bool(told["endless"])
        self._lines = lines
        self._waiting: Line | None = None

    def probe(self) -> None:
        """A recording is always there."""

    async def _due(self) -> AsyncIterator[Line]:
        """Each line at its time, until the device ended as it did then. Raises DeviceError."""
        while (line := self._waiting or next(self._lines, None)) is not None:
            self._waiting = line  # switched off while it waits, it goes on from here
            await _until(line["at"])
            self._waiting = None
            if line["is"] != "ended":
                yield line
            elif (error := line.get("error")) is not None:
                raise DeviceError(error)
            else:
                return
        await asyncio.get_running_loop().create_future()


class PlayedMicrophone(_Played):
    """Hears what was heard."""

    def __init__(self, told: Line, recording: Recording) -> None:
        super().__init__(told, _of_device("microphone", "chunk", recording))
        self.lost = 0
        self._sound = recording.sound()

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        async for line in self._due():
            self.lost = line["lost"]
            samples = self._sound.next(line["n"])
            if samples is not None:  # a session that was killed may lack the last of it
                await chunks.put(AudioChunk(samples, SPEECH_RATE, line["from"]))


class PlayedCamera(_Played):
    """Shows every frame that the gate was shown: as it was if it was kept, else as the last one that was."""

    def __init__(self, told: Line, recording: Recording) -> None:
        self.name: str = told["name"]
        super().__init__(told, _of_device(f"camera {self.name}", "frame", recording, self.name))
        self._recording = recording
        self._pixels: Pixels | None = None

    async def run(self, frames: Latest[Frame]) -> None:
        async for line in self._due():
            found = self._recording.picture(self.name, line["taken"])
            self._pixels = self._pixels if found is None else found
            if self._pixels is not None:
                await frames.drained()  # the gate was shown this one
                frames.put(Frame(self._pixels, line["taken"], self.name))


class PlayedGate:
    """Decides as was decided; most of the frames that it decided by were not kept."""

    def __init__(self, camera: str, recording: Recording) -> None:
        self._lines = _of_device("", "frame", recording, camera)
        self.still = False
        self.motion = STILL

    def wants(self, frame: Frame) -> bool:
        for line in self._lines:
            if line["taken"] == frame.captured_at:
                self.still, self.motion = bool(line["still"]), Motion(**line.get("motion", {}))
                return bool(line["wanted"])
        return False

    def forget(self) -> None:
        self.still, self.motion = False, STILL


class PlayedGuard:
    """Tells at each frame what was told at it; most of the pictures that this was told by were not kept."""

    def __init__(self, camera: str, told: Told, recording: Recording) -> None:
        self._told = told
        self._lines = deque(line for line in recording.lines("guard") if line["camera"] == camera)
        self._matters: list[Kind] = []
        self._at = 0.0

    def look(self, frame: Frame) -> None:
        self._at = frame.captured_at
        while self._lines and self._lines[0]["taken"] <= self._at:
            line = self._lines.popleft()
            if line["began"]:
                self._matters.append(line["kind"])
                self._told.began(line["kind"], line["since"])
            else:
                self._over(line["kind"], line["since"])

    def forget(self) -> None:
        for kind in [*self._matters]:
            self._over(kind, self._at)

    def _over(self, kind: Kind, at: float) -> None:
        self._matters = [one for one in self._matters if one != kind]
        self._told.over(kind, at)


class PlayedLight:
    """Finds at each frame what was found at it; most of the pictures that this was judged by were not kept."""

    def __init__(self, camera: str, recording: Recording) -> None:
        self._lines = deque(line for line in recording.lines("light") if line["camera"] == camera)
        self._step: Step | None = None
        self.steps = self.blind = False

    def look(self, frame: Frame) -> Step | None:
        while self._lines and self._lines[0]["taken"] <= frame.captured_at:
            line = self._lines.popleft()
            self._step, self.steps, self.blind = line["step"], line["steps"], line["blind"]
        return self._step

    def clear(self) -> None:
        self._step = None
        self.steps = self.blind = False


class PlayedSpeaker:
    """Heard by nobody; each sound begins as late, and ends as late, as that of the same number did."""

    def __init__(self, live: bool, plays: list[Line]) -> None:
        self.live = live
        self.played = 0
        self.began_at: float | None = None
        self._plays, self._next = plays, 0

    def probe(self) -> None:
        """A recording is always there."""

    async def play(self, samples: Samples, rate: int) -> None:
        then, loop = self._then(), asyncio.get_running_loop()
        self.played, self.began_at = 0, None
        if "error" in then:
            raise DeviceError(then["error"])
        latency, lag, ahead, fading = _delays(then)
        self.began_at = began = loop.time() + latency
        try:
            await _until(began + len(samples) / rate + lag)
            self.played = len(samples)
        except asyncio.CancelledError:
            heard = round((loop.time() - began) * rate) + ahead
            await asyncio.sleep(fading)
            self.played = max(0, min(heard, len(samples)))
            raise

    async def close(self) -> None:
        """There is nothing to give back."""

    def _then(self) -> Line:
        """How the sound of the same number was heard; past the last, how the last one was."""
        if not self._plays:
            return {}
        self._next += 1
        return self._plays[min(self._next, len(self._plays)) - 1]


def _delays(then: Line) -> tuple[float, float, int, float]:
    """Seconds to the first sample, and from the last to the end; by how many samples a cut came later, and seconds
    from that until all was silent."""
    if then.get("began") is None:
        return 0.0, 0.0, 0, 0.0
    latency = max(0.0, then["began"] - then["at"])
    if then["cut"]:
        cut_at = then.get("cut_at", then["ended"])
        since = cut_at - then["began"]
        return latency, 0.0, round(then["played"] - since * then["rate"]), max(0.0, then["ended"] - cut_at)
    since = then["ended"] - then["began"]
    return latency, max(0.0, since - then["total"] / then["rate"]), 0, 0.0


async def played_asks(recording: Recording) -> AsyncIterator[str]:
    """What was typed, when it was typed."""
    for line in recording.lines("ask", "ended"):
        if line["is"] == "ended" and line["device"] != "asks":
            continue
        if not line.get("together"):
            await _until(line["at"])
        if line["is"] == "ended":
            return
        yield line["text"]
    await asyncio.get_running_loop().create_future()


def _of_device(device: str, kind: str, recording: Recording, camera: str | None = None) -> Iterator[Line]:
    """The lines of one device: what it gave, and where it ended."""
    for line in recording.lines(kind, "ended"):
        mine: Any = line["device"] == device if line["is"] == "ended" else line.get("camera") == camera
        if mine:
            yield line


async def _until(at: float) -> None:
    await asyncio.sleep(at - asyncio.get_running_loop().time())
