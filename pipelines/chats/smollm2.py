"""SmolLM2-135M-Instruct, the language model that comes with the embedded chat."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipelines.chats.transformers import Transformers
from pipelines.language.loading import HalfTheThreads


class SmolLM2(Transformers):
    """The smallest chat there is; the same engine as every other model of transformers."""

    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "The language model has only 135 million parameters: it chats, but it knows little and invents easily."
    )

    weights: str = "smollm2"
    max_tokens: int = Field(default=80, ge=1, le=4000)
    threads: HalfTheThreads
