"""How long Ctrl-C takes to end the assistant, whatever it is doing: loading, watching, thinking or speaking."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assistant.demo import ask_aloud
from pipelines import backends
from pipelines.voices.espeak import Espeak
from tests.benchmarks._report import REPOSITORY, data, report

MOMENTS = (0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0)
"""Seconds after the start at which Ctrl-C comes: a question is asked aloud at 4 s and at 8 s."""
BAR = 1.0
"""Seconds."""


def main() -> None:
    missed, figures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "questions.wav"
        questions = [(4.0, "what do you see"), (8.0, "tell me a story")]
        ask_aloud(sound, backends.load(Espeak(), "voice"), questions, 30.0)
        for moment in MOMENTS:
            seconds, error = _stopped(sound, moment)
            figures[f"after_{moment}_s"] = round(seconds, 3)
            print(f"Ctrl-C after {moment:4.1f} s: gone in {seconds:.2f} s")
            if seconds > BAR or "Traceback" in error:
                missed.append(f"after {moment} s: {seconds:.2f} s {error[-200:]}")
    report("stop", figures, missed)


def _stopped(sound: Path, moment: float) -> tuple[float, str]:
    """Seconds from Ctrl-C to the end of the process, and what it wrote to its error stream."""
    photo = data() / "media" / "images" / "ski-astronaut.png"
    command = [sys.executable, "-m", "assistant", "run", "--plain", "--camera", str(photo)]
    command += ["--microphone", str(sound), "--speaker", "none"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(moment)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
        return time.monotonic() - began, error


if __name__ == "__main__":
    main()
