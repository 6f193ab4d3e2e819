"""Keeps what was seen beside the conversation: each change's keyframe in the album, and its words in the diary."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devices.lines import Latest
from devices.media import Frame
from pipelines import album, diary
from pipelines.album import Album
from pipelines.backends import BackendError
from pipelines.diary import Diary
from pipelines.memory import MemoryOptions
from pipelines.trouble import Patience
from pipelines.types import Caption, Emit
from pipelines.weights import home
from pipelines.worker import Worker

FORGETS_EVERY = 3600.0
"""Seconds between two looks for what is too old to be kept."""

Moment = Callable[[float], datetime]
"""From seconds on the loop's clock to the time of day, UTC."""


def of_this_loop() -> Moment:
    """What the running loop's clock means."""
    now, at = datetime.now(UTC), asyncio.get_running_loop().time()
    return lambda seconds: now + timedelta(seconds=seconds - at)


def diary_of(options: MemoryOptions) -> Path | None:
    """Where the diary is kept; None where there is none. Raises BackendError."""
    if options.diary is not None:
        return Path(os.path.expanduser(options.diary))  # a ~ of nobody stays as it is
    return home() / "diary" / diary.FILE if options.persist else None


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    caption: Caption
    frame: Frame | None


class Keeper:
    """Is shown keyframes, told changes, and writes them in a thread of its own."""

    def __init__(self, options: MemoryOptions, moment: Moment, patience: Patience) -> None:
        self._options, self._moment, self._patience = options, moment, patience
        self._worker = Worker("diary")
        self._changes = Latest[_Change](16, "changes")
        self._shown: dict[str, tuple[int, Frame]] = {}
        self.album = Album(0, 0)
        self.diary: Diary | None = None

    @property
    def lost(self) -> int:
        """Changes that came faster than they could be written."""
        return self._changes.dropped

    def show(self, frame: Frame, caption: Caption) -> None:
        """The keyframe that a caption speaks of; it is kept if the caption turns out to be a change."""
        if self._options.pictures:
            self._shown[caption.camera] = (caption.keyframe, frame)

    def changed(self, caption: Caption) -> None:
        """Keep a change, soon."""
        keyframe, frame = self._shown.get(caption.camera, (0, None))
        self._changes.put(_Change(caption, frame if keyframe == caption.keyframe else None))

    def picture(self, caption: Caption) -> bytes | None:
        """The keyframe of a change as JPEG, if it is still kept."""
        return self.album.picture(self._name(caption))

    async def open(self) -> None:
        """Raises BackendError where there is a diary to be kept and it cannot be."""
        await self._worker.call(self._open)

    async def run(self) -> None:
        """Write changes until the line is closed, and give everything back then."""
        async for change in self._changes:
            try:
                await self._worker.call(self._write, change)
            except BackendError as error:
                self._patience.failed(str(error))
            else:
                self._patience.worked()

    async def forget(self) -> None:
        """Delete what is older than is to be kept, now and every hour, until cancelled."""
        while True:
            try:
                await self._worker.call(self._forget)
            except BackendError as error:
                self._patience.failed(str(error))
            await asyncio.sleep(FORGETS_EVERY)

    async def close(self) -> None:
        """Raises BackendError where pictures cannot be removed."""
        try:
            await self._worker.call(self._close)
        finally:
            self._worker.close()

    def end(self) -> None:
        """Nothing more will come."""
        self._changes.close()

    def _open(self) -> None:
        path, options = diary_of(self._options), self._options
        bounds = options.pictures, round(options.megabytes * 1e6)
        if path is not None:
            self.diary = Diary(path)
        if not options.pictures:
            return
        try:
            if path is not None:
                self.album = Album(*bounds, diary.pictures_of(path), stays=True)
            else:
                self.album = album.for_session(*bounds, home() / "album") if options.on_disk else Album(*bounds)
        except OSError as error:
            folder = home() / "album" if path is None else diary.pictures_of(path)
            why = error.strerror or error
            raise BackendError(
                f"keyframes cannot be kept in {folder}: {why}; memory.pictures = 0 keeps none"
            ) from error

    def _write(self, change: _Change) -> None:
        # A file that is read ahead of the clock was seen now at the latest.
        at = min(self._moment(change.caption.captured_at), datetime.now(UTC))
        name, failure = "", None
        try:
            name = self._pictured(change)
        except OSError as error:
            failure = error
        if self.diary is not None:
            self.diary.write(diary.entry(change.caption, at, name))
        if failure is not None:  # told after the words, for which there was room
            raise BackendError(f"keyframes cannot be kept: {failure.strerror or failure}") from failure

    def _pictured(self, change: _Change) -> str:
        """The name under which the keyframe is kept; empty where it is not."""
        name = self._name(change.caption)
        return name if change.frame is not None and self.album.keep(name, album.jpeg(change.frame)) else ""

    def _forget(self) -> None:
        before = datetime.now(UTC) - timedelta(hours=self._options.keep)
        self.album.forget(before)
        if self.diary is not None:
            self.diary.forget(before)

    def _close(self) -> None:
        if self.diary is not None:
            self.diary.close()
        self.album.close()

    def _name(self, caption: Caption) -> str:
        return album.named(caption.camera, caption.keyframe, self._moment(caption.captured_at))


@asynccontextmanager
async def keeping(options: MemoryOptions, emit: Emit) -> AsyncIterator[Keeper]:
    """A keeper that works meanwhile; on leaving, what was told is written. Raises BackendError, see `Keeper.open`."""
    keeper = Keeper(options, of_this_loop(), Patience("diary", emit))
    await keeper.open()
    forgetting, writing = asyncio.create_task(keeper.forget()), asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        forgetting.cancel()
        keeper.end()
        await asyncio.wait([forgetting, writing])
        await keeper.close()
