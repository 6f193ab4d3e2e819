"""The topics of a node and what stands there, as JSON Schema 2020-12, made from the types themselves: `omni mqtt`."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from assistant.mqtt.forms import FORMS
from assistant.mqtt.health import BridgeHealth, CameraHealth, PartHealth
from assistant.mqtt.payloads import Added, is_time
from assistant.mqtt.replies import Outcome
from assistant.mqtt.topics import SWITCHES, Topics
from pipelines.news import Verbosity
from pipelines.types import Answer, Attention, CameraEvent, Caption, Facts, Reply, Transcript, kind_name
from pipelines.wording import one_line

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JSON, TEXT, JPEG = "application/json", "text/plain; charset=utf-8", "image/jpeg"
_PUBLISHED = (CameraEvent, Caption, Answer, Transcript, Reply, Attention, BridgeHealth)
_WITHIN = (Facts, CameraHealth, PartHealth)
_ADDED: dict[type, tuple[str, ...]] = {
    CameraEvent: ("latency_ms", "event_type", "keyframe_topic"),
    Caption: ("latency_ms", "keyframe_topic"),
    Answer: ("latency_ms",),
    Transcript: ("latency_ms",),
    Reply: ("latency_ms",),
}
"""Beside the age, which all have."""
_SECONDS, _UTC = "Seconds on the loop's clock", "The time, UTC as ISO 8601,"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, and what stands there."""

    name: str
    payload: Schema
    what: str
    retained: bool = True
    content_type: str = JSON
    plain: str | None = None
    """Of an order: the key that plain text stands for; empty: it is `PRESS`. None: of what is published."""


def run(parsed: Namespace) -> int:
    """Print the schemas, or a line for each topic: of a configuration, or with placeholders. Raises ConfigError."""
    base, node, cameras = _names(parsed.file)
    if parsed.what == "schema":
        print(json.dumps(schemas(base, node, cameras), indent=2, ensure_ascii=False))
        return 0
    for topic in topics(Topics(base, node), cameras):
        print(f"{topic.name}  ({one_line(topic.what)})")
    return 0


def _names(file: str | None) -> tuple[str, str, Sequence[str]]:
    if file is None:
        return "omni", "<node>", ("<camera>",)
    from assistant import config

    chosen = config.read(Path(file))
    if chosen.mqtt is None:
        raise config.ConfigError(f"{file}: has no [mqtt] section")
    return chosen.mqtt.base, chosen.mqtt.node, [camera.name for camera in chosen.camera]


def schemas(base: str, node: str, cameras: Sequence[str]) -> Schema:
    """All topics, and the schema of each one's payload below `$defs`."""
    found: Schema = {}
    for kind in (*_PUBLISHED, *_WITHIN):
        found[kind_name(kind)] = _of_payload(kind)
    found["outcome"] = _described(TypeAdapter(Outcome).json_schema(mode="serialization"), Outcome)
    for form in FORMS.values():
        found[f"order_{kind_name(form)}"] = _described(TypeAdapter(form).json_schema(), form)
    return {
        "$schema": DIALECT,
        "title": "omni-assistant over MQTT",
        "description": "`topics` names every topic; payloads are kept below `$defs`. All times are UTC.",
        "topics": {topic.name: _shown(topic) for topic in topics(Topics(base, node), cameras)},
        "$defs": found,
    }


def topics(of: Topics, cameras: Sequence[str]) -> Iterator[Topic]:
    """Everything that is published, then everything that is obeyed."""
    for camera in cameras:
        yield from _of_camera(of, camera)
    yield from _of_node(of)
    for name, form in FORMS.items():
        payload = _ref(f"order_{kind_name(form)}")
        yield Topic(of.order(name), payload, f"order: {_first_line(form)}", False, plain=form.plain)


def _of_camera(of: Topics, camera: str) -> Iterator[Topic]:
    def topic(name: str) -> str:
        return of.camera(camera, name)

    yield Topic(topic("event"), _ref("camera_event"), "what happens: as it begins, goes on and ends", retained=False)
    yield Topic(topic("caption"), _ref("caption"), "what is to be seen")
    yield Topic(topic("keyframe"), {}, "the picture of the caption", content_type=JPEG)
    yield Topic(topic("motion"), {"enum": ["ON", "OFF"]}, "whether something moves", content_type=TEXT)
    yield Topic(topic("people"), {"type": "integer", "minimum": 0}, "how many people at least", content_type=TEXT)
    yield Topic(topic("status"), {"enum": ["online", "offline"]}, "whether it is there", content_type=TEXT)


