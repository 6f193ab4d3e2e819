"""`omni chat`: it remembers what was said about its picture, changes to another, and ends when the lines do."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from tests.commands import png
from tests.photos import home, photo, picture

__all__ = ["home", "photo"]


def chat(monkeypatch: pytest.MonkeyPatch, lines: list[str], *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return main(["chat", *arguments, "--model", "eyes"])


@pytest.mark.usefixtures("home")
def test_a_chat_remembers_what_was_said_about_its_picture(
    photo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, ["What is it?", "", "Why?", "/bye", "Never asked"], photo) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "eyes of 200, asked 0: What is it?",
        "eyes of 200, asked 1: Why?",
    ]


@pytest.mark.usefixtures("home")
def test_without_a_photo_the_first_line_is_its_path_and_another_path_changes_it(
    photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = picture(tmp_path / "an other.png", 90)
    assert chat(monkeypatch, [photo, "First?", f"'{other}'", "Second?"]) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "eyes of 200, asked 0: First?",
        "eyes of 90, asked 0: Second?",
    ]


@pytest.mark.usefixtures("home")
def test_a_bad_picture_leaves_the_last_one(
    photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = png(tmp_path / "huge.png", 30_000, 30_000)
    assert chat(monkeypatch, [str(bad), "Still there?"], photo) == 0
    captured = capsys.readouterr()
    assert "eyes of 200" in captured.out
    assert "huge.png" in captured.err


@pytest.mark.usefixtures("home")
def test_a_chat_without_lines_just_ends(
    photo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, []) == 0
    assert chat(monkeypatch, [], photo) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("home")
def test_a_picture_in_a_home_of_nobody_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, ["~nobodyatall/a.png"]) == 2
    assert capsys.readouterr().err == "omni: there is no picture ~nobodyatall/a.png: check the path\n"
