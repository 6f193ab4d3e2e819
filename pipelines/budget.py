"""What captions may cost a minute: they wait for it in the order of asking; questions never wait, and count as well."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from pydantic import Field

from devices.media import Options

MINUTE = 60.0
PER_WORD = 4 / 3
"""Tokens of a word or of a mark between words, on average; of a Chinese character, about one."""

_CHARACTER, _WORD = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[^\W\u3400-\u9fff]+|[^\w\s]")


class BudgetOptions(Options):
    """What the captioner may be asked in any sixty seconds; what is absent is unlimited."""

    calls_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    """Captions wait at so many; questions are never refused, and count."""
    tokens_per_minute: int | None = Field(default=None, ge=1, le=1_000_000_000)
    """The same in tokens, which are estimated: by the words of an answer, and for each picture as below."""
    picture_tokens: int = Field(default=1000, ge=0, le=1_000_000)
    """Tokens that one picture counts, with what is asked about it."""


@dataclass(slots=True, eq=False)
class Charge:
    """One call of the model."""

    at: float
    """Seconds on the loop's clock when it began."""
    tokens: int
    """Those of the last call until it is known how many these are."""
    counts: bool
    """A caption that is being made counts as the one there is room for."""


class Budget:
    """Counts what was asked of the captioner in the last minute, and lets captions wait where that is enough."""

    def __init__(self, options: BudgetOptions | None = None) -> None:
        self._options = options = options or BudgetOptions()
        self._charges: deque[Charge] = deque()
        self._usual = options.picture_tokens
        self._at_it = 0
        """Captions that may be made and are not over yet."""
        self._changed = asyncio.Event()
        self._turns = asyncio.Lock()
        self._calls = self._tokens = self._put_off = self._skipped = 0

    @asynccontextmanager
    async def room(self, skipped: Callable[[], int] = lambda: 0) -> AsyncIterator[None]:
        """In here one caption may be made; whoever asked first comes first. `skipped`: keyframes that made way so far.

        None of them need be made in here: what is not asked of the model costs nothing.
        """
        async with self._turns:
            if self._free_at() > asyncio.get_running_loop().time():
                await self._wait(skipped)
            self._at_it += 1
        try:
            yield
        finally:
            self._at_it -= 1
            self._changed.set()

    def begin(self, *, caption: bool) -> Charge:
        """The model is asked for a caption, or something else, for which nobody waits for room."""
        charge = Charge(asyncio.get_running_loop().time(), self._usual, counts=not caption)
        self._forget()
        self._charges.append(charge)
        self._calls += 1
        return charge

    def settle(self, charge: Charge, answer: str) -> None:
        """It has answered so much, to the end or not."""
        charge.counts = True
        charge.tokens = self._usual = self._options.picture_tokens + tokens(answer)
        self._tokens += charge.tokens
        self._changed.set()

    def counters(self) -> dict[str, int]:
        """What was asked, and what was not because of the limits; nothing where there is no limit."""
        if self._options.calls_per_minute is None and self._options.tokens_per_minute is None:
            return {}
        return {
            "captions put off by the budget": self._put_off,
            "keyframes skipped by the budget": self._skipped,
            "calls charged": self._calls,
            "tokens estimated": self._tokens,
        }

    async def _wait(self, skipped: Callable[[], int]) -> None:
        before = skipped()
        self._put_off += 1
        try:
            while (free_at := self._free_at()) > asyncio.get_running_loop().time():
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(free_at if math.isfinite(free_at) else None):
                        await self._changed.wait()
        finally:
            self._skipped += skipped() - before

    def _free_at(self) -> float:
        """When one more may be made, if nothing else is asked until then.

        Infinite where nobody can tell, because what is asked at present takes the room.
        """
        self._forget()
        held = [charge for charge in self._charges if charge.counts]
        return self._full_until(held) if self._used(held) >= self._most() else self._due_at(held)

    def _full_until(self, held: list[Charge]) -> float:
        """When the last of those is a minute old that must go to make room."""
        for number, charge in enumerate(held, 1):
            if self._used(held[number:]) < self._most():
                return charge.at + MINUTE
        return math.inf

    def _due_at(self, held: list[Charge]) -> float:
        """When the next one is due of a minute that is not used up; what is past: at once.

        Half of a minute's captions may come at once, for when something happens; the rest are spread evenly over the
        time until the first of them is a minute old, so that no camera has to wait for a minute because of another.
        """
        most, used = self._most(), self._used(held)
        if most == math.inf or used < max(1, most // 2):
            return 0.0
        if not held:
            return math.inf
        last = self._charges[-1].at
        return last + (held[0].at + MINUTE - last) / (most - used + 1)

    def _most(self) -> float:
        """Captions a minute; one that is too much for any minute has one to itself."""
        calls, most = self._options.calls_per_minute, self._options.tokens_per_minute
        by_tokens = math.inf if most is None else max(1, most // max(1, self._usual))
        return min(math.inf if calls is None else calls, by_tokens)

    def _used(self, held: list[Charge]) -> int:
        """So many captions' worth."""
        if self._options.tokens_per_minute is None:
            return len(held) + self._at_it
        spent = sum(charge.tokens for charge in held)
        return max(len(held), math.ceil(spent / max(1, self._usual))) + self._at_it

    def _forget(self) -> None:
        long_ago = asyncio.get_running_loop().time() - MINUTE
        while self._charges and self._charges[0].at <= long_ago:
            self._charges.popleft()


def tokens(text: str) -> int:
    """About so many."""
    return len(_CHARACTER.findall(text)) + math.ceil(PER_WORD * len(_WORD.findall(text)))
