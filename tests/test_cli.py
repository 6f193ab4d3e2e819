"""The command as a person meets it: one clear line and status 2 for what he did wrong, and never a traceback."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from assistant.cli import main
from tests.conftest import REPOSITORY

CONFIG = """
[[camera]]
name = "desk"
source = 0

[chat]
backend = "grounded"
"""

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


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    """A configuration with a camera and a chat that need no weights."""
    path = tmp_path / "mine.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def _png(path: Path, width: int, height: int) -> Path:
    """A PNG that claims to be so large; its pixels are not there."""

    def block(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", zlib.compress(b"\0")))
    return path


def _wav(path: Path, rate: int, channels: int) -> Path:
    import soundfile

    soundfile.write(path, np.zeros((rate, channels)), rate)
    return path


def _one_line(capsys: pytest.CaptureFixture[str], status: int) -> str:
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert status == 2
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("omni: ")
    assert "Traceback" not in captured.err + captured.out
    return lines[0]


def _ask(chosen: Path, camera: Path | str) -> int:
    return main(["ask", "what do you see?", "--config", str(chosen), "--camera", str(camera)])


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
    assert name in _one_line(capsys, _ask(chosen, path))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (12_000, 9_000)])
def test_a_picture_of_an_impossible_size(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], width: int, height: int
) -> None:
    line = _one_line(capsys, _ask(chosen, _png(tmp_path / "odd.png", width, height)))
    assert "odd.png" in line


def test_a_camera_that_is_not_there(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "omni devices" in _one_line(capsys, _ask(chosen, "97"))


@pytest.mark.parametrize(("rate", "channels", "hint"), [(8_000, 1, "8000 Hz"), (16_000, 8, "8 channels")])
def test_sound_that_cannot_be_listened_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rate: int, channels: int, hint: str
) -> None:
    sound = _wav(tmp_path / "odd.wav", rate, channels)
    _png(tmp_path / "photo.png", 640, 480)
    mine = tmp_path / "ears.toml"
    mine.write_text('[chat]\nbackend="grounded"\n[detector]\nbackend="silero"\n[transcriber]\nbackend="pocketsphinx"\n')
    assert hint in _one_line(capsys, main(["run", str(mine), "--plain", "--microphone", str(sound)]))


@pytest.mark.parametrize("name", ["absent.wav", "empty.wav", "folder"])
def test_a_sound_file_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    mine = tmp_path / "ears.toml"
    mine.write_text('[chat]\nbackend="grounded"\n[detector]\nbackend="silero"\n[transcriber]\nbackend="pocketsphinx"\n')
    line = _one_line(capsys, main(["run", str(mine), "--plain", "--microphone", str(tmp_path / name)]))
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
    assert hint in _one_line(capsys, main([command, str(mine)]))


@pytest.mark.parametrize("text", ["[camera]\nsource = 0\n", "[[camera]]\nname = 5\n", 'microphone = "usb"\n'])
def test_a_wrong_type_that_the_command_line_would_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    _one_line(capsys, main(["run", str(mine), "--fast", "--camera", "1", "--microphone", "silence"]))


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


def test_what_is_read_is_not_overwritten(chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = _png(tmp_path / "photo.png", 640, 480)
    for victim in (photo, chosen):
        before = victim.read_bytes()
        arguments = ["run", str(chosen), "--plain", "--camera", str(photo), "--events", str(victim)]
        assert "is read in this session" in _one_line(capsys, main(arguments))
        assert victim.read_bytes() == before


def test_a_session_that_cannot_start_leaves_the_events_of_the_last_one(chosen: Path, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("precious\n")
    assert main(["run", str(chosen), "--plain", "--camera", "97", "--events", str(events)]) == 2
    assert events.read_text() == "precious\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_no_file_to_write_to(chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in _one_line(capsys, main(["run", str(chosen), "--plain", "--events", str(tmp_path / "pipe")]))
    assert "is no file" in _one_line(capsys, main(["check", str(tmp_path / "pipe")]))


@pytest.mark.parametrize("body", ["raise RuntimeError('no')", "def broken(", "import sys; sys.exit(9)"])
def test_a_module_of_the_users_that_cannot_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    name = f"mine_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(body, encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(f'[chat]\nbackend = "{name}:Chat"\n', encoding="utf-8")
    assert "cannot be imported" in _one_line(capsys, main(["check", str(mine)]))


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


@pytest.mark.parametrize(
    "text", ["big = " + "9" * 6000, "deep = " + "[" * 5000, "[[camera]]\nsource = 99999999999999999\n"]
)
def test_numbers_and_nests_beyond_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    _one_line(capsys, main(["check", str(mine)]))


def test_an_empty_question_is_no_question(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no question" in _one_line(capsys, main(["ask", " ", "--config", str(chosen)]))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_standard_streams_are_no_error(closed: str) -> None:
    command = f"{sys.executable} -m assistant check configs/desktop.toml {closed}"
    assert subprocess.run(["sh", "-c", command], cwd=REPOSITORY, timeout=60).returncode == 0


def test_check_names_every_bad_file_and_praises_the_good(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[chatt]\n", encoding="utf-8")
    assert main(["check", str(bad), str(chosen)]) == 2
    captured = capsys.readouterr()
    assert "chatt" in captured.err
    assert "good" in captured.out


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
    assert _ask(chosen, tmp_path / "red.png") == 0
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
    types = [json.loads(line)["type"] for line in events.read_text(encoding="utf-8").splitlines()]
    assert types[0] == "started"
    assert types[-1] == "health"


def test_an_events_file_that_cannot_be_written(
    chosen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _one_line(capsys, main(["run", str(chosen), "--plain", "--events", str(tmp_path / "no" / "where.jsonl")]))
    assert "where.jsonl" in line
