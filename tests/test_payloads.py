"""What leaves: UTC, the age at the moment of sending, nothing too long and nothing that a terminal would obey."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.mqtt.health import BridgeHealth, CameraHealth, PartHealth
from assistant.mqtt.payloads import MOST, health, payload, sent, stored
from assistant.mqtt.topics import Topics
from assistant.traces import Clock
from pipelines.types import Answer, Attention, CameraEvent, Caption, Facts, Reply, Settings, Started, Transcript, Word
from pipelines.wording import shortened

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOPICS = Topics("omni", "home")
EVENT = CameraEvent(
    id="e1", seq=1, change="update", camera="Front door", kind="person_appeared", caption="A person at the door.",
    title="Person", began_at=100.0, captured_at=101.0, took=0.25, source="model", people=1, keyframe=7,
)  # fmt: skip
CAPTION = Caption("A cat.", "Front door", 101.0, 0.5, 3, Facts(people=0, text=("EXIT",)))


@pytest.fixture
def clock() -> Clock:
    """The loop's 100.0 is noon."""
    clock = Clock()
    clock.take(Started(100.0, BEGAN.isoformat()))
    return clock


def test_an_event_leaves_as_it_stands_with_utc_times_and_what_others_need(clock: Clock) -> None:
    told = payload(EVENT, clock, TOPICS)
    assert next(iter(told)) == "type"
    assert told["began_at"] == "2026-03-01T12:00:00.000+00:00"
    assert told["captured_at"] == "2026-03-01T12:00:01.000+00:00"
    assert told["ended_at"] is None
    assert told["latency_ms"] == 250
    assert told["event_type"] == told["kind"] == "person_appeared"
    assert told["keyframe_topic"] == "omni/home/Front door/keyframe"


def test_there_is_no_topic_of_a_picture_where_there_is_no_picture(clock: Clock) -> None:
    assert payload(replace(EVENT, keyframe=None), clock, TOPICS)["keyframe_topic"] is None
    assert payload(EVENT, clock)["keyframe_topic"] is None


@pytest.mark.parametrize("waited", [0.0, 0.0494, 12.345, 86_400.0])
def test_its_age_is_that_of_the_moment_it_leaves(clock: Clock, waited: float) -> None:
    kept = stored(payload(EVENT, clock, TOPICS))
    left = json.loads(sent(kept, BEGAN + timedelta(seconds=1 + waited)))
    assert abs(left["age_ms"] - waited * 1000) <= 1
    again = json.loads(sent(kept, BEGAN + timedelta(seconds=2 + waited)))
    assert again["age_ms"] - left["age_ms"] == 1000


def test_an_age_is_never_below_nothing_and_unknown_without_a_clock(clock: Clock) -> None:
    assert json.loads(sent(stored(payload(EVENT, clock)), BEGAN))["age_ms"] == 0
    left = json.loads(sent(stored(payload(EVENT, Clock())), BEGAN))
    assert (left["age_ms"], left["captured_at"]) == (None, None)


@pytest.mark.parametrize(
    ("event", "seconds"),
    [
        (CAPTION, 1.0),
        (Answer("ask", "who?", "Nobody.", 100.0, 104.0, captured_at=99.0), 3.0),
        (Answer("ask", "who?", "Nobody.", 100.0, 104.0), None),
        (Transcript("hello", 100.5, 0.3), 1.5),
        (Reply("Hello.", "hi", 99.0, 100.0, 101.5), 0.5),
        (Attention("open", 100.0), 2.0),
        (Settings(100.0), 2.0),
    ],
)
def test_each_has_the_age_of_what_it_rests_on(clock: Clock, event: Any, seconds: float | None) -> None:
    left = json.loads(sent(stored(payload(event, clock)), BEGAN + timedelta(seconds=2)))
    assert left["age_ms"] == (None if seconds is None else seconds * 1000)


def test_an_answer_and_a_reply_say_how_long_they_took(clock: Clock) -> None:
    assert payload(Answer("ask", "who?", "Nobody.", 100.0, 104.0), clock)["latency_ms"] == 4000
    assert payload(Reply("Hello.", "hi", 99.0, 100.5, 101.5), clock)["latency_ms"] == 1500


@pytest.mark.parametrize("content", [b"ON", b"", b"\xff\xd8\xff\xe0jpeg", b'{"state": "online"}', b"3"])
def test_what_has_no_age_leaves_as_it_is(content: bytes) -> None:
    assert sent(content, BEGAN) is content


def test_nothing_leaves_that_a_terminal_would_obey(clock: Clock) -> None:
    told = payload(replace(CAPTION, text="a\x1b[31m\r\nb\x07\u009bc\u202ed\ud800"), clock)
    assert told["text"] == "a[31m  bcd"


def test_words_times_are_left_out(clock: Clock) -> None:
    assert "words" not in payload(Transcript("hi", 100.0, words=(Word("hi", 99.0, 100.0),)), clock)


def test_a_long_text_is_cut_at_a_word(clock: Clock) -> None:
    told = payload(replace(CAPTION, text="sehr viel " * 1000), clock)
    assert len(told["text"]) <= 2000
    assert told["text"].endswith(("sehr…", "viel…"))
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert shortened("short", 10) == "short"


def test_figures_that_are_none_are_told_as_unknown(clock: Clock) -> None:
    assert payload(replace(EVENT, confidence=float("nan")), clock)["confidence"] is None


TEXTS = st.text(max_size=40).map(lambda text: text * 400)
LISTS = st.lists(TEXTS, max_size=80).map(tuple)


@settings(max_examples=30, deadline=None)
@given(TEXTS, LISTS, st.lists(st.sampled_from(["😀" * 3000, '"\\' * 3000, "a"]), max_size=300).map(tuple))
def test_no_payload_is_longer_than_home_assistant_keeps(text: str, some: Any, more: Any) -> None:
    facts = Facts(text=more, codes=some, changes=more, labels=some, colours=more)
    clock = Clock()
    for event in (
        replace(CAPTION, text=text, title=text, facts=facts),
        replace(EVENT, caption=text, title=text, labels=more, difference=text),
        Answer("ask", text, text, 1.0, 2.0, transaction=text, why=text),
        Transcript(text, 1.0),
        Reply(text, text, 1.0, 2.0, 3.0),
    ):
        left = sent(stored(payload(event, clock, TOPICS)), BEGAN)
        assert len(left) <= MOST + 100 < 16_384
        assert json.loads(left)["type"]


def test_health_of_many_cameras_is_bounded_and_keeps_short_names(clock: Clock) -> None:
    cameras = {f"camera {number}": CameraHealth(True, 1.5, 200) for number in range(16)}
    parts = {"chat": PartHealth("no answer\x1b[0m", 101.0)}
    counters = {f"camera {number} {what}": 5 for number in range(16) for what in ("frames", "dropped", "keyframes")}
    told = health(BridgeHealth(102.0, 2.0, True, parts, cameras, counters=counters), clock)
    assert told["parts"]["chat"] == {"why": "no answer[0m", "at": "2026-03-01T12:00:01.000+00:00", "over": False}
    assert len(told["cameras"]) == 16
    assert len(told["counters"]) == 48
    many = {"n" * 60 + str(number): CameraHealth(True) for number in range(2000)}
    assert len(stored(health(BridgeHealth(1.0, 2.0, cameras=many), clock))) <= MOST
