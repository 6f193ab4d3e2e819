"""How a session is shown: whole lines, JSON lines, and a live view that leaves the transcript behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from io import StringIO, TextIOWrapper
from typing import TextIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from assistant.plain import Json, Plain
from assistant.terminal import Screen, choose_view
from devices.lines import Latest
from pipelines.types import (
    Caption,
    Event,
    Health,
    Notice,
    PartialTranscript,
    Recovered,
    Reply,
    SpeechStarted,
    Started,
    Transcript,
    Trouble,
)
from pipelines.wording import one_line
from tests.terminals import CONTROLS, Terminal, plain_lines, show, showing

NASTY = "it reads \x1b[2J\x9b31mEXIT\x07 \u202e[red]SALE[/red]\r\nnow"

SESSION: list[Event] = [
    Started(1000.0, "2026-01-01T00:00:00Z", {"camera desk": "clip.mp4", "voice": "espeak"}),
    Caption("At least 2 people.", "desk", 1001.0, 0.4, 1),
    SpeechStarted(1002.0),
    Transcript("how many people are there", 1003.0, 0.3),
    Reply("I see at least two people.", "how many people are there", 1003.0, 1003.84, 1005.0),
    Transcript("", 1006.0),
    Trouble("voice", "espeak-ng is absent", 1007.0),
    Recovered("voice", 1008.0),
    Transcript("read it", 1009.0, source="keyboard"),
    Reply("The text says", "read it", 1009.0, 1009.5, 1010.0, cut=True),
    Health(1012.3, {"desk frames": 120, "desk frames dropped": 0}),
]


async def test_plain_tells_a_session_in_whole_lines() -> None:
    assert await plain_lines(SESSION) == [
        "   0.0s  runs   camera desk (clip.mp4), voice (espeak)",
        "   1.0s  saw    desk: At least 2 people.",
        "   3.0s  heard  how many people are there",
        "   3.8s  said   I see at least two people. (0.84 s)",
        "   6.0s  heard  (speech, not understood)",
        "   7.0s  trouble voice: espeak-ng is absent",
        "   8.0s  note   voice works again",
        "   9.0s  asked  read it",
        "   9.5s  said   The text says — (cut) (0.50 s)",
        "  12.3s  counts desk frames 120, desk frames dropped 0",
    ]


async def test_drops_are_told_when_they_begin_and_when_they_have_doubled() -> None:
    counts = [0, 1, 1, 2, 3, 4, 9]
    events: list[Event] = [Health(float(n), {"desk frames dropped": count}) for n, count in enumerate(counts)]
    told = [line for line in await plain_lines(events) if "drops" in line]
    assert [line.split()[-1] for line in told] == ["1", "2", "4", "9"]


async def test_what_a_view_was_too_slow_for_is_counted() -> None:
    lines = await plain_lines(SESSION, size=2)
    assert "9 events are not shown here" in lines[0]


def test_text_off_a_picture_cannot_command_the_terminal() -> None:
    assert one_line(NASTY) == "it reads [2J31mEXIT [red]SALE[/red] now"
    assert one_line("三个人\u3000می\u200cخواهم") == "三个人 می\u200cخواهم"


async def test_no_view_lets_control_characters_through() -> None:
    events: list[Event] = [
        Started(0.0, "", {NASTY: NASTY}),
        Caption(NASTY, NASTY, 0.0, 0.0, 1),
        Transcript(NASTY, 0.0),
        Reply(NASTY, NASTY, 0.0, 0.0, 0.0),
        Trouble(NASTY, NASTY, 0.0),
        Notice(NASTY, 0.0),
        Health(0.0, {f"{NASTY} dropped": 1}),
    ]
    plain, terminal = StringIO(), Terminal()
    await show(Plain(plain), events)
    await show(Screen(Console(file=terminal, force_terminal=True, width=100, height=24)), events)
    assert all(line.isprintable() for line in plain.getvalue().splitlines())
    drawn = re.sub(CONTROLS, "", terminal.getvalue())
    assert re.sub(r"[\r\n]", "", drawn).isprintable()
    assert "[red]SALE[/red]" in drawn


async def test_json_is_one_ascii_object_a_line() -> None:
    stream = StringIO()
    await show(Json(stream), [*SESSION, Caption("出口 \x9b2J", "desk", 1.0, 0.0, 2)])
    lines = stream.getvalue().splitlines()
    assert stream.getvalue().isascii()
    assert [json.loads(line)["type"] for line in lines[:4]] == ["started", "caption", "speech_started", "transcript"]
    assert json.loads(lines[-1])["text"] == "出口 \x9b2J"


async def test_plain_tells_the_counters_when_it_is_interrupted() -> None:
    stream, line = StringIO(), Latest[Event](8)
    with showing(Plain(stream), line) as task:
        line.put(SESSION[-1])
        await asyncio.sleep(1)
    await asyncio.wait([task])
    assert task.cancelled()
    assert stream.getvalue().splitlines()[-1].endswith("counts desk frames 120, desk frames dropped 0")


@pytest.mark.real_time
@pytest.mark.parametrize("kind", [Plain, Json])
async def test_a_reader_that_goes_away_ends_it_quietly(
    kind: type[Plain | Json], capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        await show(kind(stream), SESSION)
    assert capsys.readouterr() == ("", "")


@pytest.mark.real_time
async def test_a_reader_that_is_stuck_stops_neither_the_assistant_nor_its_end() -> None:
    reader, writer = os.pipe()
    line = Latest[Event](4)
    with os.fdopen(writer, "w") as stream, showing(Plain(stream), line) as task:
        for _ in range(8):
            line.put(Notice("x" * 100_000, 0.0))  # more than a pipe holds
            await asyncio.sleep(0.01)
        assert line.dropped > 0
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1.0)
        os.close(reader)  # lets the writing thread go
    assert done


@pytest.mark.real_time
async def test_a_full_disk_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        full = open("/dev/full", "w")  # noqa: ASYNC230, SIM115  there is nothing to wait for in opening it
    except OSError:
        pytest.skip("this system has no /dev/full")
    with full:
        await show(Json(full), SESSION)
    assert capsys.readouterr().err == "nothing more is shown on /dev/full: No space left on device\n"


async def test_the_transcript_stays_when_the_live_view_ends() -> None:
    terminal = Terminal()
    await show(Screen(Console(file=terminal, force_terminal=True, width=60, height=24)), SESSION)
    assert [line for line in terminal.lines() if line] == [
        "   0.0s  runs    camera desk (clip.mp4), voice (espeak)",
        "   1.0s  saw     desk: At least 2 people.",
        "   3.0s  heard   how many people are there",
        "   3.8s  said    I see at least two people. (0.84 s)",
        "   6.0s  heard   (speech, not understood)",
        "   7.0s  trouble voice: espeak-ng is absent",
        "   8.0s  note    voice works again",
        "   9.0s  asked   read it",
        "   9.5s  said    The text says — (cut) (0.50 s)",
        "counts: desk frames 120, desk frames dropped 0",
    ]


async def test_the_status_area_tells_what_holds_now() -> None:
    terminal, line = Terminal(), Latest[Event](64)
    screen = Screen(Console(file=terminal, force_terminal=True, width=60, height=24))
    with showing(screen, line):
        for event in [*SESSION[:3], Trouble("voice", "no voice", 1003.0), Health(1003.0, {"desk frames dropped": 2})]:
            line.put(event)
        screen.typed("how many pe")
        await asyncio.sleep(10.2)
        assert terminal.lines()[-5:] == [
            "── 10 s, listening ──",
            "camera desk · voice (trouble)",
            "desk, 9 s ago: At least 2 people.",
            "desk frames dropped 2",
            "> how many pe",
        ]
        line.put(Recovered("voice", 1011.0))
        line.put(Transcript("how many people", 1011.0))
        await asyncio.sleep(1.2)
        assert "── 11 s, answering ──" in terminal.lines()
        assert "camera desk · voice" in terminal.lines()


async def test_what_is_being_said_stands_in_the_status_area_until_it_is_whole() -> None:
    terminal, line = Terminal(), Latest[Event](64)
    with showing(Screen(Console(file=terminal, force_terminal=True, width=60, height=24)), line):
        line.put(SpeechStarted(1000.0))
        line.put(PartialTranscript("how many \x1b[2Jpeople", 1001.0))
        await asyncio.sleep(1.2)
        assert terminal.lines()[-3:] == ["── 1 s, listening ──", "how many [2Jpeople …", "Ctrl-C ends"]
        line.put(Transcript("how many people are there", 1002.0))
        await asyncio.sleep(1.2)
        assert not any("…" in row for row in terminal.lines())


async def test_what_is_being_said_is_json_but_no_plain_line() -> None:
    partial, stream = PartialTranscript("how many", 1001.0, 0.2, "en"), StringIO()
    assert await plain_lines([partial]) == []
    await show(Json(stream), [partial])
    told = {"type": "partial_transcript", "text": "how many", "at": 1001.0, "took": 0.2, "language": "en"}
    assert told.items() <= json.loads(stream.getvalue()).items()


async def test_the_live_view_fits_a_narrow_terminal_also_when_it_becomes_one() -> None:
    terminal, line = Terminal(), Latest[Event](64)
    console = Console(file=terminal, force_terminal=True, width=100, height=24)
    with showing(Screen(console), line):
        line.put(SESSION[0])
        line.put(Caption("At least 2 people, " * 20, "desk", 1001.0, 0.0, 1))
        await asyncio.sleep(2)
        for width in (40, 20, 7):
            drawn = len(terminal.getvalue())
            console.width = width
            line.put(Caption("至少有两个人 at the left, " * 5, "door", 1002.0, 0.0, 1))
            await asyncio.sleep(2)
            rows = re.split(r"[\r\n]", re.sub(CONTROLS, "", terminal.getvalue()[drawn:]))
            assert max(map(cell_len, rows)) <= max(width, len("   2.0s  saw     "))
            assert any(row.startswith("door, ") for row in rows)


def test_the_view_suits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_view(False, False, Terminal()), Screen)
    assert isinstance(choose_view(True, False, Terminal()), Plain)
    assert isinstance(choose_view(False, True, Terminal()), Json)
    assert isinstance(choose_view(False, False, StringIO()), Plain)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_view(False, False, Terminal()), Plain)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert isinstance(choose_view(False, False, Terminal()), Plain)


def test_a_character_that_the_terminal_cannot_show_does_not_end_the_session() -> None:
    stream: TextIO = TextIOWrapper(open(os.devnull, "wb"), encoding="ascii")  # noqa: SIM115
    with stream:
        choose_view(True, False, stream)
        stream.write("出口")


def test_only_the_live_view_imports_rich() -> None:
    code = (
        "import io, sys; from assistant.terminal import choose_view; choose_view(True, False, io.StringIO());"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
