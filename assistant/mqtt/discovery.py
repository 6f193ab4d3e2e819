"""Home Assistant is told which device this is and what it consists of, and what of it is gone."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from assistant.mqtt.announced import Announced
from assistant.mqtt.entities import Entity, Equipment, of_camera, of_node
from assistant.mqtt.message import Message, Publish
from assistant.mqtt.names import identity
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.topics import Topics
from pipelines.wording import one_line, slug

PLATFORMS = frozenset(
    {"binary_sensor", "button", "camera", "event", "image", "notify", "number", "select", "sensor", "switch", "text"}
)
"""All platforms of entities that this program has announced so far."""
READ_BACK = 1.0
"""Seconds to wait for what the broker kept of the last announcement."""
QUIET = 5.0
"""Seconds between two announcements at the least: Home Assistant sets entities up and may miss what comes meanwhile."""
AFTER_BIRTH = (1.0, 5.0)
"""Seconds after Home Assistant's start, at random, so that not all devices speak at once."""
_LARGEST = 1_000_000
"""Bytes of an announcement that is read back."""
_KEY = re.compile(r"[a-z0-9_]{1,160}")


def config_topic(options: MqttOptions) -> str:
    """Where this node is announced, retained."""
    return f"{options.discovery_prefix}/device/{_device(options)}/config"


def discovery(options: MqttOptions, cameras: Sequence[str], there: Equipment) -> dict[str, Any]:
    """The announcement of a device with all its entities.

    At its root stands only what Home Assistant's MQTT integration knows there; one key more, and it refuses all.
    """
    name, version = one_line(options.name) or options.node, metadata.version("omni-assistant")
    return {
        "device": {
            "identifiers": [_device(options)],
            "name": name,
            "manufacturer": "omni-assistant",
            "model": "Camera assistant",
            "sw_version": version,
        },
        "origin": {"name": "omni-assistant", "sw_version": version},
        "availability": [_node_status(options)],
        "availability_mode": "all",
        "components": _components(options, cameras, there),
    }


def _device(options: MqttOptions) -> str:
    return identity(f"{options.base}/{options.node}")


def _node_status(options: MqttOptions) -> Entity:
    status = Topics(options.base, options.node).status
    return {"topic": status, "value_template": "{{ (value_json | default({})).state | default('offline') }}"}


def _components(options: MqttOptions, cameras: Sequence[str], there: Equipment) -> dict[str, Entity]:
    """Every entity by its key; those of cameras are there while the node and the camera are."""
    found: dict[str, Entity] = {}
    for key, entity in of_node(options, there, bool(cameras)):
        found[key] = _named(options, key, key, entity)
    for camera in cameras:
        status = {"topic": Topics(options.base, options.node).camera(camera, "status")}
        availability = {"availability": [_node_status(options), status], "availability_mode": "all"}
        prefix = f"{camera} " if len(cameras) > 1 else ""
        visible = f"{slug(camera)}_" if len(cameras) > 1 else ""
        for key, entity in of_camera(camera, options, there):
            entity["name"] = f"{prefix}{entity['name'].lower()}" if prefix else entity["name"]
            whole = f"camera_{identity(camera)}_{key}"
            found[whole] = _named(options, whole, f"{visible}{key}", entity) | availability
    return found


def _named(options: MqttOptions, key: str, visible: str, entity: Entity) -> Entity:
    """With an id that never changes, and the one that people see at first."""
    entity_id = f"{entity['platform']}.{slug(options.name or options.node)}_{visible}"
    return {**entity, "unique_id": f"{_device(options)}_{key}", "default_entity_id": entity_id, "qos": 1}


