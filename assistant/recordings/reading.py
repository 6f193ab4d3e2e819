"""A recording read again: what the session was, what came in from outside, and what the models gave."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from assistant.config import ConfigError
from assistant.recordings import forms
from assistant.recordings.files import opened
from assistant.recordings.journal import HEADER, LINES, PICTURES, SOUND, VOICE, Line
from assistant.recordings.values import from_kept, from_pcm
from devices.media import SPEECH_RATE, Pixels, Samples

BLOCK = 4096
"""Samples that are read at once."""
LONGEST = 7 * 86400.0
"""Seconds that a session lasts at most."""
MOST_OF_A_HEADER, MOST_OF_A_LINE, MOST_OF_A_FILE = 2**22, 2**24, 2**32
"""Bytes. A day of talk is about a gigabyte."""
MOST_PIXELS, MOST_SPOKEN = 2**26, 2**26
"""Of a picture, and samples of what a voice says at once."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of what a model gave, and the seconds that it took."""

    took: float
    gave: Any


@dataclass(slots=True)
class Call:
    """One call of a model, as it went."""

    kind: str
    method: str
    at: float
    """Seconds on the session's clock when it began."""
    digest: str
    """Of what the model was given."""
    asked: str = ""
    """The same in words, where it has some."""
    took: float = 0.0
    """Seconds to the result or the error; of a stream, from its last piece to its end."""
    gave: Any = None
    error: str | None = None
    sound: str | None = None
    """The file with its samples."""
    state: dict[str, Any] | None = None
    """What the model said of itself after it, where that had changed."""
    pieces: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Recording:
    """A session that was kept. Sound, pictures, and the lines of devices stay on the disk until they are wanted."""

    folder: Path
    header: Line
    calls: list[Call] = field(default_factory=list)
    """In the order in which they ended; those of a stream in the order in which they began."""
    events: list[Line] = field(default_factory=list)
    """As told, as JSON."""
    plays: list[Line] = field(default_factory=list)
    """How each sound was heard."""
    files: dict[tuple[str, float], str] = field(default_factory=dict)
    """From camera and capture time to the picture's file."""
    ended_at: float = 0.0
    """Seconds on the session's clock of the last thing that is known of it."""
    over: str = "killed"
    """How it ended: `ended`, `cancelled`, or `killed` where nobody wrote it down."""

    spoilt: ConfigError | None = None
    """What was found to be damaged when it was wanted; a model's thread or a device may have taken it for its own."""

    @property
    def started_at(self) -> float:
        """When its parts were ready, in seconds on its clock."""
        first = self.events[0].get("at") if self.events else None
        began: float = self.header["began"]
        return max(began, first) if isinstance(first, float) else began

    @property
    def broke_off(self) -> bool:
        """Whether it ends before the session did: the program was killed, or the disk was full."""
        return self.over == "killed"

    def lines(self, *kinds: str) -> Iterator[Line]:
        """What happened, in order, of these kinds; read anew from the disk each time."""
        return _lines(self.folder, tuple(f'{{"is": "{kind}"' for kind in kinds))

    def picture(self, camera: str, taken: float) -> Pixels | None:
        """The frame as it was, H×W×3 RGB; None where it was not kept. Raises ConfigError: it is damaged."""
        from PIL import Image

        name = self.files.get((camera, taken))
        if name is None:
            return None
        with (
            self._wanted(f"{PICTURES}/{name}", OSError, SyntaxError, ValueError, Image.DecompressionBombError) as file,
            Image.open(file, formats=["PNG"]) as image,
        ):
            if image.width * image.height > MOST_PIXELS:
                raise ValueError("it is larger than any camera's")
            return np.asarray(image.convert("RGB"), np.uint8)

    def result(self, call: Call) -> Any:
        """What the model gave. Raises ConfigError: the file of its sound is damaged."""
        return from_kept(call.gave, self._voice(call.sound) if call.sound else None)

    def sound(self) -> Sound:
        """What the microphone heard, from its beginning."""
        return Sound(self)

    def _voice(self, name: str) -> Samples:
        import soundfile

        with (
            self._wanted(f"{VOICE}/{name}", soundfile.LibsndfileError, ValueError) as file,
            soundfile.SoundFile(file) as sound,
        ):
            if sound.channels != 1 or sound.frames > MOST_SPOKEN:
                raise ValueError("it is nothing that a voice says")
            return from_pcm(sound.read(dtype="int16"))

    @contextmanager
    def _wanted(self, name: str, *errors: type[Exception]) -> Iterator[BinaryIO]:
        """A file to read from; these errors mean that it is damaged."""
        try:
            with opened(self.folder, name, MOST_OF_A_FILE) as file:
                yield file
        except ConfigError as error:
            self.spoilt = self.spoilt or error
            raise
        except errors:
            self.spoil(name)

    def spoil(self, name: str) -> NoReturn:
        """Note that a file is damaged. Raises ConfigError."""
        told = ConfigError(f"{self.folder / name}: is damaged: record the session anew")
        self.spoilt = self.spoilt or told
        raise told


