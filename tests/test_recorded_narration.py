"""A narration is kept as it is told, and tells the same at the same times when it runs again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assistant import app
from assistant.config import Config, ConfigError
from assistant.feed import Feed
from assistant.introduction import Introduction
from assistant.parts import Devices, Models, Opening, Outside
from assistant.recording import Recorder
from assistant.recordings.reading import Recording, read
from assistant.recordings.settings import Recorded
from assistant.recordings.shells import role, shell
from assistant.recordings.values import as_kept, from_kept
from assistant.replay import WAKING, Outcome, differences, replayed
from devices.media import Frame, Samples
from pipelines.agenda import Clock
from pipelines.backends import Loaded, Looker, Reader, Spotter
from pipelines.clock import run
from pipelines.controls import Controls
from pipelines.gate import Gate, GateOptions
from pipelines.moving import STILL
from pipelines.spots import PERSON, TEXT, Box, Spot
from pipelines.types import Seen
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeReader, FakeSpeaker, FakeSpotter, ShadeGate
from tests.recorded import START, FakeParts, SlowVoice, config, take

SOMEBODY = Spot(PERSON, Box(0.1, 0.1, 0.3, 0.9), 0.9)
SIGN = Spot(TEXT, Box(0.4, 0.4, 0.6, 0.5), 0.95, "EXIT")
EMPTY, PEOPLED, SIGNED = 90, 100, 110
"""Shades of a room: with nobody and nothing, with somebody, and with a sign."""
ROOM = [EMPTY] * 40 + [PEOPLED] * 40 + [EMPTY] * 40 + [SIGNED] * 40


class SlowSpotter(FakeSpotter):
    def spot(self, frame: Frame) -> Sequence[Spot]:
        take(0.07)
        return super().spot(frame)


class SlowReader(FakeReader):
    def read(self, frame: Frame) -> Sequence[Spot]:
        take(0.3)
        return super().spot(frame)


@dataclass
class Calm(ShadeGate):
    """Finds that nothing moves, whatever comes or goes."""

    all: bool = True
    """Whether what is another shade is worth a caption."""

    def wants(self, frame: Frame) -> bool:
        wanted = super().wants(frame)
        self.motion = STILL
        return wanted and self.all


@dataclass
class Room(FakeParts):
    """A camera, and who tells what it shows."""

    camera: FakeCamera = field(default_factory=lambda: FakeCamera(ROOM))
    spotter: FakeSpotter = field(default_factory=lambda: SlowSpotter({PEOPLED: [SOMEBODY]}))
    reader: FakeReader = field(default_factory=lambda: SlowReader({SIGNED: [SIGN]}))
    hour: datetime = field(default_factory=lambda: datetime(2024, 3, 1, 12))

    async def open(self, config: Config) -> Devices:
        return Devices([self.camera], None, FakeSpeaker(), [])

    async def load(self, config: Config, models: Models) -> None:
        known = {"spotter": self.spotter, "reader": self.reader, "captioner": self.captioner, "voice": SlowVoice()}
        for kind, model in known.items():
            models.loaded[kind], models.workers[kind] = Loaded(model, "fake", ""), Worker(kind)  # type: ignore[index]

    def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
        return Calm()

    def clock(self) -> Clock:
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        return lambda: datetime.fromtimestamp(self.hour.timestamp() + loop.time() - began)


def narrating(**sections: Any) -> Config:
    chosen = {"narration": {}, "spotter": Recorded(), "reader": Recorded(), "chat": None, "microphone": None}
    return config(**{**chosen, "detector": None, "transcriber": None, **sections})


def kept(folder: Path, parts: Room, outside: Outside | None = None, **sections: Any) -> Recording:
    """The recording of that session."""

    async def session() -> None:
        asyncio.get_running_loop().waking = WAKING  # type: ignore[attr-defined]  # as threads do
        usual = Outside(opening=Opening("It is recorded."))
        await app.run(narrating(**sections), Feed(), outside or usual, Recorder(folder, parts))

    run(session(), start=START)
    return read(folder)


def said(events: Sequence[dict[str, Any]]) -> list[str]:
    return [event["text"] for event in events if event["type"] == "reply"]


def found(recording: Recording, outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.what, one.told) for one in differences(recording, outcome, tolerance=0.001)]


def test_a_narration_says_the_same_at_the_same_times(tmp_path: Path) -> None:
    recording = kept(tmp_path / "kept", Room())
    assert [text for text in said(recording.events) if "person" in text or "EXIT" in text] == [
        "I see no person and no text.",
        "A person on your left.",
        "The person on your left is gone.",
        "It says: EXIT.",
    ]
    for _ in range(2):
        outcome = replayed(recording)
        assert said(outcome.told()) == said(recording.events)
        assert found(recording, outcome) == []


def test_what_finds_something_else_when_asked_anew_shows(tmp_path: Path) -> None:
    recording = kept(tmp_path / "kept", Room())
    for call in recording.calls:
        if call.kind == "spotter":
            call.gave = {"list": []}
    outcome = replayed(recording)
    assert [text for text in said(outcome.told()) if "person" in text] == ["I see no person and no text."]
    assert ("missing", "'The person on your left is gone.'") in found(recording, outcome)


def test_what_is_captured_is_told_first_again(tmp_path: Path) -> None:
    recording = kept(tmp_path / "kept", Room())
    assert said(recording.events)[0] == "The camera is on. It is recorded."
    assert said(replayed(recording).told())[0] == "The camera is on. It is recorded."


def test_a_recording_that_keeps_nothing_of_the_start_runs_as_before(tmp_path: Path) -> None:
    kept(tmp_path / "kept", Room())
    journal = tmp_path / "kept" / "journal.jsonl"
    journal.write_text("".join(line for line in journal.open() if '"is": "opening"' not in line))
    assert "recorded" not in said(replayed(read(tmp_path / "kept")).told())[0]


def test_an_introduction_is_said_again_and_leaves_no_mark(tmp_path: Path) -> None:
    first = Introduction("Welcome to all of it.", True, tmp_path / "mark")

    def attach(controls: Controls) -> None:
        first.attach(controls.conversation.agenda)

    outside = Outside(opening=Opening("", "Welcome to all of it.", True), attach=attach)
    recording = kept(tmp_path / "kept", Room(), outside)
    (tmp_path / "mark").unlink()
    outcome = replayed(recording)
    assert "Welcome to all of it." in said(outcome.told())
    assert found(recording, outcome) == []
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(("hour", "spoken"), [(12, True), (23, False)])
def test_quiet_hours_are_those_of_the_recorded_day(tmp_path: Path, hour: int, spoken: bool) -> None:
    parts = Room(hour=datetime(2024, 3, 1, hour))
    recording = kept(tmp_path / "kept", parts, speech={"quiet": "22:00-07:00"})
    outcome = replayed(recording)
    assert ("A person on your left." in said(recording.events)) is spoken
    assert found(recording, outcome) == []


def test_quiet_hours_end_while_the_session_runs_again(tmp_path: Path) -> None:
    parts = Room(hour=datetime(2024, 3, 1, 6, 59, 54))
    recording = kept(tmp_path / "kept", parts, speech={"quiet": "22:00-07:00"})
    unasked = [one for one in recording.events if one["type"] == "reply" and one["priority"] != "answer"]
    assert unasked[0]["answered_at"] >= START + 6.0, "somebody came two seconds before seven"
    assert unasked[0]["text"] == "A person on your left."
    assert found(recording, replayed(recording)) == []


def test_the_light_is_told_again_although_most_pictures_were_not_kept(tmp_path: Path) -> None:
    class Evening(Room):
        def gate(self, camera: str, options: GateOptions, least: Callable[[], float]) -> Gate:
            return Calm(all=False)

    shades = [200] * 47 + [20] * 60
    recording = kept(tmp_path / "kept", Evening(camera=FakeCamera(shades)), spotting={"still": 5.0})
    outcome = replayed(recording)
    assert "It is much darker now." in said(recording.events)
    assert len(recording.files) < len(shades) / 10
    assert found(recording, outcome) == []


def test_keys_that_stand_for_two_lines_do_so_again(tmp_path: Path) -> None:
    async def typed() -> AsyncIterator[str]:
        await asyncio.sleep(5.0)
        for line in ("/typing command", "/less", "/typed", "/repeat"):
            yield line
        await asyncio.sleep(2.0)
        yield "/more"

    recording = kept(tmp_path / "kept", Room(), Outside(typed, opening=Opening("It is recorded.")))
    lines = list(recording.lines("ask"))
    assert [line["text"] for line in lines if line.get("together")] == ["/less", "/typed", "/repeat"]
    outcome = replayed(recording)
    assert "More." in said(outcome.told())
    assert found(recording, outcome) == []


def test_what_is_interrupted_is_interrupted_at_the_same_word(tmp_path: Path) -> None:
    async def session() -> None:
        outside = Outside(opening=Opening("It is recorded, with sound, pictures and words of all who are there."))
        running = asyncio.create_task(app.run(narrating(), Feed(), outside, Recorder(tmp_path / "kept", Room())))
        await asyncio.sleep(2.0)
        running.cancel()
        await asyncio.wait([running])

    run(session(), start=START)
    recording = read(tmp_path / "kept")
    outcome = replayed(recording)
    assert recording.over == "cancelled"
    assert [event["cut"] for event in outcome.told() if event["type"] == "reply"] == [True]
    assert found(recording, outcome) == []


class Fading(FakeSpeaker):
    """Is heard for a moment longer than it should be."""

    async def play(self, samples: Samples, rate: int) -> None:
        began = asyncio.get_running_loop().time()
        try:
            await super().play(samples, rate)
        except asyncio.CancelledError:
            await asyncio.sleep(0.3)
            self.played = round((asyncio.get_running_loop().time() - began) * rate)
            raise


def test_what_falls_silent_late_does_so_again(tmp_path: Path) -> None:
    async def typed() -> AsyncIterator[str]:
        await asyncio.sleep(1.0)
        yield "/stop"

    class Slow(Room):
        async def open(self, config: Config) -> Devices:
            return Devices([self.camera], None, Fading(), [])

    words = "It is recorded, with sound, pictures and words of all who are there."
    recording = kept(tmp_path / "kept", Slow(), Outside(typed, opening=Opening(words)))
    outcome = replayed(recording)
    cut = next(event for event in outcome.told() if event["type"] == "reply" and event["cut"])
    assert cut["ended_at"] == pytest.approx(START + 1.3, abs=0.01)
    assert found(recording, outcome) == []


def test_what_finds_things_fails_as_it_failed(tmp_path: Path) -> None:
    parts = Room(spotter=SlowSpotter({PEOPLED: [SOMEBODY]}, fails_at=(SIGNED,)))
    recording = kept(tmp_path / "kept", parts)
    troubles = [event["part"] for event in replayed(recording).told() if event["type"] == "trouble"]
    assert troubles == ["spotter"]
    assert found(recording, replayed(recording)) == []


class Everything:
    """One model for all of it."""

    labels = ("person", "cup")

    def spot(self, frame: Frame) -> Sequence[Spot]:
        return [SOMEBODY]

    def read(self, frame: Frame) -> Sequence[Spot]:
        return (SIGN,)

    def caption(self, frame: Frame) -> Seen:
        return Seen("a room")

    def describe(self, frame: Frame) -> list[str]:
        return ["a room"]

    look = describe


@dataclass
class Straight:
    """Makes a model's calls."""

    model: object

    def call(self, method: str, *given: object) -> object:
        return getattr(self.model, method)(*given)

    stream = call

    def attribute(self, name: str) -> object:
        return getattr(self.model, name)


