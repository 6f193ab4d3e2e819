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
from pipelines.remote.jobs import JobReply, reply
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

OFFERS = "omni-captioners/offers"
REPLIES = "omni-captioners/replies/me"


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


def claimed(broker: Mosquitto, id: bytes) -> str:
    """The topic of a worker that has claimed what was offered under this id."""
    with broker.listening(REPLIES) as heard:
        broker.publish(OFFERS, ResponseTopic=REPLIES, CorrelationData=id)
        claim = reply(heard.wait(1)[0].payload)
    assert claim is not None
    assert claim.state == "claimed"
    return f"omni-captioners/workers/{claim.worker}/jobs"


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_job_is_answered_with_what_is_wrong_and_the_worker_lives(
    kind: str, shared: tuple[Mosquitto, SlowCaptioner]
) -> None:
    broker, model = shared
    ask, payload = HOSTILE[kind]
    before, id = len(model.seen), kind.encode()
    place = claimed(broker, id)
    with broker.listening(REPLIES) as heard:
        broker.publish(place, payload, UserProperty=("job", ask), ResponseTopic=REPLIES, CorrelationData=id)
        message = heard.wait(1)[0]
    answer = reply(message.payload)
    assert answer is not None
    assert answer.state == "failed"
    assert answer.why
    assert "object at 0x" not in answer.why
    assert ("the picture cannot be read" in answer.why) == (ask == ASK)
    assert message.correlation == id
    assert len(model.seen) == before
    with asking(broker) as captioner:
        assert captioner.caption(picture(70)).text == "shade 70"


def test_a_picture_that_was_not_claimed_is_declined_unseen(shared: tuple[Mosquitto, SlowCaptioner]) -> None:
    broker, model = shared
    place, before = claimed(broker, b"mine"), len(model.seen)
    with broker.listening(REPLIES) as heard:
        for id in (b"other", b"mine", b"mine"):
            broker.publish(place, JPEG, UserProperty=("job", ASK), ResponseTopic=REPLIES, CorrelationData=id)
        replies = [(one.correlation, reply(one.payload)) for one in heard.wait(3)]
    states = sorted((id, found.state) for id, found in replies if found is not None)
    assert states == [(b"mine", "declined"), (b"mine", "done"), (b"other", "declined")]
    assert len(model.seen) == before + 1


def test_a_worker_that_is_let_down_after_its_claim_is_free_again(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BEAT", 0.05)
    monkeypatch.setattr(serving, "LEASE", 0.1)
    with working(mosquitto, SlowCaptioner()), asking(mosquitto) as captioner:
        claimed(mosquitto, b"mine")
        assert captioner.caption(picture(70)).text == "shade 70"


@pytest.mark.parametrize(
    "place", ["homeassistant/switch/config", "omni-captioners/replies/a/b", "omni-captioners/offers", ""]
)
def test_a_worker_replies_where_replies_belong_and_nowhere_else(
    place: str, shared: tuple[Mosquitto, SlowCaptioner]
) -> None:
    broker, _ = shared
    with broker.listening("#") as heard, asking(broker) as captioner:
        more: dict[str, Any] = {"ResponseTopic": place} if place else {}
        broker.publish(OFFERS, b"x", CorrelationData=b"x", **more)
        assert captioner.caption(picture(70)).text == "shade 70"
        assert [one.payload for one in heard.wait(1) if one.correlation == b"x"] == [b"x"]


def test_a_job_larger_than_any_picture_is_kept_from_the_worker(shared: tuple[Mosquitto, SlowCaptioner]) -> None:
    broker, _ = shared
    place = claimed(broker, b"x")
    broker.publish(place, bytes(jobs.LARGEST_JOB + (1 << 20)), ResponseTopic=REPLIES, CorrelationData=b"x")
    broker.publish(place, ResponseTopic=REPLIES, CorrelationData=b"x")  # the picture does not come
    with asking(broker) as captioner:
        assert captioner.caption(picture(70)).text == "shade 70"


def test_a_flood_of_what_is_no_job_does_not_hide_that_one_is_under_way_and_is_said_once(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BEAT", 0.05)
    with working(mosquitto, SlowCaptioner(0.4)) as worker, mosquitto.listening("omni-captioners/workers/+") as heard:
        own = f"omni-captioners/workers/{worker.serving.name}/jobs"
        with asking(mosquitto) as captioner, mosquitto.client() as flooder:
            waiting = in_background(captioner, 80)
            while not waiting.done():
                flooder.publish(own, b"", 1).wait_for_publish(1)
        assert waiting.result().text == "shade 80"
    assert len([message for message in heard.messages if b"busy" in message.payload]) >= 4
    assert len([line for line in worker.said if "messages that are no jobs" in line]) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"worker": "w", "state": "done"}',
        b'{"worker": "w", "state": "claimed", "seen": {"text": "x"}}',
        b'{"worker": "w/+/#", "state": "claimed"}',
        b'{"worker": "w", "state": "done", "seen": {"text": 5}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "x", "facts": {"places": ["above"]}}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "x", "confidence": Infinity}}',
        b'{"worker": "w", "state": "done", "seen": {"text": "' + b"x" * jobs.LARGEST_REPLY + b'"}}',
    ],
)
def test_what_is_no_answer_is_passed_over(payload: bytes) -> None:
    assert reply(payload) is None


def test_an_answer_cannot_reach_for_the_terminal() -> None:
    facts = Facts(people=-4, text=("\x1b[2J", "a\nb"), labels=("\x07",))
    seen = Seen("red\x1b[31m\r\nrum", facts, title="\x9b1m", labels=("a\tb",), confidence=7.0)
    found = reply(JobReply(worker="w", state="done", seen=seen).model_dump_json().encode())
    assert found is not None
    assert found.seen is not None
    assert found.seen.facts is not None
    assert (found.seen.text, found.seen.title, found.seen.labels) == ("red[31m rum", "1m", ("a b",))
    assert (found.seen.facts.people, found.seen.facts.text, found.seen.facts.labels) == (0, ("[2J", "a b"), ())
    assert found.seen.confidence == 1.0


def test_an_answer_to_nobody_s_question_and_false_news_change_nothing(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner(0.2)) as worker, asking(mosquitto) as captioner:
        waiting = in_background(captioner, 80)
        mine = captioner._pool._replies
        forged = JobReply(worker="w", state="done", seen=Seen("forged")).model_dump_json()
        mosquitto.publish(mine, forged, CorrelationData=b"guessed")
        mosquitto.publish(mine, forged)
        gone = json.dumps({"worker": worker.serving.name, "state": "gone"})
        mosquitto.publish("omni-captioners/workers/another", gone)
        mosquitto.publish("omni-captioners/workers/another", b"\xff")
        assert waiting.result(5).text == "shade 80"


@given(st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
def test_whatever_bytes_come_are_refused_or_understood(data: bytes) -> None:
    assert reply(data) is None
    with suppress(ValueError):
        jobs.asked(data.decode("utf-8", "replace"))
    with suppress(ValueError):
        decoded(data)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=40))
def test_a_damaged_picture_is_refused_or_read(place: int, damage: bytes) -> None:
    with suppress(ValueError):
        assert max(decoded(JPEG[:place] + damage + JPEG[place + len(damage) :]).shape) <= LONGEST_SIDE
