"""A recorded session runs again: the same to the event, faster than it was; what is not as it was shows."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from assistant.config import ConfigError
from assistant.recordings.living import live_options
from assistant.recordings.reading import Piece, Recording, read
from assistant.replay import Outcome, differences, replayed
from devices.lines import Lossless
from devices.media import Frame
from pipelines.backends import Look, Prompt
from pipelines.news import CameraEvent
from pipelines.toolbox import Ability
from pipelines.tools import Tool, ToolCall
from pipelines.types import Perception, Seen
from tests.fakes import FakeCamera, FakeMicrophone
from tests.recorded import KEPT, FakeParts, OtherChat, SlowCaptioner, SlowChat, config, record, take
from tests.stage import ANSWERS, HELLO, SILENCE


@pytest.fixture
def recording() -> Recording:
    """The session that is part of the tests; `python -m tests.recorded` makes it anew."""
    return read(KEPT)


def found(recording: Recording, outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.what, one.kind) for one in differences(recording, outcome, tolerance=0.001)]


def test_the_kept_session_runs_as_it_ran(recording: Recording) -> None:
    outcome = replayed(recording)
    changed = differences(recording, outcome, tolerance=0.001)
    assert changed == [], "is that as it should be? Then python -m tests.recorded"
    assert len(outcome.events) == len(recording.events)
    assert outcome.took < outcome.lasted / 2


def test_two_replays_are_the_same_event_for_event(recording: Recording) -> None:
    first, second = [[{**event, "utc": ""} for event in replayed(read(recording.folder)).told()] for _ in range(2)]
    assert first == second


def test_what_is_the_matter_with_a_camera_is_the_same_although_most_of_its_pictures_were_not_kept(
    tmp_path: Path,
) -> None:
    shades = [200] * 10 + [0] * 50 + [200, 190] * 20
    parts = FakeParts(camera=FakeCamera(shades), microphone=FakeMicrophone([HELLO, *[SILENCE] * 9]))
    told = record(tmp_path / "kept", parts, chosen=config(events={}))
    kept = read(tmp_path / "kept")
    outcome = replayed(kept)
    dark = [event for event in told if isinstance(event, CameraEvent) and event.kind == "camera_dark"]
    assert [event.change for event in dark] == ["new", "end"]
    assert [line["began"] for line in kept.lines("guard")] == [True, False]
    assert found(kept, outcome) == []


def test_another_answer_shows(recording: Recording) -> None:
    call = next(call for call in recording.calls if call.asked == "hello" and call.kind == "chat")
    call.pieces[-1] = replace(call.pieces[-1], gave="you. ")
    outcome = replayed(recording)
    assert ("wording", "reply") in found(recording, outcome)
    wording = next(one for one in differences(recording, outcome) if one.what == "wording")
    assert "'Hello there.' → 'Hello you.'" in wording.told


def test_a_slower_model_shows(recording: Recording) -> None:
    call = next(call for call in recording.calls if call.asked == "hello" and call.kind == "chat")
    call.pieces[0] = Piece(call.pieces[0].took + 0.3, call.pieces[0].gave)
    late = [one for one in differences(recording, replayed(recording)) if one.kind == "reply"]
    assert [one.what for one in late] == ["late"]
    assert "answered_at 0.300 s later" in late[0].told


def test_a_model_that_is_given_something_else_shows_and_the_session_goes_on(recording: Recording) -> None:
    recording.header["config"]["hearing"] = {"pre_roll": 0.1}
    outcome = replayed(recording)
    assert ("input", "transcriber.transcribe") in found(recording, outcome)
    assert next(event["text"] for event in outcome.told() if event["type"] == "reply") == "Hello there."


def test_a_live_model_is_asked_anew(recording: Recording) -> None:
    outcome = replayed(recording, {"chat": OtherChat()})
    replies = [event["text"] for event in outcome.told() if event["type"] == "reply"]
    assert replies[0] == "Good day."
    assert {("wording", "reply"), ("input", "voice.synthesize")} <= set(found(recording, outcome))


def test_a_live_kind_that_was_not_there_is_refused(recording: Recording) -> None:
    with pytest.raises(ConfigError, match="has no wake"):
        live_options(["wake"], recording.header["config"], None)


def test_a_session_that_was_killed_is_replayed_up_to_there(tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(KEPT, cut)
    lines, sound = (cut / "journal.jsonl").read_bytes(), (cut / "microphone.flac").read_bytes()
    (cut / "journal.jsonl").write_bytes(lines[: len(lines) // 2])
    (cut / "microphone.flac").write_bytes(sound[: len(sound) // 2])
    recording = read(cut)
    outcome = replayed(recording)
    assert recording.over == "killed"
    assert outcome.lasted == pytest.approx(recording.ended_at - 5000, abs=0.01)
    last = recording.ended_at - 1.0
    assert [one for one in differences(recording, outcome) if one.at < last] == []


def test_a_muted_microphone_is_muted_again(tmp_path: Path) -> None:
    async def commands() -> AsyncIterator[str]:
        for line in ("/mic off", "/mic on"):
            await asyncio.sleep(1.5)
            yield line

    talk = FakeMicrophone([SILENCE, (1.0, 0.0), HELLO, SILENCE, HELLO, SILENCE, HELLO, (2.0, 0.0)], live=True)
    record(tmp_path / "kept", FakeParts(microphone=talk), commands, config())
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    assert [event["microphone"] for event in outcome.told() if event["type"] == "attention"] == [True, False, True]
    assert found(recording, outcome) == []


class Looking(SlowCaptioner):
    """A vision-language model, which is asked about the frame of the moment."""

    def describe(self, frame: Frame) -> Iterator[str]:
        take(0.4)
        yield f"shade {frame.pixels[0, 0, 0]}"

    def look(self, request: Look) -> Iterator[str]:
        take(0.2)
        yield f"It is {request.frame.pixels[0, 0, 0]}."


def test_a_look_is_taken_again_at_the_frame_of_that_moment(tmp_path: Path) -> None:
    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(4.5)
        yield "what is this"

    chat = SlowChat({"what is this": lambda prompt: prompt.looked.text if prompt.looked else "No idea."} | ANSWERS)
    record(tmp_path / "kept", FakeParts(chat=chat, captioner=Looking(), microphone=FakeMicrophone([SILENCE])), asks)
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    assert [event["text"] for event in outcome.told() if event["type"] == "reply"] == ["It is 200."]
    assert found(recording, outcome) == []


class Hanging(SlowCaptioner):
    """Describes the first picture, and never ends with the second."""

    def caption(self, frame: Frame) -> Seen:
        if frame.pixels[0, 0, 0] > 100:
            take(5000)
        return super().caption(frame)


def test_a_model_that_hung_hangs_again(tmp_path: Path) -> None:
    talk = FakeMicrophone([SILENCE] * 70)
    record(tmp_path / "kept", FakeParts(captioner=Hanging(), microphone=talk), None, config(hung={"captioner": 20}))
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    assert [event["text"] for event in outcome.told() if event["type"] == "caption"] == ["shade 10"]
    assert "trouble" in {event["type"] for event in outcome.told()}
    assert found(recording, outcome) == []


@dataclass
class Weather:
    """A tool server that is away at first, and tells the weather."""

    calls: int = 0
    there: bool = False

    def abilities(self) -> list[Ability]:
        tool = Tool("sky_weather", "The weather.", {"type": "object"})
        return [Ability(tool, self._weather)] if self.there else []

    async def run(self, perceptions: Lossless[Perception]) -> None:
        await asyncio.sleep(1)
        self.there = True

    async def _weather(self, arguments: dict[str, Any], said_at: float) -> str:
        self.calls += 1
        await asyncio.sleep(0.7)
        return f"sunny in {arguments['city']}"


class Caller(SlowChat):
    """Asks its tools."""

    calls_tools = True

    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:  # type: ignore[override]
        take(0.1)
        if prompt.steps or not any(tool.name == "sky_weather" for tool in prompt.tools):
            yield f"It is {prompt.steps[0].result}." if prompt.steps else "I cannot tell."
        else:
            yield ToolCall("sky_weather", {"city": "Oslo"}, "1")


def test_what_tool_servers_gave_is_kept_and_they_are_not_asked_again(tmp_path: Path) -> None:
    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(0.5)
        yield "will it rain in Oslo"
        await asyncio.sleep(3.5)
        yield "will it rain in Oslo"

    weather = Weather()
    parts = FakeParts(chat=Caller({}), microphone=FakeMicrophone([SILENCE] * 8), tools=weather)
    record(tmp_path / "kept", parts, asks, config(mcp=[{"name": "sky", "command": ["weather"]}]))
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    replies = [event["text"] for event in outcome.told() if event["type"] == "reply"]
    assert replies == ["I cannot tell.", "It is sunny in Oslo."]
    assert weather.calls == 1
    assert found(recording, outcome) == []


def test_the_command_tells_what_differs_and_says_so_by_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(KEPT), "--events", str(tmp_path / "events.jsonl")]) == 0
    assert capsys.readouterr().out.startswith("equal: ")
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == len(read(KEPT).events)
    (tmp_path / "own.toml").write_text('[chat]\nbackend = "tests.recorded:OtherChat"\n')
    anew = ["replay", str(KEPT), "--live", "chat", "--config", str(tmp_path / "own.toml")]
    assert main(anew) == 1
    assert "'Hello there.' → 'Good day.'" in capsys.readouterr().out
    assert main([*anew, "--json"]) == 1
    *changed, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last["differences"] == len(changed)


@pytest.mark.parametrize("arguments", [["nowhere"], [str(KEPT), "--live", "nose"], [str(KEPT), "--events", "/"]])
def test_what_cannot_be_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text"), [("session.json", '{"format": 1}'), ("session.json", "{"), ("journal.jsonl", '{"is": "call"}\n')]
)
def test_a_recording_that_is_none_is_one_line(
    name: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(KEPT, tmp_path / "spoilt")
    (tmp_path / "spoilt" / name).write_text(text)
    assert main(["replay", str(tmp_path / "spoilt")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
