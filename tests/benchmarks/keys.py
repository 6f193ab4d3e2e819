"""How soon a key means silence: a narrating session on a pseudo-terminal is made to talk, and told to stop."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.benchmarks._report import REPOSITORY, data, report

TIMES = 20
KEYS = {"space": b" ", "escape": b"\x1b"}
TALKS = b"h"
"""The key that makes it tell all keys, which takes a minute."""
FIRST = b"space"
"""How that begins. The line is written when it is cut, with what was heard of it."""
BAR = 0.150
"""Seconds."""


class Terminal:
    """A session, and the keyboard and screen before it."""

    def __init__(self, folder: Path) -> None:
        self._person, program = pty.openpty()
        photo = data() / "media" / "images" / "ski-astronaut.png"
        command = [sys.executable, "-m", "assistant", "run", "configs/narration.toml", "--camera", str(photo)]
        command += ["--microphone", "silence", "--speaker", str(folder / "said.wav")]
        environment = os.environ | {"OMNI_HOME": str(folder), "TERM": "xterm"}
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stdin=program, stdout=program, env=environment)
        self._seen = b""

    def press(self, key: bytes) -> None:
        os.write(self._person, key)

    def wait_for(self, text: bytes, seconds: float) -> float:
        """When it stood there."""
        end = time.monotonic() + seconds
        while text not in self._seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._person], [], [], left)[0]:
                sys.exit(f"{text.decode()!r} never stood there, but {self._seen[-200:]!r}")
            self._seen += os.read(self._person, 65_536)
        self._seen = self._seen.partition(text)[2]
        return time.monotonic()


def main() -> None:
    figures, missed = {}, []
    for name, took in pressed(TIMES).items():
        figures[name] = {"median_s": round(float(np.median(took)), 3), "most_s": round(max(took), 3)}
        print(f"{name:6}: silent after {np.median(took) * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms")
        missed += [f"{name}: {max(took):.3f} s"] * (max(took) > BAR)
    report("keys", figures, missed)


def pressed(times: int) -> dict[str, list[float]]:
    """Seconds from each of the keys to silence, so many times each."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(Path(folder))
        try:
            terminal.wait_for(b"on.", 120.0)
            time.sleep(1.0)
            terminal.press(b" ")  # the introduction
            time.sleep(8.0)  # what there is to be seen is told once
            took = {name: [_silenced(terminal, key) for _ in range(times)] for name, key in KEYS.items()}
            terminal.press(b"Q")
            terminal.process.wait(30)
        finally:
            terminal.process.kill()
    return took


def _silenced(terminal: Terminal, key: bytes) -> float:
    """Seconds from the key to the line of what was heard."""
    terminal.press(TALKS)
    time.sleep(2.0)  # in the midst of it
    pressed = time.monotonic()
    terminal.press(key)
    took = terminal.wait_for(FIRST, 5.0) - pressed
    time.sleep(0.3)
    return took


if __name__ == "__main__":
    main()
