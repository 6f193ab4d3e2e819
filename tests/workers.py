"""Caption-workers for tests: in threads of this process with captioners that do as they are told, or as programs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from devices.media import Frame
from devices.threads import DaemonThread
from pipelines.backends import BackendError, BackendOptions, Captioner, Loaded, Look
from pipelines.captioners.mqtt import Mqtt, PooledLooker
from pipelines.remote.pool import PoolOptions
from pipelines.remote.serving import Serving
from pipelines.types import Seen
from tests.mosquitto import Mosquitto

ROOT = Path(__file__).resolve().parent.parent


def picture(shade: int = 100, camera: str = "desk") -> Frame:
    """A picture of one grey, which is told by `Scripted` whatever JPEG makes of it."""
    return Frame(np.full((48, 64, 3), shade, np.uint8), 7.5, camera)


class Scripted(BackendOptions):
    """A captioner that takes its time; also for workers in processes of their own."""

    seconds: float = 0.0

    def load(self) -> Any:
        return SlowCaptioner(self.seconds)


@dataclass
class SlowCaptioner:
    """Tells the shade, to the nearest ten, after so many seconds."""

    seconds: float = 0.0
    seen: list[str] = field(default_factory=list)
    """The cameras of which it was given pictures."""

    def caption(self, frame: Frame) -> Seen:
        self.seen.append(frame.camera)
        time.sleep(self.seconds)
        return Seen(f"shade {round(float(frame.pixels.mean()), -1):.0f}")

    def until(self, count: int, seconds: float = 5.0) -> None:
        """Return when it was given so many pictures."""
        until = time.monotonic() + seconds
        while len(self.seen) < count:
            assert time.monotonic() < until, self.seen
            time.sleep(0.005)


@dataclass
class ScriptedCaptioner:
    """Says what it was given to say; an error is raised."""

    says: Seen | Exception

    def caption(self, frame: Frame) -> Seen:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class ScriptedLooker(SlowCaptioner):
    """Answers with what it was asked."""

    def describe(self, frame: Frame) -> Iterator[str]:
        yield self.caption(frame).text

    def look(self, request: Look) -> Iterator[str]:
        if "?" not in request.question:
            raise BackendError("that is no question")
        heard = [one.heard for one in request.history]
        yield from ("", f"{request.question} after {heard}, ", f"{request.max_tokens} tokens, form {request.schema}")


@dataclass
class Working:
    """A worker in a thread, and the lines it has said."""

    serving: Serving
    thread: threading.Thread
    said: list[str]

    def until(self, part: str, seconds: float = 5.0) -> None:
        """Return when it has said something with that in it."""
        until = time.monotonic() + seconds
        while not any(part in line for line in tuple(self.said)):
            assert time.monotonic() < until, self.said
            time.sleep(0.005)

    def stop(self) -> None:
        self.serving.stop()
        self.thread.join(5)
        assert not self.thread.is_alive()


@contextmanager
def working(
    broker: Mosquitto, captioner: Captioner, name: str = "scripted", says: str = "waits for pictures"
) -> Iterator[Working]:
    """A worker that waits for jobs, or has said something else."""
    said: list[str] = []
    options = PoolOptions(host=broker.host, port=broker.port)
    serving = Serving(Loaded(captioner, name), DaemonThread("captioner"), options, said.append)
    worker = Working(serving, threading.Thread(target=serving.run, daemon=True), said)
    worker.thread.start()
    worker.until(says)
    try:
        yield worker
    finally:
        worker.stop()


def at(broker: Mosquitto) -> tuple[str, str]:
    """The broker on a command line."""
    return "--mqtt", f"{broker.host}:{broker.port}"


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`omni caption-worker` with these words, as a program that waits for jobs."""
    command = [sys.executable, "-m", "assistant", "caption-worker", *words]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stderr is not None
    try:
        while "waits for pictures" not in (line := program.stdout.readline()):
            assert line, program.stderr.read()
        yield program
    finally:
        program.kill()
        program.wait(5)
        program.stdout.close()
        program.stderr.close()


@contextmanager
def asking(broker: Mosquitto, **options: Any) -> Iterator[PooledLooker]:
    """An assistant's captioner that hands out to these workers."""
    captioner = Mqtt(host=broker.host, port=broker.port, **options).load()
    try:
        yield captioner
    finally:
        captioner.close()


def in_background(captioner: Captioner, shade: int = 100) -> Future[Seen]:
    """A caption that is waited for elsewhere."""
    with_thread = ThreadPoolExecutor(1)
    future = with_thread.submit(captioner.caption, picture(shade))
    with_thread.shutdown(wait=False)
    return future
