"""What lies between a vision tower and a language model: features become rows that stand among the words."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class StripMlp(nn.Module):
    """Two linear layers over strips of features: (n, patches, width) to (n, patches / group, width of the words).

    OmniVision's: nine patches that follow each other in raster order, a strip and no square, become one row. With
    `group` 1 it is LLaVA's projector.
    """

    def __init__(self, features: int, hidden: int, width: int, group: int = 1, gelu: Literal["none", "tanh"] = "none"):
        super().__init__()
        self.group = group
        self.linear_1 = nn.Linear(features * group, hidden)
        self.act = nn.GELU(approximate=gelu)
        self.linear_2 = nn.Linear(hidden, width)

    def forward(self, features: Tensor) -> Tensor:
        count, patches, width = features.shape
        strips = features.reshape(count, patches // self.group, self.group * width)
        rows: Tensor = self.linear_2(self.act(self.linear_1(strips)))
        return rows


def connected(connector: nn.Module, features: Tensor) -> Tensor:
    """Features through a connector, in the number format of its weights."""
    weight = next(connector.parameters())
    with torch.inference_mode():
        rows: Tensor = connector(features.to(weight.device, weight.dtype))
    return rows
