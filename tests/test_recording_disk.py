"""A recording on a disk that is full or slow: the session goes on, and nobody waits for it."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.config import Config
from assistant.parts import Devices, Models
from assistant.recording import Recorder
from assistant.recordings.journal import Journal
from assistant.recordings.reading import read
from pipelines.gate import GateOptions
from pipelines.types import Reply, Trouble
from tests.fakes import FakeSpeaker, frame
from tests.recorded import FakeParts, config, record


def test_a_full_disk_is_said_once_and_the_session_goes_on(tmp_path: Path, small_files: None) -> None:
    events = record(tmp_path / "kept")
    troubles = [event for event in events if isinstance(event, Trouble) and event.part == "recording"]
    assert len(troubles) == 1
    assert "the session goes on" in troubles[0].why
    assert [event.asked for event in events if isinstance(event, Reply)][-1] == "why"
    assert read(tmp_path / "kept").over == "killed"  # as if it had been: it is read up to there


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may be larger than 30 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_waits_for_a_slow_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.recordings.journal.MOST_HELD", 1000)
    told: list[str] = []
    journal = Journal(tmp_path, {}, told.append)
    for _ in range(3):
        journal.picture("000001.png", frame())  # 1728 bytes each
    journal.close()
    assert told == ["the disk is too slow"]
    assert list((tmp_path / "pictures").iterdir()) == []


async def _recorder(folder: Path) -> Recorder:
    """One that has a keyframe to keep."""
    recorder = Recorder(folder, FakeParts())
    await recorder.open(config())
    await recorder.load(config(), Models())
    assert recorder.gate("desk", GateOptions(), lambda: 0.0).wants(frame())
    return recorder


@pytest.mark.real_time
async def test_the_end_of_a_recording_that_takes_long_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = threading.Event()
    monkeypatch.setattr("assistant.recordings.journal._write_png", lambda path, frame: disk.wait(10))
    recorder = await _recorder(tmp_path / "kept")
    recorder.end()
    settling = asyncio.create_task(recorder.settle())
    await asyncio.sleep(0.05)
    assert not settling.done()
    disk.set()
    await settling
    assert (tmp_path / "kept" / "journal.jsonl").read_text().splitlines()[-1].startswith('{"is": "over"')


def test_the_speaker_is_given_back_before_the_rest_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_back, in_time = threading.Event(), list[bool]()

    class Speaker(FakeSpeaker):
        async def close(self) -> None:
            given_back.set()

    class OwnParts(FakeParts):
        async def open(self, config: Config) -> Devices:
            return replace(await super().open(config), speaker=Speaker())

    monkeypatch.setattr("assistant.recordings.journal._write_png", lambda *given: in_time.append(given_back.wait(10)))
    record(tmp_path / "kept", OwnParts())
    assert in_time
    assert all(in_time)
