"""Answers go before captions: while a question is worked on, the captioner rests between two tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Precedence:
    """Shared by what must be quick and by what can wait; models of both use the same processor."""

    def __init__(self) -> None:
        self._urgent = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """What is done in here goes first."""
        self._urgent += 1
        self._free.clear()
        try:
            yield
        finally:
            self._urgent -= 1
            if not self._urgent:
                self._free.set()

    async def urgent(self, pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """The same pieces; while the next one is waited for, it goes first."""
        while True:
            with self.first():
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    return
            yield piece

    async def patient(self, pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
        """The same pieces; the next one is not asked for while something else goes first."""
        while True:
            while self._urgent:  # it may have become urgent again since the waiting ended
                await self._free.wait()
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                return
            yield piece
