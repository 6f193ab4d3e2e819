"""What an earlier session left behind, at the broker and in the outbox, and what the last moments of one leave."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

from pipelines.types import Notice, Transcript
from tests.bridging import FakeBroker, happening
from tests.test_bridge import EVENTS, house


def left(*names: str) -> FakeBroker:
    """A broker that retains something of an earlier session there."""
    return FakeBroker(retained={f"omni/home/{name}": b"a letter" for name in names})


async def test_pictures_that_are_not_wanted_any_more_do_not_stay_at_the_broker(tmp_path: Path) -> None:
    async with house(tmp_path, left("door/keyframe", "garden/keyframe", "door/caption"), pictures="none") as home:
        assert (home.state("door/keyframe"), home.state("garden/keyframe")) == (None, None)
        assert home.state("door/caption") == b"a letter"


async def test_speech_that_is_not_wanted_any_more_does_not_stay_at_the_broker(tmp_path: Path) -> None:
    async with house(tmp_path, left("reply", "transcript", "answer", "door/keyframe")) as home:
        assert (home.state("reply"), home.state("transcript")) == (None, None)
        assert (home.state("answer"), home.state("door/keyframe")) == (b"a letter", b"a letter")


async def test_what_is_wanted_still_stays(tmp_path: Path) -> None:
    async with house(tmp_path, left("reply", "transcript"), speech=True) as home:
        assert (home.state("reply"), home.state("transcript")) == (b"a letter", b"a letter")


async def test_speech_that_waited_is_not_told_where_it_is_not_wanted_any_more(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False), speech=True) as home:
        home.tell(Transcript("my letter", asyncio.get_running_loop().time()))
        await asyncio.sleep(0.1)
    async with house(tmp_path) as home:
        await asyncio.sleep(1)
        assert not any(b"letter" in message.payload for message in home.broker.got)


async def test_the_last_that_happened_is_told_before_the_goodbye(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.broker.takes = 0.01
        home.tell(happening("walk"), *(happening(f"walk {number}", change="end") for number in range(10)))
    sent = [*enumerate(home.broker.got)]
    goodbyes = [at for at, said in sent if b"offline" in said.payload and said.topic.endswith("/status")]
    told = [at for at, said in sent if said.topic == EVENTS]
    assert len(told) == 11
    assert max(told) < min(goodbyes)


async def test_what_is_not_ours_in_the_outbox_is_left_out_and_said_once(tmp_path: Path) -> None:
    async with house(tmp_path, FakeBroker(up=False)) as home:
        home.tell(*(happening("walk", seq) for seq in range(9)))
        await asyncio.sleep(0.1)
    broken = ('"at":"never"', '"at":5', '"at":"2026-01-01"', '"people":1e999', '"title":"\\ud800"')
    strange = ["[1]", "1", '{"a":1}', *(f'{{"type":"x","age_ms":0,{one}}}' for one in broken)]
    with sqlite3.connect(tmp_path / "outbox.db") as rows:
        for number, payload in enumerate(strange):
            rows.execute("UPDATE waiting SET payload = ? WHERE id = ?", (payload, number + 1))
    rows.close()
    async with house(tmp_path) as home:
        await asyncio.sleep(11)
        assert home.arrived() == [("walk", 8)]
        assert home.broker.tries == 1
        assert json.loads(home.state("bridge/health") or b"{}")["lost"] == len(strange)
        assert [event.text for event in home.told if isinstance(event, Notice)] == [
            "mqtt.outbox holds what is no event of ours: left out"
        ]
