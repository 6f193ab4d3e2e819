"""The entities that Home Assistant is to show: what each shows, and which topics it reads and writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from assistant.mqtt.options import MqttOptions
from assistant.mqtt.topics import Topics
from pipelines.news import Kind, Verbosity
from pipelines.remarks import LEVELS
from pipelines.wording import printable

Entity = dict[str, Any]

EXPIRES = 180
"""Seconds without news after which a figure of `bridge/health` counts as unknown."""
_LATE = 30
"""Seconds after which a press of a button is not worth delivering."""
_WHOLE = {"json_attributes_template": "{{ value or '{}' }}"}
"""All of a payload as attributes, and none where it was cleared."""
_CONFIG = {"entity_category": "config"}
_FIGURE = {"expire_after": EXPIRES, "entity_category": "diagnostic", "state_class": "measurement"}


@dataclass(frozen=True, slots=True)
class Equipment:
    """Which parts a session has that entities are made of."""

    captioner: bool = True
    """Pictures are put into words."""
    events: bool = True
    """What happens before the cameras is told as events, with motion and people."""
    answers: bool = True
    """Questions are answered in writing."""
    narration: bool = False
    """What the cameras see is told unasked."""
    microphone: bool = False
    voice: bool = False


def of_camera(camera: str, options: MqttOptions, there: Equipment) -> Iterator[tuple[str, Entity]]:
    """Key and entity of all that belongs to one camera."""
    topics = Topics(options.base, options.node)

    def topic(name: str) -> str:
        return topics.camera(camera, name)

    if there.captioner:
        yield "caption", {"name": "Caption", "icon": "mdi:text-box-outline", **_words(topic("caption"), "text")}
        yield from _figures_of_camera(camera, topics)
    if there.events:
        event = {"state_topic": topic("event"), "event_types": list(get_args(Kind))}
        yield "event", {"platform": "event", "name": "Event", "icon": "mdi:eye-outline", **event}
        motion = {"state_topic": topic("motion"), "device_class": "motion"}
        yield "motion", {"platform": "binary_sensor", "name": "Motion", **motion}
    if there.events and there.captioner:  # it is words that count
        people = {
            "state_topic": topic("people"),
            "value_template": "{{ value or none }}",
            "icon": "mdi:account-multiple",
        }
        yield "people", {"platform": "sensor", "name": "People", "state_class": "measurement", **people}
    if options.pictures != "none" and there.captioner:
        still = {"image_topic": topic("keyframe"), "content_type": "image/jpeg"}
        yield "snapshot", {"platform": "image", "name": "Captioned picture", **still}
        yield "view", {"platform": "camera", "name": "Captioned view", "topic": topic("keyframe")}


def _figures_of_camera(camera: str, topics: Topics) -> Iterator[tuple[str, Entity]]:
    path = f"(((value_json | default({{}})).cameras | default({{}}))[{_quoted(camera)}] | default({{}}))"
    for key, field, name, unit in (
        ("age", "caption_age_s", "Caption age", "s"),
        ("latency", "latency_ms", "Caption latency", "ms"),
    ):
        shown = {"device_class": "duration", "unit_of_measurement": unit, **_FIGURE}
        value = f"{{{{ {path}.{field} | default(none) }}}}"
        yield key, {"platform": "sensor", "name": name, "state_topic": topics.health, "value_template": value, **shown}


def of_node(options: MqttOptions, there: Equipment, sees: bool) -> Iterator[tuple[str, Entity]]:
    """Key and entity of all that belongs to the whole. `sees`: whether there is a camera."""
    topics = Topics(options.base, options.node)
    yield from _questions(topics, there, sees)
    yield from _conversation(topics, options, there)
    yield from _switches(topics, there)
    yield from _dials(topics, there)
    yield from _diagnostics(topics, there)


def _questions(topics: Topics, there: Equipment, sees: bool) -> Iterator[tuple[str, Entity]]:
    if not there.answers:
        return
    yield "ask", {"platform": "text", "name": "Ask", "icon": "mdi:chat-question", **_ask(topics)}
    of_pictures = (
        ("describe", "Describe", "image-search"),
        ("read", "Read", "text-recognition"),
        ("count", "Count people", "counter"),
    )
    for key, name, icon in of_pictures if sees else ():
        yield key, {"platform": "button", "name": name, "icon": f"mdi:{icon}", **_press(topics, key)}
    yield "answer", {"name": "Last answer", "icon": "mdi:message-text", **_words(topics.state("answer"), "text")}


def _ask(topics: Topics) -> Entity:
    """It shows the question that was answered last, as it is only then that something came of it."""
    return {
        "command_topic": topics.order("ask"),
        "state_topic": topics.state("answer"),
        "value_template": _shortened("question"),
        "max": 255,
        "message_expiry_interval": _LATE,
    }


def _conversation(topics: Topics, options: MqttOptions, there: Equipment) -> Iterator[tuple[str, Entity]]:
    if there.voice:
        say = {"command_topic": topics.order("say"), "message_expiry_interval": 2 * _LATE}
        yield "say", {"platform": "notify", "name": "Say", **say}
        for key, name, icon in (("repeat", "Repeat", "repeat"), ("stop", "Stop speaking", "volume-off")):
            yield key, {"platform": "button", "name": name, "icon": f"mdi:{icon}", **_press(topics, key)}
    if options.speech and there.microphone:
        heard = _words(topics.state("transcript"), "text")
        yield "transcript", {"name": "Last heard", "icon": "mdi:microphone-message", **heard}
    if options.speech and there.voice:
        yield "reply", {"name": "Last reply", "icon": "mdi:message-reply-text", **_words(topics.state("reply"), "text")}


def _switches(topics: Topics, there: Equipment) -> Iterator[tuple[str, Entity]]:
    for key, name, icon, wanted in (
        ("privacy", "Privacy", "eye-off", True),
        ("captioning", "Captioning", "text-box-check", there.captioner),
        ("listening", "Listening", "microphone", there.microphone),
        ("speaking", "Speaking", "volume-high", there.voice),
        ("pause", "Narration paused", "pause", there.narration),
    ):
        if wanted:
            yield key, {"platform": "switch", "name": name, "icon": f"mdi:{icon}", **_set(topics, key)}


def _dials(topics: Topics, there: Equipment) -> Iterator[tuple[str, Entity]]:
    if there.captioner:
        yield "verbosity", {"name": "Verbosity", **_choice(topics, "verbosity", get_args(Verbosity))}
        number = {"min": 0, "max": 3600, "step": 0.5, "mode": "box", **_CONFIG}
        unit = {"device_class": "duration", "unit_of_measurement": "s", **_set(topics, "interval")}
        yield "interval", {"platform": "number", "name": "Caption interval", **number, **unit}
    if there.narration:
        yield "level", {"name": "Narration level", **_choice(topics, "level", LEVELS)}
    for key, name, least, most in (("rate", "Speech rate", 0.8, 3), ("volume", "Speech volume", 0, 2)):
        if there.voice:
            number = {"min": least, "max": most, "step": 0.05, "mode": "slider", **_CONFIG}
            yield key, {"platform": "number", "name": name, **number, **_set(topics, key)}


def _choice(topics: Topics, key: str, of: Sequence[str]) -> Entity:
    return {"platform": "select", "options": list(of), **_CONFIG, **_set(topics, key)}


def _diagnostics(topics: Topics, there: Equipment) -> Iterator[tuple[str, Entity]]:
    health, counted = {"state_topic": topics.health}, "(value_json | default({}))"
    dropped = f"{{{{ ({counted}.cameras | default({{}})).values() | sum(attribute='frames_dropped') }}}}"
    rising = {"state_class": "total_increasing"}
    for key, name, value, more in (
        ("frames_dropped", "Frames dropped", dropped, rising),
        ("captions_waiting", "Captions waiting", f"{{{{ {counted}.captions_waiting | default(none) }}}}", {}),
        ("waiting", "Messages waiting", f"{{{{ {counted}.waiting | default(none) }}}}", {}),
        ("lost", "Messages lost", f"{{{{ {counted}.lost | default(none) }}}}", rising),
    ):
        if there.captioner or key != "captions_waiting":
            yield key, {"platform": "sensor", "name": name, "value_template": value, **health, **_FIGURE, **more}
    yield (
        "problem",
        {
            "platform": "binary_sensor",
            "name": "Problem",
            "device_class": "problem",
            "value_template": f"{{{{ 'ON' if {counted}.problem | default(false) else 'OFF' }}}}",
            "json_attributes_topic": topics.health,
            "json_attributes_template": f"{{{{ {{'parts': {counted}.parts | default({{}})}} | tojson }}}}",
            "expire_after": EXPIRES,
            "entity_category": "diagnostic",
            **health,
        },
    )


def _words(topic: str, field: str) -> Entity:
    """A sensor of a text: its beginning is the state, all of the payload its attributes."""
    return {
        "platform": "sensor",
        "state_topic": topic,
        "value_template": _shortened(field),
        "json_attributes_topic": topic,
        **_WHOLE,
    }


def _shortened(field: str) -> str:
    """A field of a payload in 255 characters at most (Home Assistant takes no longer states); unknown if empty."""
    given = f"{{% set text = (value_json | default({{}})).{field} | default('') %}}"
    return f"{given}{{{{ text | truncate(250, false, '…', 0) if text else none }}}}"


def _press(topics: Topics, key: str) -> Entity:
    return {"command_topic": topics.order(key), "payload_press": "PRESS", "message_expiry_interval": _LATE}


def _set(topics: Topics, key: str) -> Entity:
    return {"command_topic": topics.order(key), "state_topic": topics.state(key)}


def _quoted(name: str) -> str:
    """The name as it stands in payloads, as a literal of a template."""
    return json.dumps(printable(name), ensure_ascii=False)
