"""What Home Assistant is told: once, in one message, of nothing that is not there, and nothing of what is gone."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.mqtt.announced import Announced
from assistant.mqtt.discovery import PLATFORMS, QUIET, READ_BACK, Announcer, config_topic, discovery, platforms
from assistant.mqtt.entities import Equipment
from assistant.mqtt.forms import Refused
from assistant.mqtt.message import Message
from assistant.mqtt.names import identity
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.parsing import parsed
from pipelines.wording import slug

ALL = Equipment(microphone=True, voice=True, narration=True)
NONE = Equipment(captioner=False, events=False, answers=False)
ROOT = {
    "device", "origin", "availability", "availability_mode", "availability_template", "availability_topic",
    "command_topic", "components", "encoding", "payload_available", "payload_not_available", "qos", "state_topic",
}  # fmt: skip
"""All that Home Assistant's device discovery accepts at the root of a payload."""


def options(**more: Any) -> MqttOptions:
    return MqttOptions.model_validate({"host": "broker", "node": "home"} | more)


def components(cameras: Sequence[str] = ("desk",), there: Equipment = ALL, **more: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = discovery(options(**more), cameras, there)["components"]
    return found


def test_nothing_stands_at_the_root_that_would_reject_the_device() -> None:
    whole = discovery(options(speech=True, name="House"), ("door", "garden"), ALL)
    assert whole.keys() <= ROOT
    assert whole["device"]["name"] == "House"
    assert json.loads(json.dumps(whole)) == whole


def test_every_entity_has_its_own_id_the_platform_and_a_quality_of_service() -> None:
    found = components(("Front door", "front-door", "Front_Door"), speech=True)
    assert len({entity["unique_id"] for entity in found.values()}) == len(found)
    assert {entity["qos"] for entity in found.values()} == {1}
    assert {entity["platform"] for entity in found.values()} == PLATFORMS


def test_entities_of_a_camera_need_both_the_node_and_the_camera() -> None:
    found = components(("door",))
    caption = found["camera_door_caption"]
    assert [one["topic"] for one in caption["availability"]] == ["omni/home/status", "omni/home/door/status"]
    assert caption["availability_mode"] == "all"
    assert "availability" not in found["ask"]  # the root's, which is the node's alone


def test_one_camera_is_not_named_and_several_are() -> None:
    assert components(("door",))["camera_door_caption"]["name"] == "Caption"
    found = components(("door", "garden"))
    assert found["camera_garden_caption"]["name"] == "garden caption"
    assert found["camera_garden_caption"]["default_entity_id"] == "sensor.home_garden_caption"


@pytest.mark.parametrize(
    ("there", "more", "absent"),
    [
        (Equipment(microphone=True), {}, {"say", "repeat", "stop", "speaking"}),
        (Equipment(voice=True), {}, {"listening"}),
        (ALL, {}, {"transcript", "reply"}),
        (Equipment(voice=True), {}, {"level", "pause"}),
        (Equipment(narration=True), {}, {"rate", "volume"}),
        (Equipment(answers=False), {}, {"ask", "describe", "read", "count", "answer"}),
        (
            Equipment(captioner=False),
            {},
            {"captioning", "camera_desk_caption", "camera_desk_snapshot", "camera_desk_people"},
        ),
        (Equipment(events=False), {}, {"camera_desk_event", "camera_desk_motion", "camera_desk_people"}),
        (ALL, {"pictures": "none"}, {"camera_desk_snapshot", "camera_desk_view"}),
    ],
)
def test_what_is_not_there_is_not_shown(there: Equipment, more: dict[str, Any], absent: set[str]) -> None:
    whole = components(speech=True).keys()
    assert absent <= whole
    assert not absent & components(there=there, **more).keys()


def test_without_a_camera_there_are_only_questions_of_ones_own() -> None:
    found = components((), Equipment(captioner=False, events=False))
    assert {"ask", "answer"} <= found.keys()
    assert not {"describe", "read", "count"} & found.keys()


def test_the_only_kinds_of_events_are_those_that_are_told() -> None:
    kinds = components()["camera_desk_event"]["event_types"]
    assert {"motion", "person_appeared", "camera_lost"} <= set(kinds)


def test_figures_expire_and_settings_and_figures_are_out_of_the_way() -> None:
    found = components()
    figures = [one for one in found.values() if one.get("state_topic") == "omni/home/bridge/health"]
    assert len(figures) == 7
    assert all(one["expire_after"] == 180 and one["entity_category"] == "diagnostic" for one in figures)
    settable = {key for key, one in found.items() if one.get("entity_category") == "config"}
    assert settable == {"verbosity", "interval", "level", "rate", "volume"}


def test_how_much_and_how_fast_it_talks_is_set_within_what_the_orders_take() -> None:
    found = components()
    assert found["level"]["options"] == ["off", "low", "normal", "high"]
    for name in ("rate", "volume"):
        for end in ("min", "max"):
            parsed(name, str(found[name][end]).encode(), datetime.now(UTC))
        with pytest.raises(Refused):
            parsed(name, str(found[name]["max"] + 0.05).encode(), datetime.now(UTC))
    assert found["pause"]["command_topic"] == "omni/home/pause/set"


def test_two_cameras_keep_their_ids_when_one_is_added_or_they_are_sorted() -> None:
    alone = components(("Front door",))
    both = components(("front-door", "Front door"))
    ids = {one["unique_id"] for one in alone.values()}
    assert ids <= {one["unique_id"] for one in both.values()}


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=64), min_size=2, max_size=4, unique=True))
def test_no_two_names_share_an_id_that_home_assistant_takes(names: list[str]) -> None:
    ids = [identity(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z0-9_-]{1,64}", one) for one in ids)
    assert all(slug(name) for name in names)


@pytest.mark.parametrize(
    "pair", [("a_b/c", "a/b_c"), ("omni/home", "omni_home"), ("Küche", "kuche"), ("前门", "后门"), ("a/b/c", "a/b_c")]
)
def test_names_that_look_alike_do_not_collide(pair: tuple[str, str]) -> None:
    assert identity(pair[0]) != identity(pair[1])


class Broker:
    """Keeps what is published, and when: seconds from the start."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self.took: list[tuple[float, Message]] = []

    async def publish(self, message: Message) -> None:
        self.took.append((asyncio.get_running_loop().time() - self._began, message))

    def configs(self) -> list[dict[str, Any]]:
        return [json.loads(message.payload)["components"] for _, message in self.took]


async def announced(
    announcer: Announcer, seconds: float, when: Callable[[Announcer], Any] | None = None, broker: Broker | None = None
) -> Broker:
    broker = broker or Broker()
    running = asyncio.create_task(announcer.run(broker.publish))
    if when is not None:
        await when(announcer)
    await asyncio.sleep(seconds)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return broker


def kept(config: Any, topic: str = "homeassistant/device/omni-home/config") -> Message:
    return Message(topic, json.dumps(config).encode(), retain=True)


BIRTH = Message("homeassistant/status", b"online")


async def test_it_is_announced_once_and_stays_at_the_broker() -> None:
    broker = await announced(Announcer(options(), ("door",), ALL), 600)
    ((at, message),) = broker.took
    assert message.retain
    assert message.topic == config_topic(options()) == "homeassistant/device/omni-home/config"
    assert at <= READ_BACK


async def test_it_is_announced_again_some_seconds_after_home_assistant_starts() -> None:
    async def later(announcer: Announcer) -> None:
        for _ in range(20):
            await asyncio.sleep(100)
            await announcer.take(BIRTH)

    broker = await announced(Announcer(options(), ("door",), ALL), 100, later)
    _, *again = [at for at, _ in broker.took]
    delays = [at - 100 * number for number, at in enumerate(again, 1)]
    assert len(delays) == 20
    assert all(1 <= delay <= 5 for delay in delays)
    assert max(delays) - min(delays) > 0.5  # at random


async def test_it_is_never_announced_twice_in_quick_succession() -> None:
    async def nervous(announcer: Announcer) -> None:
        for _ in range(300):
            await announcer.take(BIRTH)
            await asyncio.sleep(0.1)

    broker = await announced(Announcer(options(), ("door",), ALL), 60, nervous)
    times = [at for at, _ in broker.took]
    assert len(times) > 2
    assert all(later - sooner >= QUIET - 1e-6 for sooner, later in pairwise(times))


async def test_a_retained_birth_is_no_news_and_neither_is_death() -> None:
    async def come(announcer: Announcer) -> None:
        await asyncio.sleep(30)
        await announcer.take(Message("homeassistant/status", b"online", retain=True))
        await announcer.take(Message("homeassistant/status", b"offline"))

    assert len((await announced(Announcer(options(), ("door",), ALL), 60, come)).took) == 1


async def test_what_is_gone_is_removed_and_then_forgotten() -> None:
    before = discovery(options(), ("door", "garden"), ALL)
    broker = await announced(Announcer(options(), ("door",), ALL), 60, lambda announcer: announcer.take(kept(before)))
    parting, clean = broker.configs()
    gone = {key: entity for key, entity in parting.items() if key not in clean}
    assert {key for key in before["components"] if "garden" in key} == gone.keys()
    assert all(entity.keys() == {"platform"} for entity in gone.values())
    assert clean == components(("door",))


async def test_an_entity_that_became_another_is_removed_first() -> None:
    before = discovery(options(), ("door",), ALL)
    before["components"]["ask"]["platform"] = "button"
    broker = await announced(Announcer(options(), ("door",), ALL), 60, lambda announcer: announcer.take(kept(before)))
    parting, clean = broker.configs()
    assert parting["ask"] == {"platform": "button"}
    assert clean["ask"]["platform"] == "text"


async def test_nothing_is_removed_where_nothing_changed_even_after_a_reconnect() -> None:
    announcer, broker = Announcer(options(), ("door",), ALL), Broker()
    for _ in range(2):
        await announced(announcer, 60, lambda one: one.take(kept(discovery(options(), ("door",), ALL))), broker)
    assert broker.configs() == [components(("door",))] * 2


async def test_a_connection_that_comes_and_goes_does_not_announce_it_again_at_once() -> None:
    announcer, broker = Announcer(options(), ("door",), ALL), Broker()
    for _ in range(10):
        await announced(announcer, 2, lambda one: one.take(kept(discovery(options(), ("door",), ALL))), broker)
    times = [at for at, _ in broker.took]
    assert len(times) > 2
    assert all(later - sooner >= QUIET - 1e-6 for sooner, later in pairwise(times))


async def test_a_broker_that_lost_it_is_told_at_once() -> None:
    announcer, broker = Announcer(options(), ("door",), ALL), Broker()
    for _ in range(2):
        await announced(announcer, READ_BACK + 0.1, broker=broker)
    assert len(broker.took) == 2


async def test_without_discovery_only_an_old_announcement_is_taken_back() -> None:
    silent = options(discovery=False)
    assert (await announced(Announcer(silent, ("door",), ALL), 60)).took == []
    old = kept(discovery(options(), ("door",), ALL))
    broker = await announced(Announcer(silent, ("door",), ALL), 60, lambda announcer: announcer.take(old))
    ((_, message),) = broker.took
    assert (message.topic, message.payload, message.retain) == (old.topic, b"", True)


def known(folder: Path, configuration: str = "home.toml", **more: Any) -> Announcer:
    """That of a configuration, with a place where it remembers how it was announced."""
    given = options(outbox={"file": folder / "outbox.db"}, **more)
    return Announcer(given, ("door",), ALL, Announced(given, folder / configuration))


async def topics(announcer: Announcer) -> list[tuple[str, bool]]:
    """Where something was announced, or (False) taken back."""
    return [
        (message.topic.split("/")[2], bool(message.payload)) for _, message in (await announced(announcer, 60)).took
    ]


async def test_a_node_with_another_name_leaves_no_old_device_behind(tmp_path: Path) -> None:
    assert await topics(known(tmp_path)) == [("omni-home", True)]
    assert await topics(known(tmp_path)) == [("omni-home", True)]
    assert await topics(known(tmp_path, node="attic")) == [("omni-home", False), ("omni-attic", True)]
    assert await topics(known(tmp_path, node="attic")) == [("omni-attic", True)]
    assert await topics(known(tmp_path, node="cellar", discovery=False)) == [("omni-attic", False)]
    assert await topics(known(tmp_path)) == [("omni-home", True)]


async def test_another_configuration_is_another_device_and_another_broker_knows_nothing(tmp_path: Path) -> None:
    assert await topics(known(tmp_path)) == [("omni-home", True)]
    assert await topics(known(tmp_path, "garden.toml", node="garden")) == [("omni-garden", True)]
    assert await topics(known(tmp_path, node="attic", host="elsewhere")) == [("omni-attic", True)]


def _damage(folder: Path, damage: bytes) -> None:
    (kept,) = folder.glob("announced-*.json")
    kept.write_bytes(damage)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"topic": 1}', b"\xff"])
async def test_what_it_remembers_may_be_damaged(tmp_path: Path, damage: bytes) -> None:
    await topics(known(tmp_path))
    _damage(tmp_path, damage)
    assert await topics(known(tmp_path, node="attic")) == [("omni-attic", True)]


@settings(deadline=None, max_examples=50)
@given(st.binary() | st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.text(), x)).map(json.dumps))
def test_whatever_stands_there_is_read_without_harm(found: bytes | str) -> None:
    for bare in (found, json.dumps({"components": {"a b": found if isinstance(found, str) else 1}})):
        content = bare.encode() if isinstance(bare, str) else bare
        assert all(platform in PLATFORMS for platform in platforms(content).values())


def test_only_platforms_and_keys_that_could_be_ours_are_taken_back() -> None:
    found = {
        "ask": {"platform": "text"},
        "lamp": {"platform": "light"},
        "a/b": {"platform": "text"},
        "x": {"platform": []},
    }
    assert platforms(json.dumps({"components": found}).encode()) == {"ask": "text"}
    assert platforms(b"[" * 100_000) == {}
