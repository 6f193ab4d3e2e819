"""Whether memory grows over long days: hours on the virtual clock, in which parts stall, fail and are lost, by RSS.

The same session as in `tests/test_eight_hours.py`, one day of eight hours after the other.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import psutil

from tests import virtual
from tests.benchmarks._report import report
from tests.test_eight_hours import HOUR, Account, lived

BAR = 2.0
"""MB that the process may have grown since the end of the first day."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5, help="of eight hours each, two at least")
    days = max(2, parser.parse_args().days)
    process, began = psutil.Process(os.getpid()), time.monotonic()
    account, hours = Account(), 8 * days
    watch = virtual.run(lived(account, hours, lambda: int(process.memory_info().rss)), seconds=(hours + 1) * HOUR)
    rss = {hour: round(held / 1e6, 1) for hour, held in watch.held.items() if hour % 8 == 0}
    grown = round(max(rss.values()) - rss[8], 1)
    figures: dict[str, Any] = {
        "hours": hours,
        "took_s": round(time.monotonic() - began, 1),
        "rss_mb_after_hours": rss,
        "grown_mb_since_the_first_day": grown,
        "threads": process.num_threads(),
        "longest": dict(watch.worst),
        "answers": account.replies.total(),
        "captions": account.captions.total(),
    }
    for name, value in figures.items():
        print(f"{name:<30} {value}")
    report("soak", figures, [f"grown by {grown} MB > {BAR} MB"] if grown > BAR else [])


if __name__ == "__main__":
    main()
