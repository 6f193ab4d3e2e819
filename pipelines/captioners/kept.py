"""The pictures that were encoded last, kept under what they show."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from hashlib import blake2b
from typing import Generic, TypeVar

from devices.media import Frame

T = TypeVar("T")


class Kept(Generic[T]):
    """What was made of the last `most` pictures; the one that was asked for longest ago is forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[str, T] = OrderedDict()

    def recall(self, key: str, make: Callable[[], Generator[str, None, T]]) -> Generator[str, None, T]:
        """What is kept under `key`, else what `make` comes to, in its pieces; nothing is kept of work that is left."""
        if key not in self._made:
            self._made[key] = yield from make()
        self._made.move_to_end(key)
        while len(self._made) > self._most:
            self._made.popitem(last=False)
        return self._made[key]

    def __len__(self) -> int:
        return len(self._made)


def content_of(frame: Frame) -> str:
    """A name of what a frame shows: equal for equal pixels."""
    return blake2b(frame.pixels.tobytes(), digest_size=16).hexdigest() + str(frame.pixels.shape)
