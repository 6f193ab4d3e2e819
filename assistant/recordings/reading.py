"""A recording read again: what the session was, what came in from outside, and what the models gave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.config import ConfigError
from assistant.recordings.journal import HEADER, LINES, PICTURES, SOUND, VOICE, Line
from assistant.recordings.values import from_kept, from_pcm
from devices.media import Pixels, Samples

FORMAT = 1
"""What a recording of another number is not read as."""
HEAD = {"began", "config", "cameras", "microphone", "speaker", "echo_free", "absent", "models"}
"""What stands in its header."""
BLOCK = 4096
"""Samples that are read at once."""


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

    def lines(self, *kinds: str) -> Iterator[Line]:
        """What happened, in order, of these kinds; read anew from the disk each time."""
        return (line for line in _lines(self.folder / LINES) if line["is"] in kinds)

    def picture(self, camera: str, taken: float) -> Pixels | None:
        """The frame as it was, H×W×3 RGB; None where it was not kept."""
        from PIL import Image

        name = self.files.get((camera, taken))
        if name is None:
            return None
        with Image.open(self.folder / PICTURES / Path(name).name) as image:
            return np.asarray(image.convert("RGB"), np.uint8)

    def result(self, call: Call) -> Any:
        """What the model gave."""
        return from_kept(call.gave, self._voice(call.sound) if call.sound else None)

    def sound(self) -> Sound:
        """What the microphone heard, from its beginning."""
        return Sound(self.folder / SOUND)

    def _voice(self, name: str) -> Samples:
        import soundfile

        return from_pcm(soundfile.read(self.folder / VOICE / Path(name).name, dtype="int16")[0])


class Sound:
    """Sound read from front to back; where the recording was cut off, it ends."""

    def __init__(self, path: Path) -> None:
        self._blocks = _blocks(path)
        self._rest: Samples = np.zeros(0, np.float32)

    def next(self, count: int) -> Samples | None:
        """The next so many samples; None when there are not so many any more."""
        while len(self._rest) < count:
            block = next(self._blocks, None)
            if block is None:
                return None
            self._rest = np.concatenate([self._rest, block])
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken


def _blocks(path: Path) -> Iterator[Samples]:
    import soundfile

    if not path.exists():
        return
    with soundfile.SoundFile(path) as file:
        try:
            while len(block := file.read(BLOCK, dtype="int16")):
                yield from_pcm(block)
        except soundfile.LibsndfileError:  # a session that was killed left a block half written
            return


def read(folder: Path) -> Recording:
    """Read all of a recording but its sound and pictures. Raises ConfigError where there is none."""
    header = _header(folder)
    recording = Recording(folder, header, ended_at=float(header["began"]))
    streams: dict[int, Call] = {}
    try:
        for line in _lines(folder / LINES):
            _take(recording, streams, line)
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder / LINES} has a line that is none of a recording: record the session anew"
        ) from error
    return recording


def _header(folder: Path) -> Line:
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} is no recording ({HEADER} cannot be read): make one with omni record") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT or not header.keys() >= HEAD:
        raise ConfigError(f"{folder} was recorded by another version of omni: record the session anew")
    return header


def _lines(path: Path) -> Iterator[Line]:
    """Each line; the last may be half written."""
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                if text.endswith("\n"):
                    yield json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: it is no journal of a recording ({error})") from error


def _take(recording: Recording, streams: dict[int, Call], line: Line) -> None:
    what = line.pop("is")
    recording.ended_at = max(recording.ended_at, line.get("at", 0.0))
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
