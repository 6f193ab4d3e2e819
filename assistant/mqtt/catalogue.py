"""Every topic of a node: what stands there, and what is obeyed there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from assistant.mqtt.forms import FORMS, SwitchOrder
from assistant.mqtt.parsing import NONE
from assistant.mqtt.topics import Topics
from pipelines.news import Verbosity
from pipelines.remarks import Level

Schema = dict[str, Any]

JSON, TEXT, JPEG = "application/json", "text/plain; charset=utf-8", "image/jpeg"


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


def topics(of: Topics, cameras: Sequence[str]) -> Iterator[Topic]:
    """Everything that is published, then everything that is obeyed."""
    for camera in cameras:
        yield from _of_camera(of, camera)
    yield from _of_node(of)
    for name, form in FORMS.items():
        payload = _ref(f"order_{name}")
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
    for name in (name for name, form in FORMS.items() if issubclass(form, SwitchOrder)):
        yield Topic(of.state(name), {"enum": ["ON", "OFF"]}, f"whether {name} is on", content_type=TEXT)
    verbosity = TypeAdapter(Verbosity).json_schema()
    yield Topic(of.state("verbosity"), verbosity, "how much is asked of each picture", content_type=TEXT)
    seconds = {"type": "number", "minimum": 0}
    yield Topic(of.state("interval"), seconds, "seconds between two captions at the least", content_type=TEXT)
    level = TypeAdapter(Level).json_schema()
    yield Topic(of.state("level"), level, "how much is said unasked", content_type=TEXT)
    told = {"type": "string", "pattern": f"^({NONE}|[a-z]+(,[a-z]+)*)$"}
    yield Topic(of.state("topics"), told, f"what is talked about unasked, or {NONE}", content_type=TEXT)
    for name, what in (("rate", "how fast it speaks"), ("volume", "how loud it speaks")):
        yield Topic(of.state(name), seconds, f"{what}: 1 as the voice does by itself", content_type=TEXT)


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0].rstrip(".").lower()
