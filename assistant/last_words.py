"""The error output of a program that runs beside: kept from the terminal, its last line remembered."""

from __future__ import annotations

import os
import threading
from typing import TextIO

from pipelines.wording import one_line

LONGEST = 200
"""Letters of a line that are kept."""


class LastWords:
    """A file for a program to write to, and the last line that it wrote."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.file: TextIO = os.fdopen(writing, "w")
        self._line = ""
        threading.Thread(target=self._read, args=(reading,), name="last words", daemon=True).start()

    def told(self) -> str:
        """`: ` and the line; empty where nothing was written."""
        return f": {self._line}" if self._line else ""

    def close(self) -> None:
        """The thread ends when the program has ended, too."""
        self.file.close()

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, errors="replace") as lines:
            while line := lines.readline(4096):
                self._line = one_line(line)[:LONGEST] or self._line
