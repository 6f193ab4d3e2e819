"""What a monitoring system is told of a session: Prometheus text, and one OpenTelemetry trace a turn."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from assistant.traces import STEPS, Clock
from devices.lines import Latest
from devices.media import DeviceError, Options
from devices.threads import DaemonThread
from pipelines.types import Event, Health, Started, Trouble, TurnTrace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

BUCKETS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds."""
_PATIENCE = 3
"""Seconds that a receiver of traces has to take them."""
INSTALL = "pip install 'omni-assistant[metrics]'"


class MetricsOptions(Options):
    """Whom the session's figures are told; nobody, where nothing is said."""

    prometheus: Path | None = None
    """A text file for the collector of a Prometheus node exporter, written anew after each turn."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """The same as a page at http://127.0.0.1:PORT/metrics, for this machine only."""
    opentelemetry: str | None = None
    """Where traces are sent: the http(s) address of an OTLP receiver, such as http://127.0.0.1:4318/v1/traces."""
    words: bool = False
    """Send what was asked along with the traces."""

    @field_validator("opentelemetry")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        parts = urlsplit(address or "")
        secret = parts.username or parts.password or parts.query or parts.fragment
        if address is not None and (parts.scheme not in ("http", "https") or not parts.hostname or secret):
            raise ValueError("is an http:// or https:// address without user, password and query")
        return address


class Teller(Protocol):
    """Something that tells one kind of monitoring system; both methods may block."""

    def take(self, event: Event, clock: Clock) -> None: ...

    def close(self) -> None: ...


def tellers(options: MetricsOptions | None) -> list[Teller]:
    """Those that the options ask for. Raises DeviceError where a package or the port is not to be had."""
    made: list[Teller] = []
    if options is not None and (options.prometheus is not None or options.port is not None):
        made.append(Prometheus(options.prometheus, options.port))
    if options is not None and options.opentelemetry is not None:
        made.append(OpenTelemetry(options.opentelemetry, options.words))
    return made


async def tell(events: Latest[Event], told: Sequence[Teller]) -> None:
    """Tell a session's figures until the line is closed; what cannot be written is left out, and that is said once."""
    loop, clock, said = asyncio.get_running_loop(), Clock(), False
    with DaemonThread("metrics") as thread:
        async for event in events:
            if isinstance(event, Started):
                clock.take(event)
            for teller in told:
                try:
                    await loop.run_in_executor(thread, teller.take, event, clock)
                except OSError as error:  # a full disk ends no session
                    if not said:
                        print(f"omni: [metrics] cannot be written: {error.strerror or error}", file=sys.stderr)
                    said = True
        for teller in told:
            await loop.run_in_executor(thread, teller.close)


class Prometheus:
    """Counters and histograms, as a text file, a page of this machine, or both."""

    def __init__(self, path: Path | None, port: int | None) -> None:
        """Raises DeviceError without its package, where the port is taken, or where the file cannot be written."""
        _need("prometheus_client")
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

        self._path, self._server = path, None
        self._registry = CollectorRegistry()
        self._turns = Counter("omni_turns", "Turns", ["source"], registry=self._registry)
        self._cut = Counter("omni_turns_interrupted", "Turns cut short", registry=self._registry)
        self._troubles = Counter("omni_troubles", "Troubles", ["part"], registry=self._registry)
        self._counts = Gauge("omni_line", "What the lines counted", ["counter"], registry=self._registry)
        self._audio = Histogram(
            "omni_first_audio_seconds", "End of speech to first audio", registry=self._registry, buckets=BUCKETS
        )
        self._steps = Histogram(
            "omni_step_seconds", "How long a step took", ["step"], registry=self._registry, buckets=BUCKETS
        )
        if port is not None:
            try:
                self._server, _ = start_http_server(port, addr="127.0.0.1", registry=self._registry)
            except OSError as error:
                raise DeviceError(f"metrics.port {port}: {error.strerror or error}: name another") from error
        try:
            self._write()
        except (OSError, ValueError) as error:  # ValueError: no file can have that name
            self.close()
            why = getattr(error, "strerror", None) or error
            raise DeviceError(f"metrics.prometheus {path}: cannot be written: {why}") from error

    def take(self, event: Event, clock: Clock) -> None:
        """Raises OSError where the file cannot be written."""
        match event:
            case TurnTrace():
                self._count(event)
            case Trouble():
                self._troubles.labels(event.part).inc()
            case Health():
                for name, count in event.counters.items():
                    self._counts.labels(name).set(count)
            case _:
                return
        self._write()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _count(self, trace: TurnTrace) -> None:
        self._turns.labels(trace.source).inc()
        self._cut.inc(int(trace.cut))
        if trace.first_audio_at is not None and trace.priority == "answer":  # of a remark nobody waits for the end
            self._audio.observe(max(0.0, trace.first_audio_at - trace.said_at))
        for step, start, end in steps(trace):
            self._steps.labels(step).observe(end - start)

    def _write(self) -> None:
        if self._path is not None:
            from prometheus_client import write_to_textfile

            write_to_textfile(str(self._path), self._registry)


