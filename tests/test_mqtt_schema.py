"""The schemas that are handed out are true of what is sent, and of what is obeyed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assistant.cli import main
from assistant.mqtt.forms import FORMS, Refused
from assistant.mqtt.health import BridgeHealth, CameraHealth, PartHealth
from assistant.mqtt.parsing import parsed
from assistant.mqtt.payloads import health, payload, sent, stored
from assistant.mqtt.replies import Outcome
from assistant.mqtt.schema import schemas
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from pipelines.types import Answer, CameraEvent, Caption, Facts, Reply, Started, Transcript, Word
from tests.commands import CONFIG, one_line

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOPICS = Topics("omni", "home")
EVENT = CameraEvent("e1", 0, "new", "door", "motion", "Something moves.", "Motion", 99.0, 100.0, 0.1)
EVENTS = (
    EVENT,
    CameraEvent("e1", 2, "end", "door", "person_left", "Gone.", "Gone", 99.0, 100.0, 0.1, "model", labels=("cat",),
                people=1, difference="one less", confidence=0.5, keyframe=4, ended_at=101.0),
    Caption("A cat.", "door", 100.0, 0.5, 3, Facts(2, ("left", "centre"), text=("EXIT",), light="dim"), 100.5, "Cat"),
    Caption("A cat.", "door", 100.0, 0.5, 3),
    Answer("ask", "who?", "Nobody.", 100.0, 104.0, "door", 99.0, "mqtt", "7"),
    Answer("count", "", "", 100.0, 104.0, why="nobody looks"),
    Transcript("hi", 100.0, 0.3, words=(Word("hi", 99.0, 100.0),), started_at=99.0),
    Reply("Hello.", "hi", 99.0, 100.0, 101.0, True),
)  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return schemas("omni", "home", ("door",))


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.take(Started(100.0, NOW.isoformat()))
    return clock


def at(whole: dict[str, Any], topic: str) -> Draft202012Validator:
    """What checks the payloads of a topic."""
    there = whole["topics"][topic]["payload"]
    return Draft202012Validator(there | {"$defs": whole["$defs"]}, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_it_is_a_schema_and_all_that_it_refers_to_is_there(whole: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(whole)
    names = {f"#/$defs/{name}" for name in whole["$defs"]}
    text = json.dumps(whole)
    assert {part.split('"')[0] for part in text.split('"$ref": "')[1:]} <= names
    assert "None" not in text
    assert "loop" not in text  # nobody outside has that clock


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_that_is_sent_fits_and_every_key_of_it_is_described(
    whole: dict[str, Any], clock: Clock, event: Any
) -> None:
    name = {"CameraEvent": "door/event", "Caption": "door/caption"}.get(
        type(event).__name__, type(event).__name__.lower()
    )
    left = json.loads(sent(stored(payload(event, clock, TOPICS)), NOW))
    at(whole, f"omni/home/{name}").validate(left)
    assert left.keys() == whole["$defs"][left["type"]]["properties"].keys()


def test_health_and_outcomes_fit(whole: dict[str, Any], clock: Clock) -> None:
    report = BridgeHealth(100.0, 5.0, True, {"chat": PartHealth("gone", 99.0)}, {"door": CameraHealth(True, 1.5, 20)})
    left = json.loads(sent(stored(health(report, clock)), NOW))
    at(whole, "omni/home/bridge/health").validate(left)
    assert left.keys() == whole["$defs"]["bridge_health"]["properties"].keys()
    outcome = json.loads(stored(asdict(Outcome("say", False, "no voice", "7", NOW.isoformat()))))
    at(whole, "omni/home/outcome").validate(outcome)
    assert not at(whole, "omni/home/answer").is_valid(outcome), "a state is never a message about an order"


@pytest.mark.parametrize(
    ("key", "wrong"), [("captured_at", 100.0), ("change", "began"), ("age_ms", "old"), ("event_type", "thunder")]
)
def test_what_is_not_so_does_not_fit(whole: dict[str, Any], clock: Clock, key: str, wrong: Any) -> None:
    left = json.loads(sent(stored(payload(EVENT, clock, TOPICS)), NOW))
    event = at(whole, "omni/home/door/event")
    assert event.is_valid(left)
    assert not event.is_valid(left | {key: wrong})
    assert not event.is_valid({name: value for name, value in left.items() if name != key})


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("ask", {"question": "who is there?", "camera": "door", "transaction": "7"}),
        ("ask", {}),
        ("ask", {"question": "who?", "sudo": True}),
        ("describe", {"camera": "door"}),
        ("say", {"text": "x" * 501}),
        ("privacy", {"value": "ON"}),
        ("privacy", {"value": "maybe"}),
        ("verbosity", {"value": "brief"}),
        ("interval", {"value": 5.0}),
        ("interval", {"value": -1.0}),
        ("level", {"value": "off"}),
        ("topics", {"value": ["people", "light"]}),
        ("topics", {"value": ["cats"]}),
        ("pause", {"value": "ON"}),
        ("rate", {"value": 3.5}),
        ("volume", {"value": 0.5}),
    ],
)
def test_an_order_is_obeyed_where_it_fits_and_refused_where_it_does_not(
    whole: dict[str, Any], name: str, order: dict[str, Any]
) -> None:
    try:
        parsed(name, json.dumps(order).encode(), NOW)
        obeyed = True
    except Refused:
        obeyed = False
    assert at(whole, f"omni/home/{name}/set").is_valid(order) == obeyed


def test_every_order_is_told_and_how_plain_text_is_understood(whole: dict[str, Any]) -> None:
    told = {name: one for name, one in whole["topics"].items() if one["direction"] == "in"}
    assert told.keys() == {TOPICS.order(name) for name in FORMS}
    assert told["omni/home/ask/set"]["plain_text"] == "question"
    assert told["omni/home/stop/set"]["plain_text"] == "PRESS"


def test_the_command_prints_schemas_and_topics_of_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "home.toml"
    file.write_text(CONFIG + '[mqtt]\nhost = "broker"\nnode = "home"\n', encoding="utf-8")
    assert main(["mqtt", "schema", str(file)]) == 0
    assert "omni/home/desk/event" in json.loads(capsys.readouterr().out)["topics"]
    assert main(["mqtt", "topics", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("omni/home/desk/event ")


def test_without_mqtt_there_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(CONFIG, encoding="utf-8")
    assert "has no [mqtt] section" in one_line(capsys, main(["mqtt", "schema", str(file)]))
