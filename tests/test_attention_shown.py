"""Who is listened to, and what is off, stands in every view in plain words, with the keys that change it."""

from __future__ import annotations

import asyncio

import pytest
from rich.console import Console

from assistant.terminal import Screen, footers
from devices.lines import Latest
from pipelines.types import Attention, Event, SpeechPaused, SpeechStarted
from tests.terminals import Terminal, plain_lines, showing

ATTENTION: list[tuple[Attention, str]] = [
    (Attention("open", 1.0), "listening"),
    (Attention("open", 1.0, microphone=False, awake=False), "microphone off"),
    (Attention("open", 1.0, camera=False), "listening, camera off"),
    (Attention("wake", 1.0, awake=False, wake_word="okay \x1b[2Jnabu"), "waiting for “okay [2Jnabu”"),
    (Attention("wake", 1.0, wake_word="okay nabu"), "listening"),
    (Attention("push", 1.0, awake=False), "waiting for the talk key, or /talk"),
    (Attention("push", 1.0, microphone=False, camera=False, awake=False), "microphone off, camera off"),
    (Attention("text", 1.0, camera=None, awake=False), "microphone off, typing only"),
    (Attention("open", 1.0, microphone=None, camera=False, awake=False), "camera off"),
]


@pytest.mark.parametrize(("attention", "shown"), ATTENTION)
async def test_every_view_tells_who_is_listened_to_and_what_is_off(attention: Attention, shown: str) -> None:
    assert await plain_lines([attention]) == [f"   0.0s  now    {shown}"]
    terminal, line = Terminal(), Latest[Event](8)
    with showing(Screen(Console(file=terminal, force_terminal=True, width=60, height=24)), line):
        line.put(attention)
        await asyncio.sleep(1.2)
        assert shown in terminal.lines()


async def test_where_nothing_is_to_be_said_about_attention_nothing_is() -> None:
    assert await plain_lines([Attention("open", 1.0, microphone=None)]) == []


@pytest.mark.parametrize("attention", [None, *(attention for attention, _ in ATTENTION)])
def test_the_last_line_tells_the_keys_as_far_as_there_is_room(attention: Attention | None) -> None:
    lines = footers(attention, "line")
    assert [len(line) for line in lines] == sorted((len(line) for line in lines), reverse=True)
    assert lines[-1] == ">"
    assert ("Ctrl-O" in lines[0]) == (attention is not None and attention.microphone is not None)
    assert ("Ctrl-X" in lines[0]) == (attention is not None and attention.camera is not None)


def test_the_talk_key_is_told_where_there_is_one() -> None:
    assert "Ctrl-T to talk" in footers(Attention("push", 1.0, awake=False), "line")[0]
    assert "Ctrl-T ends your turn" in footers(Attention("push", 1.0), "line")[0]
    assert "Ctrl-T" not in footers(Attention("push", 1.0, microphone=False, awake=False), "line")[0]
    assert "Ctrl-T" not in footers(Attention("wake", 1.0), "line")[0]


@pytest.mark.parametrize("attention", [None, *(attention for attention, _ in ATTENTION)])
def test_the_last_line_tells_no_key_that_would_not_act(attention: Attention | None) -> None:
    """Where nobody can type; where each letter is a key; and where one of them began a line."""
    assert footers(attention, "none") == ["Ctrl-C ends"]
    assert footers(attention, "keys") == ["single keys act, `omni keys` lists them, Ctrl-C ends", "Ctrl-C ends"]
    assert footers(attention, "begun") == ["> Enter sends, Escape gives up", ">"]


async def test_speech_that_was_none_does_not_leave_the_view_listening() -> None:
    terminal, line = Terminal(), Latest[Event](8)
    with showing(Screen(Console(file=terminal, force_terminal=True, width=60, height=24)), line):
        line.put(SpeechStarted(1000.0))
        line.put(SpeechPaused(1000.2, 0.2))
        await asyncio.sleep(1.2)
        assert "── 1 s, watching ──" in terminal.lines()
