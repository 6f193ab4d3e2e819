"""What a session is put together from."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.config import Config
from assistant.parts import NOBODY, REAL, Devices, Models, Outside, Parts
from pipelines.phrases import Language


@dataclass(frozen=True, slots=True)
class Kit:
    """A configuration, and what it was opened and loaded to."""

    config: Config
    devices: Devices
    models: Models
    parts: Parts = REAL
    outside: Outside = NOBODY

    @property
    def language(self) -> Language:
        """Of what is said without asking a model."""
        return "en" if self.config.conversation.language == "auto" else self.config.conversation.language

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(camera.name for camera in self.devices.cameras)
