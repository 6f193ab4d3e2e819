"""Caption-workers: pictures handed out over a real broker, and what becomes of them when workers or the broker die."""

from __future__ import annotations

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from assistant.cli import main
from pipelines.backends import BackendError, Exchange, Look, Looker, Parallel
from pipelines.captioners.mqtt import PooledCaptioner
from pipelines.remote import dispatch, serving
from pipelines.types import Facts, Seen
from tests.mosquitto import Mosquitto, authority, running
from tests.workers import (
    ScriptedCaptioner,
    ScriptedLooker,
    SlowCaptioner,
    asking,
    at,
    in_background,
    picture,
    process,
    working,
)

OFFERS = "omni-captioners/offers"
SLOW = ("--backend", "tests.workers:Scripted", "-o", "seconds=30")


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


def test_a_question_in_any_letters_comes_to_the_worker_and_one_that_is_too_long_does_not(mosquitto: Mosquitto) -> None:
    odd = "谁在那里? \x85\ufffe\U0001f600"  # as it is, Mosquitto breaks the connection over it
    with working(mosquitto, ScriptedLooker()), asking(mosquitto) as captioner:
        said = "".join(captioner.look(Look(picture(), odd)))
        assert "谁在那里?" in said
        assert "\U0001f600" in said
        history = (Exchange("说" * 8000, "说" * 8000),)
        with pytest.raises(BackendError, match="is too long for a job"):
            list(captioner.look(Look(picture(), "And now?", history)))


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
        with mosquitto.listening("omni-captioners/replies/+") as heard:
            waiting = in_background(captioner, 90)
            assert json.loads(heard.wait(1)[0].payload)["state"] == "claimed"
        with working(mosquitto, SlowCaptioner()):
            doomed.send_signal(signal.SIGKILL)
            assert waiting.result(3).text == "shade 90"


def test_a_worker_that_is_ended_gives_its_job_back(mosquitto: Mosquitto) -> None:
    with process(*SLOW, *at(mosquitto)) as ended, asking(mosquitto) as captioner:
        with mosquitto.listening("omni-captioners/replies/+") as heard:
            waiting = in_background(captioner, 90)
            heard.wait(1)
        with working(mosquitto, SlowCaptioner()):
            ended.send_signal(signal.SIGTERM)
            assert waiting.result(3).text == "shade 90"
        assert ended.wait(5) == 128 + signal.SIGTERM


def test_a_job_is_given_up_after_its_time_and_worth_nothing_then(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner(1.0)), mosquitto.listening("omni-captioners/workers/+/jobs") as heard:
        late = pytest.raises(BackendError, match="have not come to an end in time: see patience")
        with asking(mosquitto, patience=0.4) as captioner, late:
            captioner.caption(picture())
        assert [message.expires for message in heard.wait(1)] == [1]  # then the broker forgets it


