"""What the tests of the command share: a light configuration, odd files, and what a clear line is."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from assistant.cli import main

CONFIG = """
[[camera]]
name = "desk"
source = 0

[chat]
backend = "grounded"
"""


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    """A configuration with a camera and a chat that need no weights."""
    path = tmp_path / "mine.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def png(path: Path, width: int, height: int) -> Path:
    """A PNG that claims to be so large; its pixels are not there."""

    def block(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", zlib.compress(b"\0")))
    return path


def wav(path: Path, rate: int, channels: int) -> Path:
    import soundfile

    soundfile.write(path, np.zeros((rate, channels)), rate)
    return path


def one_line(capsys: pytest.CaptureFixture[str], status: int) -> str:
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert status == 2
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("omni: ")
    assert "Traceback" not in captured.err + captured.out
    return lines[0]


def ask(chosen: Path, camera: Path | str) -> int:
    return main(["ask", "what do you see?", "--config", str(chosen), "--camera", str(camera)])
