"""What comes over MQTT is hostile: refused with a reason where it is not well-formed, and nothing comes of it."""

from __future__ import annotations

import asyncio
import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.mqtt.forms import FORMS, LONGEST, NumberOrder, TopicsOrder, ValueOrder
from assistant.mqtt.message import DEEPEST, Message
from assistant.mqtt.options import MqttOptions
from assistant.mqtt.parsing import LARGEST
from assistant.mqtt.topics import Topics
from pipelines.news import Verbosity
from pipelines.wording import printable
from tests import virtual
from tests.house import NOON, House, house


@pytest.mark.parametrize(
    ("name", "payload", "why"),
    [
        ("captioning", "on", "should be 'ON' or 'OFF'"),
        ("captioning", "", "should be 'ON' or 'OFF'"),
        ("captioning", '{"value": true}', "should be 'ON' or 'OFF'"),
        ("captioning", "{}", "field required"),
        ("captioning", '{"value": "OFF"', "invalid JSON"),
        ("captioning", '{"value": "OFF", "now": 1}', "unknown key"),
        ("verbosity", "loud", "should be 'brief', 'normal' or 'detailed'"),
        ("interval", "-1", "valid number"),
        ("interval", "3601", "less than or equal to 3600"),
        ("interval", "nan", "valid number"),
        ("interval", "1e3", "valid number"),
        ("interval", '{"value": "5"}', "valid number"),
        ("level", "shout", "should be 'off', 'low', 'normal' or 'high'"),
        ("topics", "people, cats", "should be 'people', 'text', 'objects', 'motion' or 'light'"),
        ("topics", '{"value": "people"}', 'should be a list, as in ["a", "b"]'),
        ("topics", "", "should be a list"),
        ("rate", "3.5", "less than or equal to 3"),
        ("volume", "inf", "valid number"),
        ("pause", "yes", "should be 'ON' or 'OFF'"),
        ("ask", "", "is empty"),
        ("ask", " \n\t", "is empty"),
        ("ask", "?" * (LONGEST + 1), "at most 500 characters"),
        ("ask", "clear \x1b[2J", "has control characters"),
        ("ask", '{"question": "a\\u0000b"}', "has control characters"),
        ("ask", '{"question": "who", "response_topic": "omni/hall/say/set"}', "unknown key"),
        ("ask", '{"question": ["who"]}', "valid string"),
        ("ask", '{"question": "who", "transaction": "\\u0007"}', "has control characters"),
        ("ask", '{"question": "who", "at": "yesterday"}', "valid datetime"),
        ("ask", '{"question": "who", "at": "2026-05-01T12:00:00"}', "timezone"),
        ("say", b"\xff\xfe", "it is not UTF-8"),
        ("describe", "now", "send PRESS, or a JSON object"),
        ("stop", "", "send PRESS, or a JSON object"),
        ("ask", "[" * 8000, "at most 500 characters"),
        ("ask", '{"question":' + "[" * 8000, "invalid JSON"),
        ("ask", b"x" * (LARGEST + 1), f"it has {LARGEST + 1} bytes, and may have {LARGEST}"),
        ("ask", b"x" * 5_000_000, f"it has 5000000 bytes, and may have {LARGEST}"),
    ],
)
async def test_what_is_not_well_formed_is_refused_with_a_reason(name: str, payload: str | bytes, why: str) -> None:
    async with house() as home:
        await home.given(name, payload)
        assert why in home.why(name)
        assert home.orders.refused == 1
        assert (home.changed(), home.talk.told, home.desk.asked, home.published) == ({}, [], [], [])


@pytest.mark.parametrize(
    "topic",
    [
        "omni/hall/say/set",
        "omni/hall/answer",
        "omni/attic/privacy/set",
        "omni",
        "homeassistant/device/x/config",
        "homeassistant/status",
        "$SYS/broker",
        "$share/group/x",
        "phone/+",
        "phone/#",
        "phone\x00",
        "phone\ud800",
        "p" * 2000,
        "x/" * 500,
        "x/" * 100,
    ],
)
async def test_an_answer_into_our_own_topics_and_wildcards_is_refused_with_its_order(topic: str) -> None:
    async with house() as home:
        await home.given("ask", '{"question": "who", "transaction": "7"}', response_topic=topic)
        await home.given("say", "hello", response_topic=topic)
        assert (home.desk.asked, home.talk.told) == ([], [])
        assert all("answers go to a topic outside omni and homeassistant" in notice for notice in home.notices())
        assert [message.topic for message in home.published] == ["omni/hall/outcome"]


