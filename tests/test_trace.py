"""Where the time of a turn went: kept without its words, shown in any width, drawn, and told to monitoring systems."""

from __future__ import annotations

import asyncio
import http.server
import io
import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import metrics, narrated, plotting, trace, traces
from assistant.cli import main
from assistant.feed import Feed
from assistant.metrics import MetricsOptions
from assistant.traces import STEPS, Turn
from devices.lines import Latest
from devices.media import DeviceError
from pipelines.policy import SpeechOptions
from pipelines.remarks import Priority, Remark
from pipelines.types import Event, Health, Started, Trouble, TurnTrace, Unsaid, as_json
from tests.commands import one_line
from tests.playing import playing
from tests.stage import Stage

STARTED = Started(100.0, "2026-03-01T12:00:00.000+00:00", {})
TYPED = TurnTrace("hello", "keyboard", 300.0)
SPOKEN = TurnTrace(
    "what do you see",
    "voice",
    said_at=200.0,
    started_at=199.0,
    endpoint_at=200.3,
    transcript_at=200.25,
    first_token_at=200.6,
    first_sentence_at=200.7,
    synthesized_at=200.8,
    first_audio_at=200.85,
    ended_at=203.0,
    cut=True,
    last_word="sign",
    evidence_age=0.4,
)


def events_file(path: Path, *events: Event | str) -> Path:
    lines = [event if isinstance(event, str) else json.dumps(as_json(event)) for event in events]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["trace", *arguments]) == 0
    return capsys.readouterr().out


def test_a_turn_is_told_in_milliseconds_since_the_end_of_speech(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = events_file(tmp_path / "events.jsonl", STARTED, Trouble("chat", "gone", 1.0), SPOKEN)
    heading, row = (line for line in printed(capsys, str(path)).splitlines() if "endpoint" in line or "what" in line)
    numbers = ["300", "250", "600", "700", "800", "850", "3000", "400"]
    assert [cell for cell in row.split() if cell.isdecimal()][1:] == numbers, "no look: its cell is empty"
    assert "sign" in row
    assert heading.index("cut at") == row.index("sign")


def test_medians_and_p95_leave_out_what_did_not_happen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slower = replace(SPOKEN, first_audio_at=201.85)
    path = events_file(tmp_path / "events.jsonl", SPOKEN, slower, TYPED)
    rows = {line.split()[0]: line.split() for line in printed(capsys, str(path)).splitlines() if line.strip()}
    assert "1350" in rows["median"]
    assert "1800" in rows["p95"]


ODD: list[dict[str, object]] = [
    {"utc": "9999-12-31T23:59:59-23:59"},
    {"utc": "0001-01-01T00:00:00+23:59"},
    {"utc": 7.5, "said_at": -9e11},
    {"ended_at": 9e11},
    {"first_audio_at": 1e300},
]
"""In place of a turn's own times."""


def test_damaged_lines_are_counted_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = ['{"type": "turn_tr', "[]", "7", '{"type": "turn_trace", "asked": 3}', "[" * 20_000, "\ud83d".join("ab")]
    broken += [json.dumps(as_json(SPOKEN)).replace("200.0", "NaN"), json.dumps({"type": "started", "utc": "noon"})]
    broken += [json.dumps(as_json(SPOKEN) | odd) for odd in ODD]
    path = tmp_path / "events.jsonl"
    lines = [json.dumps(as_json(SPOKEN)), *broken, "", json.dumps(as_json(TYPED)), '{"type": "of a later version"}']
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    assert main(["trace", str(path), "--plot", str(tmp_path / "turns.png")]) == 0
    told = capsys.readouterr()
    assert f"{len(broken)} damaged lines left out" in told.err
    assert "what do you see" in told.out
    assert "hello" in told.out


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_lost_in_a_narrow_terminal(width: int) -> None:
    from rich.console import Console

    screen = io.StringIO()
    trace.show([Turn(SPOKEN, None)], Console(file=screen, width=width, force_terminal=True, color_system=None))
    lines = screen.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    for number in ("300", "250", "850", "3000", "400", "sign"):
        assert number in screen.getvalue()


def test_a_recording_has_its_turns_in_its_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{"is": "call", "kind": "chat"}, *({"is": "event", "event": as_json(event)} for event in (STARTED, SPOKEN))]
    (tmp_path / "journal.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    assert main(["trace", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "what do you see" in told.out
    assert told.err == ""


def test_a_file_without_turns_and_one_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["trace", str(events_file(tmp_path / "none.jsonl", STARTED))]) == 1
    assert "no turn" in capsys.readouterr().err
    assert "absent.jsonl: cannot be read" in one_line(capsys, main(["trace", str(tmp_path / "absent.jsonl")]))
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    assert "omni run" in one_line(capsys, main(["trace"]))