def test_while_all_workers_are_busy_each_picture_still_travels_once(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BEAT", 0.05)
    everything = mosquitto.listening("omni-captioners/#")
    with working(mosquitto, SlowCaptioner(0.2)), asking(mosquitto) as captioner, everything as heard:
        with ThreadPoolExecutor(6) as threads:
            assert len(list(threads.map(captioner.caption, map(picture, range(20, 140, 20))))) == 6
        messages = heard.wait(1)
    pictures = [message for message in messages if message.topic.endswith("/jobs")]
    assert len(pictures) == 6
    offers = [message for message in messages if message.topic == OFFERS]
    assert len(offers) <= 2 * 6
    assert not any(message.payload for message in offers)


def test_a_job_that_was_given_up_is_nobody_s_work_later(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "ABSENT", 0.2)
    monkeypatch.setattr(dispatch, "NOBODY", 0.1)
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
    monkeypatch.setattr(dispatch, "ABSENT", 0.3)
    with asking(Mosquitto(Path(), 1)) as captioner, pytest.raises(BackendError) as caught:
        captioner.caption(picture())
    assert str(caught.value) == "no broker at 127.0.0.1:1 (connection refused): start it, or correct host and port"


def test_a_broker_that_begins_anew_finds_everybody_back(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner()) as worker, asking(mosquitto) as captioner:
        assert captioner.caption(picture(10)).text == "shade 10"
        worker.said.clear()
        mosquitto.restart(kill=True)
        assert captioner.caption(picture(20)).text == "shade 20"
        assert [line for line in worker.said if "is tried again" in line]


def test_an_answer_that_was_made_while_the_broker_was_away_is_not_lost(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "BEAT", 0.1)
    with working(mosquitto, model := SlowCaptioner(0.2)) as worker, asking(mosquitto) as captioner:
        for number, shade in enumerate((50, 150), 1):
            waiting = in_background(captioner, shade)
            model.until(number)  # it is under way
            worker.said.clear()
            mosquitto.kill()
            worker.until("answered")
            mosquitto.start()
            assert waiting.result(10).text == f"shade {shade}"
    assert len(model.seen) == 2


def test_a_password_and_a_certificate_are_wanted_and_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = authority(tmp_path)
    with running(tmp_path / "broker", users={"ada": "secret"}, tls=trusted) as broker:
        monkeypatch.setenv("OMNI_CAPTIONERS_PASSWORD", "secret")
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


def test_a_name_or_a_password_without_measure_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, secret, why in (
        ("a" * 70_000, "secret", "username: has more than 1024 bytes"),
        ("ada", "s" * 70_000, "the password in OMNI_CAPTIONERS_PASSWORD has more than 1024 bytes"),
    ):
        monkeypatch.setenv("OMNI_CAPTIONERS_PASSWORD", secret)
        words = ("--mqtt", "h", "--backend", "tests.workers:Scripted", "--username", name)
        assert main(["caption-worker", *words]) == 2
        assert capsys.readouterr().err == f"omni: mqtt: {why}\n"


def test_a_wrong_password_at_the_start_ends_the_worker_with_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_MQTT_PASSWORD", "secret")  # of another broker: not for this one
    with running(tmp_path, users={"ada": "secret"}) as broker:
        assert main(["caption-worker", "--backend", "tests.workers:Scripted", *at(broker), "--username", "ada"]) == 2
    why = "wrong name or password, or ada may not connect: check username and export OMNI_CAPTIONERS_PASSWORD=…"
    assert capsys.readouterr().err == f"omni: the broker at {broker.host}:{broker.port} does not let us in: {why}\n"


def test_a_wrong_authority_at_the_start_ends_the_worker_with_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, other = tmp_path / "worker.toml", authority(tmp_path, "other").ca
    with running(tmp_path / "broker", tls=authority(tmp_path)) as broker:
        config.write_text(
            f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\ntls = {{ca = "{other}"}}\n'
            '[captioner]\nbackend = "tests.workers:Scripted"\n'
        )
        assert main(["caption-worker", str(config)]) == 2
    said = capsys.readouterr().err
    assert f"is not trusted: tls.ca {other} did not sign its certificate" in said
    assert said.count("\n") == 1


def test_a_port_that_is_for_tls_is_spoken_of_as_what_it_may_be(tmp_path: Path) -> None:
    with running(tmp_path, tls=authority(tmp_path)) as broker:
        plain = Mosquitto(Path(), broker.port)
        with working(plain, SlowCaptioner(), says="no greeting") as worker:
            line = f"no greeting from the broker at 127.0.0.1:{broker.port}; if that port is for TLS, add [mqtt.tls]"
            assert worker.said[0].startswith(line)


def test_a_broker_that_refuses_later_is_tried_again(mosquitto: Mosquitto) -> None:
    with working(mosquitto, SlowCaptioner()) as worker, asking(mosquitto) as captioner:
        config = mosquitto.folder / "mosquitto.conf"
        kind = config.read_text()
        config.write_text(kind.replace("allow_anonymous true", "allow_anonymous false"))
        mosquitto.stop()
        mosquitto.start()
        worker.until("check username and export OMNI_CAPTIONERS_PASSWORD=…; it is tried again")
        config.write_text(kind)
        mosquitto.restart()
        assert captioner.caption(picture(30)).text == "shade 30"


def test_a_broker_of_another_authority_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "ABSENT", 1.0)
    with running(tmp_path / "broker", tls=authority(tmp_path)) as broker:
        other = authority(tmp_path, "other").ca
        with (
            asking(broker, tls={"ca": other}) as captioner,
            pytest.raises(BackendError, match="did not sign its certificate"),
        ):
            captioner.caption(picture())
    unreadable = pytest.raises(BackendError, match=r"tls.ca no\.pem cannot be read: No such file")
    with unreadable, asking(broker, tls={"ca": "no.pem"}):
        pass
