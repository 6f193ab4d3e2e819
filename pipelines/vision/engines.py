"""What turns pixels into features: the protocol, and the engine that runs a tower in torch, block by block."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

T = TypeVar("T")

Values = NDArray[np.float32]
Steps = Generator[None, None, Values]
"""Work that pauses now and then, so that something more urgent can go before it; its return value is the result."""


class VisionEngine(Protocol):
    """A vision tower that is ready to work. It is used by one thread."""

    @property
    def notice(self) -> str:
        """What a person is told of it at the start; empty where there is nothing to say."""
        ...

    def features(self, pixels: Values) -> Steps:
        """Pixels (n, 3, height, width) to features (n, patches, width)."""
        ...


class Shape(Protocol):
    """The size of a tower."""

    @property
    def image(self) -> int:
        """Pixels of each side that it takes."""
        ...


class Tower(Protocol):
    """A tower as torch has it: what is done before the blocks, the blocks, and what is done after them.

    Every one is a module with its weights; `Vit` and `Eva02` are such.
    """

    @property
    def shape(self) -> Shape: ...

    @property
    def blocks(self) -> nn.ModuleList: ...

    def begin(self, pixels: Tensor) -> Tensor: ...

    def end(self, hidden: Tensor) -> Tensor: ...

    def float(self) -> Self: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def state_dict(self) -> dict[str, Tensor]: ...


class TorchVision:
    """Runs a tower in torch, in the number format and on the device that its weights are in; pauses at every block."""

    def __init__(self, tower: Tower, threads: int, notice: str = "") -> None:
        self.tower, self._threads, self.notice = tower, threads, notice

    def features(self, pixels: Values) -> Steps:
        import torch

        with torch.inference_mode():
            hidden = self.tower.begin(self._tensor(pixels))
        for block in self.tower.blocks:
            torch.set_num_threads(self._threads)
            with torch.inference_mode():
                hidden = block(hidden)
            yield
        with torch.inference_mode():
            return values(self.tower.end(hidden))

    def _tensor(self, pixels: Values) -> torch.Tensor:
        import torch

        weight = next(self.tower.parameters())
        return torch.from_numpy(np.ascontiguousarray(pixels)).to(weight.device, weight.dtype)


def values(tensor: Tensor) -> Values:
    """A tensor as an array of float32."""
    return np.asarray(tensor.float().cpu().numpy(), np.float32)


def finish(steps: Generator[Any, None, T]) -> T:
    """The result of work, without pausing."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


def quietly(steps: Generator[None, None, T]) -> Generator[str, None, T]:
    """The same work among pieces of text: each of its pauses is an empty one."""
    try:
        while True:
            next(steps)
            yield ""
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        steps.close()
