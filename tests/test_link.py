"""Why the broker is lost: told once, and once more when it looks as if somebody else had this program's name."""

from __future__ import annotations

import asyncio

import pytest

from assistant.mqtt.broker import Connection
from assistant.mqtt.errors import BrokerLost
from assistant.mqtt.link import SEVERAL, Link
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from pipelines.trouble import Patience
from pipelines.types import Event, Trouble
from tests.bridging import FakeBroker

OPTIONS = MqttOptions(host="broker")
SUSPICION = "another program may have the same mqtt.node"


async def told(lasts: float, why: str = "the connection ended", broker: FakeBroker | None = None) -> list[str]:
    """The troubles of 200 seconds in which each connection is lost after `lasts` seconds."""
    said: list[Event] = []
    link = Link(OPTIONS, Message("status"), Patience("mqtt", said.append), (broker or FakeBroker()).connect)

    async def serve(connection: Connection) -> None:
        link.works()
        await asyncio.sleep(lasts)
        raise BrokerLost(why)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(link.keep(serve), 200)
    return [event.why for event in said if isinstance(event, Trouble)]


async def test_who_is_thrown_out_again_and_again_suspects_one_of_the_same_name() -> None:
    first, second = await told(lasts=1.0)
    assert first == "the connection ended"
    assert second == f"the connection ended, again and again: {SUSPICION}"


async def test_who_comes_and_goes_is_suspected_as_long_as_that_lasts() -> None:
    whys = await told(lasts=5.0)
    assert [SUSPICION in why for why in whys] == [number >= SEVERAL - 1 for number in range(len(whys))]
    assert len(whys) > SEVERAL


async def test_who_is_lost_now_and_then_suspects_nobody() -> None:
    assert not any(SUSPICION in why for why in await told(lasts=20.0))


async def test_a_broker_that_is_not_there_is_no_other_program() -> None:
    assert await told(lasts=1.0, broker=FakeBroker(up=False)) == ["there is no broker at broker:1883"]


async def test_a_broker_that_says_so_itself_is_believed() -> None:
    assert await told(1.0, "another program calls itself so: give it another mqtt.node") == [
        "another program calls itself so: give it another mqtt.node"
    ]
