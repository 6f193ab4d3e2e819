"""`omni look` and `omni chat`: a photo, a question, an answer; what a person did wrong is one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.cli import main
from tests.commands import one_line, png
from tests.conftest import REPOSITORY
from tests.photos import home, photo, saying
from tests.shelves import lay, use

__all__ = ["home", "photo"]


@pytest.mark.usefixtures("home")
def test_a_question_about_a_photo_is_answered(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "Do I have eggs?"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "eyes of 200, asked 0: Do I have eggs?\n"
    assert captured.err == "omni: captioner: eyes, the best of what is pulled and fits (it needs 0.0 GB).\n"


@pytest.mark.usefixtures("home")
def test_the_model_named_is_the_one_that_answers(photo: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(home, "other", use("captioner", "Watcher", 9))
    assert main(["look", photo, "What?", "--model", "eyes"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("eyes of")
    assert captured.err == ""


@pytest.mark.usefixtures("home")
def test_the_answer_as_json_names_model_and_times(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "有鸡蛋吗？", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"model", "question", "answer", "seconds", "first_token_s"}
    assert (told["model"], told["question"]) == ("eyes", "有鸡蛋吗？")
    assert 0 <= told["first_token_s"] <= told["seconds"]


@pytest.mark.usefixtures("home")
def test_streaming_gives_the_same_words(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", photo, "What is it?"])
    whole = capsys.readouterr().out
    assert main(["look", photo, "What is it?", "--stream"]) == 0
    assert capsys.readouterr().out.strip() == whole.strip()
    assert main(["look", photo, "What is it?", "--stream", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 3
    assert "".join(line["piece"] for line in lines[:-1]).strip() == lines[-1]["answer"]


@pytest.mark.usefixtures("home")
def test_without_a_question_the_photo_is_described(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo]) == 0
    assert "a caption" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_the_longest_answer_can_be_set(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "What is it?", "--max-tokens", "2"]) == 0
    assert capsys.readouterr().out == "eyes of\n"


@pytest.mark.usefixtures("home")
def test_a_question_may_stand_in_a_file(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompt.txt").write_text("分析这张\n食物照片\n", encoding="utf-8-sig")
    assert main(["look", photo, "--prompt-file", str(tmp_path / "prompt.txt")]) == 0
    assert "分析这张 食物照片" in capsys.readouterr().out


def test_an_empty_answer_is_no_answer(home: Path, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    saying(home, " \n")
    assert main(["look", photo, "What?", "--model", "parrot"]) == 1
    assert capsys.readouterr().err == "omni: there was no answer\n"


def test_what_a_model_says_cannot_command_the_terminal(
    home: Path, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saying(home, "one\x1b[31m\ntwo\a")
    assert main(["look", photo, "What?"]) == 0
    assert capsys.readouterr().out == "one[31m\ntwo\n"


def test_without_a_model_that_looks_rules_answer_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rapidocr", reason="the embedded extra is not installed")
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "nothing"))
    assert main(["look", photo, "What colours do you see?"]) == 0
    captured = capsys.readouterr()
    assert "red" in captured.out
    assert "omni: embedded answers by rule; for a model that looks: omni models pull desktop" in captured.err
    (tmp_path / "schema.json").write_text("{}")
    refused = main(["look", photo, "Food?", "--schema", str(tmp_path / "schema.json")])
    assert refused == 2
    assert "embedded fills no schema" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_picture_that_is_none_or_too_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    for path in (tmp_path / "absent.jpg", tmp_path / "text.jpg", png(tmp_path / "huge.png", 30_000, 30_000)):
        assert path.name in one_line(capsys, main(["look", str(path), "What?"]))


@pytest.mark.usefixtures("home")
def test_two_questions_are_one_too_many(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompt.txt").write_text("What?")
    assert "give one" in one_line(capsys, main(["look", photo, "?", "--prompt-file", str(tmp_path / "prompt.txt")]))
    (tmp_path / "prompt.txt").write_bytes(b"\xff\xfe")
    assert "UTF-8" in one_line(capsys, main(["look", photo, "--prompt-file", str(tmp_path / "prompt.txt")]))


SLOW = """
import time
from tests.shelves import LoadedWatcher, Watcher

class Slow(Watcher):
    def load(self):
        return SlowLoaded(self)

class SlowLoaded(LoadedWatcher):
    def look(self, request):
        yield "begun "
        time.sleep(60)
"""


def test_ctrl_c_ends_it_at_once(tmp_path: Path, photo: str) -> None:
    (tmp_path / "slow_model.py").write_text(SLOW)
    command = [sys.executable, "-m", "assistant", "look", photo, "?", "--stream", "--model", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    with subprocess.Popen(
        [*command, "--backend", "slow_model:Slow"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"begun"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert b"Traceback" not in complaint
