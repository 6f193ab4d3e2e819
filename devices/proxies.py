"""Devices that stand in the place of another one, and are to everybody what that one is."""

from __future__ import annotations

from devices.lines import Latest, Sink
from devices.media import AudioChunk, Camera, Frame, Microphone, Samples, Speaker


class CameraProxy:
    """Another camera."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.name, self.live, self.endless = camera.name, camera.live, camera.endless

    def probe(self) -> None:
        self._camera.probe()

    async def run(self, frames: Latest[Frame]) -> None:
        await self._camera.run(frames)


class MicrophoneProxy:
    """Another microphone."""

    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone
        self.live, self.endless = microphone.live, microphone.endless

    @property
    def lost(self) -> int:
        """Samples (at 16 kHz) that the device lost so far."""
        return self._microphone.lost

    def probe(self) -> None:
        self._microphone.probe()

    async def run(self, chunks: Sink[AudioChunk]) -> None:
        await self._microphone.run(chunks)


class SpeakerProxy:
    """Another speaker."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self.live = speaker.live

    @property
    def played(self) -> int:
        """Samples of the present (or last) `play` that were heard."""
        return self._speaker.played

    @property
    def began_at(self) -> float | None:
        """When its first sample is heard, as soon as that is known."""
        return self._speaker.began_at

    def probe(self) -> None:
        self._speaker.probe()

    async def play(self, samples: Samples, rate: int) -> None:
        await self._speaker.play(samples, rate)

    async def close(self) -> None:
        await self._speaker.close()
