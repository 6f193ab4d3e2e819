"""A connection to a speech server: speech-dispatcher's own Python client, with a limit on how long it may take."""

from __future__ import annotations

import importlib.util
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from devices.threads import DaemonThread
from pipelines.backends import BackendError

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds after which a server that does not answer counts as gone."""
STARTING = 20.0
"""Seconds that it may take to connect, and to start a server where none runs."""
CLIENT_NAME = "omni-assistant"
ABSENT = "speech-dispatcher's Python client is not here: apt install speech-dispatcher python3-speechd"

_FIND = "import os, speechd; print(os.path.dirname(speechd.__file__))"
_finding = threading.Lock()


class Happened(NamedTuple):
    """Something that the server tells of a message."""

    message: int
    what: str
    """`begin`, `index_marks`, `end`, `cancel`, `pause` or `resume`."""
    mark: str = ""


class Gone(BackendError):
    """The server is not there any more, or was not from the start."""


class Connection:
    """One client of the server. Once it was slow, or the server refused something at the start: close it, and make
    another one."""

    def __init__(self) -> None:
        self._thread = DaemonThread("speech server")
        self._happened: queue.SimpleQueue[Happened | None] = queue.SimpleQueue()
        self._closed = False
        self._client: Any = None
        self._last: Future[Any] | None = None

    def open(self, address: str, autospawn: bool) -> None:
        """Connect. Raises `Gone`, and BackendError where there is no client."""
        client = client_package()
        if client is None:
            raise BackendError(ABSENT)

        def connect() -> None:
            # It is known before it is made: one that the server never answers can be closed.
            self._client = made = client.SSIPClient.__new__(client.SSIPClient)
            made.__init__(CLIENT_NAME, address=address or None, autospawn=autospawn)
            # Its own way to tell of a message begins after the message: what happens at once would be missed.
            made._conn.set_callback(self._tell)
            if self._closed:
                _hang_up(made)

        self._within(STARTING, connect, "it cannot be reached")

    def close(self) -> None:
        """End it with its threads, also where the server hangs; from any thread, and without waiting for anybody."""
        self._closed = True
        if self._client is not None:
            _hang_up(self._client)
        self._thread.shutdown()

    @property
    def stuck(self) -> bool:
        """Whether something is not over that took too long: the system itself does not answer."""
        return self._last is not None and not self._last.done()

    def ask(self, command: str, *values: object) -> Any:
        """What the client's method of that name gives. Raises `Gone`, or BackendError for what the server refuses."""
        return self._within(PATIENCE, lambda: getattr(self._client, command)(*values), "it is gone")

    def speak(self, ssml: str) -> int:
        """Say it; the number of the message."""
        return int(self.ask("speak", ssml)[2][0])

    def next(self, seconds: float) -> Happened | None:
        """What happens next; None where that is nothing within so many seconds, or somebody called `wake`."""
        try:
            return self._happened.get(timeout=seconds)
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Have who waits for what happens look around; from any thread."""
        self._happened.put(None)

    def _tell(self, message: int, client: int, what: str, index_mark: str = "") -> None:
        self._happened.put(Happened(message, what, index_mark))

    def _within(self, seconds: float, work: Callable[[], T], otherwise: str) -> T:
        self._last = doing = self._thread.submit(work)
        try:
            return doing.result(seconds)
        except Late:
            raise Gone(f"speech-dispatcher does not answer: {_HELP}") from None
        except Exception as error:  # the client raises whatever its socket and its parser do
            if type(error).__name__ in ("SSIPCommandError", "SSIPDataError"):
                raise BackendError(f"speech-dispatcher refuses that: {error}") from error
            raise Gone(f"speech-dispatcher: {otherwise}: {_HELP}") from error


def _hang_up(client: Any) -> None:
    """What its own `close` does, without waiting; and whoever waits for an answer of the server has one."""
    connection = client.__dict__.pop("_conn", None)  # its own end would wait for a thread, and that may be this one
    if connection is None:
        return
    with suppress(OSError):
        connection._socket.shutdown(socket.SHUT_RDWR)
    connection._socket.close()
    connection._com_buffer.append((500, "closed", ()))
    connection._ssip_reply_semaphore.release()


_HELP = "try spd-say hello, which tells why"


def client_package() -> ModuleType | None:
    """The package `speechd`: of this Python, or of the system's, for it is on no package index; None: it is absent."""
    with _finding:
        if "speechd" not in sys.modules and (place := client_place()) is not None:
            spec = importlib.util.spec_from_file_location(
                "speechd", place / "__init__.py", submodule_search_locations=[str(place)]
            )
            assert spec is not None
            assert spec.loader is not None
            sys.modules["speechd"] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return sys.modules.get("speechd")


@cache
def client_place() -> Path | None:
    """The folder of that package; nothing is loaded."""
    here = importlib.util.find_spec("speechd")
    if here is not None and here.origin:
        return Path(here.origin).parent
    return next((place for python in _pythons() if (place := _asked(python)) is not None), None)


def _asked(python: Path) -> Path | None:
    """Where another Python has it."""
    try:
        done = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, timeout=PATIENCE, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(done.stdout.strip())


def _pythons() -> Iterator[Path]:
    """Those of the system: in a virtual environment, `python3` is the environment's own."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin"]
    for folder in dict.fromkeys(folders):
        python = Path(folder, "python3")
        if folder and python.is_file() and python.parent != Path(sys.executable).parent:
            yield python
