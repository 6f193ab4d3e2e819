"""The two kinds of line that work travels on: one that forgets its oldest, and one that makes its writer wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_in = TypeVar("T_in", contravariant=True)


class LineClosed(Exception):
    """Nothing more may be put on the line, or nothing more will come from it."""


class _Line(Generic[T]):
    """What both lines share: a bounded queue on one event loop, readable with `async for` until it is closed."""

    def __init__(self, size: int = 1, name: str = "") -> None:
        if size < 1:
            raise ValueError(f"a line holds at least one item, not {size}")
        self.name, self.size = name, size
        self.accepted = 0
        self.closed = False
        """Whether nothing more will come."""
        self._items: deque[T] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def close(self) -> None:
        """Say that nothing more will come; what is on the line can still be read."""
        self.closed = True
        self._wake()

    async def get(self) -> T:
        """The oldest item, as soon as there is one. Raises LineClosed once the line is closed and empty."""
        while not self._items:
            if self.closed:
                raise LineClosed(self.name)
            await self._changed()
        item = self._items.popleft()
        self._wake()
        return item

    async def filled(self) -> bool:
        """Wait until there is an item to read; False once the line is closed and empty."""
        while not self._items and not self.closed:
            await self._changed()
        return bool(self._items)

    async def drained(self) -> None:
        """Return when the line is empty."""
        while self._items:
            await self._changed()

    def forget(self, unwanted: Callable[[T], bool] = lambda item: True) -> None:
        """Take all that is unwanted off the line: nobody is to read it."""
        self._items = deque(item for item in self._items if not unwanted(item))
        self._wake()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                item = await self.get()
            except LineClosed:
                return
            yield item

    def _append(self, item: T) -> None:
        if self.closed:
            raise LineClosed(self.name)
        self._items.append(item)
        self.accepted += 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    async def _changed(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter


class Latest(_Line[T]):
    """A line on which the newest wins: when it is full, `put` forgets the oldest item and counts it."""

    def __init__(self, size: int = 1, name: str = "") -> None:
        super().__init__(size, name)
        self.dropped = 0

    @property
    def newest(self) -> T:
        """The item that was put last, which stays on the line. Raises IndexError where it is empty."""
        return self._items[-1]

    def put(self, item: T) -> None:
        """Put at once, from the event loop's own thread."""
        if len(self._items) >= self.size and not self.closed:
            self._items.popleft()
            self.dropped += 1
        self._append(item)


class Lossless(_Line[T]):
    """A line on which nothing is lost: when it is full, `put` waits, and the waits are counted."""

    def __init__(self, size: int = 1, name: str = "") -> None:
        super().__init__(size, name)
        self.waits = 0

    async def put(self, item: T) -> None:
        """Put as soon as there is room. Raises LineClosed if the line is closed."""
        if len(self._items) >= self.size:
            self.waits += 1
        while len(self._items) >= self.size and not self.closed:
            await self._changed()
        self._append(item)


class Sink(Protocol[T_in]):
    """What a source of work puts it into: a `Lossless` line, or the way onto one."""

    async def put(self, item: T_in, /) -> None:
        """As soon as there is room. Raises LineClosed."""


class Through(Generic[T]):
    """The way onto a line on which each item is changed; one that is changed to None is left out."""

    def __init__(self, onward: Sink[T], change: Callable[[T], T | None]) -> None:
        self._onward, self._change = onward, change

    async def put(self, item: T, /) -> None:
        changed = self._change(item)
        if changed is not None:
            await self._onward.put(changed)
