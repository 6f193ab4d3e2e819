"""What stands on the topics of a node, as JSON Schema 2020-12, made from the types themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_snake

from assistant.mqtt.catalogue import Schema, Topic, topics
from assistant.mqtt.forms import FORMS
from assistant.mqtt.health import BridgeHealth
from assistant.mqtt.payloads import ADDED, LEFT_OUT, Added, is_time
from assistant.mqtt.replies import Outcome
from assistant.mqtt.topics import Topics
from pipelines.types import Answer, CameraEvent, Caption, Reply, Transcript, kind_name

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PUBLISHED = (CameraEvent, Caption, Answer, Transcript, Reply, BridgeHealth)
_ALL: Any = reduce(or_, (*_PUBLISHED, Outcome, Added))
_SECONDS, _UTC = "Seconds on the loop's clock", "The time, UTC as ISO 8601,"


def schemas(base: str, node: str, cameras: Sequence[str]) -> Schema:
    """All topics, and the schema of each one's payload below `$defs`."""
    orders = {f"order_{name}": _plain(TypeAdapter(form).json_schema()) for name, form in FORMS.items()}
    return {
        "$schema": DIALECT,
        "title": "omni-assistant over MQTT",
        "description": "`topics` names every topic; payloads are kept below `$defs`. All times are UTC.",
        "topics": {topic.name: _shown(topic) for topic in topics(Topics(base, node), cameras)},
        "$defs": _payloads() | orders,
    }


def _payloads() -> dict[str, Schema]:
    """What is sent, and what stands within it, by the names that types have outside."""
    documented = TypeAdapter(_ALL, config=ConfigDict(use_attribute_docstrings=True))
    told = re.sub(r"\bNone\b", "null", json.dumps(documented.json_schema(mode="serialization")["$defs"]))
    named = re.sub(r"(?<=#/\$defs/)\w+", lambda name: to_snake(name[0]), told)
    found = {to_snake(name): _outward(_plain(schema)) for name, schema in json.loads(named).items()}
    added = found.pop("added")["properties"]
    del found["word"]  # which is left out
    return found | {kind_name(kind): _published(found[kind_name(kind)], kind, added) for kind in _PUBLISHED}


def _published(schema: Schema, kind: type, added: Schema) -> Schema:
    """As a payload looks like that was made of this type: see `payloads.payload`."""
    own = {name: one for name, one in schema["properties"].items() if name not in LEFT_OUT}
    more = {name: added[name] for name in ("age_ms", *ADDED.get(kind, ()))}
    properties = {"type": {"const": kind_name(kind)}} | own | more
    return {**schema, "properties": properties, "required": list(properties)}


def _plain(schema: Schema) -> Schema:
    """Without what only repeats the names of fields, or is for those who make a payload."""
    properties = {
        name: {key: value for key, value in one.items() if key not in ("title", "default")}
        for name, one in schema["properties"].items()
    }
    return {key: value for key, value in schema.items() if key not in ("$defs", "title")} | {"properties": properties}


def _outward(schema: Schema) -> Schema:
    """With all that always stands in a payload, and times as they stand there."""
    properties = {name: _time(one) if is_time(name) else one for name, one in schema["properties"].items()}
    return {**schema, "properties": properties, "required": list(properties)}


def _time(schema: Schema) -> Schema:
    """Not seconds, but UTC; null where it did not happen."""
    told = schema.get("description", _UTC.rstrip(",") + ".").replace(_SECONDS, _UTC)
    kind = ["string", "null"] if "anyOf" in schema else "string"
    return {"type": kind, "format": "date-time", "description": told}


def _shown(topic: Topic) -> Schema:
    way = {"direction": "out", "retained": topic.retained}
    if topic.plain is not None:
        way = {"direction": "in", "retained": False, "plain_text": topic.plain or "PRESS"}
    return {"description": topic.what, **way, "qos": 1, "content_type": topic.content_type, "payload": topic.payload}
