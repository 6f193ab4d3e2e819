"""What comes from the broker is hostile: jobs, answers and news that are none, and what workers make of them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipelines.remote import jobs, serving
from pipelines.remote.jobs import Told, told
from pipelines.remote.pictures import LONGEST_SIDE, decoded
from pipelines.types import Facts, Seen
from tests.mosquitto import Mosquitto, running
from tests.workers import (
    SlowCaptioner,
    asking,
    in_background,
    picture,
    working,
)

JOBS = "omni-captioners/jobs"
ANSWERS = "omni-captioners/answers/me"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mosquitto, SlowCaptioner]]:
    """One broker and one worker, for all that they must outlive."""
    with running(tmp_path_factory.mktemp("shared")) as broker, working(broker, model := SlowCaptioner()):
        yield broker, model


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "JPEG")
    return file.getvalue()


ASK = '{"camera": "desk"}'
JPEG = jpeg(64, 48)
HOSTILE = {
    "no head": ("", JPEG),
    "no JSON": ("{", JPEG),
    "another form": ('{"camera": 5}', JPEG),
    "more than is known": ('{"camera": "desk", "run": "rm"}', JPEG),
    "not a number": ('{"camera": "desk", "at": NaN}', JPEG),
    "a nest": ('{"camera": "desk", "form": ' + '{"a":' * 5000 + "1" + "}" * 5001, JPEG),
    "a long question": (json.dumps({"camera": "desk", "question": "?" * 40_000}), JPEG),
    "no picture": (ASK, b""),
    "garbage": (ASK, os.urandom(2000)),
    "another format": (ASK, b"GIF89a" + bytes(100)),
    "cut off": (ASK, JPEG[:300]),
    "a side of 65 000 pixels": (ASK, jpeg(65_000, 16)),
    "a bomb": (ASK, JPEG.replace(b"\x00\x30\x00\x40", b"\xff\xff\xff\xff", 1)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_job_is_answered_with_what_is_wrong_and_the_worker_lives(
    kind: str, shared: tuple[Mosquitto, SlowCaptioner]
) -> None:
    broker, model = shared
    head, payload = HOSTILE[kind]
    before = len(model.seen)
    with broker.listening(ANSWERS) as heard:
        broker.publish(JOBS, payload, UserProperty=("job", head), ResponseTopic=ANSWERS, CorrelationData=kind.encode())
        states = heard.until(lambda messages: b"failed" in b"".join(message.payload for message in messages))
    answer = told(states[-1].payload)
    assert answer is not None
    assert answer.state == "failed"
    assert answer.why
    assert states[-1].correlation == kind.encode()
    assert len(model.seen) == before
    with asking(broker) as captioner:
        assert captioner.caption(picture(70)).text == "shade 70"


@pytest.mark.parametrize(
    "place", ["homeassistant/switch/config", "omni-captioners/answers/a/b", "omni-captioners/jobs", ""]
)
def test_a_worker_answers_where_answers_belong_and_nowhere_else(
    place: str, shared: tuple[Mosquitto, SlowCaptioner]
) -> None:
    broker, _ = shared
    with broker.listening("#") as heard, asking(broker) as captioner:
        more: dict[str, Any] = {"ResponseTopic": place} if place else {}
        broker.publish(JOBS, JPEG, UserProperty=("job", ASK), CorrelationData=b"x", **more)
        assert captioner.caption(picture(70)).text == "shade 70"
        assert not [message for message in heard.wait(1) if message.correlation == b"x" and message.topic != JOBS]


def test_a_job_larger_than_any_picture_is_kept_from_the_worker(shared: tuple[Mosquitto, SlowCaptioner]) -> None:
    broker, _ = shared
    broker.publish(JOBS, bytes(jobs.LARGEST_JOB + (1 << 20)), ResponseTopic=ANSWERS, CorrelationData=b"x")
    with asking(broker) as captioner:
        assert captioner.caption(picture(70)).text == "shade 70"


def test_a_flood_of_what_is_no_job_does_not_hide_that_one_is_under_way(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BEAT", 0.05)
    with working(mosquitto, SlowCaptioner(0.4)), mosquitto.listening("omni-captioners/answers/+") as heard:
        with asking(mosquitto) as captioner, mosquitto.client() as flooder:
            waiting = in_background(captioner, 80)
            heard.wait(1)
            while not waiting.done():
                flooder.publish(JOBS, b"", 1).wait_for_publish(1)
        assert waiting.result().text == "shade 80"
    assert len([message for message in heard.messages if b"taken" in message.payload]) >= 4


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"worker": "w", "state": "done"}',
        b'{"worker": "w", "state": "taken", "seen": {"text": "x"}}',
        b'{"worker": "w/+/#", "state": "taken"}',
        b'{"worker": "w", "state": "done", "seen": {"text": 5}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "x", "facts": {"places": ["above"]}}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "x", "confidence": Infinity}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "' + b"x" * jobs.LARGEST_ANSWER + b'"}}',
    ],
)
def test_what_is_no_answer_is_passed_over(payload: bytes) -> None:
    assert told(payload) is None


def test_an_answer_cannot_reach_for_the_terminal() -> None:
    facts = Facts(people=-4, text=("\x1b[2J", "a\nb"), labels=("\x07",))
    seen = Seen("red\x1b[31m\r\nrum", facts, title="\x9b1m", labels=("a\tb",), confidence=7.0)
    found = told(Told(worker="w", state="done", seen=seen).model_dump_json().encode())
    assert found is not None
    assert found.seen is not None
    assert found.seen.facts is not None
    assert (found.seen.text, found.seen.title, found.seen.labels) == ("red[31m rum", "1m", ("a b",))
    assert (found.seen.facts.people, found.seen.facts.text, found.seen.facts.labels) == (0, ("[2J", "a b"), ())
    assert found.seen.confidence == 1.0


def test_an_answer_to_nobody_s_question_and_false_news_change_nothing(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner(0.2)) as worker, asking(mosquitto) as captioner:
        waiting = in_background(captioner, 80)
        mine = captioner._pool._answers
        forged = Told(worker="w", state="done", seen=Seen("forged")).model_dump_json()
        mosquitto.publish(mine, forged, CorrelationData=b"guessed")
        mosquitto.publish(mine, forged)
        gone = json.dumps({"worker": worker.serving.name, "state": "gone"})
        mosquitto.publish("omni-captioners/workers/another", gone)
        mosquitto.publish("omni-captioners/workers/another", b"\xff")
        assert waiting.result(5).text == "shade 80"


@given(st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
def test_whatever_bytes_come_are_refused_or_understood(data: bytes) -> None:
    assert told(data) is None
    with suppress(ValueError):
        jobs.asked(data.decode("utf-8", "replace"))
    with suppress(ValueError):
        decoded(data)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=40))
def test_a_damaged_picture_is_refused_or_read(place: int, damage: bytes) -> None:
    with suppress(ValueError):
        assert max(decoded(JPEG[:place] + damage + JPEG[place + len(damage) :]).shape) <= LONGEST_SIDE
