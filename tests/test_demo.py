"""The demonstration, on a clock that jumps: all its questions are answered, and all its files are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import demo
from pipelines import weights
from pipelines.backends import BackendError

pytest.importorskip("skimage", reason="the demo extra is not installed")


async def test_every_question_of_the_demo_gets_a_spoken_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        weights.find("people"), weights.find("smollm2")
    except BackendError as error:
        pytest.skip(str(error))
    import soundfile
    from PIL import Image

    assert await demo.demonstrate(tmp_path) == 0, capsys.readouterr()
    assert "6 of 6 spoken questions got a spoken answer" in capsys.readouterr().out
    sound, rate = soundfile.read(tmp_path / "reply.wav")
    assert len(sound) / rate > 30
    assert abs(sound).max() > 0.1
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["type"] for event in events].count("reply") == 6
    assert Image.open(tmp_path / "contact_sheet.png").size[0] > 600