def test_the_waterfall_is_drawn_step_by_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    spans = list(plotting.spans(SPOKEN))
    assert spans[0][:2] == (-1.0, 0.0)
    assert [round(end - start, 3) for start, end, _ in spans[1:]] == [0.3, 0.3, 0.1, 0.1, 0.05, 2.15]
    path = events_file(tmp_path / "events.jsonl", SPOKEN, TYPED)
    printed(capsys, str(path), "--plot", str(tmp_path / "turns.png"))
    with Image.open(tmp_path / "turns.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or []}
    for step in STEPS:
        assert tuple(bytes.fromhex(step.colour[1:])) in colours, step.label
    assert "name a .png file" in one_line(capsys, main(["trace", str(path), "--plot", str(tmp_path / "turns.odd")]))


async def emitted(subscriber: object, *events: Event) -> None:
    """Give the events to what subscribes, and wait until it has taken them."""
    feed = Feed()
    task = asyncio.create_task(subscriber(feed.subscribe()))  # type: ignore[operator]
    for event in events:
        feed.emit(event)
    feed.close()
    await task


def caption(at: float, words: int, priority: str = "caption", sound: float = 0.5) -> TurnTrace:
    """Of a picture taken then; a word takes half a second."""
    first = at + sound
    ended = first + words / 2
    return TurnTrace(
        "", "camera", at, first_audio_at=first, ended_at=ended, photon_at=at, priority=priority, words=words
    )


NARRATED: list[Event] = [
    STARTED,
    caption(110.0, 10),
    caption(150.0, 20, sound=0.7),
    caption(165.0, 5, "change"),
    caption(200.0, 4, "hazard", sound=0.1),
    caption(300.0, 30),
    caption(310.0, 0),
    *[Unsaid("A cup.", "caption", why, 320.0) for why in ("expired", "no words left", "expired")],
    Health(400.0, {}),
]


def test_what_was_said_unasked_is_measured_by_urgency(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, str(events_file(tmp_path / "events.jsonl", *NARRATED))).splitlines()
    assert told == [
        "Said in 5.0 minutes:",
        "hazard: 1 said, 4 words, 0.8 a minute, 4 in the busiest; "
        "first sound 100 ms after the picture (median), 100 ms (p95)",
        "caption: 3 said, 60 words, 12.0 a minute, 30 in the busiest; "
        "first sound 500 ms after the picture (median), 680 ms (p95)",
        "change: 1 said, 5 words, 1.0 a minute, 5 in the busiest; "
        "first sound 500 ms after the picture (median), 500 ms (p95)",
        "unasked, all together: 35 words in the busiest minute",
        "not said: 2 expired, 1 no words left",
    ]


def test_remarks_are_no_turns_and_change_no_median(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = events_file(tmp_path / "events.jsonl", SPOKEN, *NARRATED)
    told = printed(capsys, str(path))
    assert told.count("what do you see") == 1
    (median,) = [line.split() for line in told.splitlines() if line.strip().startswith("median")]
    assert "850" in median
    assert "caption: 3 said" in told


def test_of_several_sessions_in_a_file_the_last_one_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = events_file(tmp_path / "events.jsonl", *NARRATED, STARTED, caption(110.0, 10), Health(160.0, {}))
    told = printed(capsys, str(path)).splitlines()
    assert told[0] == "Said in 1.0 minutes:"
    assert told[1].startswith("caption: 1 said, 10 words, 10.0 a minute")
    assert told[-1] == "unasked, all together: 10 words in the busiest minute"


async def test_what_was_said_unasked_is_kept_for_the_last_session_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    await emitted(lambda line: traces.keep(line, traces.place()), STARTED, caption(200.0, 50), SPOKEN)
    await emitted(lambda line: traces.keep(line, traces.place()), *NARRATED, SPOKEN)
    beside = traces.beside(traces.place())
    kept = beside.read_text(encoding="utf-8")
    assert not [word for word in ("cup", "what do you see", "desk", "people", "utc", "_at", "2026") if word in kept]
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert len(traces.read(traces.place(), 20).turns) == 2
    told = printed(capsys)
    assert "caption: 3 said, 60 words" in told
    assert "not said: 2 expired, 1 no words left" in told


async def test_when_something_was_seen_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    told = [replace(SPOKEN, asked="", source=source, camera="door") for source in ("watch", "camera", "timer")]
    await emitted(lambda line: traces.keep(line, path), STARTED, *told, replace(SPOKEN, camera="door"))
    assert [turn.trace.source for turn in traces.read(path, 20).turns] == ["timer", SPOKEN.source]
    assert "door" not in path.read_text(encoding="utf-8")


async def test_of_figures_that_are_damaged_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    await emitted(lambda line: traces.keep(line, traces.place()), *NARRATED, SPOKEN)
    traces.beside(traces.place()).write_text('{"type": "turn_trace"}\n', encoding="utf-8")
    assert "said" not in printed(capsys)


async def test_a_session_that_talks_too_much_is_measured_to_keep_to_its_words() -> None:
    stage = Stage(sections={"speech": SpeechOptions(normal=20)})
    async with playing(stage, after=0.0) as played:
        for number in range(200):
            text = f"Thing {number} is on the table." if number % 3 else "Less."
            priority = Priority.CAPTION if number % 3 else Priority.CHANGE
            now = asyncio.get_running_loop().time()
            played.controls.conversation.agenda.offer(Remark(text, priority, now, camera="desk"))
            await asyncio.sleep(0.9)
    turns = stage.told(TurnTrace)
    measured = narrated.counted(turns, stage.told(Unsaid), 180.0)
    assert 14 <= measured.unasked <= 20
    assert sum(one.said for one in measured.spoken) + sum(number for _, number in measured.unsaid) == 200
    assert all(0 <= seconds <= 6 for one in measured.spoken for seconds in one.first_sounds)
    assert {turn.camera for turn in turns} == {"desk"}
    assert stage.told(Health)[-1].counters["remarks unsaid"] == len(stage.told(Unsaid))


async def test_turns_are_kept_without_their_words_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "turns.jsonl"
    await emitted(lambda line: traces.keep(line, path), STARTED, Trouble("chat", "gone", 1.0), SPOKEN)
    text = path.read_text(encoding="utf-8")
    assert "what do you see" not in text
    assert "sign" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    (turn,) = traces.read(path, 20).turns
    assert turn.trace == replace(SPOKEN, asked="", last_word="")
    assert turn.when is not None
    assert turn.when.isoformat() == "2026-03-01T12:01:40+00:00"


def test_only_the_last_turns_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "turns.jsonl"
    path.write_text("".join(f'{{"type": "old", "at": {number}}}\n' for number in range(300)))
    traces.append(path, Turn(SPOKEN, None))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == traces.KEPT
    assert json.loads(lines[-1])["type"] == "turn_trace"
    assert list(tmp_path.iterdir()) == [path], "nothing is left lying about"


async def test_a_folder_that_cannot_be_written_ends_no_session(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    await emitted(lambda line: traces.keep(line, tmp_path / "state" / "turns.jsonl"), STARTED, SPOKEN)


async def test_prometheus_text_tells_turns_steps_and_troubles(tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client", reason="the metrics extra is not installed")
    told = metrics.tellers(MetricsOptions(prometheus=tmp_path / "omni.prom"))
    health = Health(2.0, {"events for the traces dropped": 3})
    await emitted(lambda line: metrics.tell(line, told), STARTED, SPOKEN, TYPED, Trouble("chat", "gone", 1.0), health)
    text = (tmp_path / "omni.prom").read_text(encoding="utf-8")
    assert 'omni_turns_total{source="voice"} 1.0' in text
    assert "omni_turns_interrupted_total 1.0" in text
    assert 'omni_first_audio_seconds_bucket{le="1.0"} 1.0' in text
    assert 'omni_first_audio_seconds_bucket{le="0.75"} 0.0' in text
    assert 'omni_troubles_total{part="chat"} 1.0' in text
    assert 'omni_line{counter="events for the traces dropped"} 3.0' in text
    assert "what do you see" not in text


class _Receiver(http.server.BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """It says nothing."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver of traces: its address, and what it was sent."""
    kind = type("Receiver", (_Receiver,), {"bodies": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", kind.bodies
        server.shutdown()


async def test_a_turn_becomes_an_open_telemetry_trace(receiver: tuple[str, list[bytes]]) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the metrics extra is not installed")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    address, bodies = receiver
    told = metrics.tellers(MetricsOptions(opentelemetry=address))
    await emitted(lambda line: metrics.tell(line, told), STARTED, SPOKEN)
    import gzip

    (body,) = bodies
    sent = ExportTraceServiceRequest()
    sent.ParseFromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    spans = {span.name: span for span in sent.resource_spans[0].scope_spans[0].spans}
    turn = spans["turn"]
    assert (turn.end_time_unix_nano - turn.start_time_unix_nano) / 1e9 == pytest.approx(4.0)
    assert spans["voice"].parent_span_id == turn.span_id
    assert spans["voice"].trace_id == turn.trace_id
    assert (spans["voice"].end_time_unix_nano - spans["voice"].start_time_unix_nano) / 1e9 == pytest.approx(0.1)
    assert "look" not in spans
    assert b"what do you see" not in sent.SerializeToString()


def test_metrics_without_their_package_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"omni-assistant\[metrics\]"):
        metrics.tellers(MetricsOptions(port=9464))
    assert metrics.tellers(None) == metrics.tellers(MetricsOptions()) == []


def test_an_address_of_metrics_is_an_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[chat]\nbackend = "grounded"\n[metrics]\nopentelemetry = "localhost"\n')
    assert "metrics.opentelemetry: is an http:// or https:// address" in one_line(capsys, main(["check", str(mine)]))
    mine.write_text(mine.read_text().replace("localhost", "http://me:secret@localhost:4318/v1/traces"))
    told = one_line(capsys, main(["check", str(mine)]))
    assert told.endswith("is an http:// or https:// address without user, password and query")
    assert "secret" not in told


async def test_a_file_of_metrics_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("prometheus_client", reason="the metrics extra is not installed")
    with pytest.raises(DeviceError, match=r"metrics.prometheus .*no/omni.prom: cannot be written: No such file"):
        metrics.tellers(MetricsOptions(prometheus=tmp_path / "no" / "omni.prom"))
    (tmp_path / "yes").mkdir()
    told = metrics.tellers(MetricsOptions(prometheus=tmp_path / "yes" / "omni.prom"))
    (tmp_path / "yes" / "omni.prom").unlink()
    (tmp_path / "yes").rmdir()
    line = Latest[Event](8)
    for event in (SPOKEN, TYPED):
        line.put(event)
    line.close()
    await metrics.tell(line, told)
    assert capsys.readouterr().err == "omni: [metrics] cannot be written: No such file or directory\n"
