"""Sound in files: read with every flaw named in one line, written so that the file is whole after every write."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from devices.media import SPEECH_RATE, DeviceError, Samples

READABLE = (".wav", ".flac", ".mp3", ".ogg")
_HIGHEST_RATE = 384_000
_BLOCK = 8192
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


def is_sound_file(source: int | str) -> bool:
    """Whether a file is meant, and no device: it ends like a sound file, or there is something of that name."""
    return isinstance(source, str) and (source.lower().endswith(READABLE) or os.path.exists(source))


def check(path: Path) -> None:
    """Raises DeviceError, one line, unless speech can be read from it."""
    _opened(path).close()


def read(path: Path) -> Iterator[tuple[Samples, int]]:
    """Blocks of mono samples and their rate; NaN and infinite samples are read as 0. Raises DeviceError."""
    soundfile = _soundfile()
    with _opened(path) as file:
        file.seekable = lambda: False  # or it seeks after every block, and an MP3 decoder that was moved gives garbage
        while True:
            try:
                block = file.read(_BLOCK, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise DeviceError(f"{path} is damaged: {_one_line(error)}; record it anew") from error
            if not len(block):
                return
            yield np.nan_to_num(block, posinf=0.0, neginf=0.0).mean(axis=1), file.samplerate


def _opened(path: Path) -> Any:
    soundfile = _soundfile()
    _refuse_what_is_no_file(path)
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: it would read a .raw file if told its rate
        raise DeviceError(f"{path} is not a sound file that can be read: give a WAV, FLAC, MP3 or OGG file") from error
    if flaw := _flaw(file):
        file.close()
        raise DeviceError(f"{path} {flaw}")
    return file


def _soundfile() -> Any:
    try:
        import soundfile
    except OSError as error:
        raise DeviceError("no sound file can be read: pip install --force-reinstall soundfile") from error
    return soundfile


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
        if stat.S_ISREG(mode):
            path.open("rb").close()
    except OSError as error:
        raise DeviceError(f"{path} cannot be read ({error.strerror}): give the path of a sound file") from error
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise DeviceError(f"{path} is {what}: give the path of a sound file")
    if not size:
        raise DeviceError(f"{path} is empty (zero bytes): record it anew")


def _flaw(file: Any) -> str:
    """Why speech cannot be read from an open sound file; empty if it can."""
    if file.channels > 2:
        return f"has {file.channels} channels: mix it down to one or two"
    if file.samplerate < SPEECH_RATE:
        return f"is sampled at {file.samplerate} Hz; speech needs 16 kHz or more: record it anew"
    if file.samplerate > _HIGHEST_RATE:
        return f"claims {file.samplerate} samples a second, which no sound has: save it at 48000 Hz"
    if not file.frames:
        return "holds no samples: record it anew"
    return ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """All of it at another rate; what is no number becomes 0."""
    import soxr

    sound = np.nan_to_num(np.asarray(samples, np.float32), posinf=0.0, neginf=0.0)
    return sound if rate == to or not len(sound) else np.asarray(soxr.resample(sound, rate, to), np.float32)


class WavWriter:
    """A 16-bit mono WAV file whose header is right after every write: whoever is killed leaves a file that plays."""

    def __init__(self, path: Path, rate: int) -> None:
        """Makes the file, or empties it. Raises DeviceError."""
        self.path, self.rate = path, rate
        self.length = 0
        try:
            self._file = path.open(
                "wb", buffering=0
            )  # unbuffered, so that a full disk is noticed by the write it stops
        except OSError as error:
            raise self._failed(error) from error

    def write(self, at: int, samples: Samples) -> None:
        """Write from sample `at` on; what was skipped is silence, and takes no room. Raises DeviceError."""
        length = max(self.length, at + len(samples))
        if _HEADER.size + 2 * length >= 2**32:
            raise DeviceError(f"{self.path} is full: a WAV file holds 4 GB; start anew with another")
        try:
            self._put(_HEADER.size + 2 * at, np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
            self._put(0, self._header(length))
        except OSError as error:
            raise self._failed(error) from error
        self.length = length

    def close(self) -> None:
        self._file.close()

    def _put(self, at: int, data: bytes) -> None:
        self._file.seek(at, os.SEEK_SET)
        while data:  # a disk that fills up takes a part first, and refuses the rest
            data = data[self._file.write(data) :]

    def _header(self, length: int) -> bytes:
        size, rate = 2 * length, self.rate
        return _HEADER.pack(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size)

    def _failed(self, error: OSError) -> DeviceError:
        return DeviceError(f"{self.path} cannot be written ({error.strerror}): make room, or name another file")
