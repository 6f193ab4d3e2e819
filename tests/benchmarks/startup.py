"""How long the command takes to answer, and how long until the embedded assistant is ready, with and without LLM."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks._report import REPOSITORY, report

RUNS = 5
HELP_BAR, READY_BAR, LLM_BAR = 0.5, 3.0, 12.0
"""Seconds."""


def main() -> None:
    missed: list[str] = []
    figures = {
        "help_s": _median("--help"),
        "check_s": _median("check", "configs/desktop.toml"),
        "ready_without_llm_s": _ready('backend = "grounded"'),
        "ready_embedded_s": _ready('backend = "embedded"'),
        "ready_with_llm_s": _ready('backend = "smollm2"'),
    }
    bars = {
        "help_s": HELP_BAR,
        "check_s": HELP_BAR,
        "ready_without_llm_s": READY_BAR,
        "ready_embedded_s": READY_BAR,
        "ready_with_llm_s": LLM_BAR,
    }
    for name, seconds in figures.items():
        print(f"{name:<22} {seconds:6.2f} s   (bar {bars[name]} s)")
        if seconds > bars[name]:
            missed.append(f"{name} {seconds} > {bars[name]}")
    report("startup", figures, missed)


def _median(*arguments: str) -> float:
    """Seconds for one run of the command, the median of several after one that warms the disk."""
    return round(statistics.median(_timed(arguments) for _ in range(RUNS + 1)), 3)


def _timed(arguments: tuple[str, ...]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "assistant", *arguments], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


def _ready(chat: str) -> float:
    """Seconds from starting the process to its first event, `started`; the median of several runs."""
    desktop = (REPOSITORY / "configs" / "desktop.toml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ready.toml"
        path.write_text(desktop.replace('[chat]\nbackend = "auto"', f"[chat]\n{chat}"), encoding="utf-8")
        photo = Path(folder) / "photo.png"
        _grey(photo)
        command = [sys.executable, "-m", "assistant", "run", str(path), "--json", "--camera", str(photo)]
        command += ["--microphone", "silence", "--speaker", "none"]
        return round(statistics.median(_until_first_event(command) for _ in range(RUNS)), 3)


def _until_first_event(command: list[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        process.terminate()
    if '"started"' not in line:
        sys.exit(f"the assistant did not start: {line!r}")
    return seconds


def _grey(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (640, 480), (120, 120, 120)).save(path)


if __name__ == "__main__":
    main()
