"""How moondream2 of 2025 tells where things are: x, y and, for a box, its size; then the next, or the end."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pipelines.backends import BackendError
from pipelines.captioners.moondream_prompts import Task
from pipelines.language.causal import Causal
from pipelines.language.engine import Reader
from pipelines.language.spans import Picture, Span
from pipelines.vision.engines import values
from pipelines.vision.moondream_regions import Regions

Place = dict[str, float]
"""`x`, `y`, or `x_min`, `y_min`, `x_max`, `y_max`: parts of the picture's width and height, 0 to 1."""


class StatefulCausal(Causal):
    """A Phi that shows the state of the last position, from which the heads for regions read."""

    def __init__(self, model: Any, tokenizer: Any, threads: int) -> None:
        super().__init__(model, tokenizer, threads)
        self.state = torch.empty(0)
        """That of the last position read (width), before the closing normalisation."""
        model.model.final_layernorm.register_forward_pre_hook(self._keep_state)

    def _keep_state(self, module: Any, given: tuple[Tensor, ...]) -> None:
        self.state = given[0][0, -1]


class Walk:
    """A prompt that grows by what was found; each step is one position more to read."""

    def __init__(self, language: StatefulCausal, reader: Reader, heads: Regions, prompt: list[Span]) -> None:
        self._language, self._reader, self._heads, self._spans = language, reader, heads, list(prompt)
        self._scores = reader.read(self._spans)

    @property
    def over(self) -> bool:
        """True when there is nothing more to be found, or no room for it, three positions at most."""
        length = sum(map(len, self._spans))
        return int(self._scores.argmax()) in self._language.ends or length + 3 >= self._language.context

    def point(self) -> Place:
        """The middle of the next object."""
        return {"x": self._coordinate(), "y": self._coordinate()}

    def box(self) -> Place:
        """The edges of the next object, cut where the picture ends."""
        x, y = self._coordinate(), self._coordinate()
        width, height = self._size()
        edges = {"x_min": x - width / 2, "y_min": y - height / 2, "x_max": x + width / 2, "y_max": y + height / 2}
        return {name: min(1.0, max(0.0, edge)) for name, edge in edges.items()}

    def _coordinate(self) -> float:
        with torch.inference_mode():
            at = self._heads.coordinate_bin(self._language.state)
            row = self._heads.coordinate_row(at)
        self._on(f"coordinate {at}", row)
        return self._heads.coordinate(at)

    def _size(self) -> tuple[float, float]:
        with torch.inference_mode():
            size = self._heads.size_bins(self._language.state)
            row = self._heads.size_row(size)
        self._on(f"size {size.width} {size.height}", row)
        return self._heads.extent(size.width), self._heads.extent(size.height)

    def _on(self, name: str, row: Tensor) -> None:
        """Read on with one more row; equal names mean equal rows."""
        self._spans.append(Picture(name, values(row)))
        self._scores = self._reader.read(self._spans)


def places(task: Task, walk: Walk, most: int) -> list[Place]:
    """At most so many boxes (`detect`) or points (`point`), in the order of the model. Raises BackendError."""
    if most < 1:
        raise BackendError("max_objects must be 1 or more")
    found: list[Place] = []
    while len(found) < most and not walk.over:
        found.append(walk.box() if task == "detect" else walk.point())
    return found
