"""Lines that a program or a file gives are questions as well as typed ones; a session with nobody there has none."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.keyboard import gives_lines
from pipelines.types import Caption, Reply
from tests.fakes import FakeCamera
from tests.stage import ANSWERS, Stage


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Of a session that nothing but its lines keeps going."""
    (tmp_path / "talk.toml").write_text('[chat]\nbackend = "grounded"\n', encoding="utf-8")
    return [sys.executable, "-m", "assistant", "run", str(tmp_path / "talk.toml"), "--plain"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}


def test_lines_from_a_pipe_and_from_a_file_are_answered(
    tmp_path: Path, command: list[str], environment: dict[str, str]
) -> None:
    told = subprocess.run(command, input=b"Hello\n/mode text\nWhat time is it?", capture_output=True, env=environment)
    assert told.returncode == 0, told.stderr
    lines = [line.split(None, 1)[1] for line in told.stdout.decode().splitlines()]
    asked = [line.split(None, 1)[1] for line in lines if line.startswith("asked")]
    assert asked == ["Hello", "What time is it?"]
    assert sum(line.startswith("said") for line in lines) == 2
    (tmp_path / "lines").write_text("Hello\n", encoding="utf-8")
    with (tmp_path / "lines").open() as file:
        told = subprocess.run(command, stdin=file, capture_output=True, env=environment)
    assert told.stdout.count(b"asked  Hello") == 1


def test_nowhere_and_a_closed_input_ask_nothing(command: list[str], environment: dict[str, str]) -> None:
    closed = ["sh", "-c", '"$@" <&-', "sh", *command]
    for one in (command, closed):
        told = subprocess.run(one, stdin=subprocess.DEVNULL, capture_output=True, env=environment)
        assert (told.returncode, b"asked" in told.stdout) == (0, False), told.stderr


def test_who_can_write_is_told_from_who_cannot(tmp_path: Path) -> None:
    with open(os.devnull) as nowhere, (tmp_path / "lines").open("w+") as file:
        assert [gives_lines(one) for one in (nowhere, file, None)] == [False, True, False]
    assert not gives_lines(file)


async def test_the_end_of_what_is_piped_in_does_not_end_a_session_whose_devices_go_on() -> None:
    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(1)
        yield "hello"

    stage = Stage(cameras=[FakeCamera([1] * 50 + [9] * 50)], speaker=None, asks=asks)
    await stage.run()
    assert [reply.text for reply in stage.told(Reply)] == [ANSWERS["hello"]]
    assert stage.told(Caption)[-1].captured_at > 4 + stage.told(Caption)[0].captured_at
