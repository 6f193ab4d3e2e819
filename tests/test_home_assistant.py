"""Home Assistant's own schemas and templates take what it is told: where an interpreter that has it is named."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assistant.mqtt.discovery import discovery
from assistant.mqtt.entities import Equipment
from assistant.mqtt.health import BridgeHealth, CameraHealth
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.payloads import health, stored
from assistant.traces import Clock

INTERPRETER = "OMNI_HOME_ASSISTANT_PYTHON"
SCRIPT = Path(__file__).with_name("home_assistant_schema.py")
ALL = Equipment(microphone=True, voice=True)
CAMERAS = ("Front door", "front-door", 'a"b\\{{x}}%}', "Tür 😀")


def asked_of_home_assistant(configs: list[Any], renders: list[tuple[str, str]]) -> dict[str, Any]:
    """Which version it is, what it does not like, and what its templates make of payloads."""
    interpreter = os.environ.get(INTERPRETER)
    if not interpreter:
        pytest.skip(f"name a Python that has the package homeassistant in {INTERPRETER}")
    given = json.dumps({"configs": configs, "renders": renders})
    done = subprocess.run([interpreter, SCRIPT], input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def options(**more: Any) -> MqttOptions:
    return MqttOptions.model_validate({"host": "broker", "node": "home", "speech": True, "name": 'Küche "1"'} | more)


def test_it_takes_a_device_with_everything_one_with_nothing_and_what_is_taken_back() -> None:
    whole = discovery(options(), CAMERAS, ALL)
    bare = discovery(options(pictures="none"), (), Equipment(captioner=False, events=False, answers=False))
    parting = whole | {"components": whole["components"] | {"camera_old_caption": {"platform": "sensor"}}}
    answer = asked_of_home_assistant([whole, bare, parting], [])
    assert answer["mistakes"] == []


def test_it_refuses_what_it_does_not_know_so_that_this_test_can_fail() -> None:
    whole = discovery(options(), CAMERAS, ALL)
    strange = whole | {"retain": True}
    nameless = whole | {"components": {"ask": whole["components"]["ask"] | {"max": 300}}}
    mistakes = asked_of_home_assistant([strange, nameless], [])["mistakes"]
    assert [mistake.split(":")[0] for mistake in mistakes] == ["device", "ask"]


def test_states_stay_below_255_characters_and_what_was_cleared_is_unknown() -> None:
    entities = discovery(options(), CAMERAS, ALL)["components"]
    caption = next(entity for key, entity in entities.items() if key.endswith("_caption"))
    texts = [json.dumps({"text": "much to see " * 100}), json.dumps({"text": "a cat"}), json.dumps({"text": ""}), ""]
    renders = [(caption["value_template"], text) for text in texts]
    renders.append((caption["json_attributes_template"], ""))
    long, short, *unknown, attributes = asked_of_home_assistant([], renders)["states"]
    assert 240 < len(long) <= 255
    assert long.endswith("see…") or long.endswith("to…") or long.endswith("much…")
    assert (short, unknown, attributes) == ("a cat", ["None", "None"], "{}")


def test_figures_are_found_whatever_a_camera_is_called() -> None:
    entities = discovery(options(), CAMERAS, ALL)["components"]
    report = BridgeHealth(
        1.0, 2.0, True, cameras={name: CameraHealth(True, 2.5, 100, frames_dropped=3) for name in CAMERAS}
    )
    figures = {key: one for key, one in entities.items() if one.get("state_topic", "").endswith("/bridge/health")}
    kept = stored(health(report, Clock())).decode()
    renders = [(entity["value_template"], kept) for entity in figures.values()]
    shown = dict(zip(figures, asked_of_home_assistant([], renders)["states"], strict=True))
    assert [shown[key] for key in figures if key.endswith("_age")] == ["2.5"] * 4
    assert [shown[key] for key in figures if key.endswith("_latency")] == ["100"] * 4
    assert (shown["frames_dropped"], shown["problem"], shown["lost"]) == ("12", "ON", "0")
