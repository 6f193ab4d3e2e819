"""`omni mqtt`: what is published, and what is obeyed, for a person or as JSON Schema."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from assistant import config
from assistant.mqtt.catalogue import topics
from assistant.mqtt.schema import schemas
from assistant.mqtt.topics import Topics
from pipelines.wording import one_line


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
    chosen = config.read(Path(file))
    if chosen.mqtt is None:
        raise config.ConfigError(f"{file}: has no [mqtt] section")
    return chosen.mqtt.base, chosen.mqtt.node, [camera.name for camera in chosen.camera]
