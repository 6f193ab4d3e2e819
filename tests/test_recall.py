"""`omni recall`: the diary on the command line, its search, its mistakes in one line, and its end."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.config import ConfigError
from assistant.recall import moment
from devices.media import Frame
from pipelines import diary
from pipelines.backends import BackendOptions
from pipelines.diary import Diary, Entry
from pipelines.types import Seen
from tests.photos import picture

NOW = datetime.now(UTC)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This program's own diary, with three changes and one picture."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    path = tmp_path / "diary" / "diary.db"
    book = Diary(path)
    book.write(
        Entry(NOW - timedelta(hours=3), "desk", "A red cup\x1b[2J on a desk.", None, "20260314-120000-000-desk-1.jpg")
    )
    book.write(Entry(NOW - timedelta(minutes=5), "hall", "A cup on the floor.", {"people": 0}, "gone.jpg"))
    book.write(Entry(NOW - timedelta(minutes=1), "desk", "桌上有一本书。"))
    book.close()
    diary.pictures_of(path).mkdir()
    (diary.pictures_of(path) / "20260314-120000-000-desk-1.jpg").write_bytes(b"x")
    return path


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed, without the times."""
    return [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["cup"], ["hall: A cup on the floor.", "desk: A red cup[2J on a desk."]),
        (["where", "is", "my", "red", "mug?"], ["desk: A red cup[2J on a desk."]),
        (["cup", "--since", "2h"], ["hall: A cup on the floor."]),
        (["cup", "--camera", "desk"], ["desk: A red cup[2J on a desk."]),
        (["书"], ["desk: 桌上有一本书。"]),
        (["--limit", "1"], ["desk: 桌上有一本书。"]),
    ],
)
def test_what_was_seen_is_told_newest_first(
    arguments: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recall", *arguments]) == 0
    assert told(capsys) == lines


def test_as_json_each_has_its_time_facts_and_picture(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recall", "cup", "--json"]) == 0
    newest, oldest = map(json.loads, capsys.readouterr().out.splitlines())
    assert (newest["facts"], newest["picture"]) == ({"people": 0}, None)
    assert oldest["picture"] == str(diary.pictures_of(kept) / "20260314-120000-000-desk-1.jpg")
    assert abs(datetime.fromisoformat(oldest["at"]) - NOW + timedelta(hours=3)) < timedelta(seconds=1)


@pytest.mark.parametrize("picture", ["/etc/hostname", "../diary.db", "x" * 5000, "a\0.jpg"])
def test_a_picture_of_a_foreign_diary_leads_nowhere(
    kept: Path, capsys: pytest.CaptureFixture[str], picture: str
) -> None:
    book = Diary(kept)
    book.write(Entry(NOW, "desk", "A trap.", None, picture))
    book.close()
    assert main(["recall", "trap", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] is None


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["zebra"], "the diary tells nothing of 'zebra'"),
        (
            ["cup", "--since", "10s", "--camera", "desk"],
            "the diary tells nothing of 'cup' since 10s by the camera desk",
        ),
        (['"NEAR(*'], "the diary tells nothing of '\"NEAR(*'"),
    ],
)
def test_what_was_not_seen_is_said_to_be_so(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recall", *arguments]) == 1
    assert capsys.readouterr().err == f"omni: {line}\n"


def test_without_a_diary_it_is_said_how_to_keep_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    assert main(["recall", "cup"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("diary.db: `persist = true` in [memory] keeps one, --diary FILE names another")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "~nobodyatall/diary.db", "/dev/null", "absent.db"])
def test_a_name_of_no_file_is_told_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recall", "--diary", name, "cup"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line


@pytest.mark.parametrize("option", [[], ["--forget", "--yes"]])
def test_a_file_that_is_no_diary_is_told_in_one_line_and_left(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Ann, " * 100)
    assert main(["recall", "--diary", str(letter), *option]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is no diary" in line
    assert letter.read_text() == "Dear Ann, " * 100


def test_it_is_removed_after_a_yes_only(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in ("", "n\n"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        assert main(["recall", "--forget"]) == 1
        assert kept.exists()
    assert main(["recall", "--forget", "cup"]) == 2
    assert "with its 3 changes" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["recall", "--forget"]) == 0
    assert not kept.exists()


def test_with_yes_nothing_is_asked(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recall", "--forget", "--yes"]) == 0
    assert capsys.readouterr().out == f"removed {kept}\n"
    assert main(["recall"]) == 2


class Shades(BackendOptions):
    """A captioner that tells light from dark."""

    def load(self) -> Shades:
        return self

    def caption(self, frame: Frame) -> Seen:
        return Seen("A white wall." if frame.pixels.mean() > 100 else "A dark room.")


def test_what_a_session_saw_is_told_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    (tmp_path / "photos").mkdir()
    picture(tmp_path / "photos" / "1.png", 0)
    chosen = tmp_path / "mine.toml"
    chosen.write_text(
        f"""
        camera = [{{ name = "desk", source = "{tmp_path}/photos", hold = 0.5 }}]
        captioner = {{ backend = "tests.test_recall:Shades" }}
        memory = {{ persist = true }}
        """
    )
    assert main(["run", str(chosen), "--json"]) == 0
    capsys.readouterr()
    assert main(["recall", "room", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["caption"], found["camera"]) == ("A dark room.", "desk")
    assert Path(found["picture"]).read_bytes().startswith(b"\xff\xd8")


def test_a_time_is_an_age_or_an_hour_of_the_day() -> None:
    noon = datetime(2026, 3, 14, 12).astimezone()
    assert moment("90s", noon) == noon - timedelta(seconds=90)
    assert moment("2 h", noon) == noon - timedelta(hours=2)
    assert moment("999999w", noon).year == 1
    assert moment("11:30", noon) == noon - timedelta(minutes=30)
    assert moment("12:30", noon) == noon - timedelta(hours=23, minutes=30)
    for wrong in ("", "soon", "-2h", "25:00", "2 years"):
        with pytest.raises(ConfigError, match="say how long ago"):
            moment(wrong, noon)
