"""The recogniser's process, seen from the one that listens: started, asked, started anew when it broke, and ended."""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from subprocess import PIPE
from typing import Any

from pipelines.backends import BackendError
from pipelines.transcribers import sphinx_process
from pipelines.transcribers.sphinx_process import Found, read, write


class _Gone(BackendError):
    """There is no process to take the sound."""


class SphinxChild:
    """A recogniser in a process of its own, which ends when this is let go of, and with its parent, however that ends.

    Blocking, and to be used by one thread. Raises BackendError, also for a grammar that is none.
    """

    def __init__(self, grammars: Mapping[str, str]) -> None:
        """`grammars`: each by what it is called where something is wrong in it."""
        self._grammars = json.dumps(dict(grammars)).encode()
        self._start()

    @property
    def pid(self) -> int:
        """The number of the process that runs, or ran last."""
        return self._process.pid

    def find(self, pcm: bytes, number: int = 0) -> Found:
        """What is heard in 16 kHz sound of 16 bits by the grammar of that number, counted from 0.

        Raises BackendError where the process breaks; the next mends it.
        """
        asked = bytes([number]) + pcm
        if self._process.poll() is not None:
            self._start()
        try:
            found: Found = self._ask(asked)
        except _Gone:  # it ended a moment ago, and did not look dead yet
            self._start()
            found = self._ask(asked)
        return found

    def _start(self) -> None:
        # In a group of its own, as Ctrl-C in the terminal is not meant for it; -P: it takes no module from the folder
        # it is started in for one of Python's.
        command = [sys.executable, "-P", sphinx_process.__file__]
        try:
            self._process = subprocess.Popen(
                command, stdin=PIPE, stdout=PIPE, stderr=subprocess.DEVNULL, process_group=0
            )
        except OSError as error:
            raise BackendError(f"PocketSphinx cannot be started: {error}") from error
        self._end = weakref.finalize(self, _end, self._process)
        if refused := self._ask(self._grammars):
            self._end()
            raise BackendError(refused)

    def _ask(self, message: bytes) -> Any:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            write(requests, message)
        except OSError as error:
            self._end()
            raise _Gone(f"PocketSphinx ended (exit status {self._process.returncode})") from error
        try:
            return json.loads(read(answers))
        except (EOFError, OSError) as error:
            self._end()
            raise BackendError(f"PocketSphinx broke off (exit status {self._process.returncode})") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once; nothing is left of it."""
    process.kill()
    with suppress(OSError), process:  # closing its pipe finds what it never read
        pass
