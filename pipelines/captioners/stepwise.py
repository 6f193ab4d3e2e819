"""A pass through a foreign network that pauses at each of its blocks, so that it can be left half-way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


class _Left(BaseException):
    """Unwinds the pass; a BaseException, as a network may catch others."""


class _Pass:
    """A call in a thread of its own that runs only while it is waited for: two threads, never at work at once."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._go, self._halted = threading.Semaphore(0), threading.Semaphore(0)
        self._left = False
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="picture", daemon=True)
        self._thread.start()

    def on(self) -> None:
        """Let it run to its next pause, or to its end."""
        self._go.release()
        self._halted.acquire()

    def pause(self, *_: Any) -> None:
        """Stand still here until it may go on; a hook of the network's blocks."""
        self._halted.release()
        self._go.acquire()
        if self._left:
            raise _Left

    def leave(self) -> None:
        """End it where it stands; its thread is gone afterwards."""
        self._left = True
        self._go.release()
        self._thread.join()

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._left:
                self.result = self._call()
        except BaseException as error:  # noqa: BLE001  whatever it is, the thread that waits raises it
            self.error = error
        self.done = True
        self._halted.release()


def stepwise(call: Callable[[], Any], blocks: Iterable[nn.Module]) -> Generator[str, None, Any]:
    """What `call` returns; an empty piece whenever one of `blocks` is about to run. Closing ends the work there."""
    made = _Pass(call)
    hooks = [block.register_forward_pre_hook(made.pause) for block in blocks]
    try:
        made.on()
        while not made.done:
            yield ""
            made.on()
    finally:
        made.leave()
        for hook in hooks:
            hook.remove()
    if made.error is not None:
        raise made.error
    return made.result
