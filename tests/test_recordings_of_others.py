"""A recording may come from anybody, or be damaged: it is played or refused in one line, and reaches for nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from assistant.config import ConfigError
from assistant.recordings.living import live_options
from assistant.recordings.reading import read
from assistant.replay import differences, replayed
from tests.fakes import FakeCamera
from tests.recorded import KEPT, FakeParts, OtherChat, SlowCaptioner, config, record, take

Line = dict[str, Any]
Change = Callable[[Path], object]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A recording to be spoilt."""
    shutil.copytree(KEPT, tmp_path / "copy")
    return tmp_path / "copy"


def header(**fields: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / "session.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return change


def model(kind: str, **fields: Any) -> Change:
    def change(folder: Path) -> None:
        models = json.loads((folder / "session.json").read_text())["models"]
        models[kind] |= fields
        header(models=models)(folder)

    return change


def setting(**tables: Any) -> Change:
    def change(folder: Path) -> None:
        header(config=json.loads((folder / "session.json").read_text())["config"] | tables)(folder)

    return change


def line(what: str, **fields: Any) -> Change:
    """All lines of one kind with other fields."""

    def change(folder: Path) -> None:
        path = folder / "journal.jsonl"
        lines = [json.loads(text) for text in path.read_text().splitlines()]
        lines = [one | fields if one["is"] == what else one for one in lines]
        path.write_text("".join(json.dumps(one) + "\n" for one in lines))

    return change


def without(what: str, field: str) -> Change:
    def change(folder: Path) -> None:
        line(what, **{field: None})(folder)
        path = folder / "journal.jsonl"
        path.write_text(path.read_text().replace(f', "{field}": null', ""))

    return change


def text(name: str, what: str, mode: str = "w") -> Change:
    def change(folder: Path) -> None:
        with (folder / name).open(mode) as file:
            file.write(what)

    return change


def added(what: str) -> Change:
    return text("journal.jsonl", what + "\n", "a")


def gone(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def pipe(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return change


def link(name: str, target: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(target)

    return change


PICTURE, SENTENCE = "pictures/000001.png", "voice/000003.flac"

HOSTILE: dict[str, tuple[Change, str]] = {
    "began is text": (header(began="x"), "session.json: began: "),
    "began is nothing": (header(began=None), "session.json: began: "),
    "began is no number": (header(began=float("nan")), "session.json: NaN"),
    "began is far": (header(began=1e300), "session.json: began: "),
    "cameras are text": (header(cameras="x"), "session.json: cameras: "),
    "cameras are none": (header(cameras=[]), "session.json: cameras: "),
    "a camera is empty": (header(cameras=[{}]), "session.json: cameras.0.name: "),
    "microphone is a number": (header(microphone=5), "session.json: microphone: "),
    "models are a list": (header(models=[]), "session.json: models: "),
    "models are none": (header(models={}), "session.json: models: "),
    "a role is unknown": (model("chat", role="evil"), "session.json: models: a chat is no 'evil'"),
    "a role is another's": (model("chat", role="voice"), "session.json: models: a chat is no 'voice'"),
    "a role is missing": (header(models={"chat": {"name": "", "notice": "", "state": {}}}), "models.chat.role: "),
    "the window is empty": (model("detector", state={"window": 0}), "models.detector.state.window: "),
    "the window is negative": (model("detector", state={"window": -5}), "models.detector.state.window: "),
    "the window is missing": (model("detector", state={}), "the detector does not tell its window"),
    "the rate is huge": (model("voice", state={"rate": 10**400}), "models.voice.state.rate: "),
    "absent parts are none": (header(absent=[{"x": 1}]), "session.json: absent.0.part: "),
    "absent part is none": (header(absent=[{"part": "ladder", "why": "", "at": 1.0}]), "session.json: absent.0.part: "),
    "the configuration is a list": (header(config=[]), "session.json: config: "),
    "the memory is a list": (setting(memory=[]), "the recorded configuration is none"),
    "the header is deep": (text("session.json", "[" * 200_000), "session.json: its values stand too deep"),
    "the header is a list": (text("session.json", "[]"), "by another version"),
    "a line is deep": (added("[" * 200_000), "too deep"),
    "a line is a number": (added("5"), "is nothing that happens"),
    "a line is of a list": (added('{"is": ["a"]}'), "is nothing that happens"),
    "an event is nothing": (line("event", event=None), "event: "),
    "an event is text": (line("event", event="abc"), "event: "),
    "an event is empty": (line("event", event={}), "an event has no type"),
    "an event is of a list": (line("event", event={"type": ["x"]}), "an event has no type"),
    "news are none": (line("event", event={"type": "trouble", "part": "mcp x"}), "event.why: "),
    "a frame has no time": (without("frame", "at"), "at: Field required"),
    "a chunk is text": (line("chunk", n="x"), "n: "),
    "a chunk is huge": (line("chunk", n=10**30), "n: "),
    "nobody says who asks": (without("asks", "typed"), "typed: Field required"),
    "a question is a number": (line("ask", text=5), "text: "),
    "a sound began as text": (line("play", began="x"), "began: "),
    "a sound has no rate": (line("play", rate=0), "rate: "),
    "a picture is a list": (line("picture", file=["x"]), "file: "),
    "a picture is nowhere": (line("picture", file=""), "file: "),
    "a picture is elsewhere": (line("picture", file="../../etc/passwd"), "file: "),
    "a picture has no name": (without("picture", "file"), "file: Field required"),
    "a call took no number": (line("call", took="x"), "took: "),
    "a call gave nonsense": (line("call", gave={"Seen": 5}), "gave: "),
    "a call gave two things": (line("call", gave={"a": 1, "b": 2}), "gave: "),
    "a stream never began": (added('{"is": "end", "of": 77}'), "there is no such stream"),
    "it never ends": (added('{"is": "over", "at": 1e9, "how": "ended"}'), "more than a week"),
    "tools are none": (added('{"is": "tools", "at": 1, "server": "x", "tools": [{"y": 1}]}'), "tools.0.name: "),
    "a picture is gone": (gone(PICTURE), "000001.png: cannot be read"),
    "a picture is garbage": (text(PICTURE, "x"), "000001.png: is damaged"),
    "a sentence is garbage": (text(SENTENCE, "x"), "000003.flac: is damaged"),
    "the sound is garbage": (text("microphone.flac", "x"), "microphone.flac: is damaged"),
    "the sound is a pipe": (pipe("microphone.flac"), "microphone.flac: is damaged"),
    "the journal is a pipe": (pipe("journal.jsonl"), "journal.jsonl: is no plain file"),
    "the journal never ends": (link("journal.jsonl", "/dev/zero"), "journal.jsonl: is a link"),
}


@pytest.mark.parametrize(("change", "place"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_damaged_is_named_in_one_line(
    change: Change, place: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(copy)
    assert main(["replay", str(copy)]) == 2
    told = capsys.readouterr()
    assert place in told.err
    assert told.err.count("\n") == 1
    assert told.err.isascii()
    assert told.out == ""


def test_what_a_recording_says_does_not_obey_the_terminal(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added(
        '{"is": "event", "event": {"type": "\\u001b[31mred\\u0007", "at": 5001.0, "\\u202ex": "\\u001b]0;y\\u0007"}}'
    )(copy)
    added('{"is": "event", "event": {"type": "reply", "at": 5001.0, "\\u001b]0;z\\u0007": 1, "text": "\\ud800"}}')(copy)
    assert main(["replay", str(copy)]) == 1
    told = capsys.readouterr().out
    assert all(line.isprintable() for line in told.splitlines())
    assert "[31mred" in told


def test_a_recording_that_broke_off_says_so(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 4]))
    assert main(["replay", str(copy)]) == 0
    assert capsys.readouterr().out.startswith("incomplete, equal up to where the recording breaks off: ")
    assert main(["replay", str(copy), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["complete"] is False


# Models that run anew.


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"backend": "openai", "url": "http://10.0.0.1/v1", "model": "x", "key": "AWS_SECRET"}, "reaches out"),
        ({"backend": "tests.recorded:OtherChat"}, "none that comes with omni"),
        ({"backend": ["x"]}, "none that comes with omni"),
        ({"backend": "transformers", "weights": "./evil"}, "its weights may be a file"),
        ({"backend": "transformers", "weights": "pyproject.toml"}, "its weights may be a file"),
        ({"backend": "grounded", "x": 1}, "Extra inputs"),
        (5, "none that comes with omni"),
    ],
)
def test_a_recording_makes_nobody_load_or_call_what_it_names(
    table: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent)
    with pytest.raises(ConfigError, match=why) as told:
        live_options(["chat"], {"chat": table}, None)
    assert "pass --config FILE with your [chat]" in str(told.value)


def test_a_model_of_ones_own_or_one_that_reaches_nowhere_runs_anew() -> None:
    evil = {"chat": {"backend": "evil:Chat"}}
    assert isinstance(live_options(["chat"], evil, config())["chat"], OtherChat)
    plain = live_options(["chat"], {"chat": {"backend": "grounded"}}, None)
    assert type(plain["chat"]).__name__ == "Grounded"
    with pytest.raises(ConfigError, match=r"the configuration has no \[wake\]"):
        live_options(["wake"], {"wake": {}}, config())


# What else is done again.


def test_where_the_session_stood_still_it_stands_still_again(copy: Path) -> None:
    added('{"is": "stall", "at": 5001.9, "lasted": 1.5}')(copy)
    late = differences(read(copy), replayed(read(copy)))
    assert {one.what for one in late} >= {"late"}


class Slow(SlowCaptioner):
    """Too slow from the first picture on."""

    def caption(self, frame: Any) -> Any:
        take(2)
        return super().caption(frame)


def test_the_captioner_that_steps_in_is_recorded_and_played(tmp_path: Path) -> None:
    ladder = {"slow": 1.0, "quick": 0.5, "down": 1, "every": 0.1, "retry": 100.0}
    camera = FakeCamera(([10] * 20 + [200] * 20) * 4)
    record(tmp_path / "kept", FakeParts(captioner=Slow(), camera=camera), None, config(ladder=ladder))
    recording = read(tmp_path / "kept")
    assert {call.method for call in recording.calls if call.kind == "light captioner"} == {"load", "caption"}
    assert differences(recording, replayed(recording), tolerance=0.001) == []
