"""What captioners that are asked in words can be told."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from pipelines.backends import BackendOptions, Look
from pipelines.language.engine import Limits
from pipelines.local import LocalOptions
from pipelines.phrases import PHRASES

Spoken = Literal["auto", "en", "zh"]


class CaptionOptions(BackendOptions):
    """Of every vision-language model, wherever it is."""

    bilingual: ClassVar[bool] = False
    """Whether it is known to understand Chinese as well as English; asked in Chinese, others say nothing of use."""

    prompt: str = ""
    """What is asked of each keyframe; empty: what there is to see, in one short sentence."""
    language: Spoken = "auto"
    """In which of its languages that is asked where `prompt` is empty, if it has several; auto: in English."""
    max_tokens: int = Field(default=60, ge=1, le=4000)
    """The longest caption."""
    max_answer: int = Field(default=256, ge=1, le=4000)
    """The longest answer to a question."""

    @property
    def caption_prompt(self) -> str:
        """What is asked of each keyframe."""
        return self.prompt or PHRASES["zh" if self.bilingual and self.language == "zh" else "en"].caption


class LookerOptions(LocalOptions, CaptionOptions):
    """Of every vision-language model on this machine."""

    seed: int = Field(default=0, ge=0)
    """Where chance begins; the same seed draws the same answer."""
    frames: int = Field(default=4, ge=1, le=64)
    """How many encoded pictures are kept, for further questions about them."""

    def changed(self, *names: str) -> list[str]:
        """Those of these options that are not as by default."""
        return [name for name in names if getattr(self, name) != type(self).model_fields[name].default]

    def limits(self, request: Look) -> Limits:
        """How the answer to a question is drawn, and when it is over."""
        return Limits(request.max_tokens or self.max_answer, self.sampling, self.seed)
