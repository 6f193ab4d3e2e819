"""Microphones: a sound card, a sound file at its own pace, or silence; all hand over 16 kHz mono."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from devices import portaudio, soundfiles
from devices.lines import Sink
from devices.media import SPEECH_RATE, AudioChunk, DeviceError, Microphone, Options, Samples
from devices.threads import DaemonThread

CHUNK = 512
"""Samples in a chunk: 32 ms, what voice activity detectors take at once."""

_HELD = 400  # blocks of 5 to 25 ms that wait for a slow reader before sound is lost
_USUAL_AGE = 0.03  # seconds from a block's first sample to its callback, for a device that does not tell
_PATIENCE = 3.0  # seconds without a block until a device counts as lost


class MicrophoneOptions(Options):
    """Where sound comes from."""

    source: portaudio.Choice = "default"
    """"default", a device's index or a part of its name, the path of a WAV, FLAC, MP3 or OGG file, or "silence"."""

    @property
    def live(self) -> bool:
        """Whether it is a device, which hears a room."""
        return self.source != "silence" and not soundfiles.is_sound_file(self.source)


def open_microphone(options: MicrophoneOptions) -> Microphone:
    """The microphone that the options name; nothing is opened yet."""
    if options.source == "silence":
        return Silence()
    if not options.live:
        return SoundFile(Path(str(options.source)))
    return SoundCard(options.source)


class Silence:
    """Hears nothing, for ever."""

    live = False
    endless = True
    lost = 0

    def probe(self) -> None:
        """Silence is always there."""

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        started, given = _now(), 0
        while True:
            await _put_when_taken(chunks, np.zeros(CHUNK, np.float32), started + given / SPEECH_RATE)
            given += CHUNK


class SoundFile:
    """Hears a file as if it were said now, from its beginning each time it runs."""

    live = False
    endless = False
    lost = 0

    def __init__(self, path: Path) -> None:
        self._path = path

    def probe(self) -> None:
        soundfiles.check(self._path)

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        loop, started, given = asyncio.get_running_loop(), _now(), 0
        sound = self._chunks()
        # The generator owns the open file: cancelled in the middle of a read, it is closed by the thread that reads.
        with DaemonThread("microphone") as thread:
            while (samples := await loop.run_in_executor(thread, next, sound, None)) is not None:
                await _put_when_taken(chunks, samples, started + given / SPEECH_RATE)
                given += len(samples)

    def _chunks(self) -> Iterator[Samples]:
        """One stays behind until the next is there, so that the last is a longer one and never a snippet."""
        behind: Samples | None = None
        for samples in self._speech():
            if behind is not None and len(samples) < CHUNK:
                behind = np.concatenate([behind, samples])
                continue
            if behind is not None:
                yield behind
            behind = samples
        if behind is not None:
            yield behind

    def _speech(self) -> Iterator[Samples]:
        speech: SpeechStream | None = None
        for block, rate in soundfiles.read(self._path):
            speech = speech or SpeechStream(rate)
            yield from speech.add(block)
        if speech is not None:
            yield from speech.finish()


class SoundCard:
    """Hears through PortAudio, at the device's own rate."""

    live = True
    endless = True

    def __init__(self, source: int | str) -> None:
        self.lost = 0
        self._source = source

    def probe(self) -> None:
        portaudio.check("input", self._source)

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        capture = _Capture(asyncio.get_running_loop())
        stream = portaudio.Stream("input", self._source, capture.take, capture.end)
        try:
            await stream.open()
            await self._hand_over(capture, stream.rate, chunks)
        finally:
            await stream.close()

    async def _hand_over(self, capture: _Capture, rate: int, chunks: Sink[AudioChunk]) -> None:
        timeline, speech = Timeline(rate), SpeechStream(rate)
        while True:
            block = await capture.next()
            began, gap = timeline.place(block)
            if gap:
                self.lost += round(gap * SPEECH_RATE) + speech.waiting
                speech = SpeechStream(rate)
            origin = began - speech.taken / rate
            given = speech.given
            for samples in speech.add(block.samples):
                await chunks.put(AudioChunk(samples, SPEECH_RATE, origin + given / SPEECH_RATE))
                given += len(samples)


