"""What was seen, as a short list of changes: the same thing seen again is not a change."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from pydantic import Field

from devices.media import Options
from pipelines.types import Caption


class MemoryOptions(Options):
    changes: int = Field(default=200, ge=1, le=10_000)
    """How many changes are kept."""
    in_prompt: int = Field(default=8, ge=1, le=100)
    """How many of them a chat is given, the newest."""


class Memory:
    """Changes in the order they were seen, of all cameras."""

    def __init__(self, options: MemoryOptions | None = None) -> None:
        self.options = options or MemoryOptions()
        self._changes: deque[Caption] = deque(maxlen=self.options.changes)
        self._newest: dict[str, Caption] = {}
        self._captioned: dict[str, float] = {}
        """From camera to the capture time of the keyframe that was captioned last."""
        self._still: dict[str, float] = {}

    def add(self, caption: Caption) -> bool:
        """Remember a caption. True if it tells something new about its camera."""
        before = self._newest.get(caption.camera)
        self._captioned[caption.camera] = self._still[caption.camera] = caption.captured_at
        if before is not None and before.text == caption.text:
            return False
        self._changes.append(caption)
        self._newest[caption.camera] = caption
        return True

    def still(self, camera: str, keyframe_at: float, at: float) -> None:
        """Remember that at that time the picture was as in the keyframe of `keyframe_at`, if that one was captioned."""
        if self._captioned.get(camera) == keyframe_at:
            self._still[camera] = max(at, self._still[camera])

    def scene(self) -> tuple[Caption, ...]:
        """The newest changes, oldest first; each camera's last one is always among them and tells how long it held."""
        recent = list(self._changes)[-self.options.in_prompt :]
        older = [caption for caption in self._newest.values() if caption not in recent]
        return tuple(self._held(caption) for caption in older + recent)

    def record(self) -> tuple[Caption, ...]:
        """All remembered changes, oldest first; as in the scene, each camera's last one is among them."""
        pushed_out = [caption for caption in self._newest.values() if caption not in self._changes]
        return tuple(self._held(caption) for caption in [*pushed_out, *self._changes])

    def _held(self, caption: Caption) -> Caption:
        if self._newest[caption.camera] is not caption:
            return caption
        return replace(caption, still_at=self._still[caption.camera])