async def test_a_topic_that_only_looks_like_ours_is_answered() -> None:
    async with house() as home:
        for topic in ("omnibus/hall", "homeassistants", "a/omni/hall"):
            await home.given("stop", response_topic=topic)
        assert [message.topic for message in home.published] == ["omnibus/hall", "homeassistants", "a/omni/hall"]


_names = st.sampled_from([*FORMS, "reboot", "+", "#", ""])
_texts = st.one_of(
    st.text(max_size=600),
    st.sampled_from(["ON", "OFF", "PRESS", "5", "brief", "{", "{}", "null", "[]", '{"value":"ON"}']),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(NOON.isoformat())),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
_keys = st.sampled_from(["question", "camera", "transaction", "at", "value", "text", "type", "__class__"])
_objects = st.dictionaries(_keys, _values, max_size=5).map(json.dumps)
_payloads = st.one_of(
    st.binary(max_size=300),
    _texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
    _objects.map(str.encode),
    st.just(b"x" * (LARGEST + 1)),
)
_topics = st.one_of(
    _names.map(lambda name: f"omni/hall/{name}/set"),
    st.text(max_size=30),
    st.sampled_from(["omni/hall/say/set/x", "$"]),
)
_backs = st.one_of(st.just(""), st.text(max_size=20), _topics, st.sampled_from(["phone/inbox", "homeassistant/x", "+"]))
_messages = st.builds(
    Message, _topics, _payloads, st.booleans(), response_topic=_backs, correlation=st.binary(max_size=20)
)


async def _live_through(messages: list[Message]) -> House:
    async with house() as home:
        for message in messages:
            await home.orders.take(message)
            await asyncio.sleep(0.3)
        await asyncio.sleep(5)
        return home


@given(st.lists(_messages, max_size=6))
@settings(max_examples=150, deadline=None)
def test_nothing_that_comes_in_does_harm(messages: list[Message]) -> None:
    home = virtual.run(_live_through(messages))
    fit = [message for message in messages if not message.retain and message.topic.startswith("omni/hall/")]
    if not fit:
        assert (home.changed(), home.talk.told, home.desk.asked) == ({}, [], [])
    assert home.state["verbosity"] in get_args(Verbosity)
    assert 0 <= home.state["interval"] <= 3600
    for text in [*home.talk.told, *(enquiry.question for enquiry in home.desk.asked)]:
        assert len(text) <= LONGEST
        assert printable(text) == text
    for message in home.published:
        ours = message.topic.startswith(("omni/", "homeassistant/", "$"))
        assert not ours or message.topic == "omni/hall/outcome"
        assert not set(message.topic) & set("+#\x00")
        assert not message.retain
        json.loads(message.payload)
    assert all(printable(notice) == notice and len(notice) < 500 for notice in home.notices())
    done = len(home.talk.told) + len(home.desk.asked)
    assert done + home.orders.refused <= len(messages)
    assert home.orders.refused >= sum(message.retain for message in messages)


@given(st.sampled_from(sorted(FORMS)), _payloads)
@settings(max_examples=300, deadline=None)
def test_a_switch_is_moved_by_its_own_words_alone(name: str, payload: bytes) -> None:
    home = virtual.run(_live_through([Message(f"omni/hall/{name}/set", payload)]))
    if home.changed():
        assert issubclass(FORMS[name], ValueOrder)
        words = (b"ON", b"OFF", b"brief", b"detailed")
        assert payload in words or b"value" in payload or issubclass(FORMS[name], (NumberOrder, TopicsOrder))
    if home.talk.told:
        assert name in ("say", "repeat", "stop")
    assert all(enquiry.command == name for enquiry in home.desk.asked)


def test_our_own_topics_are_never_too_deep_for_a_broker() -> None:
    options = MqttOptions(host="broker", base="a/" * 63 + "ab", node="n", discovery_prefix="d/" * 63 + "de")
    topics = Topics(options.base, options.node)
    deepest = (topics.camera("door", "keyframe"), topics.order("ask"), f"{options.discovery_prefix}/device/x/y/config")
    assert not any(Message(topic).flaw for topic in deepest)
    assert Message("x/" * DEEPEST).flaw
