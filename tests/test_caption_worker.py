"""Caption-workers: pictures handed out over a real broker, and what becomes of them when workers or the broker die."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assistant.cli import main
from pipelines.backends import BackendError, Captioner, Exchange, Look, Looker, Parallel
from pipelines.captioners.mqtt import PooledCaptioner
from pipelines.remote import errand, jobs
from pipelines.remote.jobs import Told, told
from pipelines.types import Facts, Seen
from tests.mosquitto import Mosquitto, authority, running
from tests.workers import (
    ScriptedCaptioner,
    ScriptedLooker,
    SlowCaptioner,
    asking,
    at,
    picture,
    process,
    working,
)

JOBS = "omni-captioners/jobs"
ANSWERS = "omni-captioners/answers/me"
SLOW = ("--backend", "tests.workers:Scripted", "-o", "seconds=30")


def in_background(captioner: Captioner, shade: int = 100) -> Future[Seen]:
    """A caption that is waited for elsewhere."""
    with_thread = ThreadPoolExecutor(1)
    future = with_thread.submit(captioner.caption, picture(shade))
    with_thread.shutdown(wait=False)
    return future


def test_all_that_a_worker_s_captioner_states_comes_back(mosquitto: Mosquitto) -> None:
    facts = Facts(people=2, places=("left", "right"), text=("EXIT",), light="dim", changes=("one person more",))
    seen = Seen("Two people.", facts, title="People", labels=("person", "door"), unchanged=False, confidence=0.75)
    with working(mosquitto, ScriptedCaptioner(seen)), asking(mosquitto) as captioner:
        assert captioner.caption(picture()) == seen


def test_a_worker_is_given_the_picture_and_the_name_of_its_camera(mosquitto: Mosquitto) -> None:
    with working(mosquitto, model := SlowCaptioner()) as worker, asking(mosquitto) as captioner:
        assert captioner.caption(picture(30, "door")).text == "shade 30"
        assert captioner.caption(picture(220, "hall")).text == "shade 220"
        worker.until("hall: answered in")
    assert model.seen == ["door", "hall"]


def test_a_question_goes_to_a_worker_with_all_that_belongs_to_it(mosquitto: Mosquitto) -> None:
    with working(mosquitto, ScriptedLooker()), asking(mosquitto) as captioner:
        request = Look(picture(), "And now?", (Exchange("What?", "A cat."),), 7, {"type": "object"})
        said = "".join(captioner.look(request))
        assert said == "And now? after ['A cat.'], 7 tokens, form {'type': 'object'}"
        assert "".join(captioner.describe(picture(60))) == "shade 60"
        with pytest.raises(BackendError, match=r"caption-worker .*: that is no question"):
            list(captioner.look(Look(picture(), "Go away.")))


def test_a_question_to_a_worker_that_knows_captions_only_says_what_to_do(mosquitto: Mosquitto) -> None:
    unable = pytest.raises(BackendError, match="embedded, answers no questions: set questions = false")
    with working(mosquitto, SlowCaptioner(), "embedded"), asking(mosquitto) as captioner, unable:
        list(captioner.look(Look(picture(), "What is it?")))


def test_with_questions_off_it_is_no_looker_but_still_several_lanes_wide(mosquitto: Mosquitto) -> None:
    with asking(mosquitto, questions=False, lanes=3) as captioner:
        assert isinstance(captioner, PooledCaptioner)
        assert not isinstance(captioner, Looker)
        assert isinstance(captioner, Parallel)
        assert captioner.lanes == 3


def test_a_look_that_nobody_waits_for_any_more_can_be_closed(mosquitto: Mosquitto) -> None:
    with working(mosquitto, ScriptedLooker(0.3)), asking(mosquitto) as captioner:
        pieces = captioner.describe(picture())
        assert next(pieces) == ""
        pieces.close()
        assert captioner.caption(picture(50)).text == "shade 50"  # once the worker is free again


def test_a_model_that_fails_is_an_error_and_no_caption(mosquitto: Mosquitto) -> None:
    with working(mosquitto, ScriptedCaptioner(RuntimeError("CUDA out\x1b[31m of memory\nTraceback"))) as worker:
        with asking(mosquitto) as captioner, pytest.raises(BackendError) as caught:
            captioner.caption(picture())
        assert str(caught.value) == f"caption-worker {worker.serving.name}: RuntimeError: CUDA out[31m of memory"


def test_three_workers_share_the_pictures(mosquitto: Mosquitto) -> None:
    together = threading.Barrier(3, timeout=5)

    class Meeting:
        def caption(self, frame: object) -> Seen:
            together.wait()  # passes only where three are at work at the same time
            return Seen("met")

    with ExitStack() as workers, asking(mosquitto) as captioner, ThreadPoolExecutor(3) as threads:
        for _ in range(3):
            workers.enter_context(working(mosquitto, Meeting()))
        assert [seen.text for seen in threads.map(captioner.caption, [picture()] * 9)] == ["met"] * 9


def test_two_assistants_share_a_worker(mosquitto: Mosquitto) -> None:
    shades, model = [20, 60, 120, 180], SlowCaptioner(0.02)
    with working(mosquitto, model), asking(mosquitto) as one, asking(mosquitto) as other:
        with ThreadPoolExecutor(8) as threads:
            asked = [(shade, threads.submit(who.caption, picture(shade))) for shade in shades for who in (one, other)]
        assert all(future.result().text == f"shade {shade}" for shade, future in asked)
    assert len(model.seen) == len(asked)  # none twice


def test_a_worker_killed_in_the_middle_of_a_job_loses_nothing(mosquitto: Mosquitto) -> None:
    with process(*SLOW, *at(mosquitto)) as doomed, asking(mosquitto) as captioner:
        with mosquitto.listening("omni-captioners/answers/+") as heard:
            waiting = in_background(captioner, 90)
            assert json.loads(heard.wait(1)[0].payload)["state"] == "taken"
        with working(mosquitto, SlowCaptioner()):
            doomed.send_signal(signal.SIGKILL)
            assert waiting.result(3).text == "shade 90"


def test_a_worker_that_is_ended_gives_its_job_back(mosquitto: Mosquitto) -> None:
    with process(*SLOW, *at(mosquitto)) as ended, asking(mosquitto) as captioner:
        with mosquitto.listening("omni-captioners/answers/+") as heard:
            waiting = in_background(captioner, 90)
            heard.wait(1)
        with working(mosquitto, SlowCaptioner()):
            ended.send_signal(signal.SIGTERM)
            assert waiting.result(3).text == "shade 90"
        assert ended.wait(5) == 128 + signal.SIGTERM


def test_a_job_is_worth_nothing_after_its_time(mosquitto: Mosquitto) -> None:
    with mosquitto.listening(JOBS) as heard, asking(mosquitto, patience=0.4) as captioner:
        with pytest.raises(BackendError, match="have not come to an end in time: see patience"):
            captioner.caption(picture())
        assert [message.expires for message in heard.wait(1)] == [1]  # then the broker forgets it


def test_a_job_that_was_given_up_is_nobody_s_work_later(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "ABSENT", 0.2)
    monkeypatch.setattr(errand, "NOBODY", 0.1)
    with asking(mosquitto) as captioner:
        with pytest.raises(BackendError) as caught:
            captioner.caption(picture())
        place = f"{mosquitto.host}:{mosquitto.port}"
        start = f"start one with omni caption-worker CONFIG --mqtt {place}"
        assert str(caught.value) == f"no caption-worker answers at {place}: {start}"
        with working(mosquitto, model := SlowCaptioner()):
            assert captioner.caption(picture(40)).text == "shade 40"
        assert len(model.seen) == 1


def test_a_broker_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "ABSENT", 0.3)
    with asking(Mosquitto(Path(), 1)) as captioner, pytest.raises(BackendError) as caught:
        captioner.caption(picture())
    assert str(caught.value) == "the broker 127.0.0.1:1 is not reached: Connection refused"


def test_a_broker_that_begins_anew_finds_everybody_back(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner()) as worker, asking(mosquitto) as captioner:
        assert captioner.caption(picture(10)).text == "shade 10"
        worker.said.clear()
        mosquitto.restart(kill=True)
        assert captioner.caption(picture(20)).text == "shade 20"
        assert [line for line in worker.said if "is tried again" in line]


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
HOSTILE = {
    "no head": ("", jpeg(64, 48)),
    "no JSON": ("{", jpeg(64, 48)),
    "another form": ('{"camera": 5}', jpeg(64, 48)),
    "more than is known": ('{"camera": "desk", "run": "rm"}', jpeg(64, 48)),
    "not a number": ('{"camera": "desk", "at": NaN}', jpeg(64, 48)),
    "a nest": ('{"camera": "desk", "form": ' + '{"a":' * 5000 + "1" + "}" * 5001, jpeg(64, 48)),
    "a long question": (json.dumps({"camera": "desk", "question": "?" * 40_000}), jpeg(64, 48)),
    "no picture": (ASK, b""),
    "garbage": (ASK, os.urandom(2000)),
    "another format": (ASK, b"GIF89a" + bytes(100)),
    "cut off": (ASK, jpeg(64, 48)[:300]),
    "a side of 65 000 pixels": (ASK, jpeg(65_000, 16)),
    "a bomb": (ASK, jpeg(64, 48).replace(b"\x00\x30\x00\x40", b"\xff\xff\xff\xff", 1)),
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
        broker.publish(JOBS, jpeg(64, 48), UserProperty=("job", ASK), CorrelationData=b"x", **more)
        assert captioner.caption(picture(70)).text == "shade 70"
        assert not [message for message in heard.wait(1) if message.correlation == b"x" and message.topic != JOBS]


def test_a_job_larger_than_any_picture_is_kept_from_the_worker(shared: tuple[Mosquitto, SlowCaptioner]) -> None:
    broker, _ = shared
    broker.publish(JOBS, bytes(jobs.LARGEST_JOB + (1 << 20)), ResponseTopic=ANSWERS, CorrelationData=b"x")
    with asking(broker) as captioner:
        assert captioner.caption(picture(70)).text == "shade 70"


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


def test_a_password_and_a_certificate_are_wanted_and_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = authority(tmp_path)
    with running(tmp_path / "broker", users={"ada": "secret"}, tls=trusted) as broker:
        monkeypatch.setenv("OMNI_MQTT_PASSWORD", "secret")
        config = tmp_path / "worker.toml"
        config.write_text(
            f'[mqtt]\nhost = "{broker.host}"\nusername = "ada"\nport = {broker.port}\ntls = {{ca = "{trusted.ca}"}}\n'
            '[captioner]\nbackend = "tests.workers:Scripted"\n'
        )
        with process(str(config)), asking(broker, username="ada", tls={"ca": trusted.ca}) as captioner:
            assert captioner.caption(picture(60)).text == "shade 60"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "which broker? omni caption-worker --mqtt HOST:PORT"),
        (("--mqtt", "here:there"), "--mqtt 'here:there' is not HOST:PORT"),
        (("--mqtt", "h", "--pool", "a/#"), "mqtt: pool: is the beginning of a topic: no + #"),
        (("--mqtt", "h", "--backend", "mqtt", "-o", "host=h"), "a caption-worker needs a captioner of its own"),
        (("--mqtt", "h", "no-such.toml"), "no-such.toml: cannot be read"),
        (("--mqtt", "h", "configs/desktop.toml", "--backend", "hf"), "names the captioner already"),
        (("--mqtt", "h", "pyproject.toml"), "has no [captioner]"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caption-worker", *words]) == 2
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1


def test_a_wrong_password_ends_the_worker_with_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, users={"ada": "secret"}) as broker:
        address = f"{broker.host}:{broker.port}"
        words = ["--backend", "tests.workers:Scripted", "--mqtt", address, "--username", "ada"]
        assert main(["caption-worker", *words]) == 2
    why = "refuses the connection (not authorized): check username and OMNI_MQTT_PASSWORD"
    assert capsys.readouterr().err == f"omni: the broker {address} {why}\n"


def test_a_broker_of_another_authority_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errand, "ABSENT", 1.0)
    with running(tmp_path / "broker", tls=authority(tmp_path)) as broker:
        other = authority(tmp_path, "other").ca
        with asking(broker, tls={"ca": other}) as captioner, pytest.raises(BackendError, match="nobody who is trusted"):
            captioner.caption(picture())
        with pytest.raises(BackendError, match=r"tls: .*no\.pem: No such file"), asking(broker, tls={"ca": "no.pem"}):
            pass
