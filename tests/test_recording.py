"""A session is kept as it happens: what is in the folder, who may read it, and how models look from outside."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assistant.cli import main
from assistant.config import ConfigError
from assistant.recordings.journal import Journal
from assistant.recordings.reading import read
from assistant.recordings.settings import kept, restored
from assistant.recordings.shells import role, shell
from assistant.recordings.values import NEVER, as_kept, digest, from_kept, pcm, rounded
from assistant.recordings.watched_models import Album, WatchedModel
from devices.media import Frame, Samples
from pipelines.backends import (
    Captioner,
    Chat,
    Exchange,
    Kind,
    LiveTranscriber,
    Look,
    Looker,
    Prompt,
    Spoken,
    TimedVoice,
    ToolChat,
    Transcriber,
    Voice,
)
from pipelines.tools import ToolCall
from pipelines.types import Facts, Heard, Notice, Seen, Trouble, Word, type_name
from tests import virtual
from tests.fakes import FakeCaptioner, FakeChat, FakeTranscriber, FakeVoice, frame
from tests.recorded import FakeParts, SlowTranscriber, config, record, told, typed


def test_a_recording_holds_sound_keyframes_calls_and_events(tmp_path: Path) -> None:
    events = record(tmp_path / "kept")
    recording = read(tmp_path / "kept")
    session = [event for event in events if getattr(event, "part", "") != "recording"]
    assert [event["type"] for event in recording.events] == [type_name(event) for event in session]
    assert recording.over == "ended"
    pictures = [recording.picture(camera, taken) for camera, taken in recording.files]
    assert [int(pixels[0, 0, 0]) for pixels in pictures if pixels is not None] == [10, 200]
    chats = [call for call in recording.calls if call.kind == "chat"]
    assert [call.asked for call in chats] == ["hello", "how many are there", "hello", "why"]
    assert "".join(piece.gave for piece in chats[0].pieces) == "Hello there. "
    assert [piece.took for piece in chats[0].pieces] == [0.06, 0.06]
    assert chats[3].error == "nothing to say to 'why'"
    assert [line["cut"] for line in recording.plays].count(True) == 1


def test_the_sound_is_kept_to_the_sample(tmp_path: Path) -> None:
    record(tmp_path / "kept")
    recording = read(tmp_path / "kept")
    sound, chunks = recording.sound(), list(recording.lines("chunk"))
    heard = [sound.next(chunk["n"]) for chunk in chunks]
    assert all(samples is not None for samples in heard)
    loud = [float(np.abs(samples).max()) > 0.01 for samples in heard if samples is not None]
    assert sum(loud) * 0.032 == pytest.approx(1.5, abs=0.1)
    with pytest.raises(ConfigError, match=r"microphone\.flac: is damaged"):
        sound.next(1)


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    record(tmp_path / "kept")
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not empty"):
        record(tmp_path)
    scene = tmp_path / "scene.toml"
    scene.write_text('[chat]\nbackend = "grounded"\n')
    assert main(["record", str(tmp_path), str(scene)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_passwords_of_cameras_stay_out_of_it() -> None:
    camera = {"name": "door", "source": "rtsp://me:hunter2@10.0.0.5/live?token=hunter2"}
    tables = json.dumps(kept(config(camera=[camera])))
    assert "hunter2" not in tables
    assert "10.0.0.5/live" in tables


@pytest.mark.parametrize("secret", [("--token", "hunter2"), ("env", "TOKEN=hunter2"), ("http://me:hunter2@home/x",)])
def test_of_a_tool_servers_command_only_the_program_is_kept(secret: tuple[str, ...]) -> None:
    tables = kept(config(mcp=[{"name": "home", "command": ["lights", *secret]}]))
    assert tables["mcp"] == [{"name": "home", "command": ["lights", "***"]}]
    assert restored(tables, {}).mcp[0].command == ("lights", "***")
    assert kept(config(mcp=[{"name": "home", "command": ["lights"]}]))["mcp"][0]["command"] == ["lights"]
    assert kept(config(mcp=[{"name": "home", "url": "http://home/mcp"}]))["mcp"][0]["url"] == "http://home/mcp"


def test_everyone_is_told_that_the_session_is_kept(tmp_path: Path) -> None:
    notices = [event for event in record(tmp_path / "kept") if isinstance(event, Notice) and event.part == "recording"]
    assert [notice.text for notice in notices] == [
        f"Sound, pictures and words of this session are kept in {tmp_path / 'kept'}."
    ]


def test_a_call_that_never_ended_is_kept_as_that(tmp_path: Path) -> None:
    begun, free = threading.Event(), threading.Event()

    class Stuck(FakeCaptioner):
        def caption(self, frame: Frame) -> Seen:
            begun.set()
            free.wait(10)
            return Seen("")

    journal = Journal(tmp_path, {}, lambda why: None)
    model = WatchedModel("captioner", Stuck(), journal, Album(journal), lambda: 7.0)
    thread = threading.Thread(target=model.call, args=("caption", frame()))
    thread.start()
    begun.wait(10)
    model.end()
    journal.close()
    free.set()
    thread.join()
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [(line["method"], line["took"]) for line in lines if line["is"] == "call"] == [("caption", NEVER)]


def test_a_session_that_is_cancelled_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        running = asyncio.create_task(told(tmp_path / "kept", FakeParts(), typed, config()))
        await asyncio.sleep(3)
        running.cancel()
        await asyncio.wait([running])

    virtual.run(story())
    recording = read(tmp_path / "kept")
    assert recording.over == "cancelled"
    assert recording.ended_at == pytest.approx(1003)


def test_what_is_no_json_harms_no_session(tmp_path: Path) -> None:
    class Odd(FakeCaptioner):
        def caption(self, frame: Frame) -> Seen:
            return Seen("a desk", Facts(people=np.int64(2), labels=(b"cup",)))  # type: ignore[arg-type]

    told = record(tmp_path / "kept", FakeParts(captioner=Odd()))
    assert not [event for event in told if isinstance(event, Trouble) and event.part != "chat"]
    assert next(call.gave for call in read(tmp_path / "kept").calls if call.kind == "captioner")["Seen"]["text"]


# What is put in the place of a model is still what the pipeline takes it for.


class Describer(FakeCaptioner):
    facts = Facts(people=1)

    def describe(self, frame: Frame) -> Iterator[str]:
        yield "a desk"

    def look(self, request: Look) -> Iterator[str]:
        yield "yes"


class Timed(FakeVoice):
    def speak(self, text: str) -> Spoken:
        return Spoken(self.synthesize(text), (Word(text, 0.0, 1.0),))


class Caller(FakeChat):
    calls_tools = True
    trouble = "tired"


@dataclass
class Straight:
    """Makes a model's calls."""

    model: object

    def call(self, method: str, *given: object) -> object:
        return getattr(self.model, method)(*given)

    stream = call

    def attribute(self, name: str) -> object:
        return getattr(self.model, name)