class OpenTelemetry:
    """One trace a turn, a span a step, sent to the address that the configuration names and nowhere else."""

    def __init__(self, address: str, words: bool) -> None:
        """Raises DeviceError without its packages."""
        _need("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._words = words
        self._provider = TracerProvider(resource=Resource({"service.name": "omni-assistant"}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_exporter(address)))
        self._tracer = self._provider.get_tracer("omni-assistant")

    def take(self, event: Event, clock: Clock) -> None:
        """Sends in the background; a turn before the session's start is known is left out."""
        if not isinstance(event, TurnTrace) or clock.time(event.said_at) is None:
            return
        from opentelemetry import trace as otel
        from opentelemetry.context import Context

        turn = self._tracer.start_span(
            "turn", context=Context(), start_time=_ns(clock, _began(event)), attributes=self._attributes(event)
        )
        inside = otel.set_span_in_context(turn, Context())
        for step, start, end in steps(event):
            self._tracer.start_span(step, context=inside, start_time=_ns(clock, start)).end(_ns(clock, end))
        turn.end(_ns(clock, _ended(event)))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def _attributes(self, trace: TurnTrace) -> dict[str, Any]:
        known = {"source": trace.source, "interrupted": trace.cut, "evidence_age": trace.evidence_age}
        known |= {"asked": trace.asked} if self._words else {}
        return {f"omni.{name}": value for name, value in known.items() if value is not None}


def _exporter(address: str) -> SpanExporter:
    """Sends spans to the address; where that fails, says so once in one line."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExportResult

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    class Exporter(OTLPSpanExporter):
        told = False

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = super().export(spans)
            if result is not SpanExportResult.SUCCESS and not self.told:
                self.told = True
                print("omni: the receiver of [metrics] opentelemetry takes no traces", file=sys.stderr)
            return result

    return Exporter(endpoint=address, timeout=_PATIENCE)


def steps(trace: TurnTrace) -> Iterator[tuple[str, float, float]]:
    """The name, begin and end of each step that happened, on the clock of the trace."""
    for step in STEPS:
        start, end = step.begins(trace), step.ends(trace)
        if start is not None and end is not None:
            yield step.name, start, max(start, end)


def _began(trace: TurnTrace) -> float:
    return trace.said_at if trace.started_at is None else min(trace.started_at, trace.said_at)


def _ended(trace: TurnTrace) -> float:
    return max([_began(trace), trace.ended_at or 0.0, *(end for _, _, end in steps(trace))])


def _ns(clock: Clock, at: float) -> int:
    when = clock.time(at)
    return 0 if when is None else round(when.timestamp() * 1e9)


def _need(*packages: str) -> None:
    for package in packages:
        try:
            found = find_spec(package) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise DeviceError(f"[metrics] needs a package that is not here: {INSTALL}")
