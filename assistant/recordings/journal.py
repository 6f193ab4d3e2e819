"""The files of a recording, written as the session goes on by one thread, which never holds the session up."""

from __future__ import annotations

import errno
import itertools
import json
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any

import numpy as np

from assistant.config import ConfigError
from assistant.recordings.values import pcm
from devices.media import SPEECH_RATE, Frame, Samples

HEADER, LINES, SOUND = "session.json", "journal.jsonl", "microphone.flac"
"""What the session was, what happened in it, and what the microphone heard."""
PICTURES, VOICE = "pictures", "voice"

MOST_HELD = 128 * 2**20
"""Bytes that may wait to be written; a disk that is behind by more than that ends the recording."""
FULL = 2**20
"""Bytes that are left on a full disk, at most."""
CLOSING = 20.0
"""Seconds that the last of it may take."""

Line = dict[str, Any]
_Job = Callable[[], object]


def make_folder(folder: Path) -> None:
    """A new folder that nobody else can read. Raises ConfigError where there is one with something in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"{folder} is not empty: name a new folder for the recording")
        folder.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be used as a folder: {error.strerror or error}") from error


class Journal:
    """Takes lines, pictures and sound from any thread, and writes them in that order.

    The first time something cannot be written, `broken` is called with why, in the writer's thread, and nothing more
    is kept: a recording with a gap in it could not be told from one without.
    """

    def __init__(self, folder: Path, header: Line, broken: Callable[[str], None]) -> None:
        """Writes the header at once. Raises OSError."""
        self.folder = folder
        for name in (PICTURES, VOICE):
            (folder / name).mkdir(mode=0o700)
        (folder / HEADER).write_text(json.dumps(header, indent=1, default=_plain) + "\n", encoding="utf-8")
        self._lines: IO[str] = (folder / LINES).open("w", encoding="utf-8")
        self._sound: Any = None
        self._over: Line = {}
        self._broken, self._well = broken, True
        self._jobs: queue.SimpleQueue[tuple[_Job, int] | None] = queue.SimpleQueue()
        self._held, self._lock = 0, threading.Lock()
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def number(self) -> int:
        """A new one, from 1."""
        return next(self._numbers)

    def line(self, what: str, **told: Any) -> None:
        """One thing that happened."""
        text = json.dumps({"is": what, **told}, default=_plain) + "\n"
        self._put(lambda: self._lines.write(text), len(text))

    def hear(self, samples: Samples) -> None:
        """The next sound of the microphone."""
        self._put(lambda: self._write_sound(samples), samples.nbytes)

    def voice(self, name: str, samples: Samples, rate: int) -> None:
        """A sentence of the voice, as a file of that name."""
        path = self.folder / VOICE / name
        self._put(lambda: _write_flac(path, samples, rate), samples.nbytes)

    def picture(self, name: str, frame: Frame) -> None:
        """A frame, as a file of that name."""
        path = self.folder / PICTURES / name
        self._put(lambda: _write_png(path, frame), frame.pixels.nbytes)

    def end(self, **over: Any) -> None:
        """Nothing more is taken. `over`: how the session ended, which is told only where all of it was kept."""
        self._over = self._over or over
        self._jobs.put(None)

    def close(self) -> None:
        """Return when all is written, or that takes too long."""
        self.end()
        self._thread.join(CLOSING)

    def _put(self, job: _Job, size: int) -> None:
        with self._lock:
            if not self._well:
                return
            full = self._held + size > MOST_HELD
            self._held += size
            self._well = not full
        if full:
            self._broken("the disk is too slow")
        else:
            self._jobs.put((job, size))

    def _work(self) -> None:
        import soundfile

        while (found := self._jobs.get()) is not None:
            job, size = found
            try:
                if self._well:
                    job()
                    if self._jobs.empty():
                        self._lines.flush()
            except (OSError, soundfile.SoundFileError) as error:
                self._fail(_why(error, self.folder))
            with self._lock:
                self._held -= size
        self._end(soundfile.SoundFileError)

    def _end(self, sound_error: type[Exception]) -> None:
        try:
            if self._sound is not None:
                self._sound.close()
            if self._well and self._over:
                self._lines.write(json.dumps({"is": "over", **self._over}) + "\n")
            self._lines.close()
        except (OSError, sound_error) as error:
            self._fail(_why(error, self.folder))

    def _fail(self, why: str) -> None:
        with self._lock:
            was_well, self._well = self._well, False
        if was_well:
            self._broken(why)

    def _write_sound(self, samples: Samples) -> None:
        if self._sound is None:
            self._sound = _flac(self.folder / SOUND, SPEECH_RATE)
        self._sound.write(pcm(samples))


def _plain(value: Any) -> Any:
    """What is no JSON as it stands: a model's numbers may be NumPy's, and it may give what it should not."""
    return value.item() if isinstance(value, np.generic) else repr(value)


def _why(error: Exception, folder: Path) -> str:
    """What the system said; libsndfile says no more than that it said something."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    full = disk_usage(folder).free < FULL
    return os.strerror(errno.ENOSPC) if full else str(error)


def _flac(path: Path, rate: int) -> Any:
    import soundfile

    return soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format="FLAC")


def _write_flac(path: Path, samples: Samples, rate: int) -> None:
    with _flac(path, rate) as file:
        file.write(pcm(samples))


def _write_png(path: Path, frame: Frame) -> None:
    from PIL import Image

    # Quickly rather than small: it is written while the models need the processor.
    Image.fromarray(np.ascontiguousarray(frame.pixels)).save(path, compress_level=1)
