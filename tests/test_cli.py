"""The command as a person meets it: one clear line and status 2 for what he did wrong, and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from tests.commands import ask, chosen, one_line, png, wav

__all__ = ["chosen"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.jpg", None),
        ("absent.mp4", None),
        ("empty.jpg", b""),
        ("empty.mp4", b""),
        ("text.mp4", b"this is no film"),
        ("truncated.mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x10\x00mdat"),
        ("folder", ""),
    ],
)
def test_a_camera_that_cannot_be_read(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | str | None
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.mkdir()
    assert name in one_line(capsys, ask(chosen, path))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (12_000, 9_000)])
def test_a_picture_of_an_impossible_size(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], width: int, height: int
) -> None:
    line = one_line(capsys, ask(chosen, png(tmp_path / "odd.png", width, height)))
    assert "odd.png" in line


def test_a_camera_that_is_not_there(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "omni devices" in one_line(capsys, ask(chosen, "97"))


@pytest.mark.parametrize(("rate", "channels", "hint"), [(8_000, 1, "8000 Hz"), (16_000, 8, "8 channels")])
def test_sound_that_cannot_be_listened_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: int, channels: int, hint: str
) -> None:
    sound = wav(tmp_path / "odd.wav", rate, channels)
    png(tmp_path / "photo.png", 640, 480)
    mine = tmp_path / "ears.toml"
    mine.write_text('[chat]\nbackend="grounded"\n[detector]\nbackend="silero"\n[transcriber]\nbackend="pocketsphinx"\n')
    assert hint in one_line(capsys, main(["run", str(mine), "--plain", "--microphone", str(sound)]))


@pytest.mark.parametrize("name", ["absent.wav", "empty.wav", "folder"])
def test_a_sound_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    mine = tmp_path / "ears.toml"
    mine.write_text('[chat]\nbackend="grounded"\n[detector]\nbackend="silero"\n[transcriber]\nbackend="pocketsphinx"\n')
    line = one_line(capsys, main(["run", str(mine), "--plain", "--microphone", str(tmp_path / name)]))
    assert name in line


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[[camera]]\nsauce = 0\n", "camera.0.sauce: unknown key"),
        ("[[camera]]\nfps = 'many'\n", "camera.0.fps"),
        ("[chat]\nbackend = 'oracle'\n", "no chat is called 'oracle'"),
        ("[[camera\n", "is not TOML"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_configuration_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, text: str, hint: str
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    assert hint in one_line(capsys, main([command, str(mine)]))


@pytest.mark.parametrize("text", ["[camera]\nsource = 0\n", "[[camera]]\nname = 5\n", 'microphone = "usb"\n'])
def test_a_wrong_type_that_the_command_line_would_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    one_line(capsys, main(["run", str(mine), "--fast", "--camera", "1", "--microphone", "silence"]))


@pytest.mark.parametrize(
    "text", ["big = " + "9" * 6000, "deep = " + "[" * 5000, "[[camera]]\nsource = 99999999999999999\n"]
)
def test_numbers_and_nests_beyond_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    one_line(capsys, main(["check", str(mine)]))


def test_check_names_every_bad_file_and_praises_the_good(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[chatt]\n", encoding="utf-8")
    assert main(["check", str(bad), str(chosen)]) == 2
    captured = capsys.readouterr()
    assert "chatt" in captured.err
    assert "good" in captured.out


def test_the_process_lets_no_thread_keep_a_sound_card_waiting() -> None:
    run = "cli.main = lambda: print(sys.getswitchinterval()) or 0; cli.entry()"
    script = f"import sys; from assistant import cli; {run}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "0.001\n"
