"""From the end of a spoken question to the first sound of its answer, in the running assistant."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from assistant.demo import ask_aloud
from pipelines import backends
from pipelines.chats.requests import recognise
from pipelines.voices.espeak import Espeak
from tests.benchmarks._report import REPOSITORY, data, report

QUESTIONS = (
    "what do you see",
    "how many people are there",
    "is anyone there",
    "what does it say",
    "what changed",
    "is it dark",
    "what time is it",
    "what color is it",
)
FIRST, EVERY = 4.0, 7.0
"""Seconds until the first question, and from one to the next."""
BAR = 1.5
"""Seconds, median."""


def main() -> None:
    events = _session(data() / "media" / "images" / "ski-astronaut.png")
    waits = {
        event["asked"]: event["answered_at"] - event["asked_at"]
        for event in events
        if event["type"] == "reply" and event["text"] and event["asked"]
    }
    for question, seconds in waits.items():
        print(f"{seconds:5.2f} s  {question}")
    understood = {recognise(asked) for asked in waits}  # "what's changed" is "what changed"
    missed = [f"not answered: {question}" for question in QUESTIONS if recognise(question) not in understood]
    median = round(statistics.median(waits.values()), 3) if waits else None
    if median is None or median > BAR:
        missed.append(f"median {median} s > {BAR} s")
    heard = [event["took"] for event in events if event["type"] == "transcript"]
    figures: dict[str, Any] = {
        "questions": len(QUESTIONS),
        "answered": len(waits),
        "end_of_speech_to_first_audio_s_median": median,
        "end_of_speech_to_first_audio_s_worst": round(max(waits.values()), 3) if waits else None,
        "end_of_speech_to_transcript_s_median": round(statistics.median(heard), 3) if heard else None,
        "endpoint_silence_s": 0.5,
    }
    report("turn", figures, missed)


def _session(photo: Path) -> list[dict[str, Any]]:
    """Run `omni run` on a photo and all questions spoken one after the other; its events."""
    with tempfile.TemporaryDirectory() as folder:
        sound, events = Path(folder) / "questions.wav", Path(folder) / "events.jsonl"
        asked = [(FIRST + number * EVERY, question) for number, question in enumerate(QUESTIONS)]
        ask_aloud(sound, backends.load(Espeak(), "voice"), asked, FIRST + len(asked) * EVERY)
        command = [sys.executable, "-m", "assistant", "run", "--plain", "--camera", str(photo)]
        command += ["--microphone", str(sound), "--speaker", "none", "--events", str(events)]
        subprocess.run(command, cwd=REPOSITORY, check=True)
        return [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
