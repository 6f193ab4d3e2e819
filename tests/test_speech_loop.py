"""A whole session on neural speech: a sound file is heard by Whisper, answered, spoken by Piper, and heard again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import app, config
from assistant.demo import ask_aloud
from assistant.feed import Feed
from devices.lines import Latest
from devices.media import SPEECH_RATE
from pipelines.backends import BackendOptions, Prompt
from pipelines.transcribers.guards import plain
from pipelines.transcribers.whisper import FasterWhisper
from pipelines.types import Event, PartialTranscript, Reply, Transcript, Trouble
from pipelines.voices.espeak import Espeak
from tests.standins import stand_in

pytest.importorskip("faster_whisper", reason="the extra `neural` is not installed")
pytest.importorskip("piper", reason="the extra `piper` is not installed")
pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")

ANSWERS = {"is the door open": "The door is closed.", "what is on the table": "There is a dog on the table."}


class Knowing(BackendOptions):
    """A chat that knows two answers, in sentences that the recogniser knows."""

    def load(self) -> Knowing:
        return self

    def reply(self, prompt: Prompt) -> Iterator[str]:
        yield ANSWERS[plain(prompt.question)]


def sections(folder: Path) -> dict[str, Any]:
    ask_aloud(
        folder / "questions.wav", Espeak().load(), [(1.0, "is the door open"), (6.0, "what is on the table")], 11.0
    )
    whisper, piper = stand_in("whisper-fixture"), stand_in("piper-unitvoice")
    return {
        "microphone": {"source": str(folder / "questions.wav")},
        "speaker": {"sink": str(folder / "reply.wav")},
        "detector": {"backend": "silero"},
        "transcriber": {"backend": "faster-whisper", "weights": str(whisper), "threads": 1, "beam": 1},
        "chat": {"backend": "tests.test_speech_loop:Knowing"},
        "voice": {"backend": "piper", "weights": str(piper), "threads": 1},
        "hearing": {"partials": 0.4},
    }


async def test_two_questions_are_heard_answered_aloud_and_understood_again(tmp_path: Path) -> None:
    import soundfile
    import soxr

    feed = Feed()
    line: Latest[Event] = feed.subscribe(1000)
    await app.run(config.parse(sections(tmp_path), "test"), feed)
    feed.close()
    told = [event async for event in line]

    assert [event for event in told if isinstance(event, Trouble)] == []
    heard = [event for event in told if isinstance(event, Transcript)]
    assert [plain(one.text) for one in heard] == list(ANSWERS)
    assert {one.language for one in heard} == {"en"}
    assert any(isinstance(event, PartialTranscript) for event in told[: told.index(heard[0])])
    assert [event.text for event in told if isinstance(event, Reply)] == list(ANSWERS.values())

    sound, rate = soundfile.read(tmp_path / "reply.wav", dtype="float32")
    again = soxr.resample(sound, rate, SPEECH_RATE)
    whisper = FasterWhisper(weights=str(stand_in("whisper-fixture")), threads=1, beam=1).load()
    loud = np.flatnonzero(np.abs(again) > 0.02)
    gap = loud[np.argmax(np.diff(loud))]
    halves = again[: gap + 8000], again[gap + 8000 :]
    assert [plain(whisper.transcribe(half).text) for half in halves] == [plain(text) for text in ANSWERS.values()]
