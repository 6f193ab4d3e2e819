"""A session on a scripted broker, on a virtual clock: nothing is lost, nothing comes twice, privacy is at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.feed import Feed
from assistant.mqtt.bridge import Bridge
from assistant.mqtt.entities import Equipment
from assistant.mqtt.errors import BrokerRefused
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from devices.media import Frame
from pipelines.controls import Controls
from pipelines.types import (
    Answer,
    CameraCounts,
    Caption,
    Facts,
    Health,
    Notice,
    Recovered,
    Reply,
    Transcript,
    Trouble,
)
from tests.bridging import FakeBroker, controls, happening
from tests.homes import Home, home, options

EVENTS = "omni/home/door/event"


@dataclass
class House(Home):
    """What a test does things to."""

    broker: FakeBroker
    controls: Controls

    def cover(self, so: bool = True) -> None:
        self.controls.switches.mute(camera=not so)

    def arrived(self) -> list[tuple[str, int]]:
        """Name and number of each event that came to the broker, in order."""
        read = [json.loads(message.payload) for message in self.broker.on(EVENTS)]
        return [(event["id"], event["seq"]) for event in read]

    def state(self, name: str) -> bytes | None:
        return self.broker.retained.get(f"omni/home/{name}")

    def troubles(self) -> list[str]:
        return [event.why for event in self.told if isinstance(event, Trouble) and event.part == "mqtt"]


@asynccontextmanager
async def house(folder: Path, broker: FakeBroker | None = None, **more: Any) -> AsyncIterator[House]:
    """A running session with the cameras `door` and `garden`; at the end of the block it ends in order."""
    broker = broker or FakeBroker()
    async with home(options(folder, **more), broker.connect) as there:
        may = controls(there.told.append, "door", "garden")
        there.bridge.attach(may)
        await asyncio.sleep(0.1)
        yield House(there.feed, there.bridge, there.told, broker, may)


def seen(text: str, at: float | None = None, **more: Any) -> Caption:
    now = asyncio.get_running_loop().time() if at is None else at
    return Caption(text, "door", now, 0.2, 1, **more)


async def test_events_come_in_their_order_and_once(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(*(happening("walk", seq) for seq in range(20)))
        await asyncio.sleep(1)
        assert home.arrived() == [("walk", seq) for seq in range(20)]
        assert not any(message.retain for message in home.broker.on(EVENTS))


async def test_what_happens_while_the_broker_is_away_comes_when_it_is_back(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for seq in range(5):
            home.tell(happening("walk", seq))
            await asyncio.sleep(0.0005)
        home.broker.go()
        home.tell(*(happening("walk", seq) for seq in range(5, 10)))
        await asyncio.sleep(5)
        assert len(home.arrived()) < 6
        home.broker.up = True
        await asyncio.sleep(2)
        assert home.arrived() == [("walk", seq) for seq in range(10)]


async def test_what_a_session_could_not_tell_the_next_one_tells(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False)) as home:
        home.tell(happening("walk", 0), happening("walk", 1))
        await asyncio.sleep(1)
    async with house(tmp_path) as home:
        home.tell(happening("run"))
        await asyncio.sleep(1)
        assert home.arrived() == [("walk", 0), ("walk", 1), ("run", 0)]


async def test_beyond_the_bound_updates_are_lost_first_and_the_loss_is_published(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False), outbox={"most": 4}) as home:
        home.tell(*(happening("walk", seq) for seq in range(6)), happening("walk", 6, change="end"))
        await asyncio.sleep(1)
        home.broker.up = True
        await asyncio.sleep(15)
        assert home.arrived() == [("walk", 0), ("walk", 4), ("walk", 5), ("walk", 6)]
        assert json.loads(home.state("bridge/health") or b"{}")["lost"] == 3


async def test_a_broker_that_comes_back_empty_is_told_everything_again(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(seen("a cup", facts=Facts(people=2)), happening("walk"))
        home.tell(Answer("ask", "what is there?", "A cup.", 1000.0, 1000.1))
        await asyncio.sleep(1)
        before = dict(home.broker.retained)
        assert {"door/caption", "door/people", "answer", "privacy", "verbosity"} <= {
            topic.removeprefix("omni/home/") for topic in before
        }
        home.broker.go(empty=True)
        home.broker.up = True
        await asyncio.sleep(9)
        assert home.broker.retained.keys() == before.keys()
        assert home.state("door/people") == b"2"
        assert home.state("door/motion") == b"ON"


async def test_availability_comes_with_the_session_and_goes_with_it(tmp_path: Path) -> None:
    broker = FakeBroker()
    async with house(tmp_path, broker) as home:
        assert (home.state("status"), home.state("door/status")) == (b'{"state":"online"}', b"online")
        home.tell(Trouble("camera door", "the cable was pulled", 1000.0))
        await asyncio.sleep(1)
        assert (home.state("door/status"), home.state("garden/status")) == (b"offline", b"online")
        home.tell(Recovered("camera door", 1001.0))
        await asyncio.sleep(1)
        assert home.state("door/status") == b"online"
    states = [broker.retained[f"omni/home/{name}"] for name in ("status", "door/status", "garden/status")]
    assert states == [b'{"state":"offline"}', b"offline", b"offline"]


async def test_a_will_that_comes_late_does_not_stand(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        will = Message("omni/home/status", b'{"state":"offline"}', retain=True)
        home.broker.take(will)
        home.broker.send(Message(will.topic, will.payload))
        await asyncio.sleep(0.1)
        assert home.state("status") == b'{"state":"online"}'


async def test_an_absent_broker_is_said_once_and_tried_again_until_it_is_there(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False)) as home:
        await asyncio.sleep(1800)
        assert home.troubles() == ["there is no broker at broker:1883"]
        assert 80 < home.broker.tries < 120
        home.broker.up = True
        await asyncio.sleep(31)
        assert home.state("status") == b'{"state":"online"}'
        assert [event.part for event in home.told if isinstance(event, Recovered)] == ["mqtt"]


@pytest.mark.parametrize("away", [0.0, 2.0, 10.0])
async def test_after_a_short_absence_it_is_back_at_once(tmp_path: Path, away: float) -> None:
    async with house(tmp_path) as home:
        home.broker.go(empty=True)
        await asyncio.sleep(away)
        home.broker.up = True
        await asyncio.sleep(1.1)
        assert home.state("status") == b'{"state":"online"}'


async def test_a_broker_that_refuses_is_said_once_and_asked_again_every_half_minute(tmp_path: Path) -> None:
    broker = FakeBroker(refuses=BrokerRefused("wrong name or password: check mqtt.username"))
    async with house(tmp_path, broker) as home:
        home.tell(happening("walk"))
        await asyncio.sleep(300)
        assert home.troubles() == ["wrong name or password: check mqtt.username"]
        assert broker.tries == 11
        broker.refuses = None
        await asyncio.sleep(31)
        assert home.arrived() == [("walk", 0)]


async def test_covered_cameras_leave_nothing_behind(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        picture = Frame(np.zeros((18, 32, 3), np.uint8), asyncio.get_running_loop().time(), "door")
        caption = seen("a letter", facts=Facts(people=1))
        home.bridge.kept(picture, caption)
        home.tell(caption, happening("walk"), Answer("ask", "?", "A letter.", 1000.0, 1000.1, captured_at=1000.1))
        await asyncio.sleep(0.1)
        assert (home.state("door/keyframe") or b"").startswith(b"\xff\xd8")
        home.cover()
        await asyncio.sleep(0.1)
        names = ("door/caption", "door/keyframe", "door/people", "answer")
        assert [home.state(name) for name in names] == [None] * 4
        assert home.state("door/motion") == b"OFF"
        assert home.state("privacy") == b"OFF"  # the microphone is on
        home.controls.switches.mute(microphone=False)
        await asyncio.sleep(0.1)
        assert (home.state("privacy"), home.state("listening")) == (b"ON", b"OFF")


async def test_what_was_on_its_way_when_the_cameras_were_covered_is_not_told(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        before = asyncio.get_running_loop().time() - 0.1
        home.tell(happening("walk", captured_at=before))
        await asyncio.sleep(0.1)
        home.broker.got.clear()
        home.cover()
        home.cover(False)
        home.tell(seen("a letter", before), happening("run", captured_at=before))
        for name in ("walk", "run"):
            end = {"kind": "person_left", "caption": "a letter", "labels": ("letter",), "confidence": 0.5}
            home.tell(happening(name, 1, change="end", captured_at=before, **end))
        home.bridge.kept(Frame(np.zeros((18, 32, 3), np.uint8), before, "door"), seen("a letter", before))
        await asyncio.sleep(0.1)
        assert home.state("door/caption") is None
        assert home.state("door/keyframe") is None
        (end,) = [json.loads(message.payload) for message in home.broker.on(EVENTS)]
        assert (end["id"], end["change"], end["caption"], end["labels"]) == ("walk", "end", "", [])
        assert (end["kind"], end["event_type"], end["confidence"]) == ("motion", "motion", None)
        assert not any(b"letter" in message.payload for message in home.broker.got)
        home.tell(seen("a cup"))
        await asyncio.sleep(0.1)
        assert b"a cup" in (home.state("door/caption") or b"")


async def test_privacy_holds_when_the_broker_was_away(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(seen("a letter"))
        await asyncio.sleep(0.1)
        home.broker.go()
        home.tell(happening("walk", caption="a letter"), seen("two letters"))
        home.cover()
        await asyncio.sleep(1.5)
        home.broker.got.clear()
        home.broker.up = True
        await asyncio.sleep(2)
        assert home.state("door/caption") is None
        assert not any(b"letter" in message.payload for message in home.broker.got)


async def test_privacy_takes_back_what_was_heard_and_said_while_the_broker_was_away(tmp_path: Path) -> None:
    async with house(tmp_path, speech=True) as home:
        home.broker.go()
        now = asyncio.get_running_loop().time()
        home.tell(Transcript("my letter", now), Reply("Your letter.", "my letter", now, now, now))
        await asyncio.sleep(0.1)
        home.controls.switches.privacy(True)
        home.tell(Transcript("a late letter", now), Reply("A late letter.", "my letter", now, now + 1, now + 1))
        await asyncio.sleep(0.1)
        home.broker.retained |= {f"omni/home/{name}": b"a letter" for name in ("transcript", "reply", "answer")}
        home.broker.got.clear()
        home.broker.up = True
        await asyncio.sleep(5)
        assert [home.state(name) for name in ("transcript", "reply", "answer")] == [None] * 3
        assert home.state("privacy") == b"ON"
        assert not any(b"letter" in message.payload for message in home.broker.got)


@pytest.mark.parametrize("moment", [0.0, 0.0005, 0.001, 0.0015, 0.002, 0.003])
async def test_privacy_takes_back_what_is_about_to_be_sent(tmp_path: Path, moment: float) -> None:
    async with house(tmp_path, speech=True) as home:
        now = asyncio.get_running_loop().time()
        home.tell(*(Transcript(f"letter {number}", now) for number in range(3)))
        await asyncio.sleep(moment)
        home.controls.switches.privacy(True)
        await asyncio.sleep(5)
        assert home.state("transcript") is None
        assert home.state("privacy") == b"ON"


async def test_what_was_heard_and_said_is_told_only_where_that_is_wanted(tmp_path: Path) -> None:
    words = Transcript("hello", 1000.0), Reply("Hello there.", "hello", 1000.0, 1000.5, 1001.0)
    async with house(tmp_path) as home:
        home.tell(*words)
        await asyncio.sleep(1)
        assert not any(b"ello" in message.payload for message in home.broker.got if "homeass" not in message.topic)
    async with house(tmp_path, speech=True) as home:
        home.tell(*words)
        await asyncio.sleep(1)
        assert json.loads(home.state("transcript") or b"{}")["text"] == "hello"
        assert json.loads(home.state("reply") or b"{}")["text"] == "Hello there."


async def test_no_pictures_are_published_where_none_are_wanted(tmp_path: Path) -> None:
    async with house(tmp_path, pictures="none") as home:
        home.bridge.kept(Frame(np.zeros((18, 32, 3), np.uint8), 1000.0, "door"), seen("a cup"))
        home.tell(seen("a cup"))
        await asyncio.sleep(0.1)
        assert home.state("door/keyframe") is None
        assert json.loads(home.state("door/caption") or b"{}")["keyframe_topic"] is None


async def test_switches_and_dials_tell_what_is_so(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        assert [home.state(name) for name in ("captioning", "verbosity", "interval")] == [b"ON", b"normal", b"0"]
        home.controls.dials.set(captioning=False, verbosity="brief", interval=2.5)
        await asyncio.sleep(0.1)
        assert [home.state(name) for name in ("captioning", "verbosity", "interval")] == [b"OFF", b"brief", b"2.5"]
        talk = ("level", "topics", "pause", "rate", "volume")
        topics = b"people,text,objects,motion,light"
        assert [home.state(name) for name in talk] == [b"normal", topics, b"OFF", b"1", b"1"]
        home.controls.dials.set(level="low", topics=(), paused=True, rate=1.2, volume=0.6)
        await asyncio.sleep(0.1)
        assert [home.state(name) for name in talk] == [b"low", b"none", b"ON", b"1.2", b"0.6"]


async def test_the_age_is_that_of_the_moment_it_was_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.broker.takes = 0.5
        home.tell(happening("walk"), happening("walk", 1))
        await asyncio.sleep(3)
        ages = [json.loads(message.payload)["age_ms"] for message in home.broker.on(EVENTS)]
        assert ages == pytest.approx([0, 500], abs=2)


async def test_health_tells_of_parts_cameras_and_counters(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        now = asyncio.get_running_loop().time()
        home.tell(
            seen("a cup", now - 3),
            Trouble("chat", "no answer", now),
            Health(now, {}, {"door": CameraCounts(frames_dropped=7)}),
        )
        await asyncio.sleep(10)
        health = json.loads(home.state("bridge/health") or b"{}")
        assert health["problem"] is True
        assert health["parts"]["chat"]["why"] == "no answer"
        assert health["cameras"]["door"]["frames_dropped"] == 7
        assert health["cameras"]["door"]["caption_age_s"] == pytest.approx(13, abs=0.2)
        home.tell(Recovered("chat", now))
        await asyncio.sleep(10)
        assert json.loads(home.state("bridge/health") or b"{}")["problem"] is False


async def test_a_message_that_the_broker_never_takes_holds_nothing_up(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(most=2000), discovery=False) as home:
        home.tell(happening("walk", caption="x" * 1900), happening("walk", 1))
        await asyncio.sleep(11)
        assert home.arrived() == [("walk", 1)]
        assert json.loads(home.state("bridge/health") or b"{}")["messages_refused"] == 1
        assert [event.text for event in home.told if isinstance(event, Notice)] == [f"{EVENTS}: too large"]


async def test_the_end_waits_for_what_is_to_be_said_but_not_for_ever(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with house(tmp_path) as home:
        home.broker.takes = 0.1
        home.tell(*(happening("walk", seq) for seq in range(10)))
        began = loop.time()
    assert len(home.arrived()) == 10
    assert loop.time() - began < 3
    async with house(tmp_path) as home:
        home.broker.takes = 1000.0
        home.tell(happening("walk"))
        began = loop.time()
    assert loop.time() - began < 5
    async with house(tmp_path) as home:
        await asyncio.sleep(1)
        assert home.arrived() == [("walk", 0)]


async def test_what_may_be_done_is_subscribed_anew_with_every_connection(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.broker.go()
        home.broker.up = True
        await asyncio.sleep(3)
        assert {"omni/home/+/set", "homeassistant/status"} <= set(home.broker.filters)
        home.broker.send(Message("omni/home/captioning/set", b"OFF"))
        await asyncio.sleep(0.1)
        assert home.controls.dials.now.captioning is False
        assert home.state("captioning") == b"OFF"


async def test_nothing_is_kept_of_a_camera_that_is_gone(tmp_path: Path) -> None:
    broker = FakeBroker(retained={f"omni/home/attic/{name}": b"x" for name in ("status", "caption", "keyframe")})
    async with house(tmp_path, broker) as home:
        for camera in ("attic", "door"):
            broker.send(Message(f"omni/home/{camera}/status", b"online", retain=True))
        await asyncio.sleep(0.1)
        assert not any("attic" in topic for topic in broker.retained)
        assert home.state("door/status") == b"online"


async def test_what_it_may_not_read_there_does_not_keep_it_from_telling(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(hides="homeassistant/")) as home:
        home.tell(happening("walk"))
        await asyncio.sleep(60)
        assert home.arrived() == [("walk", 0)]
        assert home.broker.tries == 1
        said = [event.text for event in home.told if isinstance(event, Notice)]
        assert len(said) == 2
        assert said[0].startswith("the broker does not let us read homeassistant/")


async def test_a_killed_broker_that_comes_back_with_what_was_cleared_is_cleared_again(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(seen("a letter"))
        await asyncio.sleep(0.1)
        home.cover()
        await asyncio.sleep(0.1)
        home.broker.go()
        home.broker.retained["omni/home/door/caption"] = b'{"text":"a letter"}'  # it had not saved the end of it
        home.broker.up = True
        await asyncio.sleep(2)
        assert home.state("door/caption") is None


async def test_who_sees_it_online_may_give_it_orders(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        online = home.broker.on("omni/home/status")
        assert [message.payload for message in online] == [b'{"state":"online"}']
        assert home.broker.order.index("subscribed omni/home/+/set") < home.broker.order.index("omni/home/status")


async def test_a_session_that_cannot_start_says_nothing_and_ends_at_once(tmp_path: Path) -> None:
    broker, feed, loop = FakeBroker(), Feed(), asyncio.get_running_loop()
    options = MqttOptions.model_validate({"host": "broker", "outbox": {"file": tmp_path / "outbox.db"}})
    bridge = Bridge(options, Equipment(), feed.emit, broker.connect)
    await bridge.open()
    running = asyncio.create_task(bridge.run(feed.subscribe()))
    await asyncio.sleep(1)
    began = loop.time()
    feed.close()
    await running
    assert loop.time() - began < 0.1
    assert broker.got == []


async def test_motion_is_over_when_it_is_calm_although_words_are_still_to_come(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        now = asyncio.get_running_loop().time()
        for event, so in (
            (happening("walk"), b"ON"),
            (happening("walk", 1, ended_at=now), b"OFF"),
            (happening("run"), b"ON"),
            (happening("walk", 2, ended_at=now, change="end"), b"ON"),
            (happening("dark", kind="camera_dark"), b"ON"),
            (happening("run", 1, ended_at=now), b"OFF"),
        ):
            home.tell(event)
            await asyncio.sleep(0.1)
            assert home.state("door/motion") == so


async def test_people_are_forgotten_when_a_newer_caption_does_not_count_them(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(seen("two", facts=Facts(people=2)))
        await asyncio.sleep(0.1)
        assert home.state("door/people") == b"2"
        home.tell(seen("something"))
        await asyncio.sleep(0.1)
        assert home.state("door/people") is None


async def test_a_picture_is_there_before_the_event_that_it_is_about(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(most=10**7), max_side=4096) as home:
        for number in range(1, 4):
            now = asyncio.get_running_loop().time()
            picture = Frame(np.random.default_rng(number).integers(0, 255, (1500, 2000, 3), np.uint8), now, "door")
            home.bridge.kept(picture, Caption("a cup", "door", now, 0.2, number))
            home.tell(happening("walk", number, keyframe=number))
            await asyncio.sleep(0.5)
        wanted = ("omni/home/door/keyframe", EVENTS)
        assert [topic for topic in home.broker.order if topic in wanted] == [*wanted] * 3
        pictures = [dict(message.properties) for message in home.broker.on(wanted[0])]
        assert [picture["keyframe"] for picture in pictures] == ["1", "2", "3"]
        assert all(picture["captured_at"].endswith("+00:00") for picture in pictures)


async def test_what_was_seen_heard_and_said_does_not_stay_at_the_broker_for_ever(tmp_path: Path) -> None:
    async with house(tmp_path, speech=True, keep=0.1) as home:
        now = asyncio.get_running_loop().time()
        home.tell(seen("a cup", facts=Facts(people=1)), Transcript("hello", now), Reply("Hi.", "hello", now, now, now))
        home.bridge.kept(Frame(np.zeros((18, 32, 3), np.uint8), now, "door"), seen("a cup"))
        home.tell(Answer("ask", "?", "A cup.", now, now))
        await asyncio.sleep(1)
        names = ("door/caption", "door/people", "door/keyframe", "answer", "transcript", "reply")
        last = [home.broker.on(f"omni/home/{name}")[-1] for name in names]
        assert all(358 <= (message.expires or 0) <= 360 for message in last)
        assert [home.broker.on(f"omni/home/{name}")[-1].expires for name in ("status", "privacy")] == [None, None]
        await asyncio.sleep(180)
        home.broker.drop()
        await asyncio.sleep(2)
        assert 170 < (home.broker.on("omni/home/door/caption")[-1].expires or 0) < 180
        await asyncio.sleep(180)
        home.broker.drop()
        await asyncio.sleep(2)
        assert [home.state(name) for name in names] == [None] * len(names)


async def test_what_is_still_so_does_not_expire(tmp_path: Path) -> None:
    async with house(tmp_path, keep=0.1) as home:
        for _ in range(3):
            home.tell(seen("a cup", facts=Facts(people=1)))
            await asyncio.sleep(120)
        assert len(home.broker.on("omni/home/door/people")) == 2, "at once, and when half of its time was over"


async def test_a_broker_that_is_lost_again_and_again_is_said_and_suspected_once_and_tried_less_and_less(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as home:
        await asyncio.sleep(5)
        end = asyncio.get_running_loop().time() + 120
        while asyncio.get_running_loop().time() < end:
            if home.broker.here:
                home.broker.drop()
            await asyncio.sleep(0.2)
        suspected = "the broker is lost, again and again: another program may have the same mqtt.node"
        assert home.troubles() == ["the broker is lost", suspected]
        assert not [event for event in home.told if isinstance(event, Recovered)]
        assert home.broker.tries < 50
        await asyncio.sleep(20)
        assert [event.part for event in home.told if isinstance(event, Recovered)] == ["mqtt"]


async def test_a_connection_on_which_reading_ends_without_a_word_is_a_lost_one(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.broker.mute()
        home.tell(happening("walk"))
        await asyncio.sleep(5)
        assert len(home.troubles()) == 1
        assert home.broker.tries == 2
        assert home.arrived() == [("walk", 0)]


async def test_a_message_at_which_the_broker_hangs_up_is_given_up_after_three_tries(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(hangs_up=1900), discovery=False) as home:
        home.tell(happening("walk"), happening("walk", 1, caption="x" * 1800), happening("walk", 2))
        await asyncio.sleep(25)
        assert home.arrived() == [("walk", 0), ("walk", 2)]
        assert home.broker.tries == 4
        health = json.loads(home.state("bridge/health") or b"{}")
        assert (health["lost"], health["messages_refused"]) == (1, 1)
        (said,) = [event.text for event in home.told if isinstance(event, Notice)]
        assert said.startswith(f"the broker hangs up whenever {EVENTS} comes with ")


async def test_pictures_at_which_the_broker_hangs_up_are_not_tried_again_and_cost_no_event(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(most=10**7, hangs_up=50_000), discovery=False) as home:
        for number in range(1, 30):
            now = asyncio.get_running_loop().time()
            picture = Frame(np.random.default_rng(number).integers(0, 255, (800, 800, 3), np.uint8), now, "door")
            home.bridge.kept(picture, Caption("a cup", "door", now, 0.2, number))
            home.tell(happening("walk", number, keyframe=number))
            await asyncio.sleep(1)
        assert home.arrived() == [("walk", number) for number in range(1, 30)]
        assert home.state("door/keyframe") is None
        assert home.broker.tries == 4


async def test_what_is_sent_to_topics_of_others_is_said_once_for_each_reason(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(most=2000), discovery=False) as home:
        for number in range(100):
            await home.bridge._publish(Message(f"asked/{number}", b"x" * 2001))
        assert len([event for event in home.told if isinstance(event, Notice)]) == 1


async def test_events_that_came_too_fast_are_counted_as_lost(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.tell(happening("walk"))
        await asyncio.sleep(0.1)
        assert home.state("door/motion") == b"ON"
        home.tell(*(happening("run", seq, ended_at=0.0, change="update") for seq in range(5000)))
        await asyncio.sleep(30)
        health = json.loads(home.state("bridge/health") or b"{}")
        assert health["lost"] == 5000 - 4096
        assert home.state("door/motion") == b"OFF", "the end of it may have been lost"


async def test_privacy_outlives_the_session_and_ends_as_it_would_have(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db.private"
    async with house(tmp_path) as home:
        home.controls.switches.mute(microphone=False)
        home.controls.switches.privacy(True)
        assert file.stat().st_mode & 0o777 == 0o600
        home.broker.go()  # and nothing is told any more
    async with house(tmp_path) as home:
        assert home.controls.switches.private
        assert home.state("privacy") == b"ON"
        assert next(event.text for event in home.told if isinstance(event, Notice)).startswith("privacy is on")
        home.controls.switches.privacy(False)
        await asyncio.sleep(0.1)
        now = home.controls.switches.now
        assert (now.camera, now.microphone) == (True, False), "it was muted before, and still is"
        assert not file.exists()
    async with house(tmp_path) as home:
        assert not home.controls.switches.private


async def test_what_waited_when_the_power_went_is_as_private_as_before(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False), speech=True) as home:
        home.tell(Transcript("my letter", asyncio.get_running_loop().time()), happening("walk", caption="a letter"))
        await asyncio.sleep(0.1)
    (tmp_path / "outbox.db.private").write_text("{")  # damaged: then nothing comes on by itself
    async with house(tmp_path, speech=True) as home:
        await asyncio.sleep(2)
        assert home.controls.switches.private
        assert not any(b"letter" in message.payload for message in home.broker.got)
        home.controls.switches.privacy(False)
        assert not home.controls.switches.private


async def test_privacy_that_cannot_be_kept_is_said_and_holds_for_this_session(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        (tmp_path / "outbox.db.private.new").mkdir()
        home.controls.switches.privacy(True)
        assert home.controls.switches.private
        (trouble,) = [event.why for event in home.told if isinstance(event, Trouble)]
        assert "cannot be written, privacy is not kept" in trouble