def _of_node(of: Topics) -> Iterator[Topic]:
    state = {"properties": {"state": {"enum": ["online", "offline"]}}, "required": ["state"], "type": "object"}
    yield Topic(of.status, state, "whether it is there; the broker says offline where it is lost")
    yield Topic(of.health, _ref("bridge_health"), "how it is: figures, and the last error of each part")
    yield Topic(of.state("answer"), _ref("answer"), "the last answer")
    yield Topic(of.outcome, _ref("outcome"), "what became of an order that named a transaction", retained=False)
    yield Topic(of.state("transcript"), _ref("transcript"), "what was heard, with mqtt.speech = true")
    yield Topic(of.state("reply"), _ref("reply"), "what was said, with mqtt.speech = true")
    yield Topic(of.state("attention"), _ref("attention"), "what it attends to")
    for name in SWITCHES:
        yield Topic(of.state(name), {"enum": ["ON", "OFF"]}, f"whether {name} is on", content_type=TEXT)
    verbosity = TypeAdapter(Verbosity).json_schema()
    yield Topic(of.state("verbosity"), verbosity, "how much is asked of each picture", content_type=TEXT)
    seconds = {"type": "number", "minimum": 0}
    yield Topic(of.state("interval"), seconds, "seconds between two captions at the least", content_type=TEXT)


def _shown(topic: Topic) -> Schema:
    way = {"direction": "out", "retained": topic.retained}
    if topic.plain is not None:
        way = {"direction": "in", "retained": False, "plain_text": topic.plain or "PRESS"}
    return {"description": topic.what, **way, "qos": 1, "content_type": topic.content_type, "payload": topic.payload}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _of_payload(kind: type) -> Schema:
    """As a payload looks like that was made of this type: see `payloads.payload`."""
    schema = _described(TypeAdapter(kind).json_schema(mode="serialization", ref_template="#/$defs/{model}"), kind)
    properties = {name: _time(one) if is_time(name) else _renamed(one) for name, one in schema["properties"].items()}
    properties.pop("words", None)
    if kind in _PUBLISHED:
        added = _described(TypeAdapter(Added).json_schema(mode="serialization"), Added)["properties"]
        properties = {"type": {"const": kind_name(kind)}} | properties
        properties |= {name: added[name] for name in ("age_ms", *_ADDED.get(kind, ()))}
    return {**schema, "properties": properties, "required": list(properties)}


def _described(schema: Schema, kind: type) -> Schema:
    """With what stands below each field in its class, and without what only repeats its name."""
    told = _told(kind)
    properties = {
        name: {key: value for key, value in one.items() if key not in ("title", "default")} | told.get(name, {})
        for name, one in schema["properties"].items()
    }
    rest = {key: value for key, value in schema.items() if key not in ("$defs", "title")}
    return {**rest, "description": _outside(inspect.getdoc(kind) or ""), "properties": properties}


def _told(kind: type) -> dict[str, Schema]:
    """From field to its description, of the class and those it is made from."""
    found: dict[str, Schema] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith(("assistant.", "pipelines.")):
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
            assert isinstance(body, ast.ClassDef)
            for field, text in pairwise(body.body):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(line))):
                        found[name] = {"description": _outside(line)}
    return found


def _outside(text: str) -> str:
    """A docstring in the words of JSON."""
    return re.sub(r"\bNone\b", "null", inspect.cleandoc(text))


def _time(schema: Schema) -> Schema:
    """Not seconds, but UTC; null where it did not happen."""
    told = schema.get("description", _UTC.rstrip(",") + ".").replace(_SECONDS, _UTC)
    kind = ["string", "null"] if "anyOf" in schema else "string"
    return {"type": kind, "format": "date-time", "description": told}


def _renamed(schema: Schema) -> Schema:
    """With references by the names that types have outside."""
    text = json.dumps(schema)
    for kind in _WITHIN:
        text = text.replace(f"#/$defs/{kind.__name__}", f"#/$defs/{kind_name(kind)}")
    renamed: Schema = json.loads(text)
    return renamed


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".").lower()
