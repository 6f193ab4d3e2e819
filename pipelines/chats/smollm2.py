"""SmolLM2-135M-Instruct, the language model that comes with the embedded chat."""

from __future__ import annotations

import os
from typing import ClassVar

from pydantic import Field

from pipelines.chats.local import Transformers


class SmolLM2(Transformers):
    """The smallest chat there is; the same engine as every other model of transformers."""

    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "The language model has only 135 million parameters: it chats, but it knows little and invents easily."
    )

    weights: str = "smollm2"
    max_tokens: int = Field(default=80, ge=1, le=4000)
    threads: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=1, le=256)
    """Processor threads, by default for half of the cores: threads that wait for a busy core stall all the others."""
