"""Says whether Home Assistant takes an announcement: reads it as JSON on stdin, writes what is wrong on stdout.

It runs in an interpreter that has the package `homeassistant`, and is told nothing by this project but the payload.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile
from typing import Any

from homeassistant.components.mqtt import discovery
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame, template

SCHEMAS = importlib.import_module(type(discovery.DEVICE_DISCOVERY_SCHEMA).__module__.partition(".")[0])
"""The library that checks them: voluptuous, or what took its place."""
INVALID: type[Exception] = SCHEMAS.Invalid


async def main() -> None:
    given = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        frame.async_setup(hass)
        wrong = [mistake for config in given["configs"] for mistake in mistakes(config)]
        report = {"version": __version__, "mistakes": wrong, "states": states(given["renders"], hass)}
    json.dump(report, sys.stdout)


def mistakes(config: dict[str, Any]) -> list[str]:
    """Of the device, and of each entity as its platform's own schema sees it."""
    found = []
    try:
        discovery.DEVICE_DISCOVERY_SCHEMA(config)
    except INVALID as error:
        return [f"device: {error}"]
    for key, entity in config["components"].items():
        platform = entity.pop("platform")
        if not entity:
            continue
        whole = entity | {"device": config["device"], "origin": config["origin"]}
        for name in discovery.SHARED_OPTIONS:
            if name in config:
                whole.setdefault(name, config[name])
        schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
        try:
            schema(whole)
        except INVALID as error:
            found.append(f"{key}: {error}")
    return found


def states(renders: list[tuple[str, str]], hass: HomeAssistant) -> list[Any]:
    """What its templates make of payloads: each `[template, payload]` becomes a text."""
    return [
        template.Template(text, hass).async_render_with_possible_json_value(
            payload, error_value="error", parse_result=False
        )
        for text, payload in renders
    ]


if __name__ == "__main__":
    asyncio.run(main())
