"""Orders over MQTT: those from now, well-formed and not too many, have their effect; whoever asked is told."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from inspect import isabstract
from typing import Any, get_args

import pytest

from assistant.mqtt.forms import FORMS, LookOrder
from assistant.mqtt.orders import A_SECOND, MOST
from pipelines.enquiries import Enquiry
from pipelines.news import Command
from pipelines.switches import Present
from tests.house import NOON, house


@pytest.mark.parametrize(
    ("name", "payload", "changed"),
    [
        ("privacy", "ON", {"microphone": False, "camera": False}),
        ("listening", "OFF", {"microphone": False}),
        ("captioning", "OFF", {"captioning": False}),
        ("speaking", "OFF", {"speaking": False}),
        ("verbosity", "brief", {"verbosity": "brief"}),
        ("interval", "2.5", {"interval": 2.5}),
        ("interval", "3600", {"interval": 3600.0}),
        ("interval", '{"value": 3}', {"interval": 3.0}),
        ("captioning", ' {"value": "OFF", "transaction": "7"}', {"captioning": False}),
        ("level", "high", {"level": "high"}),
        ("topics", "text, people", {"topics": ("people", "text")}),
        ("topics", '{"value": ["light"]}', {"topics": ("light",)}),
        ("topics", "none", {"topics": ()}),
        ("pause", "ON", {"paused": True}),
        ("rate", "1.45", {"rate": 1.45}),
        ("volume", "0", {"volume": 0.0}),
        ("volume", '{"value": 1.5}', {"volume": 1.5}),
    ],
)
async def test_a_switch_and_a_dial_do_what_they_say(name: str, payload: str, changed: dict[str, Any]) -> None:
    async with house() as home:
        await home.given(name, payload)
        assert (home.changed(), home.notices()) == (changed, [])


async def test_where_nothing_is_narrated_and_no_voice_can_be_faster_nothing_is_set() -> None:
    async with house(narrates=False) as home:
        home.talk.adjustable = False
        for name, order in (("level", "low"), ("topics", "text"), ("pause", "ON"), ("rate", "2")):
            await home.given(name, order)
        assert home.changed() == {}
        assert [notice.split(": ", 1)[1] for notice in home.notices()] == [
            *["nothing is told unasked: there is no [narration]"] * 3,
            "this voice cannot speak faster or slower",
        ]


async def test_privacy_comes_and_goes_with_what_was_on_before() -> None:
    async with house() as home:
        for name, order in (("listening", "OFF"), ("privacy", "ON"), ("privacy", "OFF")):
            await home.given(name, order)
        assert home.changed() == {"microphone": False}


async def test_orders_that_follow_each_other_are_obeyed_in_that_order() -> None:
    async with house() as home:
        await home.given("say", "one", wait=0)
        await home.given("speaking", "OFF", wait=0)
        await home.given("stop", wait=0)
        await home.given("speaking", "ON", wait=0)
        await home.given("say", "two", wait=0)
        await asyncio.sleep(0.1)
        assert home.talk.told == ["one", "stop", "two"]
        assert home.changed() == {}
        assert [event.speaking for event in home.events if hasattr(event, "speaking")] == [False, True]


async def test_a_question_is_asked_as_it_comes_and_holds_nothing_up() -> None:
    async with house() as home:
        await home.given("ask", "who is at the door?", wait=0)
        await home.given("describe", wait=0)
        await home.given("count", '{"camera": "desk", "transaction": "n1"}', wait=0)
        await home.given("stop", wait=0.1)
        assert home.talk.told == ["stop"]
        assert home.desk.asked == [
            Enquiry("ask", "who is at the door?", "", "mqtt", ""),
            Enquiry("describe", "", "", "mqtt", ""),
            Enquiry("count", "", "desk", "mqtt", "n1"),
        ]
        await asyncio.sleep(5)
        assert home.published == [], "the feed brings them to the node's own topic"


async def test_an_answer_goes_where_it_is_wanted_with_what_was_sent_along() -> None:
    async with house() as home:
        sender = {"response_topic": "phone/inbox", "correlation": b"\x00\xff7"}
        await home.given("ask", '{"question": "what now?", "transaction": "t"}', **sender)
        (message,) = home.published
        assert (message.topic, message.correlation, message.retain) == ("phone/inbox", b"\x00\xff7", False)
        (reply,) = home.replies()
        assert (reply["type"], reply["text"], reply["transaction"]) == ("answer", "answer to what now?", "t")
        assert reply["asked_at"] == "2026-05-01T12:00:00.000+00:00"
        assert reply["latency_ms"] == 2000


async def test_whoever_wants_to_hear_of_it_is_told_what_became_of_an_order() -> None:
    async with house() as home:
        await home.given("speaking", "OFF", response_topic="phone/inbox", correlation=b"1")
        await home.given("speaking", "off", response_topic="phone/inbox", correlation=b"2")
        await home.given("speaking", '{"value": 1, "transaction": "x"}')
        told = [(message.topic, message.correlation, message.retain) for message in home.published]
        assert told == [("phone/inbox", b"1", False), ("phone/inbox", b"2", False), ("omni/hall/outcome", b"", False)]
        done, refused, other = home.replies()
        assert done == {
            "command": "speaking",
            "done": True,
            "why": "",
            "transaction": "",
            "at": "2026-05-01T12:00:00.000+00:00",
            "type": "outcome",
        }
        assert (refused["done"], refused["why"]) == (False, "value: input should be 'ON' or 'OFF', not 'off'")
        assert (other["done"], other["transaction"]) == (False, "x")
        assert len(home.notices()) == 2


async def test_a_reply_that_the_broker_does_not_take_is_nobodys() -> None:
    async with house() as home:
        home.lost = True
        await home.given("speaking", "OFF", response_topic="phone/inbox")
        await home.given("ask", "who?", response_topic="phone/inbox")
        home.lost = False
        await home.given("stop", response_topic="phone/inbox")
        assert [reply["command"] for reply in home.replies()] == ["stop"]


async def test_what_the_broker_had_retained_is_refused_and_said_so() -> None:
    async with house() as home:
        await home.given("privacy", "OFF", retain=True, response_topic="phone/inbox")
        assert "retained" in home.why("privacy")
        assert home.changed() == {}
        assert [reply["done"] for reply in home.replies()] == [False]


@pytest.mark.parametrize(("late", "refused"), [(-61, True), (-59, False), (0, False), (59, False), (61, True)])
async def test_an_order_of_another_time_is_refused(late: int, refused: bool) -> None:
    async with house() as home:
        at = (NOON + timedelta(seconds=late)).isoformat()
        await home.given("captioning", json.dumps({"value": "OFF", "at": at}))
        assert home.changed() == ({} if refused else {"captioning": False})
        assert [notice for notice in home.notices() if "orders are for now" in notice] == home.notices()
        assert bool(home.notices()) is refused


async def test_correlation_data_without_measure_is_refused() -> None:
    async with house() as home:
        await home.given("stop", response_topic="phone", correlation=b"x" * 2000)
        assert home.why("stop") == "its correlation data has 2000 bytes, and may have 1024"


async def test_a_topic_without_an_order_is_refused() -> None:
    async with house() as home:
        await home.given("reboot")
        assert home.why().startswith("there is no such order: there are ask, ")


async def test_too_many_at_once_are_refused_and_that_is_said_once() -> None:
    async with house() as home:
        for number in range(20):
            await home.given("say", str(number), wait=0.01)
        await home.given("stop", wait=0)
        await asyncio.sleep(2)
        assert home.talk.told == [*map(str, range(A_SECOND)), "stop"], "each kind has its own measure"
        assert home.orders.refused == 20 - A_SECOND
        assert home.why("say") == f"more than {A_SECOND} of them come in a second"
        await home.given("say", "later")
        assert home.talk.told[-1] == "later"


async def test_a_flood_is_said_once_each_time_it_comes_also_of_what_is_no_order() -> None:
    async with house() as home:
        for _ in range(2):
            for _ in range(20):
                await home.given("reboot", wait=0.01)
            await asyncio.sleep(2)
        said = [notice for notice in home.notices() if "in a second" in notice]
        assert len(said) == 2
        assert len(home.notices()) == 2 * (A_SECOND + 1)


async def test_of_a_switch_and_a_dial_the_last_value_counts_however_quickly_they_come() -> None:
    async with house() as home:
        for number in range(21):
            await home.given("interval", f'{{"value": {number}, "transaction": "{number}"}}', wait=0.01)
            await home.given("privacy", "OFF" if number % 2 else "ON", wait=0.01)
        await asyncio.sleep(3)
        assert home.changed() == {"interval": 20.0, "microphone": False, "camera": False}
        told = {reply["transaction"]: (reply["done"], reply["why"]) for reply in home.replies()}
        assert told["20"] == (True, "")
        assert told["19"] == (False, "a newer one came right after it")
        assert len(told) == 21, "each of them is told"
        assert home.notices() == []


async def test_who_sends_too_much_is_told_so() -> None:
    async with house() as home:
        for number in range(A_SECOND + 2):
            await home.given("say", "hi", wait=0.01, response_topic="phone/inbox", correlation=bytes([number]))
        await asyncio.sleep(1)
        refused = {message.correlation for message in home.published if not json.loads(message.payload)["done"]}
        assert refused == {bytes([A_SECOND]), bytes([A_SECOND + 1])}


async def test_no_more_is_answered_at_a_time_than_there_are_hands() -> None:
    async with house() as home:
        home.desk.takes = 1000
        for _ in range(MOST + 3):
            await home.given("describe", wait=0.5)
        assert len(home.desk.asked) == MOST
        await home.given("stop")
        assert home.talk.told == []
        await home.given("speaking", "OFF")
        assert home.changed() == {"speaking": False}, "a switch is not answered, and only waits a moment"
        assert {notice.split(": ")[1] for notice in home.notices()} == {"too many orders wait already"}


async def test_what_is_not_there_cannot_be_switched() -> None:
    async with house(present=Present(microphone=False, camera=False), speaks=False) as home:
        for name, payload in {"privacy": "ON", "listening": "OFF", "speaking": "OFF", "say": "hi"}.items():
            await home.given(name, payload)
        await home.given("repeat")
        assert (home.changed(), home.talk.told) == ({}, [])
        assert [notice.split(": ")[1] for notice in home.notices()] == [
            "there is no camera and no microphone",
            "there is no microphone",
            *["there is no [voice] with a [speaker]"] * 3,
        ]


@pytest.mark.parametrize(("name", "payload"), [("say", "hi"), ("repeat", "PRESS")])
async def test_what_nobody_would_hear_is_not_said_to_be_done(name: str, payload: str) -> None:
    async with house() as home:
        await home.given("speaking", "OFF")
        await home.given(name, payload)
        assert (home.talk.told, home.why(name)) == ([], "speaking is switched off: switch it on first")


async def test_what_cannot_be_said_any_more_is_refused() -> None:
    async with house() as home:
        home.talk.full = True
        await home.given("say", "hi")
        assert home.why("say") == "too much waits to be said already"


async def test_in_quiet_hours_whoever_wants_something_said_is_told_so() -> None:
    async with house() as home:
        home.talk.silent = "these are quiet hours (22:00-07:00)"
        await home.given("say", "hi")
        assert home.talk.told == []
        assert home.why("say").startswith("these are quiet hours (22:00-07:00): ")
        await home.given("repeat")
        assert home.talk.told == ["again"], "somebody there asks for it"


async def test_line_breaks_of_a_notification_are_spaces() -> None:
    async with house() as home:
        await home.given("say", "Door open.\r\n\tSince 8.\n")
        assert home.talk.told == ["Door open. Since 8."]


def test_there_is_an_order_for_every_question() -> None:
    questions = {name: form.command for name, form in FORMS.items() if issubclass(form, LookOrder)}
    assert questions == {command: command for command in get_args(Command)}


def test_every_order_says_what_it_does_to_the_session() -> None:
    assert not any(isabstract(form) for form in FORMS.values())
