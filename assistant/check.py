"""`omni check` and `omni devices`: whether a configuration would run here, and what this machine can be used with."""

from __future__ import annotations

import sys
from pathlib import Path

from assistant import config, mcp_tools, unmet
from assistant.config import Config, ConfigError
from assistant.parts import backend_options
from devices.capture import shown
from pipelines import backends
from pipelines.backends import BackendError, BackendOptions, Kind
from pipelines.wording import one_line


def run(files: list[str]) -> int:
    """Check each file, loading nothing heavy: one line where it is good and one for each thing that it
    never will do, one a mistake where not. Status 0 or 2.
    """
    return max(_check(Path(name)) for name in files)


def _check(path: Path) -> int:
    try:
        lines = [_manifest(path)] if path.name == "models.toml" else _assistant(path)
    except ConfigError as error:
        for mistake in error.lines:
            print(f"omni: {one_line(mistake)}", file=sys.stderr)
        return 2
    for one in lines:
        print(one_line(f"{path}: {one}"))
    return 0


def _assistant(path: Path) -> list[str]:
    chosen = config.read(path)
    lacking = [
        f"{path}: {kind} {line}" for kind, options in backend_options(chosen).items() if (line := _lacks(options))
    ]
    if chosen.mcp and (line := mcp_tools.missing()):
        lacking.append(f"{path}: mcp {line}")
    if lacking:
        raise ConfigError(*lacking)
    return [f"good: {_summary(chosen)}", *(f"note: {wish.text}" for wish in unmet.of_config(chosen))]


def _lacks(options: BackendOptions) -> str:
    """Why nothing would load here, else an empty string."""
    try:
        options.outlook()
    except BackendError as error:
        return str(error)
    return backends.missing(type(options))


def _manifest(path: Path) -> str:
    from assistant import models

    try:
        entries = models.read_manifest(path)
    except models.WeightsError as error:
        raise ConfigError(str(error)) from error
    return f"good: weights {', '.join(entries)}"


def _summary(chosen: Config) -> str:
    parts = [f"camera {camera.name} ({shown(camera.source)})" for camera in chosen.camera]
    parts += ["which nothing captions"] if chosen.camera and not chosen.captioner else []
    parts += ["microphone"] if chosen.microphone else []
    parts += [f"{kind} {_named(kind, options)}" for kind, options in backend_options(chosen).items()]
    parts += ["speaker"] if chosen.speaker else []
    return ", ".join(parts)


def _named(kind: Kind, options: BackendOptions) -> str:
    now = options.outlook()
    return backends.name_of(kind, options) + (f" (now {now})" if now else "")


def devices() -> int:
    """Print every camera, microphone and speaker, and which are the defaults."""
    from devices.cameras import list_cameras
    from devices.media import NoSoundSystem
    from devices.portaudio import list_microphones, list_speakers

    cameras = list_cameras()
    for source, name in cameras:
        print(f"camera      {source}  {one_line(name)}")
    if not cameras:
        print("camera      none found; a video file, a photo or an rtsp:// address works too")
    try:
        for kind, found in (("microphone", list_microphones()), ("speaker", list_speakers())):
            for one in found:
                print(f"{kind:<11} {one.index}  {one_line(one.name)}{'  (default)' if one.is_default else ''}")
            if not found:
                print(f"{kind:<11} none found")
    except NoSoundSystem as error:
        print(f"sound       {error}")
    return 0
