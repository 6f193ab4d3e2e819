"""Takes work off a captioner that is too slow or hangs, says each step once, and takes it up again when it is well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from devices.lines import Lossless
from devices.media import Frame, within
from pipelines.backends import BackendError, Captioner, expect, missing
from pipelines.breaking import Breakable
from pipelines.ladder import FEWER, FULL, LIGHT, SMALLER, Ladder, LadderOptions
from pipelines.phrases import Language
from pipelines.types import Emit, Notice, Perception, Seen
from pipelines.worker import Worker

Made = tuple[Seen, float]
"""A caption, and the seconds that the model worked on it."""

RAREST = 600.0
"""Seconds between two trials of a captioner at the most."""

DOWN: dict[Language, dict[int, str]] = {
    "en": {
        FEWER: "Captions take long, so pictures are taken less often for now.",
        SMALLER: "Captions still take long, so pictures are made smaller for now.",
        LIGHT: "The captioner does not keep up: for now only motion and text are told, by another one.",
    },
    "zh": {
        FEWER: "描述画面太慢，暂时减少取图次数。",
        SMALLER: "描述画面仍然太慢，暂时缩小图片。",
        LIGHT: "画面描述跟不上，暂时只说明动静和文字。",
    },
}
"""What is said when that step is taken."""
UP: dict[Language, dict[int, str]] = {
    "en": {
        SMALLER: "The captioner answers in time again: it describes smaller pictures.",
        FEWER: "Captions are quick again: pictures have their full size.",
        FULL: "Captions are quick again: pictures are taken as often as before.",
    },
    "zh": {
        SMALLER: "画面描述恢复了，先用缩小的图片。",
        FEWER: "描述画面又快了，图片恢复原来大小。",
        FULL: "描述画面又快了，取图次数恢复正常。",
    },
}
"""What is said when the one below it is undone."""


class Relief:
    """Stands between the keyframes of all cameras and their captioner."""

    def __init__(
        self,
        options: LadderOptions,
        emit: Emit,
        language: Language = "en",
        light: Callable[[], Captioner] | None = None,
    ) -> None:
        """`light`: loads the captioner that steps in, when it is needed."""
        self.ladder = Ladder(options)
        self._emit, self._language, self._load = emit, language, light or motion_and_text
        self._worker: Worker | None = None
        self._light: Captioner | None = None
        self._wait = options.retry
        self._low = asyncio.Event()
        self._try: Callable[[], Coroutine[Any, Any, Made]] | None = None
        self._trying = Breakable()

    @property
    def stands_in(self) -> bool:
        """Whether captions come from the other captioner."""
        return self.ladder.step == LIGHT

    def least(self) -> float:
        """Seconds between two keyframes at the least."""
        return self.ladder.options.every if self.ladder.step in (FEWER, SMALLER) else 0.0

    async def caption(self, frame: Frame, model: Callable[[Frame], Awaitable[Made]], worker: Worker) -> Seen:
        """A caption, by `model` in its `worker` or by the one that steps in. Raises BackendError as they do."""
        self._try = lambda: self._made(frame, model)
        if self.stands_in:
            return await self._glimpsed(frame)
        try:
            seen, took = await self._made(frame, model)
        except BackendError:
            if worker.hangs:
                self._tell(self.ladder.hung(), DOWN)
            raise
        before = self.ladder.step
        changed = self.ladder.captioned(took)
        self._tell(changed, DOWN if self.ladder.step > before else UP)
        return seen

    def forget(self) -> None:
        """Show the captioner no picture any more of those that it was to be tried with."""
        self._try = None
        self._trying.break_off()

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Try the captioner again from time to time while the other one stands in, until cancelled."""
        try:
            while True:
                await self._low.wait()
                await asyncio.sleep(self._wait)
                await self._trial()
        finally:
            if self._worker is not None:
                self._worker.close()

    async def _trial(self) -> None:
        if self._try is None:
            return
        self._wait = min(2 * self._wait, RAREST)
        try:
            made = await self._trying.run(self._try())
        except BackendError:  # told where it happened first
            return
        if made is not None:
            self._tell(self.ladder.tried(made[1]), UP)

    async def _made(self, frame: Frame, model: Callable[[Frame], Awaitable[Made]]) -> Made:
        if self.ladder.step >= SMALLER:
            frame = await self._thread.call(smaller, frame, self.ladder.options.side)
        return await model(frame)

    async def _glimpsed(self, frame: Frame) -> Seen:
        if self._light is None:
            self._light = await self._thread.call(self._load)
        return expect(await self._thread.call(self._light.caption, frame), Seen)

    @property
    def _thread(self) -> Worker:
        if self._worker is None:
            self._worker = Worker("light captioner")
        return self._worker

    def _tell(self, changed: bool, words: dict[Language, dict[int, str]]) -> None:
        if not changed:
            return
        self._emit(Notice(words[self._language][self.ladder.step], asyncio.get_running_loop().time(), "captioner"))
        if self.stands_in:
            self._low.set()
        else:
            self._low.clear()
            self._wait = self.ladder.options.retry


def motion_and_text() -> Captioner:
    """The embedded captioner without its search for people and codes, and without text where it cannot read."""
    from pipelines.captioners.embedded import Embedded, EmbeddedCaptioner

    return EmbeddedCaptioner(Embedded(people=False, codes=False, text=not missing(Embedded)))


def smaller(frame: Frame, side: int) -> Frame:
    """The frame with a longer side of at most so many pixels."""
    pixels = within(frame.pixels, side)
    return frame if pixels is frame.pixels else replace(frame, pixels=pixels)
