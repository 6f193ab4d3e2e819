"""How much later an answer begins because a caption was being made: SmolLM2 answers while SmolVLM's shapes describe.

    python -m tests.benchmarks.precedence FOLDER

SmolVLM-256M has random weights, made in FOLDER once. A question comes at a random moment of a caption.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np

from devices.media import Frame
from pipelines.backends import BackendError, Chat, Looker, Prompt
from pipelines.captioners.hf import Hf
from pipelines.chats.smollm2 import SmolLM2
from pipelines.precedence import Precedence
from pipelines.worker import Worker
from tests import vlm_files
from tests.benchmarks._report import report

QUESTIONS = 16
SYSTEM = "You are a helpful assistant."


class Background:
    """Captions without end, each of a new picture, and how long each of their steps took: a block, or a token."""

    def __init__(self, model: Looker, precedence: Precedence) -> None:
        self.steps: list[float] = []
        self._model, self._precedence, self._worker = model, precedence, Worker("captioner")
        self._chance = np.random.default_rng(0)

    async def run(self) -> None:
        while True:
            frame = Frame(self._chance.integers(0, 255, (720, 1280, 3), np.uint8), 0.0, "desk")
            async with aclosing(self._worker.iterate(lambda: self._timed(frame))) as pieces:  # noqa: B023  awaited here
                async for _ in self._precedence.patient(pieces):
                    pass

    async def stop(self) -> None:
        """When the step that is being worked on is done."""
        await self._worker.call(list)
        self._worker.close()

    def _timed(self, frame: Frame) -> Any:
        pieces, began = iter(self._model.describe(frame)), time.perf_counter()
        for piece in pieces:
            self.steps.append(time.perf_counter() - began)
            yield piece
            began = time.perf_counter()


async def first_word(chat: Chat, worker: Worker, precedence: Precedence, question: str) -> float:
    """Seconds from the question to the first letter of its answer."""
    began, prompt = time.perf_counter(), Prompt(SYSTEM, (), (), question, 0.0)
    async with aclosing(worker.iterate(lambda: chat.reply(prompt))) as pieces:
        async for piece in precedence.urgent(pieces):
            if piece:
                break
    return time.perf_counter() - began


async def asked(chat: Chat, worker: Worker, precedence: Precedence) -> list[float]:
    """Questions at random moments, none of which begins like the one before it."""
    chance, waited = random.Random(0), []
    for number in range(QUESTIONS):
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        waited.append(await first_word(chat, worker, precedence, f"{number} and {number * 7}: which is more, and why?"))
    return waited


async def measure(model: Looker, chat: Chat) -> dict[str, float]:
    precedence, worker = Precedence(), Worker("chat")
    idle = await asked(chat, worker, precedence)
    background = Background(model, precedence)
    captions = asyncio.create_task(background.run())
    busy = await asked(chat, worker, precedence)
    captions.cancel()
    await asyncio.wait([captions])
    await background.stop()
    later = statistics.median(busy) - statistics.median(idle)
    step = statistics.median(background.steps)
    return {
        "idle_s": round(statistics.median(idle), 3), "idle_worst_s": round(max(idle), 3),
        "busy_s": round(statistics.median(busy), 3), "busy_worst_s": round(max(busy), 3),
        "later_s": round(later, 3), "caption_step_s": round(step, 3), "caption_steps": len(background.steps),
    }  # fmt: skip


def main(folder: Path) -> None:
    weights = vlm_files.smolvlm_torch(folder / "smolvlm-torch")
    try:
        chat = SmolLM2(max_tokens=4).load()
    except BackendError as error:
        sys.exit(str(error))
    model = Hf(weights=str(weights), device="cpu").load()
    figures = asyncio.run(measure(model, chat))
    later, step = figures["later_s"], figures["caption_step_s"]
    bar = f"an answer begins {later} s later, must be at most one step of a caption ({step} s)"
    report("precedence", figures, [bar] if later > step else [])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name a folder for the weights: python -m tests.benchmarks.precedence FOLDER")
    main(Path(sys.argv[1]))
