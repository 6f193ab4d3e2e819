"""Answers go before captions: while a question is worked on, the captioner rests between two tokens, or makes way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

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


class Preemption:
    """Who uses the vision-language model: one at a time, and a look ends the caption in progress."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._looks = 0
        self._nobody_looks = asyncio.Event()
        self._nobody_looks.set()
        self._captioning: asyncio.Task[Any] | None = None

    async def caption(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work gives. Where a look cut it short it is begun anew after that."""
        while True:
            await self._nobody_looks.wait()
            async with self._one:
                if self._looks:
                    continue
                self._captioning = task = asyncio.create_task(work())
                try:
                    await asyncio.wait([task])
                finally:
                    self._captioning = None
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                if not task.cancelled():
                    return task.result()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[None]:
        """In here the model is free for a look; captions wait."""
        self._looks += 1
        self._nobody_looks.clear()
        try:
            if self._captioning is not None:
                self._captioning.cancel()
            async with self._one:
                yield
        finally:
            self._looks -= 1
            if not self._looks:
                self._nobody_looks.set()
