"""What was asked and is not being answered yet: what may go on, and what was typed one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

from pipelines.manners import joined
from pipelines.types import Emit, Notice, Transcript
from pipelines.wording import quoted

MOST_TYPED = 8
"""Typed questions that wait until those before are answered."""


class Questions:
    """Those of one conversation."""

    def __init__(self, patience: float, emit: Emit) -> None:
        """`patience`: seconds after which what seems unfinished is answered as it is."""
        self._patience, self._emit = patience, emit
        self.unfinished: Transcript | None = None
        """What seems to go on."""
        self.answer_by = 0.0
        """Seconds on the loop's clock when that is answered nevertheless."""
        self._typed: deque[Transcript] = deque()

    def __bool__(self) -> bool:
        return self.unfinished is not None or bool(self._typed)

    def clear(self) -> None:
        """Nobody wants an answer any more."""
        self.unfinished = None
        self._typed.clear()

    def hold(self, asked: Transcript) -> None:
        """It seems to go on."""
        self.unfinished, self.answer_by = asked, asyncio.get_running_loop().time() + self._patience

    def waits(self, said: Transcript, before: Transcript | None) -> bool:
        """Lines that are typed one after the other, or pasted at once, are answered one after the other.

        `before`: what is being answered, and nobody heard a word of that yet.
        """
        return said.source == "keyboard" and bool(self._typed or (before and before.source == "keyboard"))

    def put_off(self, said: Transcript) -> None:
        """Answer it after those before."""
        if len(self._typed) < MOST_TYPED:
            self._typed.append(said)
        else:
            self._emit(Notice(f"too many questions at once: {quoted(said.text)} is left out", said.said_at))

    def next_typed(self) -> Transcript | None:
        """The one that is to be answered next."""
        return self._typed.popleft() if self._typed else None

    def amended(self, said: Transcript, before: Transcript | None) -> Transcript:
        """With what was said before and is not answered yet."""
        before = self.unfinished or before
        if before is None or not before.text or said.source != "voice" or before.source != "voice":
            return said
        text, words = joined(before.text, said.text), (*before.words, *said.words)
        return replace(said, text=text, words=words, started_at=before.started_at)