@pytest.mark.parametrize(
    ("kind", "model", "protocol", "not_that"),
    [
        ("captioner", FakeCaptioner(), Captioner, Looker),
        ("captioner", Describer(), Looker, None),
        ("voice", FakeVoice(), Voice, TimedVoice),
        ("voice", Timed(), TimedVoice, None),
        ("transcriber", FakeTranscriber({}), Transcriber, LiveTranscriber),
        ("transcriber", SlowTranscriber({}), LiveTranscriber, None),
        ("chat", FakeChat({}), Chat, ToolChat),
        ("chat", Caller({}), ToolChat, None),
    ],
)
def test_a_shell_has_the_protocol_of_what_is_behind_it(
    kind: Kind, model: object, protocol: type, not_that: type | None
) -> None:
    made = shell(role(kind, model), Straight(model))  # type: ignore[arg-type]
    assert isinstance(made, protocol)
    assert not_that is None or not isinstance(made, not_that)
    for name in ("facts", "trouble", "calls_tools", "partials"):
        assert getattr(made, name, None) == getattr(model, name, None)


# What models are given and give.


@pytest.mark.parametrize(
    "value",
    [
        None,
        "a word",
        0.25,
        True,
        Seen("a desk", Facts(people=2, places=("left", "right"), text=("EXIT",))),
        Heard("hello", 0.9, "en", (Word("hello", 0.1, 0.4),)),
        ToolCall("look", {"question": "what", "when": 3}, "7"),
    ],
)
def test_what_a_model_gives_comes_back_as_it_was(value: object) -> None:
    assert from_kept(json.loads(json.dumps(as_kept(value)))) == value


def test_what_no_model_should_give_is_as_wrong_when_it_comes_again() -> None:
    again = from_kept(as_kept(SimpleNamespace()))
    assert type(again).__name__ == "SimpleNamespace"


def test_sound_is_kept_as_sixteen_bits_and_comes_back_exactly() -> None:
    sound: Samples = np.linspace(-1.2, 1.2, 5000).astype(np.float32)
    heard = rounded(sound)
    assert np.abs(heard - np.clip(sound, -1, 1)).max() < 1 / 32767
    assert np.array_equal(pcm(heard), pcm(sound))
    assert np.array_equal(rounded(heard), heard)


def test_a_digest_is_of_words_and_pictures_and_not_of_times() -> None:
    def prompt(question: str, now: float) -> Prompt:
        return Prompt("be brief", (Exchange("hello", "hi"),), (), question, now)

    assert digest((prompt("why", 1.0),)) == digest((prompt("why", 2.0),))
    assert digest((prompt("why", 1.0),)) != digest((prompt("how", 1.0),))
    assert digest((frame(3, 1.0),)) == digest((frame(3, 2.0),))
    assert digest((frame(3),)) != digest((frame(4),))
