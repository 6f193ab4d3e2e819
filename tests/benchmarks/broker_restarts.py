"""How much is lost when the broker is killed 20 times under load, how soon all is well again, and how long the way
from the feed to a reader takes; that from the camera on `event_latency` measures.

    .venv/bin/python -m tests.benchmarks.broker_restarts [KILLS]

A real Mosquitto with persistence on is killed (SIGKILL) and started again, while a session tells 10 events a second
of two cameras; a reader with a session at the broker counts. Ten minutes of such a life are compressed: instead of half
a minute, the broker lives a moment longer each time than it takes until a connection counts as steady (one that breaks
sooner, again and again, is tried less and less often). Then, with the broker up, 200 events are told 20 a second, and
the time is taken from the feed to the reader.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from assistant.cli import take_short_turns
from pipelines.trouble import STEADY
from tests.benchmarks._report import report
from tests.bridging import happening
from tests.mosquitto import running
from tests.restarting import Outcome, home, reading, restarts

RATE = 10.0
"""Events a second."""
LONGEST_AWAY = 3.0
"""Seconds that the broker is away at most."""
EVENTS = 200
BACK, THERE = 2.0, 50.0
"""The bars: seconds until the node is online again, and milliseconds until 95 of 100 events are there."""


async def main(kills: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), persistence=True) as broker:
        outcome = await restarts(broker, Path(folder), kills, 1 / RATE, LONGEST_AWAY, STEADY)
    took = await _latency()
    figures = _figures(outcome, kills) | {"event to reader p50 ms": median(took), "p95 ms": quantiles(took, n=20)[-1]}
    figures = {name: round(value, 2) if isinstance(value, float) else value for name, value in figures.items()}
    for name, value in figures.items():
        print(f"{name:28} {value}")
    report("broker_restarts", figures, _missed(outcome, took))


async def _latency() -> list[float]:
    """Milliseconds from the feed to a reader, for each event."""
    took = []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as broker, reading(broker) as reader:
        async with home(broker, Path(folder)) as house:
            await asyncio.sleep(3)
            for number in range(EVENTS):
                began = time.monotonic()
                house.feed.emit(happening(str(number)))
                await asyncio.to_thread(reader.until, lambda wanted=number: len(reader.events) > wanted, 5)
                took.append((reader.events[number][1] - began) * 1000)
                await asyncio.sleep(0.05)
    return took


def _figures(outcome: Outcome, kills: int) -> dict[str, Any]:
    counted = {name: value for name, value in asdict(outcome).items() if name != "back_after"}
    back = outcome.back_after
    return {"kills": kills, **counted, "online again p50 s": median(back), "online again max s": max(back)}


def _missed(outcome: Outcome, took: list[float]) -> list[str]:
    bars = {
        f"{outcome.lost} events were lost": outcome.lost == 0,
        f"{outcome.disordered} events came after later ones": outcome.disordered == 0,
        f"{outcome.twice} events came twice": outcome.twice == 0,
        f"online again within {BACK} s": max(outcome.back_after) <= BACK,
        f"95 of 100 events are there within {THERE} ms": quantiles(took, n=20)[-1] <= THERE,
    }
    return [bar for bar, kept in bars.items() if not kept]


if __name__ == "__main__":
    take_short_turns()
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