class Announcer:
    """Announces the device whenever it is due, and takes back what is gone.

    `run` is started anew for each connection, after `filters` were subscribed; all that comes in goes to `take`.
    """

    def __init__(
        self, options: MqttOptions, cameras: Sequence[str], there: Equipment, memo: Announced | None = None
    ) -> None:
        """`memo`: where it was announced last; None: nobody knows."""
        self.topic, self._memo = config_topic(options), memo
        self._birth = f"{options.discovery_prefix}/status"
        self.filters: tuple[str, ...] = (self.topic, self._birth) if options.discovery else (self.topic,)
        self._config = discovery(options, cameras, there) if options.discovery else None
        self._announced, self._kept, self._told_at = False, b"", float("-inf")
        self._was_kept, self._born = asyncio.Event(), asyncio.Event()

    async def take(self, message: Message) -> None:
        """What the broker kept of the last announcement, and Home Assistant's word that it is there."""
        if message.topic == self.topic and message.retain and not self._announced:
            self._kept = message.payload if len(message.payload) <= _LARGEST else b""
            self._was_kept.set()
        elif message.topic == self._birth and not message.retain and message.payload == b"online":
            self._born.set()

    async def run(self, publish: Publish) -> None:
        """Announce it now and whenever Home Assistant starts, until cancelled. Raises what `publish` raises."""
        try:
            await self._read_back()
            self._announced = True
            if self._memo is not None:
                await self._take_back_old(publish, self._memo)
            if self._config is None:
                await self._take_back(publish)
            else:
                await self._keep_announced(publish, self._config)
        finally:
            self._announced, self._kept = False, b""
            self._was_kept.clear()

    async def _read_back(self) -> None:
        """A broker that has nothing of us any more is told at once."""
        try:
            async with asyncio.timeout(READ_BACK):
                await self._was_kept.wait()
        except TimeoutError:
            self._told_at = float("-inf")

    async def _take_back_old(self, publish: Publish, memo: Announced) -> None:
        """What stands under another name goes first: then its entities' ids are free."""
        if before := memo.before(self.topic):
            await publish(Message(before, retain=True))
        memo.keep(self.topic if self._config is not None else "")

    async def _take_back(self, publish: Publish) -> None:
        if self._kept:
            await publish(Message(self.topic, retain=True))
        await asyncio.Event().wait()

    async def _keep_announced(self, publish: Publish, config: dict[str, Any]) -> None:
        """What is gone is announced as a platform alone, which removes it; from then on without it."""
        gone = {key: {"platform": platform} for key, platform in self._gone(config["components"]).items()}
        if gone:
            await self._announce(publish, config | {"components": config["components"] | gone})
        self._born.clear()
        while True:
            await self._announce(publish, config)
            await self._born.wait()
            await asyncio.sleep(random.uniform(*AFTER_BIRTH))
            self._born.clear()

    async def _announce(self, publish: Publish, config: dict[str, Any]) -> None:
        """Not too soon after the last time, whatever connection that was on."""
        await asyncio.sleep(max(0.0, self._told_at + QUIET - _now()))
        await publish(Message(self.topic, json.dumps(config, ensure_ascii=False).encode(), retain=True))
        self._told_at = _now()

    def _gone(self, components: dict[str, Entity]) -> dict[str, str]:
        """The platform of each entity that was announced and is none any more, or is another one now."""
        before = platforms(self._kept)
        return {key: platform for key, platform in before.items() if _platform(components.get(key)) != platform}


def platforms(kept: bytes) -> dict[str, str]:
    """The entities of an announcement, by key; of what anybody may have put there only what is possible."""
    try:
        config = json.loads(kept)
    except (ValueError, RecursionError):
        return {}
    components = config.get("components") if isinstance(config, dict) else None
    found = components.items() if isinstance(components, dict) else ()
    return {key: one for key, entity in found if _KEY.fullmatch(key) and (one := _platform(entity)) in PLATFORMS}


def _platform(entity: Any) -> str:
    platform = entity.get("platform") if isinstance(entity, dict) else ""
    return platform if isinstance(platform, str) else ""


def _now() -> float:
    return asyncio.get_running_loop().time()
