"""Whether the microphone hears while the assistant speaks: not at all, everything, or all but the assistant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from assistant.config import Config
from devices import echo
from devices.echo import EchoCanceller
from devices.media import AudioChunk, Microphone, Speaker
from devices.threads import apart
from pipelines.speaking import Mouth

ECHO_TAIL = 0.3
"""Seconds after the assistant's last sound during which a microphone in the room still hears it."""

_CLOSED = (
    "The microphone is closed while I speak. To interrupt me by voice, install echo cancelling "
    '(pip install "omni-assistant[aec]"), or use headphones and set conversation.duplex = "full".'
)
_UNKNOWN = (
    "The microphone is closed while I speak, for this voice is not played by me: its echo cannot be taken out. "
    'To interrupt me by voice, use headphones and set conversation.duplex = "full".'
)
_CANCELLED = "You can interrupt me by voice: what I say is taken out of what the microphone hears."


class Room(Protocol):
    """What stands in it."""

    microphone: Microphone | None
    speaker: Speaker | None
    echo_free: bool
    """Whether the echo of the speaker is taken out of the microphone's sound."""


async def canceller(config: Config) -> EchoCanceller | None:
    """What is to stand between speaker and microphone; it loads in a thread. Raises DeviceError where it cannot."""
    microphone, speaker, chosen = config.microphone, config.speaker, config.conversation.duplex
    if microphone is None or speaker is None or chosen not in ("auto", "cancel") or speaks_itself(config):
        return None
    if chosen == "auto" and not (microphone.live and speaker.live and echo.available()):
        return None
    return await apart("echo", EchoCanceller)


def half_duplex(config: Config, room: Room) -> bool:
    """Whether the microphone must not hear while the assistant speaks, because it would hear the assistant."""
    listens = room.microphone is not None and room.microphone.live
    if speaks_itself(config):
        return listens and config.conversation.duplex != "full"
    shared = listens and room.speaker is not None and room.speaker.live
    return config.conversation.duplex == "half" or (
        config.conversation.duplex == "auto" and shared and not room.echo_free
    )


def speaks_itself(config: Config) -> bool:
    """Whether the voice is heard from a device that is not ours, so that its echo is not known."""
    return config.voice is not None and config.voice.speaks_itself


def deafness(mouth: Mouth) -> Callable[[AudioChunk], bool]:
    """Whether the assistant could be heard in a chunk."""

    def deaf(chunk: AudioChunk) -> bool:
        return mouth.spoke_during(chunk.started_at - ECHO_TAIL, chunk.started_at + chunk.seconds)

    return deaf


def notice(config: Config, room: Room) -> str | None:
    """What a person should know about it once, at the start."""
    if room.echo_free:
        return _CANCELLED
    if config.conversation.duplex == "half" or not half_duplex(config, room):
        return None
    return _UNKNOWN if speaks_itself(config) else _CLOSED