class SpeechStream:
    """Mono sound of any rate in, chunks of 32 ms at 16 kHz out."""

    def __init__(self, rate: int) -> None:
        import soxr

        self.taken = 0
        """Samples taken in, at the rate they have there."""
        self.given = 0
        """Samples given out, at 16 kHz."""
        self._rate = rate
        self._resampler = soxr.ResampleStream(rate, SPEECH_RATE, 1, dtype="float32")
        self._rest: Samples = np.zeros(0, np.float32)

    @property
    def waiting(self) -> int:
        """Samples taken in and not yet given out, counted at 16 kHz."""
        return round(self.taken * SPEECH_RATE / self._rate) - self.given

    def add(self, block: Samples) -> Iterator[Samples]:
        """The chunks that `block` completes."""
        self.taken += len(block)
        yield from self._complete(block)

    def finish(self) -> Iterator[Samples]:
        """What is left; its last chunk may be shorter."""
        yield from self._complete(np.zeros(0, np.float32), last=True)
        if len(self._rest):
            yield self._give(len(self._rest))

    def _complete(self, block: Samples, last: bool = False) -> Iterator[Samples]:
        sound = self._resampler.resample_chunk(block, last=last)
        self._rest = np.concatenate([self._rest, np.clip(sound, -1, 1)])
        while len(self._rest) >= CHUNK:
            yield self._give(CHUNK)

    def _give(self, count: int) -> Samples:
        samples, self._rest = self._rest[:count], self._rest[count:]
        self.given += count
        return samples


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What a device handed over in one call."""

    samples: Samples
    """Mono, at the device's rate."""
    measured_at: float
    """Seconds on the loop's clock at its first sample, as far as the device can tell."""
    missing: int = 0
    """Samples before it that were thrown away because nobody took them."""
    overflow: bool = False
    """True when the device says that it lost some before it."""


class Timeline:
    """When each block of a device was really taken: its samples are counted, and held slowly to the loop's clock."""

    _WINDOW = 50  # blocks, about a second
    _HICCUP = 0.1  # seconds that a device may seem late without having lost sound
    _FOLLOW = 0.005  # of a block's lateness: enough for two clocks that drift apart, too little to hear a jitter

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._next: float | None = None
        self._late: deque[float] = deque(maxlen=self._WINDOW)

    def place(self, block: Block) -> tuple[float, float]:
        """Seconds on the loop's clock at the block's first sample, and the seconds of sound lost before it."""
        began = block.measured_at if self._next is None else self._next
        self._late.append(block.measured_at - began)
        gap = self._gap(block)
        if gap:
            self._late.clear()
        elif len(self._late) == self._WINDOW:
            began += self._FOLLOW * min(self._late)
        self._next = began + gap + len(block.samples) / self._rate
        return began + gap, gap

    def _gap(self, block: Block) -> float:
        known = block.missing / self._rate
        if block.overflow:
            return max(known, self._late[-1], 0.0)
        # A busy process makes blocks look late, never early: the least lateness of the last second is the true one.
        lateness = min(self._late) if len(self._late) == self._WINDOW else 0.0
        return max(known, lateness) if lateness > self._HICCUP else known


class _Capture:
    """Blocks on their way from PortAudio's thread to the event loop; it holds a few seconds, and counts the rest."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._blocks: deque[Block] = deque()
        self._news = asyncio.Event()
        self._missing = 0
        self._over = False

    def take(self, data: Any, frames: int, time: Any, status: Any) -> None:
        """PortAudio's callback, in its own thread."""
        if len(self._blocks) >= _HELD:
            self._missing += frames
            return
        age = time.currentTime - time.inputBufferAdcTime
        measured = self._loop.time() - (age if 0 <= age < 2 else _USUAL_AGE)
        self._blocks.append(Block(data.mean(axis=1), measured, self._missing, bool(status.input_overflow)))
        self._missing = 0
        self._wake(self._news.set)

    def end(self) -> None:
        """PortAudio's word, in its own thread, that nothing more comes."""
        self._over = True
        self._wake(self._news.set)

    async def next(self) -> Block:
        """The oldest block. Raises DeviceError when the device is gone."""
        while not self._blocks:
            if self._over:
                raise DeviceError("the microphone was lost: connect it again")
            self._news.clear()
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._news.wait()
            except TimeoutError:
                raise DeviceError("the microphone gives no sound any more: connect it again") from None
        return self._blocks.popleft()

    def _wake(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call)


async def _put_when_taken(chunks: Sink[AudioChunk], samples: Samples, started_at: float) -> None:
    """Put a chunk at the moment at which a microphone would have it: after its last sample."""
    await asyncio.sleep(started_at + len(samples) / SPEECH_RATE - _now())
    await chunks.put(AudioChunk(samples, SPEECH_RATE, started_at))


def _now() -> float:
    return asyncio.get_running_loop().time()