def test_a_model_that_does_several_things_is_in_each_place_what_is_wanted_there() -> None:
    model = Everything()
    spotter = shell(role("spotter", model), Straight(model))  # type: ignore[arg-type]
    reader = shell(role("reader", model), Straight(model))  # type: ignore[arg-type]
    assert isinstance(spotter, Spotter)
    assert not isinstance(spotter, Looker)
    assert isinstance(reader, Reader)
    assert not isinstance(reader, Spotter)
    assert isinstance(shell(role("captioner", model), Straight(model)), Looker)  # type: ignore[arg-type]
    assert tuple(spotter.labels) == ("person", "cup")


@pytest.mark.parametrize("value", [[SOMEBODY, SIGN], (SIGN,), [], [SOMEBODY, "odd", None]])
def test_what_was_found_comes_back_as_it_was(value: object) -> None:
    again = from_kept(json.loads(json.dumps(as_kept(value))))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        {"list": "no list"},
        {"list": [{"Spot": {"label": "person"}}]},
        {"Spot": {"label": "person", "box": {"left": 0, "top": 0, "right": 1e300, "bottom": 1}, "score": 1}},
        {"Spot": {"label": "person", "box": {"left": 0, "top": 0, "right": "1e999", "bottom": 1}, "score": 1}},
    ],
)
def test_what_nobody_could_have_found_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_kept(value)


@pytest.mark.parametrize("local", ["noon", "2024-03-01T12:00:00", "9999-12-31T23:59:59+00:00"])
def test_an_hour_of_no_session_is_one_line(tmp_path: Path, local: str) -> None:
    kept(tmp_path / "kept", Room())
    header = tmp_path / "kept" / "session.json"
    header.write_text(json.dumps(json.loads(header.read_text()) | {"local": local}))
    with pytest.raises(ConfigError, match=r"session\.json: local"):
        read(tmp_path / "kept")
