"""What the command writes and where, and how it takes a user's own modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from tests.commands import CONFIG, ask, chosen, one_line, png
from tests.conftest import REPOSITORY

__all__ = ["chosen"]

SLOW_EYES = """
from pipelines.backends import BackendOptions
from pipelines.types import Facts, Seen

class SlowEyes(BackendOptions):
    def load(self):
        return self
    def caption(self, frame):
        colour = "reddish" if frame.pixels[0, 0, 0] > 99 else "bluish"
        return Seen(f"It is {colour}.", Facts(colours=(colour,)))
"""

BAD_CHAT = """
from pipelines.backends import BackendOptions

class BadChat(BackendOptions):
    def load(self):
        return self
    def reply(self, prompt):
        ANSWER
        yield ""
"""


def test_an_answer_waits_until_every_camera_was_looked_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    (tmp_path / "slow_eyes.py").write_text(SLOW_EYES, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(CONFIG + '[captioner]\nbackend = "slow_eyes:SlowEyes"\n', encoding="utf-8")
    for name, colour in (("one.png", "red"), ("two.png", "blue")):
        Image.new("RGB", (64, 48), colour).save(tmp_path / name)
    cameras = ["--camera", str(tmp_path / "one.png"), "--camera", str(tmp_path / "two.png")]
    assert main(["ask", "what do you see?", "--config", str(mine), *cameras]) == 0
    out = capsys.readouterr().out
    assert "reddish" in out
    assert "bluish" in out


def test_an_answer_does_not_wait_for_a_camera_that_is_covered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    (tmp_path / "slow_eyes.py").write_text(SLOW_EYES, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    covered = '[captioner]\nbackend = "slow_eyes:SlowEyes"\n[attention]\ncamera = false\n'
    mine.write_text(CONFIG + covered, encoding="utf-8")
    Image.new("RGB", (64, 48), "red").save(tmp_path / "one.png")
    assert ask(mine, tmp_path / "one.png") == 0
    assert "The camera is off." in capsys.readouterr().out


def test_what_is_read_is_not_overwritten(chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = png(tmp_path / "photo.png", 640, 480)
    for victim in (photo, chosen):
        before = victim.read_bytes()
        arguments = ["run", str(chosen), "--plain", "--camera", str(photo), "--events", str(victim)]
        assert "is read in this session" in one_line(capsys, main(arguments))
        assert victim.read_bytes() == before


def test_a_session_that_cannot_start_leaves_the_events_of_the_last_one(chosen: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("precious\n")
    assert main(["run", str(chosen), "--plain", "--camera", "97", "--events", str(events)]) == 2
    assert events.read_text() == "precious\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_no_file_to_write_to(chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in one_line(capsys, main(["run", str(chosen), "--plain", "--events", str(tmp_path / "pipe")]))
    assert "is no file" in one_line(capsys, main(["check", str(tmp_path / "pipe")]))


@pytest.mark.parametrize("body", ["raise RuntimeError('no')", "def broken(", "import sys; sys.exit(9)"])
def test_a_module_of_the_users_that_cannot_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    name = f"mine_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(body, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(f'[chat]\nbackend = "{name}:Chat"\n', encoding="utf-8")
    assert "cannot be imported" in one_line(capsys, main(["check", str(mine)]))


@pytest.mark.parametrize("answer", ["yield 5", "raise SystemExit(3)", "raise RuntimeError('two\\nlines')"])
def test_a_chat_of_the_users_that_misbehaves_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    name = f"chat_{abs(hash(answer))}"
    (tmp_path / f"{name}.py").write_text(BAD_CHAT.replace("ANSWER", answer), encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(f'[chat]\nbackend = "{name}:BadChat"\n', encoding="utf-8")
    assert main(["ask", "hello", "--config", str(mine)]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("omni: chat: ")
    assert len(captured.err.splitlines()) == 1


def test_an_empty_question_is_no_question(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no question" in one_line(capsys, main(["ask", " ", "--config", str(chosen)]))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_standard_streams_are_no_error(closed: str) -> None:
    command = f"{sys.executable} -m assistant check configs/desktop.toml {closed}"
    assert subprocess.run(["sh", "-c", command], cwd=REPOSITORY, timeout=60).returncode == 0


def test_asking_with_no_camera_named_in_the_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[chat]\nbackend = "grounded"\n', encoding="utf-8")
    assert main(["ask", "how many people do you see?", "--config", str(mine)]) == 0
    assert capsys.readouterr().out.strip(), "without eyes it says that it has seen nothing"


def test_asking_about_a_photo_without_a_captioner(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    Image.new("RGB", (64, 48), "red").save(tmp_path / "red.png")
    assert ask(chosen, tmp_path / "red.png") == 0
    assert capsys.readouterr().out.strip()


def test_the_events_can_be_written_to_a_file(chosen: Path, tmp_path: Path) -> None:
    from PIL import Image

    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (64, 48), "red").save(photos / "red.png")
    quick = tmp_path / "quick.toml"
    quick.write_text(CONFIG.replace("source = 0", f'source = "{photos.as_posix()}"\nhold = 0.2'), encoding="utf-8")
    events = tmp_path / "events.jsonl"
    assert main(["run", str(quick), "--plain", "--events", str(events)]) == 0
    assert events.stat().st_mode & 0o77 == 0, "what was said is nobody else's business"
    types = [json.loads(line)["type"] for line in events.read_text(encoding="utf-8").splitlines()]
    assert types[0] == "started"
    assert types[-1] == "health"


def test_an_events_file_that_cannot_be_written(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = one_line(capsys, main(["run", str(chosen), "--plain", "--events", str(tmp_path / "no" / "where.jsonl")]))
    assert "where.jsonl" in line
