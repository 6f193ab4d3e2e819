"""Caption-workers: captions a second of one, two and three over a real broker, and what is lost when one is killed."""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from devices.media import Frame
from pipelines.captioners.mqtt import PooledLooker
from tests.benchmarks._report import report
from tests.mosquitto import Mosquitto, running
from tests.workers import asking, at, process

MODEL = 0.2
"""Seconds that each worker's scripted model takes for a picture."""
LANES, PICTURES, ROUNDS = 6, 45, 3
TIMES = 2.5
"""How much quicker three workers must be than one."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as broker:
        rates = {workers: captions_a_second(broker, workers) for workers in (1, 2, 3)}
        for workers, rate in rates.items():
            print(f"{workers} workers: {rate:5.2f} captions/s ({rate * MODEL / workers:.0%} of what their models can)")
        answered = through_a_kill(broker)
    print(f"one of three killed at work: {answered} of {PICTURES} pictures were answered")
    times = rates[3] / rates[1]
    missed = [f"three workers are {times:.2f} times as quick as one, not {TIMES}"] * (times < TIMES)
    missed += [f"{PICTURES - answered} pictures were lost"] * (answered < PICTURES)
    figures = {f"captions_per_s_{workers}": round(rate, 2) for workers, rate in rates.items()}
    report("workers", figures | {"three_to_one": round(times, 2), "lost_of_killed": PICTURES - answered}, missed)


def captions_a_second(broker: Mosquitto, workers: int) -> float:
    """The median of several rounds, with workers that are processes of their own."""
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(process(*worker(broker)))
        captioner = stack.enter_context(asking(broker, lanes=LANES))
        return statistics.median(one_round(captioner) for _ in range(ROUNDS))


def one_round(captioner: PooledLooker) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(LANES) as threads:
        assert all(seen.text for seen in threads.map(captioner.caption, pictures()))
    return PICTURES / (time.perf_counter() - began)


def through_a_kill(broker: Mosquitto) -> int:
    """How many pictures are answered though one of three workers is killed while it works on one."""
    with ExitStack() as stack:
        doomed, *_ = [stack.enter_context(process(*worker(broker))) for _ in range(3)]
        captioner = stack.enter_context(asking(broker, lanes=LANES))
        with ThreadPoolExecutor(LANES) as threads:
            asked = [threads.submit(captioner.caption, frame) for frame in pictures()]
            time.sleep(3.5 * MODEL)
            doomed.kill()
        return sum(future.exception() is None and bool(future.result().text) for future in asked)


def worker(broker: Mosquitto) -> tuple[str, ...]:
    return ("--backend", "tests.workers:Scripted", "-o", f"seconds={MODEL}", *at(broker))


def pictures() -> list[Frame]:
    """720p, with as much in them as a room has."""
    noise = np.random.default_rng(1).integers(0, 255, (45, 80, 3), np.uint8)
    pixels = np.ascontiguousarray(noise.repeat(16, 0).repeat(16, 1))
    return [Frame(pixels, float(number), "desk") for number in range(PICTURES)]


if __name__ == "__main__":
    main()
