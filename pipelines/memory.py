"""What was seen, as a timed list of changes: the same thing seen again, or said in other words, is not a change."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import Field

from devices.media import Options
from pipelines import gist
from pipelines.types import Caption


class MemoryOptions(Options):
    changes: int = Field(default=200, ge=1, le=10_000)
    """How many changes are kept."""
    in_prompt: int = Field(default=8, ge=1, le=100)
    """How many of them a chat is given, the newest."""
    keep: float = Field(default=168.0, gt=0, le=876_000)
    """Hours after which what was seen is forgotten, in a diary too."""
    pictures: int = Field(default=100, ge=0, le=100_000)
    """How many keyframes are kept beside their changes; 0: none."""
    megabytes: float = Field(default=32.0, gt=0, le=1_000_000)
    """How much they may take together, as JPEG files of at most 960 pixels."""
    on_disk: bool = False
    """Keep them in files, which are removed at the end of the session unless there is a diary, and not in memory."""
    persist: bool = False
    """Keep a diary beyond the session: every change, and its keyframe, in the folder of this program's data."""
    diary: str | None = None
    """The diary's file, where it is to be another one; it is kept then even without `persist`."""


class Memory:
    """Changes in the order they were seen, of all cameras."""

    def __init__(
        self, options: MemoryOptions | None = None, changed: Callable[[Caption], None] = lambda caption: None
    ) -> None:
        """`changed` is told every change."""
        self.options = options or MemoryOptions()
        self._changed = changed
        self._changes: deque[Caption] = deque(maxlen=self.options.changes)
        self._newest: dict[str, Caption] = {}
        self._captioned: dict[str, float] = {}
        """From camera to the capture time of the keyframe that was captioned last."""
        self._still: dict[str, float] = {}

    def add(self, caption: Caption) -> bool:
        """Remember a caption. True if it tells something new about its camera."""
        before = self._newest.get(caption.camera)
        self._captioned[caption.camera] = self._still[caption.camera] = caption.captured_at
        if before is not None and same(before, caption):
            return False
        self._changes.append(caption)
        self._newest.pop(caption.camera, None)  # in the order of adding, as the changes are
        self._newest[caption.camera] = caption
        self._forget(caption.captured_at - self.options.keep * 3600)
        self._changed(caption)
        return True

    def still(self, camera: str, keyframe_at: float, at: float) -> None:
        """Remember that at that time the picture was as in the keyframe of `keyframe_at`, if that one was captioned."""
        if self._captioned.get(camera) == keyframe_at:
            self._still[camera] = max(at, self._still[camera])

    def unchanged(self, camera: str, at: float) -> None:
        """Remember that the keyframe of that time shows what the last caption of its camera tells."""
        if camera in self._captioned:
            self._captioned[camera] = self._still[camera] = at

    def scene(self, camera: str = "") -> tuple[Caption, ...]:
        """The newest changes, oldest first; each camera's last one is always among them and tells how long it held.

        `camera`: only of that one.
        """
        recent = [caption for caption in self._changes if camera in ("", caption.camera)][-self.options.in_prompt :]
        older = [caption for caption in self._newest.values() if caption not in recent]
        return tuple(self._held(caption) for caption in older + recent if camera in ("", caption.camera))

    def record(self, camera: str = "") -> tuple[Caption, ...]:
        """All remembered changes, oldest first; as in the scene, each camera's last one is among them."""
        pushed_out = [caption for caption in self._newest.values() if caption not in self._changes]
        told = [*pushed_out, *self._changes]
        return tuple(self._held(caption) for caption in told if camera in ("", caption.camera))

    def recall(self, query: str = "", since: float | None = None, camera: str | None = None) -> tuple[Caption, ...]:
        """The changes that tell of what the words of `query` ask after, newest first; see `recalled`.

        `since`: seconds on the loop's clock; what was known to hold then counts, although it began before.
        """
        asked = [
            caption
            for caption in self.record()
            if (camera is None or caption.camera == camera) and (since is None or caption.known_at >= since)
        ]
        return recalled(asked, query)

    def _held(self, caption: Caption) -> Caption:
        if self._newest[caption.camera] is not caption:
            return caption
        return replace(caption, still_at=self._still[caption.camera])

    def _forget(self, before: float) -> None:
        while self._changes[0].captured_at < before:
            self._changes.popleft()


def recalled(record: Sequence[Caption], query: str) -> tuple[Caption, ...]:
    """Those of the record, oldest first, that tell of the query's words, newest first.

    All its words must be told; where no change tells all of them, at least half. A query that names nothing finds
    all. Verb forms, plurals and some synonyms are one word, see `pipelines.gist`.
    """
    words = gist.wanted(query)
    found = {number: len(words & gist.told(caption)) for number, caption in enumerate(record)}
    for enough in (len(words), max(1, len(words) / 2)):
        if best := [record[number] for number in reversed(found) if found[number] >= enough]:
            return tuple(best)
    return ()


def same(before: Caption, after: Caption) -> bool:
    """What is stated one by one is compared to the letter: no wording varies there."""
    if before.facts is None and after.facts is None:
        return gist.same(before.text, after.text)
    return before.text == after.text
