"""What all vision-language models do alike: a caption is the answer to one question that is always the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import Protocol

from devices.media import Frame
from pipelines.backends import Look
from pipelines.types import Seen
from pipelines.wording import one_line


class Told(Protocol):
    """The options that a caption depends on."""

    max_tokens: int

    @property
    def caption_prompt(self) -> str: ...


class Describing(ABC):
    """A Looker, but for how it looks."""

    options: Told

    @property
    def prompt(self) -> str:
        """What is asked of each keyframe."""
        return self.options.caption_prompt

    def caption(self, frame: Frame) -> Seen:
        """The caption at once."""
        return Seen(one_line("".join(self.describe(frame))))

    def describe(self, frame: Frame) -> Generator[str, None, None]:
        """The caption in pieces; empty ones while nothing can be said yet."""
        return self.look(Look(frame, self.prompt, max_tokens=self.options.max_tokens))

    @abstractmethod
    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces; empty ones while nothing can be said yet. Closing ends the work."""
