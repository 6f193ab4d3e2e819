"""Vision-language models at their real shapes, weights random: first token, tokens per second, memory.

    python -m tests.benchmarks.vlm FOLDER [--only NAME ...] [--delete]

Weights and compiled towers (5 GB) are made in FOLDER once. Every model runs in a process of its own, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from devices.media import Frame
from pipelines.backends import Look, load
from tests import vlm_files
from tests.benchmarks._report import report

REPEATS = 5
OMNIVISION = {
    "omnivision onnx q4_0": {"vision": "onnx", "words": "Q4_0"},
    "omnivision openvino q4_0": {"vision": "openvino", "words": "Q4_0"},
    "omnivision torch q4_0": {"vision": "torch", "words": "Q4_0"},
    "omnivision int8 q4_0": {"vision": "int8", "words": "Q4_0"},
    "omnivision onnx q8_0": {"vision": "onnx", "words": "Q8_0"},
    "omnivision onnx torch": {"vision": "onnx", "words": "safetensors"},
    "omnivision openvino torch": {"vision": "openvino", "words": "F16", "decoder": "transformers"},
    "omnivision torch torch": {"vision": "torch", "words": "safetensors"},
}
SMOLVLM = ("smolvlm llamacpp q8_0", "smolvlm torch")
BARS: list[tuple[str, str, str, float]] = [
    ("omnivision onnx torch", "new_frame_s", "at most", 1.6),
    ("omnivision openvino torch", "new_frame_s", "at most", 1.2),
    ("omnivision onnx torch", "same_frame_s", "at most", 0.4),
    ("omnivision openvino torch", "same_frame_s", "at most", 0.4),
    ("omnivision onnx torch", "peak_gb", "at most", 1.9),
    ("omnivision onnx q4_0", "peak_gb", "at most", 1.9),
    ("smolvlm torch", "new_frame_s", "at most", 0.9),
    ("smolvlm llamacpp q8_0", "tokens_per_s", "at least", 40),
    ("smolvlm torch", "tokens_per_s", "at least", 20),
]
"""Of which model, which figure, and how it must stand to that value."""


def main() -> None:
    given = arguments()
    if given.one:
        print(json.dumps(measured(given.one, given.folder)))
        return
    names = [name for name in (*OMNIVISION, *SMOLVLM) if not given.only or name in given.only]
    print(f"{'':26} first token of a new frame, of the same frame (s; processor) | tokens/s | pause | memory")
    rows = {name: alone(name, given.folder) for name in names}
    if given.delete:
        shutil.rmtree(given.folder)
    report("vlm", {"rows": rows, "load": os.getloadavg()[1]}, [line for line in map(missed(rows), BARS) if line])


def arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("folder", type=Path, help="where weights are made, and kept for the next time")
    asked.add_argument("--only", nargs="*", metavar="NAME", help="of these models only")
    asked.add_argument("--delete", action="store_true", help="delete FOLDER at the end")
    asked.add_argument("--one", help=argparse.SUPPRESS)
    return asked.parse_args()


def alone(name: str, folder: Path) -> dict[str, Any]:
    """One model in a process of its own; where its tower is still to be compiled, in another one before that."""
    os.environ["OMNI_HOME"] = str(folder)
    options(name, folder)  # makes the weights: in this process, whose memory is not measured
    command = [sys.executable, "-m", "tests.benchmarks.vlm", str(folder), "--one", name]
    compiled = folder / "compiled"
    before = set(compiled.glob("*"))
    row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    if set(compiled.glob("*")) != before:
        first = row["load_s"]
        row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        row["compile_s"] = first
    show(name, row)
    return dict(row)


def show(name: str, row: dict[str, Any]) -> None:
    print(
        f"{name:26} {row['new_frame_s']:.2f} ({row['new_frame_cpu_s']:.2f})  {row['same_frame_s']:.2f} "
        f"({row['same_frame_cpu_s']:.2f}) | {row['tokens_per_s']:.0f} | {row['longest_pause_s']:.2f} s | "
        f"{row['peak_gb']:.2f} GB, loaded in {row['load_s']} s",
        flush=True,
    )


def options(name: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    """The backend and how it is configured; its weights are made where they are not there."""
    if name in OMNIVISION:
        from pipelines.captioners.omnivision import OmniVision

        wanted = dict(OMNIVISION[name])
        numbers = wanted.pop("words")
        if numbers == "safetensors":
            file = vlm_files.omnivision_safetensors(folder / "omnivision-safetensors")
        else:
            file = vlm_files.omnivision(folder / "omnivision", numbers)
        return OmniVision, {"weights": str(file), "device": "cpu", **wanted}
    if name == "smolvlm torch":
        from pipelines.captioners.hf import Hf

        return Hf, {"weights": str(vlm_files.smolvlm_torch(folder / "smolvlm-torch")), "device": "cpu"}
    from pipelines.captioners.llamacpp import LlamaCpp

    return LlamaCpp, {"weights": str(vlm_files.smolvlm_gguf(folder / "smolvlm-gguf"))}


def measured(name: str, folder: Path) -> dict[str, float]:
    """All figures of one model; times are medians."""
    kind, given = options(name, folder)
    started = time.perf_counter()
    model = load(kind(threads=1, max_tokens=40, **given), "captioner")
    loaded = round(time.perf_counter() - started, 1)
    frames = [frame(seed) for seed in range(REPEATS + 1)]
    first(model, frames[0], "What is it?")
    new, same = [], []
    for one in frames[1:]:
        new.append(first(model, one, "What do you see on the table, and who is there with it?"))
        same.append(first(model, one, "Do I have eggs in the fridge, and is there milk as well?"))
    gaps = [gap for one in frames[1:] for gap in steps(model, one)]
    paused = max(max(steps(model, frame(seed))) for seed in range(90, 93))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "new_frame_s": median(wall for wall, _ in new), "new_frame_cpu_s": median(used for _, used in new),
        "same_frame_s": median(wall for wall, _ in same), "same_frame_cpu_s": median(used for _, used in same),
        "tokens_per_s": round(1 / statistics.median(gaps), 1), "token_s": median(gaps),
        "longest_pause_s": round(paused, 3), "peak_gb": round(peak / 1e9, 2), "load_s": loaded,
    }  # fmt: skip


def first(model: Any, one: Frame, question: str) -> tuple[float, float]:
    """Seconds to the first token, by the clock and of the processor."""
    started, used = time.perf_counter(), time.process_time()
    for _ in model.look(Look(one, question, max_tokens=1)):
        pass
    return time.perf_counter() - started, time.process_time() - used


def steps(model: Any, one: Frame) -> list[float]:
    """Seconds between the pieces of an answer: of a frame that was seen, tokens; else also steps of its encoding.

    A question waits for one of these at most when it interrupts a caption.
    """
    pieces: Iterator[str] = model.describe(one)
    made, before = [], time.perf_counter()
    for _ in pieces:
        now = time.perf_counter()
        made.append(now - before)
        before = now
    return made[1:] if len(made) > 1 else made


def median(values: Iterator[float] | list[float]) -> float:
    return round(statistics.median(values), 3)


def frame(seed: int) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (720, 1280, 3), np.uint8), 0.0, "desk")


def missed(rows: dict[str, dict[str, Any]]) -> Callable[[tuple[str, str, str, float]], str]:
    """Says what a row lacks of a bar; nothing where it keeps it or was not measured."""

    def line(bar: tuple[str, str, str, float]) -> str:
        name, figure, how, value = bar
        if name not in rows:
            return ""
        got = rows[name][figure]
        kept = got <= value if how == "at most" else got >= value
        return "" if kept else f"{name}: {figure} is {got}, must be {how} {value}"

    return line


if __name__ == "__main__":
    main()
