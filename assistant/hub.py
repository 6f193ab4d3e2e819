"""Fetches files from a model hub: what a name means there today, and bytes that go on where a pull broke off."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import ValidationError

from assistant.digests import check
from assistant.errors import WeightsError
from assistant.manifest import LONGEST_NAME, SAVED, WEIGHTS, File, Hub
from pipelines import weights
from pipelines.pulled import RECORD
from pipelines.wording import one_line

LATER = (408, 425, 429)
"""Statuses, besides all from 500 on, after which the same request may fare better."""
ASTRAY = ("TooManyRedirects", "UnsupportedProtocol")
"""Names of errors of the HTTP library, which differs by huggingface_hub's version, about where it was sent."""


def resolve(hub: Hub, revision: str | None = None) -> Hub:
    """The same with the commit that its revision means now, and every file that matches, by its hash there.

    `revision` is asked for in place of its own. Raises WeightsError.
    """
    with _unreadable(hub):
        info = _info(hub, revision or hub.revision)
        found = [one for one in info.siblings or [] if _wanted(one, hub.match)]
    _refuse_names(hub, found)
    for pattern in hub.match:
        if pattern.endswith(WEIGHTS) and not any(_fits(one.rfilename, pattern) for one in found):
            raise WeightsError(f"{hub.label}: the hub holds no {pattern} there: check the manifest")
    try:
        exact = Hub(repo=hub.repo, revision=info.sha, files=tuple(map(_file, found)))
    except ValidationError as error:
        raise WeightsError(f"{hub.label}: the hub does not tell hashes of its files: pull again later") from error
    if len({file.saved_as for file in exact.files}) < len(exact.files):
        raise WeightsError(f"{hub.label}: two files would be saved under one name: check the manifest")
    return exact


def _info(hub: Hub, revision: str) -> Any:
    """What the hub tells of a repository: `sha`, and `siblings` with sizes and hashes. Raises WeightsError."""
    from huggingface_hub import HfApi

    info = None
    with _hub_errors(f"{hub.label}:", lambda: info is not None):
        info = HfApi().model_info(hub.repo, revision=revision, files_metadata=True, timeout=30.0)
    return info


@contextmanager
def _unreadable(hub: Hub) -> Iterator[None]:
    """One line for an answer that is not made as a hub's are."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{hub.label}: the hub's answer cannot be read: pull again later") from error


def _refuse_names(hub: Hub, found: Sequence[Any]) -> None:
    """Raises WeightsError for a name under which no file is saved here."""
    for one in found:
        name = PurePosixPath(one.rfilename).name
        if not re.fullmatch(SAVED, name) or len(name.encode()) > LONGEST_NAME:
            why = f"holds {one_line(one.rfilename)[:80]!r}, a name that no file is saved under here"
            raise WeightsError(f"{hub.label}: the hub {why}: in the manifest, let `match` leave it out")


def fetch_hub(hub: Hub, folder: Path) -> None:
    """Fetch files by their hashes, going on where an interrupted pull stopped. Raises WeightsError."""
    arrived = {file.digest: _arrive(hub, file) for file in {file.digest: file for file in hub.files}.values()}
    saved: dict[str, Path] = {}
    for file in hub.files:
        target = folder / file.saved_as
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.digest in saved:
            shutil.copyfile(saved[file.digest], target)
        else:
            saved[file.digest] = arrived[file.digest].replace(target)


def part(file: File) -> Path:
    """Where a file from a hub grows. Its name is its hash: a later pull finds it, and files of one content share it."""
    return weights.home() / "partial" / f"{file.digest}.part"


def _wanted(told: Any, patterns: tuple[str, ...]) -> bool:
    """Whether it matches, and is no empty file and none that would be taken for the record of what was pulled."""
    return bool(told.size) and told.rfilename != RECORD and any(_fits(told.rfilename, one) for one in patterns)


def _fits(path: str, pattern: str) -> bool:
    """Whether it matches, folder by folder: a `*` does not reach over a slash."""
    steps, wanted = path.split("/"), pattern.split("/")
    return len(steps) == len(wanted) and all(map(fnmatchcase, steps, wanted))


def _file(told: Any) -> File:
    """One file as the hub tells of it. Large ones have a sha256 there, small ones are known by git's own hash."""
    large = told.lfs is not None
    return File(
        path=told.rfilename,
        name=PurePosixPath(told.rfilename).name,
        size=told.lfs.size if large else told.size,
        sha256=told.lfs.sha256 if large else None,
        blob=None if large else told.blob_id,
    )


def _arrive(hub: Hub, file: File) -> Path:
    """The whole, checked file, still under the name of its part."""
    path = part(file)
    with path.open("ab") as out, _progress(file, out.tell()) as advance:
        if out.tell() > file.size:
            out.truncate(0)
        while (have := out.tell()) < file.size:
            with _hub_errors(f"{hub.label}: {file.path}:", lambda: out.tell() > have):
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
def _hub_errors(where: str, gained: Callable[[], bool]) -> Iterator[None]:
    """One line for all that a hub, or the way to it, can do wrong; a line that broke after it gave something is taken
    up again."""
    # HTTPError is the base error of the HTTP library that huggingface_hub uses, which differs by its version.
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    try:
        yield
        if not gained():
            raise WeightsError(f"{where} the hub sends nothing: pull again later")
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise WeightsError(f"{where} the hub answers {status}: {_advice(status)}") from error
    except OfflineModeIsEnabled as error:
        raise WeightsError(f"{where} HF_HUB_OFFLINE is set: unset it, then pull again") from error
    except HTTPError as error:
        if type(error).__name__ in ASTRAY:
            away = "the hub redirects in a way that is not followed: try again later, or check HF_ENDPOINT"
            raise WeightsError(f"{where} {away}") from error
        if not gained():
            raise WeightsError(f"{where} the hub cannot be reached: check the network, then pull again") from error


def _advice(status: int) -> str:
    """What to do after such an answer."""
    if status in (401, 403):
        return "it is gone, or wants you to log in (hf auth login) and to accept its licence there"
    return "try again later" if status in LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR else "check the manifest"


@contextmanager
def _progress(file: File, have: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere; the value is told how many bytes are there."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task(file.saved_as, total=file.size, completed=have)
        yield lambda count: progress.update(task, completed=count)
