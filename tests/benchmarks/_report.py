"""How every benchmark ends: its figures and the machine as one JSON line, and an exit status that keeps the bars."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]


def data() -> Path:
    """The folder of real media and weights, as tests find it. Ends the benchmark with one line where it is absent."""
    folder = Path(os.environ.get("OMNI_TEST_DATA", REPOSITORY.parent / "shared"))
    if not (folder / "media").is_dir():
        sys.exit(f"no real media: {folder.name}/media is absent; name its folder in OMNI_TEST_DATA")
    return folder


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def report(name: str, figures: Mapping[str, Any], missed: Sequence[str]) -> NoReturn:
    """Say which bars were missed, print the figures as the last line, and exit: 0 where every bar was kept, else 1."""
    for bar in missed:
        print(f"missed: {bar}")
    line = {"benchmark": name, "figures": dict(figures), "missed": list(missed), "machine": machine()}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    sys.exit(1 if missed else 0)


def _cpu() -> str:
    """The processor's own name, where the system tells it."""
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
