"""A hazard, a word or a voice that no part can ever do is told at once, and not found out on the street."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import check, config, unmet
from assistant.config import ConfigError
from assistant.places import configs
from pipelines.types import Notice
from tests.recorded import FakeParts
from tests.test_app import told

DESK = '[[camera]]\nname = "desk"\nsource = 0\n'
PEOPLE = '[spotter]\nbackend = "embedded"\n'
KNOWS = "the object detector does not know that"


def read(tmp_path: Path, text: str) -> config.Config:
    (tmp_path / "mine.toml").write_text(DESK + text, encoding="utf-8")
    return config.read(tmp_path / "mine.toml")


def unmet_of(tmp_path: Path, text: str) -> list[str]:
    return [wish.text for wish in unmet.of_config(read(tmp_path, text))]


def things(tmp_path: Path, names: str = "person\ncar\nmotorbike\n") -> str:
    """A detector with weights of one's own, whose names alone are read here."""
    (tmp_path / "FastestDet.onnx").touch()
    (tmp_path / "coco.names").write_text(names, encoding="utf-8")
    return f'[spotter]\nbackend = "fastestdet"\nweights = "{tmp_path}/"\n'


@pytest.mark.parametrize(
    ("hazards", "lines"),
    [
        ('["unicorn"]', [f'Nothing warns of "unicorn" in narration.hazards: {KNOWS}.']),
        ('["car", "unicorn"]', [f'Nothing warns of "unicorn" in narration.hazards: {KNOWS}.']),
        ('["motorcycle"]', [f'Nothing warns of "motorcycle" in narration.hazards: {KNOWS}; did you mean motorbike?']),
        ('["Car"]', [f'Nothing warns of "Car" in narration.hazards: {KNOWS}; did you mean car?']),
        ('["car", "person"]', []),
        ("[]", []),
    ],
)
def test_a_hazard_that_no_detector_knows_is_told(tmp_path: Path, hazards: str, lines: list[str]) -> None:
    assert unmet_of(tmp_path, f"[narration]\nhazards = {hazards}\n{things(tmp_path)}") == lines


def test_without_a_detector_or_a_reader_nothing_warns(tmp_path: Path) -> None:
    wanted = '[narration]\nhazards = ["car"]\nwarnings = ["dragon"]\n'
    assert unmet_of(tmp_path, wanted) == [
        'Nothing warns of "car" in narration.hazards: there is no [spotter].',
        "Nothing reads the words in narration.warnings: there is no [reader].",
    ]
    assert unmet_of(tmp_path, wanted + PEOPLE + '[reader]\nbackend = "rapidocr"\n') == [
        f'Nothing warns of "car" in narration.hazards: {KNOWS}.'
    ]


def test_what_nobody_asked_for_and_what_is_shipped_is_no_line(tmp_path: Path) -> None:
    assert unmet_of(tmp_path, "[narration]\n" + PEOPLE) == []
    assert unmet.of_config(config.read(configs() / "narration.toml")) == []


def test_weights_that_are_not_there_are_told_by_whoever_loads_them(tmp_path: Path) -> None:
    nowhere = '[narration]\nhazards = ["unicorn"]\n[spotter]\nbackend = "fastestdet"\nweights = "./nowhere"\n'
    assert unmet_of(tmp_path, nowhere) == []


@pytest.mark.parametrize("option", ["hazards", "warnings"])
def test_an_empty_word_is_a_mistake(tmp_path: Path, option: str) -> None:
    with pytest.raises(ConfigError, match=f"narration.{option}: has an empty word"):
        read(tmp_path, f'[narration]\n{option} = ["car", " "]\n')


def test_check_says_so_in_a_line_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, f'[narration]\nhazards = ["unicorn"]\n{PEOPLE}')
    assert check.run([str(tmp_path / "mine.toml")]) == 0
    good, note = capsys.readouterr().out.splitlines()
    assert " good: " in good
    assert note.endswith(f'note: Nothing warns of "unicorn" in narration.hazards: {KNOWS}.')


async def test_a_session_says_so_once_at_its_start() -> None:
    events = await told(FakeParts(), narration={"hazards": ["unicorn"]}, settings={"voice": "nobody"})
    notices = [(event.part, event.text) for event in events if isinstance(event, Notice)]
    assert [one for one in notices if "fake" not in one[1]] == [
        ("spotter", 'Nothing warns of "unicorn" in narration.hazards: there is no [spotter].'),
        ("voice", 'This voice takes no other name, so settings.voice ("nobody") changes nothing.'),
    ]