class Sound:
    """Sound read from front to back; where the recording broke off, it ends."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._blocks = _blocks(recording)
        self._rest: Samples = np.zeros(0, np.float32)

    def next(self, count: int) -> Samples | None:
        """The next so many samples; None when there are not so many any more, because the recording broke off.

        Raises ConfigError where it did not, and there should be more.
        """
        while len(self._rest) < count:
            block = next(self._blocks, None)
            if block is None:
                return None if self._recording.broke_off else self._recording.spoil(SOUND)
            self._rest = np.concatenate([self._rest, block])
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


def _blocks(recording: Recording) -> Iterator[Samples]:
    import soundfile

    try:
        with opened(recording.folder, SOUND, MOST_OF_A_FILE) as raw, soundfile.SoundFile(raw) as file:
            if (file.samplerate, file.channels) != (SPEECH_RATE, 1):
                recording.spoil(SOUND)
            while len(block := file.read(BLOCK, dtype="int16")):
                yield from_pcm(block)
    except (ConfigError, soundfile.LibsndfileError):
        if not recording.broke_off:  # else a block may be half written, or not even begun
            recording.spoil(SOUND)


def read(folder: Path) -> Recording:
    """Read all of a recording but its sound and pictures. Raises ConfigError: there is none, or it is damaged."""
    header = _header(folder)
    recording = Recording(folder, header, ended_at=header["began"])
    streams: dict[int, Call] = {}
    for number, line in enumerate(_lines(folder), start=1):
        try:
            _take(recording, streams, line)
        except (KeyError, ValueError) as error:
            why = "there is no such stream" if isinstance(error, KeyError) else str(error)
            raise ConfigError(f"{folder / LINES}:{number}: {why}: record the session anew") from error
    return recording


def _header(folder: Path) -> Line:
    try:
        with opened(folder, HEADER, MOST_OF_A_HEADER) as file:
            text = file.read().decode()
    except (ConfigError, OSError, ValueError) as error:
        raise ConfigError(f"{folder} is no recording ({HEADER} cannot be read): make one with omni record") from error
    try:
        found = forms.header(text)
    except forms.OtherVersion as error:
        raise ConfigError(f"{folder} was recorded by another version of omni: record the session anew") from error
    except ValueError as error:
        raise ConfigError(f"{folder / HEADER}: {error}: record the session anew") from error
    return found


def _lines(folder: Path, beginnings: tuple[str, ...] = ("",)) -> Iterator[Line]:
    """Each line that begins so; the last may be half written. Raises ConfigError with the number of a bad one."""
    with opened(folder, LINES, MOST_OF_A_FILE) as file:
        for number in itertools.count(1):
            raw = file.readline(MOST_OF_A_LINE)
            if not raw.endswith(b"\n") and len(raw) < MOST_OF_A_LINE:
                return
            try:
                text = raw.decode()
                if text.startswith(beginnings):
                    yield forms.line(text)
            except ValueError as error:
                raise ConfigError(f"{folder / LINES}:{number}: {error}: record the session anew") from error


def _take(recording: Recording, streams: dict[int, Call], line: Line) -> None:
    what = line.pop("is")
    recording.ended_at = max(recording.ended_at, line.get("at", 0.0))
    if recording.ended_at > recording.header["began"] + LONGEST:
        raise ValueError("at: is more than a week after the session began")
    match what:
        case "call":
            recording.calls.append(Call(**line))
        case "stream":
            number = line.pop("id")
            streams[number] = call = Call(**line)
            recording.calls.append(call)
        case "piece":
            streams[line["of"]].pieces.append(Piece(line["took"], line["gave"]))
        case "end":
            call = streams.pop(line["of"])
            call.took, call.error, call.state = line.get("took", 0.0), line.get("error"), line.get("state")
        case "event":
            recording.events.append(line["event"])
        case "play":
            recording.plays.append(line)
        case "picture":
            recording.files[line["camera"], line["taken"]] = line["file"]
        case "over":
            recording.over = line["how"]
