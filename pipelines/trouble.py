"""How a part fails without taking the others along: it is said once, tried again later, and said when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from devices.media import DeviceError
from pipelines.backends import BackendError, Hampered
from pipelines.types import Emit, Recovered, Trouble

STEADY = 3.0
"""Seconds without a failure after which a part that went on counts as well again."""


class Patience:
    """One part's run of failures: the first becomes a `Trouble`, the waits between tries double."""

    def __init__(self, part: str, emit: Emit, first: float = 1.0, longest: float = 30.0) -> None:
        self.part, self._emit = part, emit
        self._first, self._longest = first, longest
        self._wait = first
        self._said = False

    def failed(self, why: str) -> None:
        """Say why, unless it was well known that the part is not well."""
        if not self._said:
            self._emit(Trouble(self.part, why, asyncio.get_running_loop().time()))
        self._said = True

    def learned(self, why: str) -> None:
        """More is known of why: say it, although it was said already that the part is not well."""
        self._said = False
        self.failed(why)

    def worked(self) -> None:
        """The part is well; say so if it was not."""
        if self._said:
            self._emit(Recovered(self.part, asyncio.get_running_loop().time()))
        self._said, self._wait = False, self._first

    def answered(self, model: object) -> None:
        """The part's model has answered: well, or in spite of the trouble it tells of."""
        trouble = model.trouble if isinstance(model, Hampered) else ""
        self.failed(trouble) if trouble else self.worked()

    async def rest(self) -> None:
        """Wait before the next try, twice as long as the last time."""
        await asyncio.sleep(self._wait)
        self._wait = min(self._wait * 2, self._longest)


async def keep_up(patience: Patience, run: Callable[[], Awaitable[None]], progress: Callable[[], int]) -> None:
    """Run a part until it ends by itself; when it fails, say so once and run it anew after a rest.

    It counts as well again when `progress` (how much it has done so far) grew for a while without a failure.
    """
    while True:
        watch = asyncio.create_task(_watch(patience, progress))
        try:
            return await run()
        except (DeviceError, BackendError) as error:
            patience.failed(str(error))
        finally:
            watch.cancel()
        await patience.rest()


async def _watch(patience: Patience, progress: Callable[[], int]) -> None:
    while True:
        before = progress()
        await asyncio.sleep(STEADY)
        if progress() > before:
            patience.worked()
