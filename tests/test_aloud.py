"""A narrating session on a terminal: bare words for a screen reader, and keys that are pressed without seeing it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from assistant.aloud import Aloud
from assistant.asking import STOP, Typist
from assistant.cli import main
from assistant.keys import DONE, TYPING, KeysOptions, listed
from assistant.terminal import choose_view
from pipelines.types import Event, Notice, Recovered, Reply, Transcript, Trouble
from tests.terminals import Terminal, show
from tests.test_terminal import NASTY, SESSION

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


async def told(events: list[Event]) -> list[str]:
    stream = StringIO()
    await show(Aloud(stream), events)
    return stream.getvalue().splitlines()


async def test_only_what_is_said_asked_and_wrong_is_a_line() -> None:
    assert await told(SESSION) == [
        "heard: how many people are there",
        "I see at least two people.",
        "trouble: voice: espeak-ng is absent",
        "voice works again",
        "asked: read it",
        "The text says",
    ]


async def test_what_a_key_or_a_command_came_to_is_a_line_and_what_models_cannot_do_is_none() -> None:
    events: list[Event] = [
        Notice("typed: /watch dog", 0.0, "keyboard"),
        Notice("there is no /foo", 0.0),
        Notice("The embedded captioner counts people.", 0.0, "captioner"),
    ]
    assert await told(events) == ["typed: /watch dog", "there is no /foo"]


async def test_a_chinese_session_leads_its_lines_in_chinese() -> None:
    stream = StringIO()
    events: list[Event] = [
        Transcript("这里有人吗", 0.0),
        Transcript("读一下", 0.0, source="keyboard"),
        Reply("有一个人。", "", 0.0, 0.0, 0.0),
        Trouble("camera door", "it is gone", 0.0),
        Recovered("chat", 0.0),
    ]
    await show(Aloud(stream, "zh"), events)
    lines = ["听到：这里有人吗", "问：读一下", "有一个人。", "摄像头door出了问题：it is gone", "回答恢复了"]
    assert stream.getvalue().splitlines() == lines


async def test_each_is_one_line_that_commands_no_terminal() -> None:
    events: list[Event] = [
        Reply(NASTY, "", 0.0, 0.0, 0.0),
        Transcript(NASTY, 0.0),
        Trouble(NASTY, NASTY, 0.0),
        Recovered(NASTY, 0.0),
        Notice(NASTY, 0.0),
    ]
    lines = await told(events)
    assert len(lines) == len(events)
    assert all(line.isprintable() for line in lines)


def test_a_narration_is_never_repainted_and_json_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_view(False, False, Terminal(), narrates=True), Aloud)
    assert not isinstance(choose_view(False, True, Terminal(), narrates=True), Aloud)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The person's end of a terminal from which the session reads."""
    person, program = pty.openpty()
    with os.fdopen(program) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        yield person
        os.write(person, b"\n")  # lets the reading thread go
        os.close(person)


async def typed(typist: Typist, person: int, *presses: bytes) -> list[str]:
    """What comes of these, each pressed when the one before came to something; until the session is to end."""
    waiting, found = [*presses, b"Q"], list[str]()
    assert typist.lines is not None

    async def read() -> None:
        assert typist.lines is not None
        async for line in typist.lines():
            found.append(line)
            if line not in (STOP, DONE):
                os.write(person, waiting.pop(0))

    reading = asyncio.create_task(read())
    os.write(person, waiting.pop(0))
    await typist.left.wait()
    reading.cancel()
    await asyncio.wait([reading])
    return found


@pytest.mark.real_time
async def test_keys_act_and_what_is_typed_is_told_whole(keyboard: int) -> None:
    events: list[Event] = []
    typist = Typist(KeysOptions(single=True), None, events.append)
    lines = await typed(typist, keyboard, b"r", b"w", b"dog\n", b"t", b"who\n", b"t", b"x\x1b")
    assert lines == [
        "/repeat",
        *(f"{TYPING} watch", "/watch dog", DONE),
        *(f"{TYPING} question", "who"),
        *(f"{TYPING} question", TYPING),
    ]
    assert [event.text for event in events if isinstance(event, Notice)] == ["typed: /watch dog"]


@pytest.mark.real_time
async def test_while_the_introduction_is_on_any_key_is_silence_first(keyboard: int) -> None:
    typist = Typist(KeysOptions(single=True), None, lambda event: None)
    on = iter([True, False])
    typist.hushed = lambda: next(on)
    assert await typed(typist, keyboard, b"r", b"r") == [STOP, "/repeat", "/repeat"]


def test_the_command_lists_the_keys_in_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["keys"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed(KeysOptions(single=True)))
    assert "b or left arrow: what was said before that" in lines
    assert all(line.isprintable() for line in lines)
    mine = tmp_path / "mine.toml"
    mine.write_text('[chat]\nbackend = "grounded"\n[keys]\nsingle = true\nrepeat = "f5"\n', encoding="utf-8")
    assert main(["keys", str(mine), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"name": "repeat", "keys": ["f5"], "line": "/repeat"}.items() <= found[1].items()


def test_a_key_that_stands_for_two_is_one_clear_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[chat]\nbackend = "grounded"\n[keys]\nrepeat = "s"\n', encoding="utf-8")
    assert main(["keys", str(mine)]) == 2
    assert "s cannot stand for" in capsys.readouterr().err
