"""Who goes first: answers before captions, which rest between two tokens or make way, and people before programs."""

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
    """Who uses a model: one at a time; who goes first ends the patient work in progress, which is begun anew after."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._first = 0
        self._nobody_first = asyncio.Event()
        self._nobody_first.set()
        self._patient: asyncio.Task[Any] | None = None

    async def patient(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the work gives. Where somebody went first meanwhile it is begun anew after that."""
        while True:
            await self._nobody_first.wait()
            async with self._one:
                if self._first:
                    continue
                self._patient = task = asyncio.create_task(work())
                try:
                    await asyncio.wait([task])
                finally:
                    self._patient = None
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                if not task.cancelled():
                    return task.result()

    @asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        """In here the model is free for whoever goes first; patient work waits."""
        self._first += 1
        self._nobody_first.clear()
        try:
            if self._patient is not None:
                self._patient.cancel()
            async with self._one:
                yield
        finally:
            self._first -= 1
            if not self._first:
                self._nobody_first.set()


class Abreast(Preemption):
    """For a model that works on several things at once: nobody is in anybody's way."""

    async def patient(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await work()

    @asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        yield
